"""A gateway that holds nothing: it sends each request as it is to the pod of the Host that it names, and no limit.

With switches for the single mistakes; every attack by requests must find it out.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from local.gateway.applications.answers import answer
from local.gateway.applications.http import Answer, Connection, Request
from local.gateway.applications.pods import Pod
from local.gateway.applications.websocket import upgrade
from local.gateway.certificates import Authority
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import TENANT_HEADER


@dataclass(frozen=True)
class Careless:
    """`sets` is whether it sets the tenant's header, `limit` how many requests it lets through, `body_bytes` how large."""

    pods: Mapping[str, Pod]  # by host
    sets: bool = True
    limit: int | None = None
    body_bytes: int | None = None
    takes_two: bool = False  # hosts in one request
    misled: str = ""  # the pod of this host answers for all
    notices: Mapping[str, str] = field(default_factory=dict[str, str])  # pages, by host
    notice_status: int = 503
    counts: list[str] = field(default_factory=list[str])

    def answer(self, request: Request) -> Answer:
        if not self.takes_two and sum(1 for name, _ in request.headers if name.lower() == "host") > 1:
            return Answer(400, b"")
        host = _host(request)
        if host in self.notices:
            return Answer(self.notice_status, self.notices[host].encode(), "text/html; charset=utf-8")
        pod = self.pods.get(self.misled or host)
        if pod is None:
            return Answer(404, b"")
        self.counts.append(host)
        if self.limit is not None and self.counts.count(host) > self.limit:
            return Answer(429, b"")
        if self.body_bytes is not None and request.body_bytes > self.body_bytes:
            return Answer(413, b"")
        headers = request.headers
        if self.sets:
            headers = [(name, value) for name, value in headers if name.strip().lower() != TENANT_HEADER.lower()]
            code = next((pod.tenant for name, pod in self.pods.items() if name == host), pod.tenant)
            headers = [*headers, (TENANT_HEADER, code)]
        told = answer(pod, replace(request, headers=headers))
        assert isinstance(told, Answer)
        return told

    def upgrade(self, request: Request, transport: asyncio.Transport) -> Callable[[bytes], None] | None:
        """A web socket of a host that has a pod."""
        return upgrade(request, transport) if _host(request) in self.pods else None


def _host(request: Request) -> str:
    """A whole target counts before the Host."""
    named = urlsplit(request.target).netloc or request.header("host") or ""
    return named.partition(":")[0].rstrip(".").lower()


@contextmanager
def running(gateway: Careless, folder: Path) -> Iterator[Endpoint]:
    """Serves by TLS on a port of its own until the end."""
    authority = Authority(folder / "authority")
    issued = authority.issue("*.yyup.cc")
    (folder / "both.pem").write_text(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    loop, ports = asyncio.new_event_loop(), list[int]()
    started = threading.Event()

    async def serve() -> None:
        make = partial(Connection, gateway.answer, gateway.upgrade, set[Connection]())
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()

    loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield Endpoint("127.0.0.1", ports[0], 1, str(authority.file))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
