"""Prometheus and its operator, where the cluster has them: the exporter, what is scraped, the alerts, who is told."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tenantry.model.resources.facts import PLATFORMS, Control, ResourceKind
from tenantry.model.resources.objects import GRANT
from tenantry.model.resources.stack_settings import IN_PLACE, Harmless, SystemSettings, none_if_empty

KINDS: Final = {
    "kubernetes:monitoring.coreos.com:AlertmanagerConfig": ResourceKind(PLATFORMS, drift=GRANT),
    "kubernetes:monitoring.coreos.com:PodMonitor": ResourceKind(PLATFORMS, drift=GRANT),
    "kubernetes:monitoring.coreos.com:PrometheusRule": ResourceKind(PLATFORMS, drift=GRANT),
    "kubernetes:monitoring.coreos.com:ServiceMonitor": ResourceKind(PLATFORMS, drift=GRANT),
}
CONTROLS: Final = (
    Control(
        "PostgreSQL",
        "metrics are read by a login that reads nothing else",
        live="rights on single columns and two views (ReadGrants); member of nothing",
        rules="database-reader",
        attacks="database.exporter",
    ),
    Control(
        "network",
        "metrics are read by Prometheus alone",
        live="NetworkPolicy of the exporter's pods",
        rules="network-metrics network-exporter",
        attacks="network.exporter",
    ),
)


class MonitoringSettings(SystemSettings):
    """Alerts are declared where the stack names Prometheus' namespace."""

    monitoring_namespace: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        BeforeValidator(none_if_empty),
        Harmless(IN_PLACE),
    ]
    runbooks_url: Annotated[str, Field(min_length=1), Harmless(IN_PLACE)]


SETTINGS: Final = (MonitoringSettings,)
