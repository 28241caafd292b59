"""The platform's part in monitoring. Prometheus itself, and whoever is told, are not ours."""

from dataclasses import dataclass
from typing import Final

import pulumi

from components.monitoring import alert_rules
from components.monitoring.scraping import gateway_monitor
from components.shared.installation import Gateway
from components.shared.labels import labels
from components.shared.manifest import Manifest
from tenantry.names import PLATFORM_NAMESPACE
from tenantry.watch.dashboards import NAMES, dashboard_json

SIDECAR: Final = "grafana_dashboard"  # the label by which Grafana's sidecar finds them


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    runbooks: str  # the address of the pages in docs/runbooks
    gateway: Gateway
    provider: pulumi.ProviderResource
    inside: pulumi.Resource  # the platform's namespace


class Monitoring(pulumi.ComponentResource):
    """One PrometheusRule and three dashboards for all tenants: no part of a tenant adds to it, and none has an own."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Monitoring", name, None, opts)
        Manifest(
            f"{name}-rules",
            alert_rules.API_VERSION,
            "PrometheusRule",
            alert_rules.metadata(labels()),
            alert_rules.prometheus_rule(args.runbooks),
            pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[args.inside]),
        )
        if args.gateway.policies:  # it is an Envoy Gateway: others count under other names
            Manifest(
                f"{name}-gateway",
                alert_rules.API_VERSION,
                "PodMonitor",
                {"name": "tenantry-gateway", "namespace": PLATFORM_NAMESPACE, "labels": labels()},
                gateway_monitor(args.gateway),
                pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[args.inside]),
            )
        for board in NAMES:
            Manifest(
                f"{name}-dashboard-{board}",
                "v1",
                "ConfigMap",
                {
                    "name": f"tenantry-dashboard-{board}",
                    "namespace": PLATFORM_NAMESPACE,
                    "labels": {**labels(), SIDECAR: "1"},
                },
                {"data": {f"tenantry-{board}.json": dashboard_json(board)}},
                pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[args.inside]),
            )
        self.register_outputs({})
