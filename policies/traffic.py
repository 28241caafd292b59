"""Quotas at the gateway: every way in to a tenant has a limit, and it is the one that was paid for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.figures import plans, plugin, quantity, same
from policies.quotas import matching
from policies.resource import Resource
from policies.rule import Broken, resource_rule, stack_rule
from policies.settings import Settings
from policies.stack import Stack
from policies.values import Unreadable, at, listing, mapping, number, shown, text
from tenantry.names import SERVICE_ACCOUNT

POLICY: Final = "kubernetes:BackendTrafficPolicy"
ROUTE: Final = "kubernetes:HTTPRoute"


@resource_rule(
    "quotas-rate",
    kinds=[POLICY],
    why="One tenant's crowd slows the gateway down for everybody.",
    remedy="take the requests a minute and the size of a body from the plan, those of a service from the catalogue.",
)
def rate(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's limits at the gateway are those of a plan or of the catalogue, a minute, for its own routes."""
    if resource.code is None:
        return
    limits = mapping(at(resource.props, "spec", "rateLimit"))
    rules = [mapping(one) for one in listing(at(limits, text(limits.get("type")).lower() or "local", "rules"))]
    if not rules:
        yield "it limits nothing"
    size = at(resource.props, "spec", "requestBuffer", "limit")
    for called in _targets(resource):
        service = plugin(called)
        if service is None and called != SERVICE_ACCOUNT:
            yield f"it is for {shown(called)}, which is no route of a tenant"
        for rule in rules:
            given = mapping(rule.get("limit"))
            wanted = number(given.get("requests"))
            allowed = (
                same(wanted or 0, service.rate_limit)
                if service is not None
                else bool(matching(lambda plan, wanted=wanted: same(wanted or 0, plan.request_rate)))
            )
            if text(given.get("unit")) != "Minute" or not allowed:
                yield f"{shown(wanted)} requests a {shown(given.get('unit'))} are no plan's and no service's"
    if size is not None and not matching(lambda plan: same(quantity(size), plan.body_size)):
        yield f"a body of {shown(size)} bytes is no plan's"


@stack_rule(
    "quotas-limited",
    why="A way in without a limit is as wide as the gateway.",
    remedy="declare a BackendTrafficPolicy for the route or for each of its rules, as components/traffic.py does.",
)
def limited(stack: Stack, settings: Settings) -> Iterator[Broken]:
    """Every rule of every route of a tenant has a limit, and the application's is that of the tenant's own plan."""
    if not settings.flag("gatewayLimits"):
        return
    for code in stack.tenants:
        policies = stack.parts(code, POLICY)
        plan = plans().get(stack.plan_of(code) or "")
        paid = plan.request_rate if plan is not None else None
        for one in policies if paid is not None else ():
            if SERVICE_ACCOUNT in _targets(one) and any(not same(rate, paid or 0) for rate in _rates(one)):
                yield Broken(code, "it is not that of the tenant's plan", one)
        for one in stack.parts(code, ROUTE):
            rules = [text(mapping(rule).get("name")) for rule in listing(at(one.props, "spec", "rules"))]
            free = [rule for rule in rules if not any(_holds(policy, one.called, rule) for policy in policies)]
            if free:
                yield Broken(code, f"its rule {shown(free[0])} has no limit", one)


def _holds(policy: Resource, route: str, rule: str) -> bool:
    targets = [mapping(one) for one in listing(at(policy.props, "spec", "targetRefs"))]
    return any(text(one.get("name")) == route and text(one.get("sectionName")) in ("", rule) for one in targets)


def _rates(resource: Resource) -> list[float]:
    limits = mapping(at(resource.props, "spec", "rateLimit"))
    rules = listing(at(limits, text(limits.get("type")).lower() or "local", "rules"))
    return [number(at(mapping(one), "limit", "requests")) or 0 for one in rules]


def _targets(resource: Resource) -> list[str]:
    """The routes it is for. Raises Unreadable for what is none: a policy for a Gateway is everybody's."""
    found: list[Mapping[str, Any]] = [mapping(one) for one in listing(at(resource.props, "spec", "targetRefs"))]
    if not found or any(text(one.get("kind")) != "HTTPRoute" for one in found):
        raise Unreadable("a target that is no HTTPRoute")
    return [text(one.get("name")) for one in found]
