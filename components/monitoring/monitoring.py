"""The platform's part in monitoring. Prometheus itself, and whoever is told, are not ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.monitoring import alert_rules
from components.monitoring.exporter import Exporter, ExporterArgs, ExporterProgram
from components.monitoring.scraping import MONITORING, database_monitor, gateway_monitor, kubernetes_monitor
from components.shared.installation import Installation
from components.shared.labels import labels
from components.shared.manifest import Manifest
from tenantry.names import PLATFORM_NAMESPACE
from tenantry.watch.alerts.routing import alertmanager_config
from tenantry.watch.dashboards import NAMES, dashboard_json

SIDECAR: Final = "grafana_dashboard"  # the label by which Grafana's sidecar finds them


@dataclass(frozen=True, slots=True)
class MonitoringInputs:
    """Settings of a cluster that has a Prometheus operator."""

    namespace: str  # of Prometheus: from there, and from nowhere else, the exporter is reached
    runbooks: str  # the address of the pages in docs/runbooks
    exporter: ExporterProgram


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    settings: MonitoringInputs
    installation: Installation
    password: pulumi.Input[str]  # of the exporter's login
    provider: pulumi.ProviderResource
    inside: pulumi.Resource  # the platform's namespace
    after: Sequence[pulumi.Resource]  # what the exporter reads


class Monitoring(pulumi.ComponentResource):
    """Monitoring of all tenants: exporter, rules, routes, monitors, dashboards. No tenant adds to it or has an own."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Monitoring", name, None, opts)
        self._name, self._args = name, args
        settings, gateway = args.settings, args.installation.gateway
        self._object("rules", "PrometheusRule", alert_rules.NAME, alert_rules.prometheus_rule(settings.runbooks))
        routes = {"spec": alertmanager_config()}
        self._object("routes", "AlertmanagerConfig", alert_rules.NAME, routes, alert_rules.ROUTES_VERSION)
        self._object("kubernetes", "ServiceMonitor", "tenantry-kubernetes", kubernetes_monitor(settings.namespace))
        self._object("database", "ServiceMonitor", "tenantry-database", database_monitor(settings.namespace))
        if gateway.policies:  # it is an Envoy Gateway: others count under other names
            self._object("gateway", "PodMonitor", "tenantry-gateway", gateway_monitor(gateway))
        for board in NAMES:
            data = {"data": {f"tenantry-{board}.json": dashboard_json(board)}}
            self._object(
                f"dashboard-{board}", "ConfigMap", f"tenantry-dashboard-{board}", data, "v1", marks={SIDECAR: "1"}
            )
        Exporter(
            f"{name}-exporter",
            ExporterArgs(
                settings.exporter,
                args.password,
                args.installation.openings,
                settings.namespace,
                args.provider,
                [args.inside, *args.after],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _object(
        self,
        part: str,
        kind: str,
        name: str,
        body: dict[str, Any],
        api_version: str = MONITORING,
        marks: dict[str, str] | None = None,
    ) -> None:
        Manifest(
            f"{self._name}-{part}",
            api_version,
            kind,
            {"name": name, "namespace": PLATFORM_NAMESPACE, "labels": {**labels(), **(marks or {})}},
            body,
            pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=[self._args.inside]),
        )
