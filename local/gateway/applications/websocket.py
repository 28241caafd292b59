"""Web sockets (RFC 6455) as far as a test needs them: the handshake, and each short text sent back."""

import asyncio
import base64
import hashlib
from collections.abc import Callable

from local.gateway.applications.http import Request

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # the same in every handshake, by the RFC
TEXT, CLOSE = 0x1, 0x8
SHORT = 126  # a frame of fewer bytes has its length in one byte


def accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def upgrade(request: Request, transport: asyncio.Transport) -> Callable[[bytes], None] | None:
    """Answers a handshake and returns who reads from now on; None for any other request."""
    key = request.header("sec-websocket-key")
    if key is None or (request.header("upgrade") or "").lower() != "websocket":
        return None
    transport.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept(key)}\r\n\r\n".encode()
    )
    return Echo(transport).feed


class Echo:
    """Sends every short frame of a client back, and closes with it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._bytes = transport, bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data
        while len(self._bytes) >= 6 and len(self._bytes) >= 6 + (self._bytes[1] & 0x7F):
            kind, size = self._bytes[0] & 0x0F, self._bytes[1] & 0x7F
            if size >= SHORT:
                self._transport.close()
                return
            mask, content = self._bytes[2:6], self._bytes[6 : 6 + size]
            del self._bytes[: 6 + size]
            plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(content))
            self._transport.write(bytes([0x80 | kind, size]) + plain)
            if kind == CLOSE:
                self._transport.close()
                return
