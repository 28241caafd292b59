"""Each rule on networks objects when its one thing is changed."""

from collections.abc import Callable
from typing import Any

import pytest

OPEN, CLOSED, SERVICE = "k001-ns-networkpolicy-openings", "k001-ns-networkpolicy-closed", "k001-app-service"
PLUGINS = "k001-svc-networkpolicy"
EXPORTER, METRICS = "platform-monitoring-exporter-networkpolicy", "platform-monitoring-exporter-service"
BY_NAME = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
PORT = [{"protocol": "TCP", "port": 9090}]
CASES: list[tuple[str, str, str, Any]] = [
    ("network-directions", OPEN, "spec.policyTypes", ["Ingress"]),
    ("network-directions", CLOSED, "spec.policyTypes", None),
    ("network-everywhere", OPEN, "spec.ingress.0.from", []),
    ("network-everywhere", OPEN, "spec.egress.0.to", None),
    ("network-everywhere", OPEN, "spec.egress.0.ports", None),
    ("network-everywhere", OPEN, "spec.egress.0.ports.0.endPort", 65535),
    ("network-everywhere", OPEN, "spec.egress.0.to.0", {}),
    ("network-everywhere", OPEN, "spec.egress.0.to.0", {"ipBlock": {"cidr": "0.0.0.0/0"}}),
    ("network-everywhere", OPEN, "spec.egress.0.to.0", {"ipBlock": {"cidr": "::/0"}}),
    ("network-namespace", OPEN, "spec.ingress.0.from.0.namespaceSelector", {}),
    ("network-namespace", OPEN, "spec.ingress.0.from.0.namespaceSelector.matchLabels", {"team": "a"}),
    ("network-namespace", OPEN, "spec.ingress.0.from.0.namespaceSelector.matchExpressions", [{"key": "a", "operator": "Exists"}]),
    ("network-namespace", OPEN, "spec.egress.0.to.1", {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tenant-k002"}}}),
    ("network-ingress", OPEN, "spec.ingress.0.from.1", BY_NAME),
    ("network-ingress", OPEN, "spec.ingress.0.from.1", {"podSelector": {}}),
    ("network-ingress", OPEN, "spec.ingress.0.ports.0.port", 22),
    ("network-ingress", PLUGINS, "spec.ingress.0.ports.0.port", 22),
    ("network-ingress", PLUGINS, "spec.podSelector.matchLabels", {"tenantry.io/tenant": "k001"}),
    ("network-ingress", PLUGINS, "spec.ingress.0.from.1", {"podSelector": {}}),
    ("network-service", SERVICE, "spec.type", "NodePort"),
    ("network-service", SERVICE, "spec.type", "LoadBalancer"),
    ("network-service", SERVICE, "spec.externalIPs", ["192.0.2.1"]),
    ("network-service", SERVICE, "spec.ports.0.nodePort", 30000),
    ("network-service", SERVICE, "spec.selector", {"app": "business-app"}),
    ("network-service", SERVICE, "spec.selector.tenantry~io/tenant", "k002"),
    ("network-service", METRICS, "spec.type", "LoadBalancer"),
    ("network-service", METRICS, "spec.selector", {"app": "x"}),
    ("network-directions", EXPORTER, "spec.policyTypes", ["Ingress"]),
    ("network-everywhere", EXPORTER, "spec.ingress.0.from", []),
    ("network-everywhere", EXPORTER, "spec.egress.1.ports", None),
    ("network-namespace", EXPORTER, "spec.ingress.0.from.0.namespaceSelector", {}),
    ("network-metrics", EXPORTER, "spec.ingress.0.from.1", {"podSelector": {}}),
    ("network-metrics", EXPORTER, "spec.ingress.0.from.0.namespaceSelector.matchLabels", {"kubernetes.io/metadata.name": "default"}),
    ("network-metrics", EXPORTER, "spec.ingress.0.ports.0.port", 22),
    ("network-metrics", EXPORTER, "spec.podSelector", {}),
    ("network-exporter", EXPORTER, "-", None),
    ("network-closed", CLOSED, "-", None),
    ("network-closed", CLOSED, "spec.podSelector", {"matchLabels": {"app": "x"}}),
    ("network-closed", CLOSED, "spec.ingress", [{}]),
    ("network-alike", OPEN, "spec.egress.1.to.1", BY_NAME),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value)


LISTED = {"network": {"egress": ["tenantry-platform:4001", "10.0.0.5/32:5432"]}}


def test_what_is_not_listed_is_not_reached(breaks: Callable[..., None]) -> None:
    breaks("network-egress", OPEN, "spec.egress.1.to.1", BY_NAME, settings=LISTED)
    breaks("network-egress", EXPORTER, "spec.egress.1.to.1", BY_NAME, settings=LISTED)
    breaks(
        "network-egress",
        OPEN,
        "spec.egress.3",
        {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": PORT},
        settings=LISTED,
    )


CASES_ELSEWHERE = ["network-egress"]
