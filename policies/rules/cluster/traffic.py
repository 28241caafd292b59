"""Quotas at the gateway: every way in to a tenant has a limit, and it is the one that was paid for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.facts.plan_figures import plans, plugin, quantity, same
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import UnexpectedShape, at, mapping, number, sequence, shown, text
from policies.rules.cluster.quotas import matching
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
    rules = [mapping(rule) for rule in sequence(at(limits, text(limits.get("type")).lower() or "local", "rules"))]
    if not rules:
        yield "it limits nothing"
    size = at(resource.props, "spec", "requestBuffer", "limit")
    for route in _targets(resource):
        service = plugin(route)
        if service is None and route != SERVICE_ACCOUNT:
            yield f"it is for {shown(route)}, which is no route of a tenant"
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
    remedy=(
        "declare a BackendTrafficPolicy for the route or for each of its rules, as "
        "components/manifests/traffic_policy.py does."
    ),
)
def limited(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every rule of every route of a tenant has a limit, and the application's is that of the tenant's own plan."""
    if not settings.flag("gatewayLimits"):
        return
    for code in stack.tenants:
        policies = stack.parts(code, POLICY)
        plan = plans().get(stack.plan_of(code) or "")
        for entry in policies:
            if plan is None or SERVICE_ACCOUNT not in _targets(entry):
                continue
            if not all(same(rate, plan.request_rate) for rate in _rates(entry)):
                yield Violation(code, "it is not that of the tenant's plan", entry)
        for resource in stack.parts(code, ROUTE):
            rules = [text(mapping(rule).get("name")) for rule in sequence(at(resource.props, "spec", "rules"))]
            free = [
                rule for rule in rules if not any(_holds(policy, resource.object_name, rule) for policy in policies)
            ]
            if free:
                yield Violation(code, f"its rule {shown(free[0])} has no limit", resource)


def _holds(policy: Resource, route: str, rule: str) -> bool:
    targets = [mapping(target) for target in sequence(at(policy.props, "spec", "targetRefs"))]
    return any(
        text(target.get("name")) == route and text(target.get("sectionName")) in ("", rule) for target in targets
    )


def _rates(resource: Resource) -> list[float]:
    limits = mapping(at(resource.props, "spec", "rateLimit"))
    rules = sequence(at(limits, text(limits.get("type")).lower() or "local", "rules"))
    return [number(at(mapping(rule), "limit", "requests")) or 0 for rule in rules]


def _targets(resource: Resource) -> list[str]:
    """The routes it is for. Raises Unreadable for what is none: a policy for a Gateway is everybody's."""
    targets: list[Mapping[str, Any]] = [
        mapping(target) for target in sequence(at(resource.props, "spec", "targetRefs"))
    ]
    if not targets or any(text(target.get("kind")) != "HTTPRoute" for target in targets):
        raise UnexpectedShape("a target that is no HTTPRoute")
    return [text(target.get("name")) for target in targets]
