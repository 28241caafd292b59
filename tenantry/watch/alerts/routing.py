"""Routes of alerts to receivers by severity, and the silence of tenants while something larger is down.

One table for both readers: an Alertmanager's own file (`python -m tenantry.watch.alerts.routing`), and the
AlertmanagerConfig of the Prometheus operator (components/monitoring). A receiver is an address (webhook) that the
installation keeps as an entry of a Secret: none of them is ours to know.
"""

import json
import sys
from collections.abc import Callable
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


def alertmanager_file(folder: str = FOLDER) -> dict[str, Any]:
    """The file of an Alertmanager. `folder` holds a file a severity with the address to tell."""

    def receiver(severity: Severity) -> dict[str, Any]:
        return {"webhook_configs": [{"url_file": f"{folder}/{severity}", "send_resolved": True}]}

    def match(label: str, operator: str, value: str) -> str:
        return f"{label}{operator}{json.dumps(value)}"

    return _document(_with_underscores, ("source_matchers", "target_matchers"), match, receiver)


def alertmanager_config() -> dict[str, Any]:
    """The spec of an AlertmanagerConfig: the same in the operator's words."""

    def receiver(severity: Severity) -> dict[str, Any]:
        return {"webhookConfigs": [{"urlSecret": {"name": RECEIVERS, "key": str(severity)}, "sendResolved": True}]}

    def match(label: str, operator: str, value: str) -> dict[str, str]:
        return {"name": label, "value": value, "matchType": operator}

    return _document(str, ("sourceMatch", "targetMatch"), match, receiver)


def _document(
    spelled: Callable[[str], str],
    matches: tuple[str, str],
    match: Callable[[str, str, str], Any],
    receiver: Callable[[Severity], dict[str, Any]],
) -> dict[str, Any]:
    """`spelled` gives a field's name in the reader's spelling, `matches` its two fields of an inhibition."""
    source, target = matches
    return {
        "route": {
            "receiver": str(Severity.CRITICAL),  # an alert that nobody has thought of wakes somebody
            spelled("groupBy"): [*GROUPED_BY],
            "routes": [
                {
                    "matchers": [match("severity", "=", route.severity)],
                    "receiver": str(route.severity),
                    spelled("groupBy"): [*GROUPED_BY],
                    spelled("groupWait"): route.wait,
                    spelled("groupInterval"): route.interval,
                    spelled("repeatInterval"): route.repeat,
                }
                for route in ROUTES
            ],
        },
        spelled("inhibitRules"): [
            {
                source: [match("alertname", "=~", "|".join(inhibition.sources))],
                target: [match(*labels) for labels in inhibition.targets],
                "equal": [PER_SITE],
            }
            for inhibition in INHIBITIONS
        ],
        "receivers": [{"name": str(route.severity), **receiver(route.severity)} for route in ROUTES],
    }


def _with_underscores(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


if __name__ == "__main__":
    json.dump(alertmanager_file(*sys.argv[1:2]), sys.stdout, indent=1)
