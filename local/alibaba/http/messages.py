"""Requests and answers as values, apart from the sockets that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case, `path` is decoded, `raw_path` is as sent."""

    method: str
    host: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    client_ip: str = "127.0.0.1"
    form: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        return unquote(self.raw_path)

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(slots=True)
class Response:
    """Status, headers and body; `length` overrides Content-Length for HEAD."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    length: int | None = None


def parse(method: str, target: str, headers: Mapping[str, str], body: bytes, client_ip: str) -> Request:
    """Build a Request from a request line in origin form or, as a proxy gets it, in absolute form."""
    parts = urlsplit(target)
    host = parts.netloc or headers.get("host", "")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    form: dict[str, str] = {}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Request(method, host.lower(), parts.path or "/", query, headers, body, client_ip, form)


def fields_of(text: str) -> dict[str, str]:
    """`Credential=x, Signature=y` of an Authorization header."""
    return {name.strip(): value for name, _, value in (part.partition("=") for part in text.split(","))}
