"""Tells whether a preview can ask the systems it would work on. It shows what is declared also where they do not
answer.

Some providers talk to their system as soon as they are configured: they are then told what they would have asked for.
The Kubernetes plugin finds out by itself.
"""

import socket
from typing import Final
from urllib.parse import urlsplit

import pulumi

PROBE_S: Final = 5.0
CLOUD: Final = ("ram.aliyuncs.com", 443)  # of all regions


def is_absent(system: str, host: str, port: int, key: str) -> bool:
    """Tells whether this is a preview, and nothing answers at that address: then a warning says so.

    `key` is the setting that names the address.
    """
    if not pulumi.runtime.is_dry_run():
        return False
    try:
        with socket.create_connection((host, port), PROBE_S):
            return False
    except OSError as error:
        pulumi.log.warn(
            f"{system} does not answer at {host}:{port} ({error.strerror or error}), so what is shown is what is "
            f"declared; `up` needs it: see that it runs, that it is reached from here, and {key}"
        )
        return True


def cloud_address(proxy: str | None) -> tuple[str, int]:
    """The address at which Alibaba Cloud, or its stand-in, is asked."""
    if proxy is None:
        return CLOUD
    address = urlsplit(proxy)
    return address.hostname or "", address.port or 80
