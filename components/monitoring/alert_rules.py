"""The table of alerts (tenantry/watch/alerts) as the Prometheus operator reads it."""

from typing import Any, Final

from tenantry.names import PLATFORM_NAMESPACE
from tenantry.watch.alerts.catalogue import rules_document

NAME: Final = "tenantry"
ROUTES_VERSION: Final = "monitoring.coreos.com/v1alpha1"


def prometheus_rule(runbooks: str) -> dict[str, Any]:
    """`runbooks` is the address at which the pages of docs/runbooks can be read.

    Each alert carries the namespace of this object, as the operator hands an AlertmanagerConfig no others than those of
    its own: without it nobody would be told.
    """
    document = rules_document(runbooks)
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["labels"]["namespace"] = PLATFORM_NAMESPACE
    return {"spec": document}
