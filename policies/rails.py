"""Workload: the guard rails at the API server are all there, look at every tenant, and refuse."""

from collections.abc import Iterator
from typing import Final

from policies.resource import PLATFORM, TENANT_LABEL, Resource
from policies.rule import Broken, resource_rule, stack_rule
from policies.settings import Settings
from policies.stack import Stack
from policies.values import at, listing, mapping, shown, text
from tenantry.groups import CLUSTER_ROLES
from tenantry.rails import EVERYWHERE, RAILS

RAIL: Final = "kubernetes:ValidatingAdmissionPolicy"
BOUND: Final = "kubernetes:ValidatingAdmissionPolicyBinding"
PLATFORM_TYPE: Final = "tenantry:components:Platform"
TENANTS: Final = [{"key": TENANT_LABEL, "operator": "Exists"}]


@resource_rule(
    "workload-rail",
    kinds=[RAIL, BOUND],
    why="An admission policy that lets pass what it cannot judge, looks at few or only warns, is no wall.",
    remedy="set failurePolicy: Fail, select namespaces by the tenant's label alone, and bind it with Deny for all.",
)
def rail(resource: Resource, settings: Settings) -> Iterator[str]:
    """A guard rail holds for every tenant's namespace, and refuses."""
    if resource.called not in RAILS:
        return
    spec = mapping(resource.props.get("spec"))
    if resource.kind == BOUND:
        if text(spec.get("policyName")) != resource.called:
            yield f"it binds {shown(spec.get('policyName'))}"
        if "Deny" not in listing(spec.get("validationActions")):
            yield "it does not refuse"
        if mapping(spec.get("matchResources")):
            yield "it holds for some objects only"
        return
    if text(spec.get("failurePolicy")) != "Fail":
        yield f"what it cannot judge is {shown(spec.get('failurePolicy') or 'Fail by default, not by name')}"
    if not listing(spec.get("validations")):
        yield "it demands nothing"
    found = [
        dict(mapping(one)) for one in listing(at(spec, "matchConstraints", "namespaceSelector", "matchExpressions"))
    ]
    wanted = [] if resource.called == EVERYWHERE else TENANTS
    if found != wanted or at(spec, "matchConstraints", "namespaceSelector", "matchLabels"):
        yield "it does not look at every tenant's namespace"
    for one in map(mapping, listing(at(spec, "matchConstraints", "resourceRules"))):
        if not listing(one.get("operations")) or not listing(one.get("resources")):
            yield "it looks at nothing"


@stack_rule(
    "workload-rails",
    why="What Pulumi did not declare, a tenant's admin or a stolen token, meets no other wall than these.",
    remedy="declare all of components/rails with their bindings, and the roles of tenants' people, in the platform.",
)
def rails(stack: Stack, settings: Settings) -> Iterator[Broken]:
    """A platform has every guard rail with its binding, and the roles of tenants' people."""
    if not any(one.type == PLATFORM_TYPE for one in stack.resources):
        return
    wanted = {RAIL: RAILS, BOUND: RAILS, "kubernetes:ClusterRole": tuple(CLUSTER_ROLES.values())}
    for kind, names in wanted.items():
        there = {one.called for one in stack.of(kind)}
        for name in names:
            if name not in there:
                yield Broken(PLATFORM, f"there is no {kind.rpartition(':')[2]} {name}")
