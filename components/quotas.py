"""How much a tenant's namespace may use, by plan: the bodies of its ResourceQuota and LimitRange."""

from typing import Any

from tenantry.plans import Plan
from tenantry.quantity import bytes_of, millicores_of


def hard(plan: Plan) -> dict[str, str]:
    """As many pods as the plan allows, each as large as it allows; nothing that is shared between tenants.

    Not only what the replicas and a roll-out need: after a change to a smaller plan the last pods of the larger one
    still count, and a quota without room for both would refuse the first smaller pod for ever.
    No volume (data is in the database and in OSS), no port on the nodes and no load balancer of one's own.
    """
    pods = plan.objects.pods
    amounts = {
        "cpu": f"{pods * millicores_of(plan.compute.cpu)}m",
        "memory": str(pods * bytes_of(plan.compute.memory)),
        "ephemeral-storage": str(pods * bytes_of(plan.compute.ephemeral_storage)),
    }
    return {
        **{f"requests.{name}": amount for name, amount in amounts.items()},
        **{f"limits.{name}": amount for name, amount in amounts.items()},
        "pods": str(plan.objects.pods),
        "services": str(plan.objects.services),
        "secrets": str(plan.objects.secrets),
        "configmaps": str(plan.objects.config_maps),
        "services.nodeports": "0",
        "services.loadbalancers": "0",
        "persistentvolumeclaims": "0",
        "requests.storage": "0",
    }


def container_resources(plan: Plan) -> dict[str, str]:
    """Of one container: what it asks for and what it may use are the same, so a neighbour's load takes nothing away."""
    return {
        "cpu": plan.compute.cpu,
        "memory": plan.compute.memory,
        "ephemeral-storage": plan.compute.ephemeral_storage,
    }


def limits(plan: Plan) -> list[dict[str, Any]]:
    """A container that names nothing gets the plan's amounts: without them the quota would refuse the pod unseen."""
    amounts = container_resources(plan)
    return [
        {"type": "Container", "default": amounts, "defaultRequest": amounts, "max": amounts},
        {"type": "Pod", "max": amounts},
    ]
