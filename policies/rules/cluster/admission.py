"""Workload: the guard rails at the API server are all there, look at every tenant, and refuse."""

from collections.abc import Iterator
from typing import Final

from policies.model.resource import PLATFORM, TENANT_LABEL, Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import at, mapping, sequence, shown, text
from tenantry.model.admission_policies import EVERYWHERE, RAILS
from tenantry.model.rbac_groups import CLUSTER_ROLES

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
    if resource.object_name not in RAILS:
        return
    spec = mapping(resource.props.get("spec"))
    if resource.kind == BOUND:
        if text(spec.get("policyName")) != resource.object_name:
            yield f"it binds {shown(spec.get('policyName'))}"
        if "Deny" not in sequence(spec.get("validationActions")):
            yield "it does not refuse"
        if mapping(spec.get("matchResources")):
            yield "it holds for some objects only"
        return
    if text(spec.get("failurePolicy")) != "Fail":
        yield f"what it cannot judge is {shown(spec.get('failurePolicy') or 'Fail by default, not by name')}"
    if not sequence(spec.get("validations")):
        yield "it demands nothing"
    faults = [
        dict(mapping(expression))
        for expression in sequence(at(spec, "matchConstraints", "namespaceSelector", "matchExpressions"))
    ]
    wanted = [] if resource.object_name == EVERYWHERE else TENANTS
    if faults != wanted or at(spec, "matchConstraints", "namespaceSelector", "matchLabels"):
        yield "it does not look at every tenant's namespace"
    for rule in map(mapping, sequence(at(spec, "matchConstraints", "resourceRules"))):
        if not sequence(rule.get("operations")) or not sequence(rule.get("resources")):
            yield "it looks at nothing"


@stack_rule(
    "workload-rails",
    why="What Pulumi did not declare, a tenant's admin or a stolen token, meets no other wall than these.",
    remedy=(
        "declare all of components/admission_policies with their bindings, and the roles of tenants' people, in the "
        "platform."
    ),
)
def complete(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """A platform has every guard rail with its binding, and the roles of tenants' people."""
    if not any(resource.type == PLATFORM_TYPE for resource in stack.resources):
        return
    wanted = {RAIL: RAILS, BOUND: RAILS, "kubernetes:ClusterRole": tuple(CLUSTER_ROLES.values())}
    for kind, names in wanted.items():
        there = {resource.object_name for resource in stack.of(kind)}
        for name in names:
            if name not in there:
                yield Violation(PLATFORM, f"there is no {kind.rpartition(':')[2]} {name}")
