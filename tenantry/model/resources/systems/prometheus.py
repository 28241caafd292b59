"""Prometheus and its operator, where the cluster has them: what is scraped, and the alerts."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tenantry.model.resources.facts import PLATFORMS, ResourceKind
from tenantry.model.resources.objects import GRANT
from tenantry.model.resources.stack_settings import IN_PLACE, Harmless, SystemSettings, none_if_empty

KINDS: Final = {
    "kubernetes:monitoring.coreos.com:PodMonitor": ResourceKind(PLATFORMS, drift=GRANT),
    "kubernetes:monitoring.coreos.com:PrometheusRule": ResourceKind(PLATFORMS, drift=GRANT),
}


class MonitoringSettings(SystemSettings):
    """Alerts are declared where the stack names Prometheus' namespace."""

    monitoring_namespace: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        BeforeValidator(none_if_empty),
        Harmless(IN_PLACE),
    ]
    runbooks_url: Annotated[str, Field(min_length=1), Harmless(IN_PLACE)]

    @property
    def runbooks(self) -> str | None:
        """The place of the runbooks that alerts name; None where no alerts are declared."""
        return self.runbooks_url if self.monitoring_namespace else None


SETTINGS: Final = (MonitoringSettings,)
