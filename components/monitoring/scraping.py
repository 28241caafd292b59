"""Scraping beside the exporter: the gateway's proxies, whose counts of requests become figures of tenants."""

from typing import Any, Final

from components.manifests import autoscaler
from components.shared.installation import Gateway
from tenantry.names import CODE

_OWNER: Final = "gateway.envoyproxy.io/owning-gateway-"  # the labels that Envoy Gateway gives the pods of its proxies
_PORT: Final = "metrics"
_PATH: Final = "/stats/prometheus"
# What alerts and dashboards read, and what wakes a tenant that sleeps.
KEPT: Final = "|".join(
    (
        "envoy_cluster_upstream_rq_xx",
        "envoy_cluster_upstream_rq_time_bucket",
        autoscaler.REQUESTS,
        autoscaler.UNANSWERED,
    )
)
SAMPLES: Final = 300_000  # of one proxy: 5,000 tenants, 27 series each, twice that where they have services
LABELS: Final = 20
# A route of a tenant is a cluster of the proxy: httproute/tenant-k001/business-app/rule/0. Other series are not kept.
RELABELINGS: Final[tuple[dict[str, Any], ...]] = (
    {"sourceLabels": ["__name__"], "regex": KEPT, "action": "keep"},
    {
        "sourceLabels": ["envoy_cluster_name"],
        "regex": f"httproute/tenant-({CODE.pattern})/.+",
        "targetLabel": "tenant",
        "replacement": "$1",
        "action": "replace",
    },
    {"sourceLabels": ["tenant"], "regex": ".+", "action": "keep"},
)


def gateway_monitor(gateway: Gateway) -> dict[str, Any]:
    """A PodMonitor: the proxies have no Service for their metrics. The applications are not scraped, and no tenant's
    namespace gets another way in.
    """
    return {
        "spec": {
            "namespaceSelector": {"matchNames": [gateway.proxies]},
            "selector": {"matchLabels": {f"{_OWNER}name": gateway.name, f"{_OWNER}namespace": gateway.namespace}},
            "sampleLimit": SAMPLES,
            "labelLimit": LABELS,
            "podMetricsEndpoints": [
                {"port": _PORT, "path": _PATH, "interval": "30s", "metricRelabelings": [*RELABELINGS]}
            ],
        }
    }
