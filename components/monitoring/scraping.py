"""Scraping, each with limits: our exporter, the gateway's proxies, kube-state-metrics, postgres_exporter.

Of what others export only the figures of the alerts are kept, with the tenant as a label. The applications are not
scraped, and no tenant's namespace gets another way in.
"""

from typing import Any, Final

from components.manifests import autoscaler
from components.shared.installation import Gateway
from components.shared.labels import PART
from tenantry.names import CODE, EXPORTER
from tenantry.watch.alerts.operations import SAMPLE_LIMIT

MONITORING: Final = "monitoring.coreos.com/v1"
EXPORTED_EVERY: Final = "60s"  # it reads tables at each scrape
EVERY: Final = "30s"
LABELS: Final = 20
_OWNER: Final = "gateway.envoyproxy.io/owning-gateway-"  # the labels that Envoy Gateway gives the pods of its proxies
SAMPLES: Final = 300_000  # of one proxy: 5,000 tenants, 27 series each, twice that where they have services
KUBERNETES_SAMPLES: Final = 150_000  # 5,000 tenants with two pods of two containers
DATABASE_SAMPLES: Final = 20_000
# The figures of alerts and dashboards, and of what wakes a tenant that sleeps.
_KEPT_OF_PROXIES: Final = "|".join(
    (
        "envoy_cluster_upstream_rq_xx",
        "envoy_cluster_upstream_rq_time_bucket",
        autoscaler.REQUESTS,
        autoscaler.UNANSWERED,
    )
)
_KEPT_OF_KUBERNETES: Final = (
    "kube_deployment_spec_replicas|kube_deployment_status_replicas_available"
    "|kube_pod_container_resource_limits|kube_pod_container_status_restarts_total|kube_resourcequota"
)
_KEPT_OF_DATABASE: Final = "pg_up|pg_settings_max_connections|pg_stat_database_numbackends"


def _keep(names: str) -> dict[str, Any]:
    return {"sourceLabels": ["__name__"], "regex": names, "action": "keep"}


def _tenant(source: str, pattern: str, replacement: str = "$1") -> dict[str, Any]:
    return {
        "sourceLabels": [source],
        "regex": pattern,
        "targetLabel": "tenant",
        "replacement": replacement,
        "action": "replace",
    }


_OF_TENANTS: Final = {"sourceLabels": ["tenant"], "regex": ".+", "action": "keep"}
# A route of a tenant is a cluster of the proxy: httproute/tenant-k001/business-app/rule/0. Other series are not kept.
RELABELINGS: Final[tuple[dict[str, Any], ...]] = (
    _keep(_KEPT_OF_PROXIES),
    _tenant("envoy_cluster_name", f"httproute/tenant-({CODE.pattern})/.+"),
    _OF_TENANTS,
)
KUBERNETES_RELABELINGS: Final[tuple[dict[str, Any], ...]] = (
    _keep(_KEPT_OF_KUBERNETES),
    _tenant("namespace", f"tenant-({CODE.pattern})"),
    _OF_TENANTS,
)
DATABASE_RELABELINGS: Final[tuple[dict[str, Any], ...]] = (
    _keep(_KEPT_OF_DATABASE),
    _tenant("datname", "rent([0-9]{3,6})", "k$1"),
)


def gateway_monitor(gateway: Gateway) -> dict[str, Any]:
    """A PodMonitor: the proxies have no Service for their metrics."""
    endpoint = {"port": "metrics", "path": "/stats/prometheus", "interval": EVERY}
    return {
        "spec": {
            "namespaceSelector": {"matchNames": [gateway.proxies]},
            "selector": {"matchLabels": {f"{_OWNER}name": gateway.name, f"{_OWNER}namespace": gateway.namespace}},
            "sampleLimit": SAMPLES,
            "labelLimit": LABELS,
            "podMetricsEndpoints": [endpoint | {"metricRelabelings": [*RELABELINGS]}],
        }
    }


def exporter_monitor(port: str) -> dict[str, Any]:
    """The job is called after the Service: tenantry-exporter."""
    endpoint = {"port": port, "path": "/metrics", "interval": EXPORTED_EVERY, "scrapeTimeout": "30s"}
    return {"spec": _limited({PART: EXPORTER}, SAMPLE_LIMIT, [endpoint])}


def kubernetes_monitor(namespace: str) -> dict[str, Any]:
    """kube-state-metrics as its own manifests and its chart label it; they call the port by one of two names.

    Its labels are those of the objects that it tells of, so they come before the target's.
    """
    endpoints = [
        {"port": port, "interval": EVERY, "honorLabels": True, "metricRelabelings": [*KUBERNETES_RELABELINGS]}
        for port in ("http", "http-metrics")
    ]
    return {"spec": _limited({PART: "kube-state-metrics"}, KUBERNETES_SAMPLES, endpoints, namespace)}


def database_monitor(namespace: str) -> dict[str, Any]:
    """postgres_exporter as its chart labels it: one for the server, and none a database."""
    endpoint = {"port": "http", "interval": EVERY, "metricRelabelings": [*DATABASE_RELABELINGS]}
    return {"spec": _limited({PART: "prometheus-postgres-exporter"}, DATABASE_SAMPLES, [endpoint], namespace)}


def _limited(
    labels: dict[str, str], samples: int, endpoints: list[dict[str, Any]], namespace: str | None = None
) -> dict[str, Any]:
    where = {"namespaceSelector": {"matchNames": [namespace]}} if namespace else {}
    return where | {
        "selector": {"matchLabels": labels},
        "sampleLimit": samples,
        "labelLimit": LABELS,
        "endpoints": endpoints,
    }
