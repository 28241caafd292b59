"""Tells whether the gateway serves what is declared: by the conditions that Envoy Gateway writes, and by one request.

The conditions say that the declared state was understood and sent; Envoy takes it a moment later.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from local.gateway.cluster import Cluster, Tree
from local.gateway.settings import CONTROLLER, LOOPBACK, Place
from local.instances.service import ServiceFailed
from local.shared.progress import Progress

API = "/apis/gateway.networking.k8s.io/v1"
LIMIT_SECONDS = 60
EVERY_SECONDS = 0.1
NO_ROUTE = 404


def await_conditions(place: Place, limit_seconds: float = LIMIT_SECONDS) -> int:
    """Returns the number of routes that are served. Raises ServiceFailed with what is still missing at the end."""
    progress = Progress("gateway")
    deadline = time.monotonic() + limit_seconds
    cluster = Cluster.of(place.kubernetes / "kubeconfig")
    while True:
        classes, gateways, routes = (_items(cluster, kind) for kind in ("gatewayclasses", "gateways", "httproutes"))
        ours = [gateway for gateway in gateways if gateway["spec"]["gatewayClassName"] in _our_classes(classes)]
        attached = [route for route in routes if any(_hangs_on(route, gateway) for gateway in ours)]
        missing = next(_missing(ours, attached), None) or _unanswered(place, attached)
        if missing is None:
            progress.done(f"serves {len(attached)} routes" if ours else "nothing is declared yet")
            return len(attached)
        if time.monotonic() > deadline:
            raise ServiceFailed(f"the gateway is not ready after {limit_seconds:.0f} s: {missing}")
        progress.say(missing)
        time.sleep(EVERY_SECONDS)


def _items(cluster: Cluster, kind: str) -> list[Tree]:
    return (cluster.read(f"{API}/{kind}") or {}).get("items", [])


def _our_classes(classes: Iterable[Tree]) -> set[str]:
    return {entry["metadata"]["name"] for entry in classes if entry["spec"]["controllerName"] == CONTROLLER}


def _hangs_on(route: Tree, gateway: Tree) -> bool:
    home = route["metadata"]["namespace"]
    wanted = (gateway["metadata"]["namespace"], gateway["metadata"]["name"])
    parents = route["spec"].get("parentRefs", [])
    return any((parent.get("namespace", home), parent["name"]) == wanted for parent in parents)


def _missing(gateways: Iterable[Tree], routes: Iterable[Tree]) -> Iterator[str]:
    """Yields each condition that is not true for what is declared now."""
    for gateway in gateways:
        name = f"Gateway {gateway['metadata']['namespace']}/{gateway['metadata']['name']}"
        status = gateway.get("status", {})
        yield from _untrue(name, gateway, status.get("conditions", []), ("Accepted",))
        listeners = {entry["name"]: entry for entry in status.get("listeners", [])}
        for listener in gateway["spec"]["listeners"]:
            conditions = listeners.get(listener["name"], {}).get("conditions", [])
            yield from _untrue(f"{name} {listener['name']}", gateway, conditions, ("ResolvedRefs", "Programmed"))
    for route in routes:
        name = f"HTTPRoute {route['metadata']['namespace']}/{route['metadata']['name']}"
        parents = route.get("status", {}).get("parents", [])
        ours = [parent for parent in parents if parent["controllerName"] == CONTROLLER]
        if not ours:
            yield f"{name}: no condition yet"
        for parent in ours:
            yield from _untrue(name, route, parent["conditions"], ("Accepted", "ResolvedRefs"))


def _untrue(name: str, thing: Tree, conditions: list[Any], needed: Iterable[str]) -> Iterator[str]:
    stated = {condition["type"]: condition for condition in conditions}
    for kind in needed:
        condition = stated.get(kind)
        if condition is None or condition.get("observedGeneration") != thing["metadata"]["generation"]:
            yield f"{name}: {kind} is not known yet"
        elif condition["status"] != "True":
            yield f"{name}: {kind} is {condition['status']}: {condition.get('message', '')}"


def _unanswered(place: Place, routes: list[Tree]) -> str | None:
    """The newest route is the last that Envoy learns of. What answers may be an error of the application's."""
    named = [route for route in routes if route["spec"].get("hostnames")]
    if not named:
        return None
    newest = max(named, key=lambda route: route["metadata"]["creationTimestamp"])
    host = newest["spec"]["hostnames"][0]
    try:
        status = status_of(place, host)
    except (OSError, http.client.HTTPException) as error:
        return f"{host}: {error}"
    return f"{host}: no route in Envoy yet" if status == NO_ROUTE else None


def status_of(place: Place, host: str, path: str = "/") -> int:
    """The status of one request to a host by HTTPS. Raises OSError or HTTPException where there is no answer."""
    trust = ssl.create_default_context(cafile=str(place.authority.file))
    with (
        socket.create_connection((LOOPBACK, place.https), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=host) as encrypted,
        closing(http.client.HTTPConnection(host, timeout=10)) as connection,
    ):
        connection.sock = encrypted
        connection.request("GET", path)
        return connection.getresponse().status
