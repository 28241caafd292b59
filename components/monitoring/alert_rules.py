"""The PrometheusRule object: the table of alerts (tenantry/watch/alerts) as the Prometheus operator reads it."""

from typing import Any, Final

from tenantry.names import PLATFORM_NAMESPACE
from tenantry.watch.alerts.catalogue import rules_document

API_VERSION: Final = "monitoring.coreos.com/v1"
NAME: Final = "tenantry"


def prometheus_rule(runbooks: str) -> dict[str, Any]:
    """`runbooks` is the address at which the pages of docs/runbooks can be read."""
    return {"spec": rules_document(runbooks)}


def metadata(labels: dict[str, str]) -> dict[str, Any]:
    return {"name": NAME, "namespace": PLATFORM_NAMESPACE, "labels": labels}
