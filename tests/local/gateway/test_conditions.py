"""Missing parts are told by the conditions that Envoy Gateway writes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from local.gateway import conditions
from local.gateway.settings import CONTROLLER


def condition(kind: str, status: str = "True", generation: int = 2) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "message": "why"}


GATEWAY: dict[str, Any] = {
    "metadata": {"namespace": "gw", "name": "tenants", "generation": 2},
    "spec": {"listeners": [{"name": "tenants"}]},
    "status": {
        "conditions": [condition("Accepted"), condition("Programmed", "False")],
        "listeners": [{"name": "tenants", "conditions": [condition("ResolvedRefs"), condition("Programmed")]}],
    },
}
ROUTE: dict[str, Any] = {
    "metadata": {"namespace": "tenant-k001", "name": "app", "generation": 2},
    "spec": {"parentRefs": [{"namespace": "gw", "name": "tenants"}]},
    "status": {
        "parents": [{"controllerName": CONTROLLER, "conditions": [condition("Accepted"), condition("ResolvedRefs")]}]
    },
}


def missing(change: Callable[[dict[str, Any], dict[str, Any]], None] = lambda gateway, route: None) -> list[str]:
    gateway, route = copy.deepcopy(GATEWAY), copy.deepcopy(ROUTE)
    change(gateway, route)
    return list(conditions._missing([gateway], [route]))  # pyright: ignore[reportPrivateUsage]  (tested here)


def test_nothing_when_all_is_true() -> None:
    """The Gateway's own `Programmed` speaks of a Deployment of Envoy's, which there is none of."""
    assert missing() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda gateway, _: gateway.pop("status"), "Gateway gw/tenants: Accepted is not known yet"),
        (lambda gateway, _: gateway["metadata"].update(generation=3), "Gateway gw/tenants: Accepted is not known yet"),
        (
            lambda gateway, _: gateway["status"]["listeners"][0]["conditions"][0].update(status="False"),
            "Gateway gw/tenants tenants: ResolvedRefs is False: why",
        ),
        (lambda _, route: route.pop("status"), "HTTPRoute tenant-k001/app: no condition yet"),
        (
            lambda _, route: route["status"]["parents"][0].update(controllerName="somebody.else/x"),
            "HTTPRoute tenant-k001/app: no condition yet",
        ),
        (
            lambda _, route: route["metadata"].update(generation=3),
            "HTTPRoute tenant-k001/app: Accepted is not known yet",
        ),
    ],
)
def test_it_is_named(change: Callable[[dict[str, Any], dict[str, Any]], None], told: str) -> None:
    assert missing(change)[0] == told
