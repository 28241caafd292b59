"""The HTTP side of the pods' stand-in: requests are read as they came, answered in their order, and drained."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from local.gateway.applications.http import MalformedError, Reader, Request
from local.gateway.applications.pods import Pod
from local.gateway.applications.process import Sockets

POD = Pod("10.200.0.1", 3000, "k001", "tenant-k001", "business-app", "app-1", 0.2)
GET = b"GET /a HTTP/1.1\r\nHost: k001\r\n\r\n"


def read(data: bytes) -> list[Request]:
    """Byte by byte, as the worst network has it."""
    reader, requests = Reader(), list[Request]()
    for index in range(len(data)):
        reader.feed(data[index : index + 1])
        while (request := reader.next()) is not None:
            requests.append(request)
    return requests


def test_headers_are_told_as_they_came() -> None:
    (request,) = read(b"GET /a?b=c HTTP/1.1\r\nX-One: 1\r\nx-one:  2 \r\n\r\n")
    assert request.headers == [("X-One", "1"), ("x-one", "2")]
    assert (request.path, request.option("b"), request.option("d")) == ("/a", "c", None)


@pytest.mark.parametrize(
    ("head", "body", "size"),
    [
        (b"Content-Length: 3", b"abc", 3),
        (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 5),
        (b"Transfer-Encoding: chunked", b"1\r\na\r\n0\r\nX-Late: 1\r\n\r\n", 1),
        (b"Content-Length: 0", b"", 0),
    ],
)
def test_a_body_ends_where_it_ends(head: bytes, body: bytes, size: int) -> None:
    requests = read(b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n" + body + GET)
    assert [(request.method, request.body_bytes) for request in requests] == [("POST", size), ("GET", 0)]


@pytest.mark.parametrize("data", [b"GET /\r\n\r\n", b"x" * 70_000])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    reader = Reader()
    reader.feed(data)
    with pytest.raises(MalformedError):
        reader.next()


@asynccontextmanager
async def pods(*ready: Pod) -> AsyncIterator[Sockets]:
    sockets = Sockets(PREFIX)
    await sockets.set("uid", list(ready))
    try:
        yield sockets
    finally:
        await sockets.set("uid", [])


PREFIX = f"tenantry-test-{socket.gethostname()}-{id(POD)}"


async def exchange(data: bytes, pod: Pod = POD) -> bytes:
    reader, writer = await asyncio.open_unix_connection(pod.socket(PREFIX))
    writer.write(data)
    answer = await reader.readuntil(b"}\n") if b"tenantry" not in data else await reader.read(65536)
    writer.close()
    return answer


def test_a_pod_says_who_it_is_and_what_arrived() -> None:
    async def run() -> None:
        async with pods(POD):
            head, _, body = (await exchange(b"GET /a HTTP/1.1\r\nX-A: 1\r\nX-A: 2\r\nHost: h\r\n\r\n")).partition(
                b"\r\n\r\n"
            )
            told = json.loads(body)
            assert head.startswith(b"HTTP/1.1 200")
            assert (told["tenant"], told["namespace"], told["service"]) == ("k001", "tenant-k001", "business-app")
            assert told["headers"] == ["X-A: 1", "X-A: 2", "Host: h"]

    asyncio.run(run())


def test_a_test_can_have_it_fail_be_slow_and_large() -> None:
    async def run() -> None:
        async with pods(POD):
            began = asyncio.get_running_loop().time()
            query = b"tenantry-status=503&tenantry-bytes=7&tenantry-delay=0.2"
            answer = await exchange(b"GET /?" + query + b" HTTP/1.1\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 503")
            assert answer.endswith(b"\r\n\r\nxxxxxxx")
            assert asyncio.get_running_loop().time() - began >= 0.2

    asyncio.run(run())


def test_a_pod_that_ends_drains_and_then_is_not_there() -> None:
    async def run() -> None:
        async with pods(POD) as sockets:
            reader, writer = await asyncio.open_unix_connection(POD.socket(PREFIX))
            await sockets.set("uid", [])
            writer.write(GET)  # one on its way when the pod was told to end
            assert (await reader.readuntil(b"}\n")).startswith(b"HTTP/1.1 200")
            assert await reader.read() == b""  # closed once its time to drain is over
            with pytest.raises(ConnectionRefusedError):
                await exchange(GET)
            writer.close()

    asyncio.run(run())


def test_the_address_of_a_pod_that_drains_can_be_given_to_the_next() -> None:
    async def run() -> None:
        slow = Pod("10.200.0.1", 3000, "k001", "tenant-k001", "business-app", "app-1", 60)
        async with pods(slow) as sockets:
            other = Pod("10.200.0.1", 3000, "k002", "tenant-k002", "business-app", "app-2", 0)
            await sockets.set("uid", [])
            await sockets.set("other", [other])
            assert b'"k002"' in await exchange(GET, other)
            await sockets.set("other", [])

    asyncio.run(run())


def test_web_sockets_say_it_back() -> None:
    async def run() -> None:
        async with pods(POD):
            reader, writer = await asyncio.open_unix_connection(POD.socket(PREFIX))
            writer.write(
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                b"\x81\x82\x01\x02\x03\x04ik"
            )
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in await reader.readuntil(b"\r\n\r\n")  # the RFC's own example
            assert await reader.readexactly(4) == b"\x81\x02hi"
            writer.close()

    asyncio.run(run())
