"""The address of a Service leads to the ready pods behind it by turns, and to nobody where there are none."""

import asyncio
import json
import secrets
from dataclasses import replace
from typing import Any

import pytest

from local.gateway.applications.pods import Pod
from local.gateway.applications.process import Sockets
from local.gateway.applications.services import ServicePort, service_ports

LABELS = frozenset({("app.kubernetes.io/name", "business-app"), ("tenantry.io/tenant", "k001")})
FIRST = Pod("10.200.0.1", 3000, "k001", "tenant-k001", "business-app", "app-1", 0, "http", LABELS | {("hash", "1")})
SECOND = replace(FIRST, address="10.200.0.2", name="app-2")
SERVICE: dict[str, Any] = {
    "metadata": {"namespace": "tenant-k001", "name": "business-app"},
    "spec": {
        "clusterIP": "10.96.0.7",
        "selector": dict(LABELS),
        "ports": [{"port": 3000, "targetPort": "http"}],
    },
}


def ports(**spec: Any) -> list[ServicePort]:
    return service_ports({**SERVICE, "spec": SERVICE["spec"] | spec})


def test_a_port_leads_to_the_pods_that_its_selector_names() -> None:
    (port,) = ports()
    assert port.socket("x") == "\0x/10.96.0.7:3000"
    assert port.leads_to(FIRST)
    others = {"labels": LABELS - {("tenantry.io/tenant", "k001")}, "namespace": "tenant-k002", "port_name": "metrics"}
    assert [name for name, value in others.items() if port.leads_to(replace(FIRST, **{name: value}))] == []


def test_a_port_may_name_a_containers_by_number_or_not_at_all() -> None:
    for port in (*ports(ports=[{"port": 80, "targetPort": 3000}]), *ports(ports=[{"port": 3000}])):
        assert port.leads_to(FIRST)
    (other,) = ports(ports=[{"port": 80}])
    assert not other.leads_to(FIRST)


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"clusterIP": None}, {"selector": None}])
def test_none_for_what_has_no_address_or_no_pods_of_its_own(spec: dict[str, Any]) -> None:
    assert ports(**spec) == []


async def asked(name: str) -> str:
    """The pod that answers at a socket; nobody where a connection is refused."""
    try:
        reader, writer = await asyncio.open_unix_connection(name)
    except ConnectionRefusedError:
        return "nobody"
    writer.write(b"GET / HTTP/1.1\r\nHost: k001.yyup.cc\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(line for line in head.decode().lower().split("\r\n") if line.startswith("content-length"))
    body = await reader.readexactly(int(size.partition(":")[2]))
    writer.close()
    return json.loads(body)["pod"]


def test_connections_take_turns_and_are_refused_while_no_pod_is_ready() -> None:
    async def run() -> list[list[str]]:
        prefix = f"tenantry-test-{secrets.token_hex(4)}"
        sockets, (port,) = Sockets(prefix), ports()
        name, seen = port.socket(prefix), list[list[str]]()

        async def ask() -> None:
            seen.append(sorted([await asked(name) for _ in range(4)]))

        await sockets.set_services({"service": [port]}, only=False)
        await ask()
        await sockets.set_all({"one": [FIRST]})
        await ask()
        await sockets.set("two", [SECOND])
        await ask()
        await sockets.set("one", [])
        await ask()
        await sockets.set("two", [])
        await ask()
        await sockets.set("one", [FIRST])
        await ask()
        await sockets.set_services({"service": []}, only=True)
        await ask()
        return seen

    nobody, one, two = ["nobody"] * 4, ["app-1"] * 4, ["app-2"] * 4
    both = ["app-1", "app-1", "app-2", "app-2"]
    assert asyncio.run(run()) == [nobody, one, both, two, nobody, one, nobody]
