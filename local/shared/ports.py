"""Ports of the loopback interface, chosen so that no two processes of this machine choose the same one."""

import secrets
import socket
from contextlib import suppress

# Below the range that the kernel hands out for outgoing connections: none of those takes one of these.
LOWEST, HIGHEST = 15000, 30000
_claims: dict[int, socket.socket] = {}


def free() -> int:
    """Return a port that nobody listens on and that no other process is told until this one has ended.

    Between the choice and the moment when a service listens there, seconds pass, in which others look for ports, too.
    """
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if _claim(port):
            if is_free(port):
                return port
            _claims.pop(port).close()


def is_free(port: int) -> bool:
    """Tell whether nobody listens on the port at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _claim(port: int) -> bool:
    """Hold a name that the kernel gives to one process alone, and takes back when that ends."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0tenantry-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims[port] = claim
    return True
