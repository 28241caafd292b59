"""Quotas: no tenant takes more than its plan gives, and none has to be counted by hand."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.facts.plan_figures import AMOUNTS, Plan, plans, plugin, quantity, same
from policies.facts.pod_specs import containers, main_containers, pod
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import ROW, Stack
from policies.model.values import at, mapping, number, sequence, shown, text
from tenantry.names import SERVICE_ACCOUNT

QUOTA: Final = "kubernetes:ResourceQuota"
LIMITS: Final = "kubernetes:LimitRange"
DEPLOYMENT: Final = "kubernetes:Deployment"
AUTOSCALER: Final = "kubernetes:HorizontalPodAutoscaler"
SCALED_OBJECT: Final = "kubernetes:ScaledObject"
SCALERS: Final = {AUTOSCALER: "maxReplicas", SCALED_OBJECT: "maxReplicaCount"}  # and where each says how many at most
PARTS: Final = ("default", "defaultRequest", "max")


def matching(fits: Callable[[Plan], bool]) -> list[str]:
    """The plans that fit: several may give the same."""
    return [name for name, plan in plans().items() if fits(plan)]


@resource_rule(
    "quotas-quota",
    kinds=[QUOTA],
    why="What is not counted has no end: one tenant fills the nodes, or opens a port on each.",
    remedy="take `hard` from the tenant's plan, all keys of it.",
)
def quota(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's ResourceQuota is that of a plan, key by key, and leaves no scope out."""
    if resource.code is None:
        return
    hard = mapping(at(resource.props, "spec", "hard"))
    if at(resource.props, "spec", "scopes") or at(resource.props, "spec", "scopeSelector"):
        yield "it counts a part of the pods only"
    if matching(lambda plan: _fits(hard, plan.quota)):
        return
    nearest = max(plans().values(), key=lambda plan: _hits(hard, plan.quota))
    expected = nearest.quota
    off = [key for key in expected if key not in hard or not same(quantity(hard[key]), expected[key])]
    yield f"no plan gives {', '.join(f'{key} = {shown(hard.get(key))}' for key in off[:4])}"


def _fits(hard: Mapping[str, object], expected: Mapping[str, float]) -> bool:
    return _hits(hard, expected) == len(expected)


def _hits(hard: Mapping[str, object], expected: Mapping[str, float]) -> int:
    return sum(key in hard and same(quantity(hard[key]), amount) for key, amount in expected.items())


@resource_rule(
    "quotas-limits",
    kinds=[LIMITS],
    why="Under a quota a pod that names no amounts is refused, while its Deployment looks well.",
    remedy="take default, defaultRequest and max of type Container, and max of type Pod, from the tenant's plan.",
)
def limits(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's LimitRange gives its containers and pods the amounts of a plan, and no more."""
    if resource.code is None:
        return
    container_limits, pod = _limits_of(resource, "Container"), _limits_of(resource, "Pod")
    if container_limits is None:
        yield "it says nothing of containers"
    elif not matching(lambda plan: all(_amounts(container_limits.get(part), plan.container) for part in PARTS)):
        yield "its amounts for a container are those of no plan"
    if pod is None or not matching(lambda plan: _amounts(pod.get("max"), plan.container)):
        yield "its most for a pod, whose containers would add up, is that of no plan"


def _limits_of(resource: Resource, type_: str) -> Mapping[str, object] | None:
    for limit in map(mapping, sequence(at(resource.props, "spec", "limits"))):
        if text(limit.get("type")) == type_:
            return limit
    return None


def _amounts(given: object, expected: Mapping[str, float]) -> bool:
    return _fits(mapping(given), expected)


@resource_rule(
    "quotas-container",
    kinds=[
        DEPLOYMENT,
        "kubernetes:Job",
        "kubernetes:CronJob",
        "kubernetes:StatefulSet",
        "kubernetes:DaemonSet",
    ],
    why="A container without limits takes the node's memory from its neighbours.",
    remedy="set requests and limits of cpu, memory and ephemeral-storage to the plan's, both the same.",
)
def container(resource: Resource, settings: Settings) -> Iterator[str]:
    """Containers have requests and limits; a tenant's those of a plan or of a service's catalogue, both the same."""
    service = plugin(resource.object_name)
    for name, entry in containers(pod(resource)):
        resources = {side: mapping(at(entry, "resources", side)) for side in ("requests", "limits")}
        missing = [f"{side}.{amount}" for side in resources for amount in AMOUNTS if amount not in resources[side]]
        if missing:
            yield f"container {name} has no {', '.join(missing)}"
        elif resource.code and service is not None:
            if not all(_amounts(side, service.container) for side in resources.values()):
                yield f"container {name} has not the amounts of the catalogue"
        elif resource.code and not matching(
            lambda plan, resources=resources: all(_amounts(side, plan.container) for side in resources.values())
        ):
            yield f"container {name} has amounts of no plan"


@resource_rule(
    "quotas-replicas",
    kinds=[DEPLOYMENT],
    why="More replicas than the quota has room for never start; more than the plan's are not paid for.",
    remedy="take replicas and maxSurge from the plan; leave replicas out only where something else scales it.",
)
def replicas(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's Deployment has at most the replicas and the surge of a plan."""
    if resource.code is None:
        return
    wanted = number(at(resource.props, "spec", "replicas"))
    surge = number(at(resource.props, "spec", "strategy", "rollingUpdate", "maxSurge"))
    if surge is None:
        yield "it does not say how many more in a roll-out"
    elif not matching(lambda plan: (wanted or 0) <= plan.replicas and surge <= plan.surge):
        yield f"no plan gives {shown(wanted)} replicas and {shown(surge)} more in a roll-out"


@resource_rule(
    "quotas-scaling",
    kinds=list(SCALERS),
    why="What scales beyond the plan takes what others pay for, and what scales another's is another's to stop.",
    remedy="scale the tenant's own Deployment, to the plan's replicas at most.",
)
def scaling(resource: Resource, settings: Settings) -> Iterator[str]:
    """An autoscaler of a tenant's workload stays within the replicas of a plan."""
    if resource.code is None:
        return
    most = number(at(resource.props, "spec", SCALERS[resource.kind]))
    if most is None:
        yield "it does not say how many at most"
    elif not matching(lambda plan: most <= plan.replicas):
        yield f"no plan gives {shown(most)} replicas"
    target = mapping(at(resource.props, "spec", "scaleTargetRef"))
    if text(target.get("kind")) not in ("", "Deployment") or text(target.get("name")) != SERVICE_ACCOUNT:
        yield f"it scales {shown(target.get('kind'))} {shown(target.get('name'))}"


@resource_rule(
    "quotas-allowance",
    kinds=[ROW],
    why="What the application enforces is what stands in the row.",
    remedy="change the tenant's limits within its plan's allowance, or its plan.",
)
def allowance(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's users and storage are within what its plan allows."""
    plan = plans().get(text(resource.props.get("planType")))
    if plan is None:
        yield f"there is no plan {shown(resource.props.get('planType'))}"
        return
    for key, (least, most) in plan.allowance.items():
        value = number(resource.props.get(key))
        if value is None or not least <= value <= most:
            yield f"{key} is {shown(value)}, its plan allows {shown(least)} to {shown(most)}"


@stack_rule(
    "quotas-present",
    why="A namespace without them has no limit at all.",
    remedy="declare ResourceQuota and LimitRange with the namespace, as components/parts/namespace.py does.",
)
def present(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every tenant's namespace has its quota and its limits."""
    for code in stack.tenants:
        for space in stack.parts(code, "kubernetes:Namespace"):
            for kind in (QUOTA, LIMITS):
                if not any(resource.namespace == space.namespace for resource in stack.parts(code, kind)):
                    yield Violation(code, f"there is no {kind.rpartition(':')[2]} in it", space)


@stack_rule(
    "quotas-plan",
    why="Each plan's amounts are some plan's; only the tenant's own are paid for.",
    remedy="take them from the plan that stands in the tenant's file.",
)
def of_plan(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Quota, limits and workload of each tenant are those of its own plan."""
    for code in stack.tenants:
        name = stack.plan_of(code)
        plan = plans().get(name or "")
        if plan is None:
            continue  # quotas-allowance says so where there is a row
        for resource in stack.parts(code, QUOTA, LIMITS, DEPLOYMENT, *SCALERS):
            if not _is_of(resource, plan):
                yield Violation(code, f"it is not that of plan {name}", resource)
            elif resource.kind == DEPLOYMENT and most_replicas(stack, resource) is None:
                yield Violation(code, "it leaves out its replicas, and nothing scales it", resource)


def most_replicas(stack: Stack, deployment: Resource) -> float | None:
    """The replicas that it declares, or that what scales it may make of it; None where neither says."""
    declared = number(at(deployment.props, "spec", "replicas"))
    if declared is not None:
        return declared
    for resource in stack.of(*SCALERS):
        target = text(at(resource.props, "spec", "scaleTargetRef", "name"))
        if resource.namespace == deployment.namespace and target == deployment.object_name:
            return number(at(resource.props, "spec", SCALERS[resource.kind]))
    return None


def _is_of(resource: Resource, plan: Plan) -> bool:
    if resource.kind == QUOTA:
        return _fits(mapping(at(resource.props, "spec", "hard")), plan.quota)
    if resource.kind in SCALERS:
        return (number(at(resource.props, "spec", SCALERS[resource.kind])) or 0) <= plan.replicas
    amounts = plan.container
    if resource.kind == LIMITS:
        container_, pod_ = _limits_of(resource, "Container") or {}, _limits_of(resource, "Pod") or {}
        return all(_amounts(container_.get(part), amounts) for part in PARTS) and _amounts(pod_.get("max"), amounts)
    if plugin(resource.object_name) is not None:
        return True  # the catalogue's, which quotas-container says; whether it fits, the quota does
    wanted = number(at(resource.props, "spec", "replicas")) or 0
    return wanted <= plan.replicas and all(
        _amounts(at(entry, "resources", side), amounts)
        for _, entry in main_containers(pod(resource))
        for side in ("requests", "limits")
    )
