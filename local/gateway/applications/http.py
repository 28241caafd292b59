"""HTTP/1.1 as a gateway speaks it to what is behind: requests one after the other on a connection that stays open.

Written out here, since every header must be told as it came, twice where it came twice, and since the figures in
`bench/` are the gateway's only where this costs little.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

MAX_HEAD_BYTES = 64 * 1024
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request; of its body only the size is kept."""

    method: str
    target: str
    headers: Headers
    body_bytes: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def option(self, name: str) -> str | None:
        """A parameter of the query."""
        values = parse_qs(urlsplit(self.target).query).get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes
    kind: str = "application/json"

    def whole(self, *, closes: bool, without_content: bool) -> bytes:
        last = "connection: close\r\n" if closes else ""
        head = f"HTTP/1.1 {self.status} -\r\ncontent-type: {self.kind}\r\ncontent-length: {len(self.content)}\r\n"
        return f"{head}{last}\r\n".encode() + (b"" if without_content else self.content)


class MalformedError(Exception):
    """Raised where what arrives is no request."""


class Reader:
    """Takes bytes as they come and gives requests, each when it is whole. Raises MalformedError."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._head: tuple[str, str, Headers] | None = None
        self._size, self._chunked = 0, False
        self._left = 0  # of the body, or of the chunk with the line end behind it

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def next(self) -> Request | None:
        """Returns a whole request, or None while it is not."""
        if self._head is None and not self._read_head():
            return None
        if not (self._read_chunks() if self._chunked else self._read_body()):
            return None
        assert self._head is not None
        request = Request(*self._head, self._size)
        self._head = None
        return request

    def rest(self) -> bytes:
        """Returns and forgets what came after the last request: it belongs to another protocol."""
        rest, self._bytes = bytes(self._bytes), bytearray()
        return rest

    def _read_head(self) -> bool:
        end = self._bytes.find(b"\r\n\r\n")
        if end < 0:
            if len(self._bytes) > MAX_HEAD_BYTES:
                raise MalformedError("a head without an end")
            return False
        first, *lines = self._bytes[:end].decode("latin-1").split("\r\n")
        del self._bytes[: end + 4]
        words = first.split(" ")
        if len(words) != 3:
            raise MalformedError(first)
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        small = {name.lower(): value for name, value in headers}
        self._chunked = "chunked" in small.get("transfer-encoding", "").lower()
        self._head, self._size = (words[0], words[1], headers), 0
        self._left = 0 if self._chunked else int(small.get("content-length") or 0)
        return True

    def _read_body(self) -> bool:
        taken = min(self._left, len(self._bytes))
        del self._bytes[:taken]
        self._left -= taken
        self._size += taken
        return not self._left

    def _read_chunks(self) -> bool:
        while True:
            if self._left:
                taken = min(self._left, len(self._bytes))
                del self._bytes[:taken]
                self._left -= taken
                if self._left:
                    return False
            end = self._bytes.find(b"\r\n")
            if end < 0:
                return False
            size = int(bytes(self._bytes[:end]).split(b";")[0], 16)
            if size == 0:
                return self._read_trailers(end + 2)
            del self._bytes[: end + 2]
            self._size += size
            self._left = size + 2

    def _read_trailers(self, start: int) -> bool:
        """Without trailers an empty line follows at once."""
        if self._bytes[start : start + 2] == b"\r\n":
            del self._bytes[: start + 2]
            return True
        end = self._bytes.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        del self._bytes[: end + 4]
        return True


class Connection(asyncio.Protocol):
    """One connection: answers in the order of the requests. After `drain` it ends with the answer that is under way."""

    def __init__(
        self,
        answer: Callable[[Request], Awaitable[Answer] | Answer],
        upgrade: Callable[[Request, asyncio.Transport], Callable[[bytes], None] | None],
        all_open: "set[Connection]",
    ) -> None:
        self._answer, self._upgrade, self._all_open = answer, upgrade, all_open
        self._reader = Reader()
        self._busy, self._drains = False, False
        self._other: Callable[[bytes], None] | None = None  # who reads after an upgrade
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._all_open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._all_open.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._other is not None:
            self._other(data)
            return
        self._reader.feed(data)
        self._go_on()

    def drain(self) -> None:
        """Ends at once when idle."""
        self._drains = True
        if not self._busy and self._transport is not None:
            self._transport.close()

    def _go_on(self) -> None:
        while not self._busy and self._transport is not None and self._other is None:
            try:
                request = self._reader.next()
            except (MalformedError, ValueError):
                self._transport.close()
                return
            if request is None:
                return
            if (other := self._upgrade(request, self._transport)) is not None:
                self._other = other
                other(self._reader.rest())
                return
            answer = self._answer(request)
            if isinstance(answer, Answer):
                self._write(request, answer)
            else:
                self._busy = True
                task = asyncio.ensure_future(self._later(request, answer))
                task.add_done_callback(lambda _: self._go_on())

    async def _later(self, request: Request, answer: Awaitable[Answer]) -> None:
        whole = await answer
        self._busy = False
        self._write(request, whole)

    def _write(self, request: Request, answer: Answer) -> None:
        if self._transport is None:
            return
        self._transport.write(answer.whole(closes=self._drains, without_content=request.method == "HEAD"))
        if self._drains:
            self._transport.close()
