"""Time of the stand-in.

`now` is shifted by the offset a test sets, and decides what has expired here (sessions, presigned URLs,
lifecycle rules). `real` is never shifted: signatures and OIDC tokens are made elsewhere by the real time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Wall clock plus an offset in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        return time.time() + self.offset

    def real(self) -> float:
        return time.time()

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def iso(self) -> str:
        """RAM, STS and AliDNS style: 2026-01-02T03:04:05Z."""
        return iso(self.now())


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(at: float) -> str:
    """OSS style in XML: 2026-01-02T03:04:05.000Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_date(at: float) -> str:
    """RFC 7231 date of HTTP headers."""
    return datetime.fromtimestamp(at, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
