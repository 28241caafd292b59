"""The process: follows pods and Services of all tenants and the Gateways, opens and closes a socket for each port."""

import asyncio
import signal
import threading
from contextlib import suppress
from functools import partial

from local.gateway import issuer
from local.gateway.applications.answers import answer
from local.gateway.applications.http import Connection
from local.gateway.applications.pods import PODS, Pod, ready_pods
from local.gateway.applications.services import SERVICES, Connect, ServicePort, ServiceSockets, service_ports
from local.gateway.applications.websocket import upgrade
from local.gateway.cluster import Cluster, Tree, await_cluster
from local.gateway.settings import Place

Changes = asyncio.Queue[tuple[str, str, Tree]]  # the list it is of, the type of the change, the object


def run(place: Place) -> None:
    """Returns after SIGTERM or SIGINT."""
    asyncio.run(_serve(place))


async def _serve(place: Place) -> None:
    """Threads ask the cluster: they are daemons, so that none of them keeps the process when it is told to end."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    changes: Changes = asyncio.Queue()
    threading.Thread(target=_ask_cluster, args=(place, loop, changes), daemon=True).start()
    sockets = Sockets(place.sockets)
    applying, end = asyncio.create_task(_apply(changes, sockets, place.sockets)), asyncio.create_task(ended.wait())
    done, _ = await asyncio.wait({applying, end}, return_when=asyncio.FIRST_COMPLETED)
    applying.cancel()
    if applying in done:  # a process that no longer follows the pods ends, and says why
        applying.result()


def _ask_cluster(place: Place, loop: asyncio.AbstractEventLoop, changes: "Changes") -> None:
    cluster = await_cluster(place.kubernetes)
    threading.Thread(target=issuer.run, args=(cluster, place.authority), daemon=True).start()
    threading.Thread(target=_follow, args=(cluster, SERVICES, loop, changes), daemon=True).start()
    _follow(cluster, PODS, loop, changes)


def _follow(cluster: Cluster, kind: str, loop: asyncio.AbstractEventLoop, changes: "Changes") -> None:
    for change, document in cluster.follow(kind):
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(changes.put_nowait, (kind, change, document))


async def _apply(changes: "Changes", sockets: "Sockets", prefix: str) -> None:
    unknown = {PODS, SERVICES}
    while True:
        kind, change, document = await changes.get()
        documents = document.get("items", []) if change == "ALL" else [document]
        if kind == PODS:
            pods = {_key(pod): [] if change == "DELETED" else ready_pods(pod) for pod in documents}
            await (sockets.set_all(pods) if change == "ALL" else sockets.set(*pods.popitem()))
        else:
            services = {_key(entry): [] if change == "DELETED" else service_ports(entry) for entry in documents}
            await sockets.set_services(services, only=change != "ALL")
        if unknown and not (unknown := unknown - {kind}):
            await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, f"\0{prefix}/ready")


def _key(document: Tree) -> str:
    return document["metadata"]["uid"]


class Sockets:
    """The sockets of the pods and of the Services before them, by the objects' uids."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._services: dict[str, list[ServicePort]] = {}
        self._service_sockets = ServiceSockets(prefix)
        self._open: dict[str, dict[Pod, _Listener]] = {}
        self._by_name: dict[str, _Listener] = {}

    async def set_all(self, pods: dict[str, list[Pod]]) -> None:
        for key in [*pods, *(self._open.keys() - pods.keys())]:
            await self._set(key, pods.get(key, []))
        await self._balance()

    async def set(self, key: str, pods: list[Pod]) -> None:
        await self._set(key, pods)
        await self._balance()

    async def set_services(self, services: dict[str, list[ServicePort]], *, only: bool) -> None:
        """`only`: the others stay as they are."""
        merged = {**self._services, **services} if only else services
        self._services = {key: ports for key, ports in merged.items() if ports}
        await self._balance()

    async def _balance(self) -> None:
        ports = [port for ports in self._services.values() for port in ports]
        pods = {pod: listener.connect for listeners in self._open.values() for pod, listener in listeners.items()}
        await self._service_sockets.balance(ports, pods)

    async def _set(self, key: str, pods: list[Pod]) -> None:
        """Opens what is missing; what is no longer wanted goes on for the pod's time to drain, as a pod does."""
        listeners = self._open.setdefault(key, {})
        for pod in listeners.keys() - set(pods):
            listeners.pop(pod).end_after(pod.drain_seconds)
        for pod in pods:
            if pod not in listeners:
                listeners[pod] = await self._opened(pod)
        if not listeners:
            del self._open[key]

    async def _opened(self, pod: Pod) -> "_Listener":
        """A new pod may get the address of one that still drains: that one ends at once."""
        name = pod.socket(self._prefix)
        if name in self._by_name:
            self._by_name[name].end()
        self._by_name[name] = await _Listener.open(pod, name)
        return self._by_name[name]


class _Listener:
    def __init__(self, server: asyncio.Server, connections: set[Connection], connect: Connect) -> None:
        self._server, self._connections, self.connect = server, connections, connect

    @classmethod
    async def open(cls, pod: Pod, name: str) -> "_Listener":
        connections: set[Connection] = set()
        make = partial(Connection, partial(answer, pod), upgrade, connections)
        server = await asyncio.get_running_loop().create_unix_server(make, name, backlog=1024)
        return cls(server, connections, make)

    def end_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.end)

    def end(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.drain()
