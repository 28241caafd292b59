"""The limits of a tenant's namespace, by plan: the bodies of its ResourceQuota and LimitRange."""

from typing import Any

from tenantry.model.capacity import namespace_capacity
from tenantry.spec.plans import Plan


def hard(plan: Plan) -> dict[str, str]:
    """The amounts that tenantry/model/capacity.py gives; nothing that is shared between tenants.

    No volume (data is in the database and in OSS), no port on the nodes and no load balancer of one's own.
    """
    most = namespace_capacity(plan)
    amounts = {
        "cpu": f"{most['cpu']}m",
        "memory": str(most["memory"]),
        "ephemeral-storage": str(most["ephemeral_storage"]),
    }
    return {
        **{f"requests.{name}": amount for name, amount in amounts.items()},
        **{f"limits.{name}": amount for name, amount in amounts.items()},
        "pods": str(most["pods"]),
        "services": str(most["services"]),
        "secrets": str(most["secrets"]),
        "configmaps": str(most["config_maps"]),
        "services.nodeports": "0",
        "services.loadbalancers": "0",
        "persistentvolumeclaims": "0",
        "requests.storage": "0",
    }


def container_resources(plan: Plan) -> dict[str, str]:
    """The resources of one container: requests equal limits, so a neighbour's load takes nothing away."""
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
