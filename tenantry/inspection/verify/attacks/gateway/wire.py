"""HTTP/1.1 over TLS, byte by byte: a client library would mend or refuse what the attacks are made of."""

import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import TENANT_HEADER
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

ANSWER_SECONDS: Final = 10.0
AGENT: Final = ("User-Agent", "tenantry-verify")
REFUSED: Final = (EOFError, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Arrived:
    """An answer: of the gateway itself, or of the application behind it, which says what it was asked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(default=b"", repr=False)

    @property
    def seen(self) -> Tree:
        """The application's words on itself and on the request; empty where the gateway answered by itself."""
        try:
            return mapping(json.loads(self.body))
        except ValueError:
            return {}

    @property
    def tenant(self) -> str:
        """The tenant whose pod has answered; empty for the gateway itself."""
        return str(self.seen.get("tenant") or "")

    def header_values(self, name: str) -> list[str]:
        """The values of a header as they came to the application, in their order."""
        lines = (str(line).partition(": ") for line in sequence(self.seen.get("headers")))
        return [value for key, _, value in lines if key.lower() == name.lower()]

    @property
    def believed(self) -> list[str]:
        """The tenants that the application was told the request is for."""
        return self.header_values(TENANT_HEADER)


class Wire:
    """One connection to the gateway, by TLS unless told otherwise. Raises OSError where there is none."""

    def __init__(
        self,
        endpoint: Endpoint,
        name: str | None,
        *,
        protocol: str = "http/1.1",
        version: ssl.TLSVersion | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`name` is what the client asks for in TLS (SNI)."""
        self._plain = socket.create_connection((endpoint.host, endpoint.port), timeout=seconds)
        trust = ssl.create_default_context(cafile=endpoint.authority)
        trust.set_alpn_protocols([protocol])
        trust.check_hostname = name is not None
        if version is not None:
            trust.minimum_version = trust.maximum_version = version
            trust.set_ciphers("ALL:@SECLEVEL=0")
        try:
            self.socket = trust.wrap_socket(self._plain, server_hostname=name)
        except BaseException:
            self._plain.close()
            raise
        self.socket.settimeout(seconds)
        self._kept = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, host: str, target: str = "/", headers: Pairs = (), *, method: str = "GET") -> Arrived:
        """Sends one request without a body and reads its answer."""
        self.send(head(method, target, [("Host", host), AGENT, *headers]))
        return self.answer(method)

    def answer(self, method: str = "GET") -> Arrived:
        """Reads one answer. Raises EOFError when the gateway closes without one."""
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        if method == "HEAD" or status in (101, 204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._chunks())
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            body = self._rest()
        return Arrived(status, headers, body)

    def take(self, size: int) -> bytes:
        while len(self._kept) < size:
            self._more()
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self._kept:
            self._more()
        taken, _, self._kept = self._kept.partition(end)
        return taken

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            yield self.take(size)
            self.take(2)
        self._until(b"\r\n")

    def _rest(self) -> bytes:
        try:
            while True:
                self._more()
        except EOFError:
            rest, self._kept = self._kept, b""
            return rest

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the gateway closed the connection")
        self._kept += data


def head(method: str, target: str, headers: Pairs) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def ask(
    endpoint: Endpoint,
    host: str,
    target: str = "/",
    headers: Pairs = (),
    *,
    name: str | None = "",
    method: str = "GET",
) -> Arrived:
    """One request on a connection of its own; asks for `host` in TLS, too, unless `name` is given.

    A gateway that closes without an answer refuses: status 0.
    """
    try:
        with Wire(endpoint, host if name == "" else name) as wire:
            return wire.ask(host, target, headers, method=method)
    except REFUSED:
        return Arrived(0)
