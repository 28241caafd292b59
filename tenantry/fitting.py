"""Whether what a tenant enables fits into its plan: said before anything is made, at the line of its file."""

from collections.abc import Iterator, Mapping
from typing import Final

from tenantry.faults import Fault
from tenantry.following import Before
from tenantry.plans import Compute, Plan, Plans
from tenantry.quantity import bytes_of, millicores_of
from tenantry.reading import Source
from tenantry.services import PODS_AT_ONCE, Service, ServiceCompute, Services
from tenantry.spec import TenantSpec

# Of Kubernetes itself: every namespace has a ConfigMap with the certificate of the API server.
CONFIG_MAPS_OF_KUBERNETES: Final = 1
_UNITS: Final = {"cpu": "thousandths of a CPU", "memory": "bytes of memory", "ephemeral_storage": "bytes of disk"}

Amounts = Mapping[str, int]


def room(plan: Plan) -> Amounts:
    """What a tenant's namespace may hold: as many pods as the plan allows, each as large as it allows.

    CPU in thousandths, memory and disk in bytes. Not only what the replicas and a roll-out need: after a change to a
    smaller plan the last pods of the larger one still count, and a quota without room for both would refuse the first
    smaller pod for ever.
    """
    objects = plan.objects
    one = _amounts(plan.compute)
    return {
        **{name: objects.pods * amount for name, amount in one.items()},
        "pods": objects.pods,
        "services": objects.services,
        "secrets": objects.secrets,
        "config_maps": objects.config_maps,
        "connections": plan.database.connections,
    }


def taken(plan: Plan, services: tuple[Service, ...], *, secrets: int) -> Amounts:
    """What the application and these services use when all of them are being replaced at once, by others or their like.

    A service that is switched off goes last: so whatever fits by this can take the place of whatever else fits.
    `secrets`: how many Secrets there are besides the application's own.
    """
    pods = plan.compute.pods_at_once
    total = {name: pods * amount for name, amount in _amounts(plan.compute).items()}
    for service in services:
        for name, amount in _amounts(service.compute).items():
            total[name] += PODS_AT_ONCE * amount
    return {
        **total,
        "pods": pods + PODS_AT_ONCE * len(services),
        "services": 1 + PODS_AT_ONCE * len(services),
        "secrets": 1 + secrets,
        "config_maps": 1 + CONFIG_MAPS_OF_KUBERNETES,
        "connections": plan.database.pool * pods + sum(PODS_AT_ONCE * service.pool for service in services),
    }


def between(before: Plan, after: Plan, services: tuple[Service, ...]) -> Amounts:
    """What must have room at once in the later plan for its first pod to start: of each service one, come or gone.

    No connections: who opens them waits for one.
    """
    old, new = before.compute, after.compute
    stay = max(old.replicas, new.replicas) if new.scales else new.replicas  # an autoscaler is slow to take some away
    total = {name: stay * amount + new.surge * _amounts(new)[name] for name, amount in _amounts(old).items()}
    for service in services:
        for name, amount in _amounts(service.compute).items():
            total[name] += amount
    return {"pods": stay + new.surge + len(services), **total}


def crowded(source: Source, spec: TenantSpec, plans: Plans, catalogue: Services, before: Before) -> Iterator[Fault]:
    """A smaller plan's quota counts the services that this run takes away: they go when all else is done."""
    gone = [name for name in before.services if name not in spec.enabled_services and name in catalogue]
    if before.plan is not None and before.plan != spec.plan and gone:
        stay = [name for name in spec.enabled_services if name in catalogue]
        used = between(plans[before.plan], plans[spec.plan], tuple(catalogue[name] for name in (*stay, *gone)))
        if (over := _first_over(used, room(plans[spec.plan]))) is not None:
            yield source.fault(
                ("plan",),
                f"{spec.plan} has no room while the services of plan {before.plan} are still there: {over}",
                f"write plan: {before.plan} and switch {', '.join(gone)} off in one run, change the plan in the next",
            )


def beyond_quota(source: Source, spec: TenantSpec, plans: Plans, catalogue: Services) -> Iterator[Fault]:
    """One fault, at the first service that no longer fits."""
    known = [(place, name) for place, name in enumerate(spec.enabled_services) if name in catalogue]
    for count, (place, name) in enumerate(known, 1):
        chosen = tuple(catalogue[one] for _, one in known[:count])
        wrong = _too_much(plans[spec.plan], chosen, secrets=_secrets(spec))
        if wrong is not None:
            everything = tuple(catalogue[one] for _, one in known)
            fitting = [
                plan for plan, gives in plans.items() if not _too_much(gives, everything, secrets=_secrets(spec))
            ]
            remedy = f"or choose plan {fitting[0]}" if fitting else "for no plan has room for all of them"
            yield source.fault(
                ("enabled_services", place),
                f"{name} does not fit into plan {spec.plan} beside those before it: {wrong}",
                f"leave it out, {remedy}; where a plan's objects are too few for what runs: raise them in plans.yaml",
            )
            return


def _secrets(spec: TenantSpec) -> int:
    """One Secret for the API keys and one for the tenant's secrets for other services, where there are any."""
    return bool(spec.api_keys) + bool(spec.secrets)


def _too_much(plan: Plan, services: tuple[Service, ...], *, secrets: int) -> str | None:
    for service in services:
        for name, amount in _amounts(service.compute).items():
            if amount > _amounts(plan.compute)[name]:
                return f"one container may have {_amounts(plan.compute)[name]} {_UNITS[name]}, it asks for {amount}"
    return _first_over(taken(plan, services, secrets=secrets), room(plan))


def _first_over(used: Amounts, limits: Amounts) -> str | None:
    over = next((name for name in ("pods", *used) if used[name] > limits[name]), None)
    return over and f"{used[over]} of {limits[over]} {_UNITS.get(over, over.replace('_', ' '))}"


def _amounts(compute: Compute | ServiceCompute) -> dict[str, int]:
    return {
        "cpu": millicores_of(compute.cpu),
        "memory": bytes_of(compute.memory),
        "ephemeral_storage": bytes_of(compute.ephemeral_storage),
    }
