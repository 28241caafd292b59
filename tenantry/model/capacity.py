"""The capacity of a tenant's namespace, and how much of it application and services use."""

from collections.abc import Mapping
from typing import Final

from tenantry.spec.plans import Compute, Plan
from tenantry.spec.quantity import bytes_of, millicores_of
from tenantry.spec.services import PODS_AT_ONCE, Service, ServiceCompute

# Of Kubernetes itself: every namespace has a ConfigMap with the certificate of the API server.
CONFIG_MAPS_OF_KUBERNETES: Final = 1


Amounts = Mapping[str, int]


def namespace_capacity(plan: Plan) -> Amounts:
    """The capacity of a tenant's namespace: as many pods as the plan allows, each as large as it allows.

    CPU in thousandths, memory and disk in bytes. Not only what the replicas and a roll-out need: after a change to a
    smaller plan the last pods of the larger one still count, and a quota without room for both would refuse the first
    smaller pod for ever.
    """
    objects = plan.objects
    one = amounts_of(plan.compute)
    return {
        **{name: objects.pods * amount for name, amount in one.items()},
        "pods": objects.pods,
        "services": objects.services,
        "secrets": objects.secrets,
        "config_maps": objects.config_maps,
        "connections": plan.database.connections,
    }


def capacity_used(plan: Plan, services: tuple[Service, ...], *, secrets: int) -> Amounts:
    """The capacity that the application and these services use while all of them are being replaced at once, by others
    or their like.

    A service that is switched off goes last: so whatever fits by this can take the place of whatever else fits.
    `secrets`: how many Secrets there are besides the application's own.
    """
    pods = plan.compute.pods_at_once
    total = {name: pods * amount for name, amount in amounts_of(plan.compute).items()}
    for service in services:
        for name, amount in amounts_of(service.compute).items():
            total[name] += PODS_AT_ONCE * amount
    return {
        **total,
        "pods": pods + PODS_AT_ONCE * len(services),
        "services": 1 + PODS_AT_ONCE * len(services),
        "secrets": 1 + secrets,
        "config_maps": 1 + CONFIG_MAPS_OF_KUBERNETES,
        "connections": plan.database.pool * pods + sum(PODS_AT_ONCE * service.pool for service in services),
    }


def capacity_during_plan_change(before: Plan, after: Plan, services: tuple[Service, ...]) -> Amounts:
    """The capacity that the later plan needs for its first pod to start: of each service one, come or gone.

    No connections: who opens them waits for one.
    """
    old, new = before.compute, after.compute
    stay = max(old.replicas, new.replicas) if new.scales else new.replicas  # an autoscaler is slow to take some away
    total = {name: stay * amount + new.surge * amounts_of(new)[name] for name, amount in amounts_of(old).items()}
    for service in services:
        for name, amount in amounts_of(service.compute).items():
            total[name] += amount
    return {"pods": stay + new.surge + len(services), **total}


def amounts_of(compute: Compute | ServiceCompute) -> dict[str, int]:
    return {
        "cpu": millicores_of(compute.cpu),
        "memory": bytes_of(compute.memory),
        "ephemeral_storage": bytes_of(compute.ephemeral_storage),
    }
