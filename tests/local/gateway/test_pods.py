"""The stand-in answers for the pods that are ready."""

from typing import Any

import pytest

from local.gateway.applications.pods import ready_pods


def pod(**changes: Any) -> dict[str, Any]:
    container = {
        "ports": [{"containerPort": 3000, "name": "http"}],
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
    labels = {"tenantry.io/tenant": "k001", "app.kubernetes.io/name": "business-app"}
    document: dict[str, Any] = {
        "metadata": {"name": "app-1", "namespace": "tenant-k001", "labels": labels},
        "spec": {"containers": [container]},
        "status": {"podIP": "10.200.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    for place, change in changes.items():
        document[place] |= change
    return document


def test_a_ready_one() -> None:
    (ready,) = ready_pods(pod())
    assert (ready.address, ready.port, ready.tenant, ready.service) == ("10.200.0.1", 3000, "k001", "business-app")
    assert ready.drain_seconds == 5
    assert (ready.port_name, dict(ready.labels)["tenantry.io/tenant"]) == ("http", "k001")
    assert ready.socket("x") == "\0x/10.200.0.1:3000"


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"deletionTimestamp": "2026-11-30T00:00:00Z"}},
        {"status": {"conditions": [{"type": "Ready", "status": "False"}]}},
        {"status": {"conditions": []}},
        {"status": {"podIP": ""}},
        {"spec": {"containers": [{}]}},
    ],
)
def test_none_for_what_is_not(changes: dict[str, Any]) -> None:
    assert ready_pods(pod(**changes)) == []
