"""HTTP/2 as far as one request needs it: its authority can differ from everything else that names a host."""

import struct
from typing import Final

from tenantry.inspection.verify.attacks.gateway.wire import REFUSED, Arrived, Pairs, Wire
from tenantry.inspection.verify.core.target import Endpoint

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, AWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
END_STREAM, END_HEADERS, ACK, PADDED, PRIORITY = 0x1, 0x4, 0x1, 0x8, 0x20
STATUSES: Final = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}  # RFC 7541, appendix A
_SHORT, _LONG = 5, 6  # bits of Huffman's code for the digits 0 to 2, and for 3 to 9 (RFC 7541, appendix B)


def ask(endpoint: Endpoint, authority: str, target: str = "/", headers: Pairs = (), *, name: str) -> Arrived:
    """One request; `name` is the host that is asked for in TLS. Status 0 where it was refused without an answer."""
    try:
        return _asked(endpoint, authority, target, headers, name)
    except REFUSED:
        return Arrived(0)


def _asked(endpoint: Endpoint, authority: str, target: str, headers: Pairs, name: str) -> Arrived:
    with Wire(endpoint, name, protocol="h2") as wire:
        if wire.socket.selected_alpn_protocol() != "h2":
            return Arrived(0)
        pseudo = [(":method", "GET"), (":scheme", "https"), (":path", target), (":authority", authority)]
        block = b"".join(_literal(key, value) for key, value in [*pseudo, *headers])
        wire.send(PREFACE + _frame(SETTINGS, 0, 0, b"") + _frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        return _answer(wire)


def _answer(wire: Wire) -> Arrived:
    status, body = 0, b""
    while True:
        size, kind, flags, stream = struct.unpack(">I", b"\0" + wire.take(3))[0], *struct.unpack(">BBI", wire.take(6))
        content = wire.take(size)
        if kind == SETTINGS and not flags & ACK:
            wire.send(_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            wire.send(_frame(PING, ACK, 0, content))
        elif kind in (RESET, AWAY):
            return Arrived(status, {}, body)
        elif stream == 1 and kind == HEADERS:
            status = status or _status(_unpadded(flags, content))
        elif stream == 1 and kind == DATA:
            body += _unpadded(flags, content)
        if stream == 1 and kind in (HEADERS, DATA) and flags & END_STREAM:
            return Arrived(status, {}, body)


def _unpadded(flags: int, content: bytes) -> bytes:
    end = len(content)
    if flags & PADDED:
        end, content = end - 1 - content[0], content[1:]
    return content[5 if flags & PRIORITY else 0 : end]


def _status(block: bytes) -> int:
    """The status comes first, by an index of the static table or as digits; an update of the table may be before it."""
    while block[0] & 0xE0 == 0x20:
        size = 1
        if block[0] & 0x1F == 0x1F:
            while block[size] & 0x80:
                size += 1
            size += 1
        block = block[size:]
    if block[0] & 0x80:
        return STATUSES[block[0] & 0x7F]
    digits = block[2 : 2 + (block[1] & 0x7F)]
    return int(_huffman_digits(digits) if block[1] & 0x80 else digits)


def _huffman_digits(data: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    digits = ""
    while len(digits) < 3:
        short = int(bits[:_SHORT], 2)
        digits += str(short) if short <= 2 else str(int(bits[:_LONG], 2) - 0x19 + 3)
        bits = bits[_SHORT if short <= 2 else _LONG :]
    return digits


def _literal(name: str, value: str) -> bytes:
    """Never indexed, without Huffman's code."""
    return b"\x10" + _string(name) + _string(value)


def _string(text: str) -> bytes:
    data = text.encode()
    if len(data) < 0x7F:
        return bytes([len(data)]) + data
    rest, size = len(data) - 0x7F, b"\x7f"
    while rest >= 0x80:
        size, rest = size + bytes([rest & 0x7F | 0x80]), rest >> 7
    return size + bytes([rest]) + data


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream) + content
