"""The number of a tenant's containers: between its plan's least and most, or none while it sleeps.

Who scales owns the Deployment's `replicas`: it is then not declared at all, so that no run takes it back. Where the
stack has KEDA that is a ScaledObject (KEDA makes the autoscaler itself), else a HorizontalPodAutoscaler. A tenant that
is hibernated or suspended declares 0, at which an autoscaler rests; a ScaledObject is told to pause.
"""

from typing import Any, Final

from components.shared.installation import Installation
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import SERVICE_ACCOUNT

AUTOSCALER: Final = ("autoscaling/v2", "HorizontalPodAutoscaler")
SCALED_OBJECT: Final = ("keda.sh/v1alpha1", "ScaledObject")
PAUSED: Final = "autoscaling.keda.sh/paused-replicas"
# KEDA refuses a ScaledObject beside an autoscaler without it, and ours goes only when its successor is there.
KEDA_ALLOWS_OTHER_HPA: Final = "validations.keda.sh/hpa-ownership"
SHRINK_SECONDS: Final = 300  # of less load before a container goes
TRAFFIC_WINDOW: Final = "2m"
REQUESTS: Final = "envoy_cluster_upstream_rq_total"
UNANSWERED: Final = "envoy_cluster_upstream_cx_connect_fail"
COOLDOWN_SECONDS: Final = 300  # after the last hour of a schedule


def scaler(tenant: ResolvedTenant, at: Installation) -> tuple[str, str] | None:
    """API version and kind of what scales the tenant; None where nothing does."""
    if at.scaling.keda and (tenant.plan.compute.scales or tenant.scaled or sleeps(tenant, at)):
        return SCALED_OBJECT
    return AUTOSCALER if tenant.plan.compute.scales or tenant.scaled else None


def autoscaler_owns_replicas(tenant: ResolvedTenant, at: Installation) -> bool:
    """Tells whether an autoscaler, rather than the Deployment, sets the replica count. One that was needed once stays,
    within the plan's bounds.

    It would go at the end of the run that declares the smaller number, and could take that back until then.
    """
    return tenant.plan.compute.scales or (at.scaling.keda and sleeps(tenant, at))


def sleeps(tenant: ResolvedTenant, at: Installation) -> bool:
    return tenant.awake is not None or wakes_by_traffic(tenant, at)


def wakes_by_traffic(tenant: ResolvedTenant, at: Installation) -> bool:
    return tenant.idle_minutes is not None and at.scaling.prometheus is not None


def replicas(tenant: ResolvedTenant, at: Installation) -> int | None:
    """The replicas that the Deployment declares; None: an autoscaler sets them."""
    if tenant.phase is not Phase.ACTIVE:
        return 0
    return None if autoscaler_owns_replicas(tenant, at) else tenant.plan.compute.replicas


def annotations(tenant: ResolvedTenant, at: Installation) -> dict[str, str]:
    if scaler(tenant, at) == AUTOSCALER:
        return {KEDA_ALLOWS_OTHER_HPA: "false"}
    return {PAUSED: "0"} if tenant.phase is not Phase.ACTIVE else {}


def body(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    """The body of the kind of autoscaler that `scaler` names."""
    return _scaled_object(tenant, at) if scaler(tenant, at) == SCALED_OBJECT else _autoscaler(tenant)


def _autoscaler(tenant: ResolvedTenant) -> dict[str, Any]:
    compute = tenant.plan.compute
    target = {"type": "Utilization", "averageUtilization": compute.scale_at_cpu}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": SERVICE_ACCOUNT},
        "minReplicas": compute.min_replicas,
        "maxReplicas": compute.replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": SHRINK_SECONDS}},
    }


def _scaled_object(tenant: ResolvedTenant, at: Installation) -> dict[str, Any]:
    compute = tenant.plan.compute
    idle = tenant.idle_minutes if wakes_by_traffic(tenant, at) else None
    return {
        "scaleTargetRef": {"name": SERVICE_ACCOUNT},
        **({"idleReplicaCount": 0} if sleeps(tenant, at) else {}),
        "minReplicaCount": compute.min_replicas,  # of one that is awake
        "maxReplicaCount": compute.replicas,
        "cooldownPeriod": idle * 60 if idle else COOLDOWN_SECONDS,
        "triggers": _triggers(tenant, at),
    }


def _triggers(tenant: ResolvedTenant, at: Installation) -> list[dict[str, Any]]:
    """Whichever wants the most containers has its way: hours keep it awake, and so does a request outside them."""
    compute, triggers = tenant.plan.compute, list[dict[str, Any]]()
    if tenant.awake is not None:
        hours = {"timezone": tenant.awake.timezone, "desiredReplicas": str(compute.min_replicas)}
        triggers.append(
            {"type": "cron", "metadata": hours | {"start": _cron(tenant.awake.from_), "end": _cron(tenant.awake.to)}}
        )
    if wakes_by_traffic(tenant, at):
        # Requests, and those for which nobody was there: the first wakes, its client asks again. Both counters are
        # there, at 0, before the first: one that appears with it would have no rate.
        counts = f'__name__=~"{REQUESTS}|{UNANSWERED}"'
        where = f'envoy_cluster_name=~"httproute/{tenant.names.namespace}/.*"'
        requests = f"sum(rate({{{counts},{where}}}[{TRAFFIC_WINDOW}]))"
        most = str(tenant.plan.request_rate)  # of one container: it is a trigger to wake, growing is the CPU's
        metadata = {"serverAddress": at.scaling.prometheus, "query": requests, "threshold": most}
        triggers.append({"type": "prometheus", "metadata": metadata | {"activationThreshold": "0"}})
    if compute.scales or not triggers:
        triggers.append({"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(compute.scale_at_cpu)}})
    return triggers


def _cron(time: str) -> str:
    hour, _, minute = time.partition(":")
    return f"{int(minute)} {int(hour)} * * *"
