"""The addresses of Services, as kube-proxy has them: a connection goes to one of the ready pods behind, or to nobody.

A route leads there instead of to the pods where requests must be counted while no pod runs (`routingType: Service`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from local.gateway.applications.http import Connection
from local.gateway.applications.pods import Pod
from local.gateway.cluster import Tree
from tenantry.names import TENANT_LABEL

SERVICES = f"/api/v1/services?labelSelector={TENANT_LABEL.replace('/', '%2F')}"
Connect = Callable[[], Connection]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service. `target` is a number, or the name of a container's port."""

    address: str
    port: int
    target: int | str
    namespace: str
    selector: frozenset[tuple[str, str]]

    def socket(self, sockets: str) -> str:
        return f"\0{sockets}/{self.address}:{self.port}"

    def leads_to(self, pod: Pod) -> bool:
        return (
            pod.namespace == self.namespace and self.selector <= pod.labels and self.target in (pod.port, pod.port_name)
        )


def service_ports(document: Tree) -> list[ServicePort]:
    """The ports of a Service; none of one without an address or without a selector."""
    spec = document["spec"]
    selector, address = spec.get("selector") or {}, spec.get("clusterIP") or "None"
    if not selector or address == "None" or "deletionTimestamp" in document["metadata"]:
        return []
    return [
        ServicePort(
            address,
            port["port"],
            port.get("targetPort", port["port"]),
            document["metadata"]["namespace"],
            frozenset(selector.items()),
        )
        for port in spec.get("ports", [])
    ]


class ServiceSockets:
    """The sockets of the Services with a ready pod behind them; a connection to any other is refused."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._open: dict[ServicePort, tuple[asyncio.Server, list[Connect]]] = {}

    async def balance(self, ports: Iterable[ServicePort], pods: Mapping[Pod, Connect]) -> None:
        """Opens, closes and leads anew, so that each connection from now on goes to one of these pods, by turns."""
        behind = {port: [connect for pod, connect in pods.items() if port.leads_to(pod)] for port in ports}
        for port in [port for port in self._open if not behind.get(port)]:
            self._open.pop(port)[0].close()
        for port, connects in behind.items():
            if port in self._open:
                self._open[port][1][:] = connects
            elif connects:
                self._open[port] = await self._opened(port, connects)

    async def _opened(self, port: ServicePort, connects: Sequence[Connect]) -> tuple[asyncio.Server, list[Connect]]:
        current, numbers = list(connects), cycle(range(2**16))
        loop, name = asyncio.get_running_loop(), port.socket(self._prefix)
        server = await loop.create_unix_server(lambda: current[next(numbers) % len(current)](), name, backlog=1024)
        return server, current
