"""The service and the bucket that a host name means. Everything unknown is refused, nothing is forwarded."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OSS = re.compile(
    r"^(?:(?P<bucket>[a-z0-9][a-z0-9-]*)\.)?oss(?:-(?P<region>[a-z0-9-]+?))?(?:-internal)?\.aliyuncs\.com$"
)
_RPC = re.compile(r"^(?P<service>[a-z]+)(?:-vpc)?(?:\.[a-z0-9-]+)?\.aliyuncs\.com$")
_LOCAL = re.compile(r"^(?:(?P<bucket>[a-z0-9][a-z0-9-]*)\.)?(?:127\.0\.0\.1|localhost)$")


@dataclass(frozen=True, slots=True)
class Target:
    """`service` is oss, rpc, direct (address of the stand-in itself: both) or unknown."""

    service: str
    bucket: str = ""
    region: str = ""
    product: str = ""


def target_of(host: str) -> Target:
    """Read a Host header, port ignored."""
    name = host.rsplit(":", 1)[0] if ":" in host else host
    if local := _LOCAL.match(name):
        return Target("oss" if local["bucket"] else "direct", local["bucket"] or "")
    if oss := _OSS.match(name):
        return Target("oss", oss["bucket"] or "", oss["region"] or "")
    if rpc := _RPC.match(name):
        return Target("rpc", product=rpc["service"])
    return Target("unknown")
