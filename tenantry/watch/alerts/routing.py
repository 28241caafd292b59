"""Routes of alerts to receivers by severity, and the silence of tenants while something larger is down.

One table for both readers: an Alertmanager's own file (`python -m tenantry.watch.alerts.routing`), and the
AlertmanagerConfig of the Prometheus operator (components/monitoring). A receiver is an address (webhook) that the
installation keeps as an entry of a Secret: none of them is ours to know.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any, Final

from tenantry.watch.alerts.model import Severity

RECEIVERS: Final = "alert-receivers"  # the Secret: entries `critical`, `warning`, `info`, each the URL of a webhook
FOLDER: Final = f"/etc/alertmanager/secrets/{RECEIVERS}"  # where the operator mounts one for a file
# A server that is down is one message, and not one a tenant: the tenants stand in it.
GROUPED_BY: Final = ("alertname", "stack")
PER_SITE: Final = "cluster"  # where one Alertmanager serves several; a label that none has is alike on all
_OF_TENANTS: Final = ("tenant", "=~", ".+")


@dataclass(frozen=True, slots=True)
class Route:
    severity: Severity
    wait: str  # for others of the group, before the first message
    interval: str  # between messages of a group that has changed
    repeat: str  # of one that has not


@dataclass(frozen=True, slots=True)
class Inhibition:
    """The alerts that match `targets` are not told while one of `sources` fires."""

    sources: tuple[str, ...]
    targets: tuple[tuple[str, str, str], ...]  # label, operator, value


ROUTES: Final = (
    Route(Severity.CRITICAL, "30s", "5m", "1h"),
    Route(Severity.WARNING, "5m", "1h", "12h"),
    Route(Severity.INFO, "1h", "12h", "7d"),
)
INHIBITIONS: Final = (
    Inhibition(("DatabaseServerDown", "GatewayDown"), (_OF_TENANTS,)),
    Inhibition(("DatabaseServerDown",), (("alertname", "=~", "MetricsMissing|OperationsFail"),)),
)


def _matcher(label: str, operator: str, value: str) -> str:
    return f"{label}{operator}{json.dumps(value)}"


def alertmanager_file(folder: str = FOLDER) -> dict[str, Any]:
    """The file of an Alertmanager. `folder` holds a file a severity with the address to tell."""
    return {
        "route": {
            "receiver": str(Severity.CRITICAL),  # an alert that nobody has thought of wakes somebody
            "group_by": [*GROUPED_BY],
            "routes": [
                {
                    "matchers": [_matcher("severity", "=", route.severity)],
                    "receiver": str(route.severity),
                    "group_by": [*GROUPED_BY],
                    "group_wait": route.wait,
                    "group_interval": route.interval,
                    "repeat_interval": route.repeat,
                }
                for route in ROUTES
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": [_matcher("alertname", "=~", "|".join(inhibition.sources))],
                "target_matchers": [_matcher(*target) for target in inhibition.targets],
                "equal": [PER_SITE],
            }
            for inhibition in INHIBITIONS
        ],
        "receivers": [
            {
                "name": str(route.severity),
                "webhook_configs": [{"url_file": f"{folder}/{route.severity}", "send_resolved": True}],
            }
            for route in ROUTES
        ],
    }


def _match(label: str, operator: str, value: str) -> dict[str, str]:
    return {"name": label, "value": value, "matchType": operator}


def alertmanager_config() -> dict[str, Any]:
    """The spec of an AlertmanagerConfig: the same in the operator's words."""
    return {
        "route": {
            "receiver": str(Severity.CRITICAL),
            "groupBy": [*GROUPED_BY],
            "routes": [
                {
                    "matchers": [_match("severity", "=", route.severity)],
                    "receiver": str(route.severity),
                    "groupBy": [*GROUPED_BY],
                    "groupWait": route.wait,
                    "groupInterval": route.interval,
                    "repeatInterval": route.repeat,
                }
                for route in ROUTES
            ],
        },
        "inhibitRules": [
            {
                "sourceMatch": [_match("alertname", "=~", "|".join(inhibition.sources))],
                "targetMatch": [_match(*target) for target in inhibition.targets],
                "equal": [PER_SITE],
            }
            for inhibition in INHIBITIONS
        ],
        "receivers": [
            {
                "name": str(route.severity),
                "webhookConfigs": [
                    {"urlSecret": {"name": RECEIVERS, "key": str(route.severity)}, "sendResolved": True}
                ],
            }
            for route in ROUTES
        ],
    }


if __name__ == "__main__":
    json.dump(alertmanager_file(*sys.argv[1:2]), sys.stdout, indent=1)
