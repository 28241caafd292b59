"""Transport to the gateway: TLS of today, by its own certificate, and nothing without."""

import socket
import ssl
from contextlib import suppress
from typing import Final

from tenantry.inspection.verify.attacks.gateway.attempts import each, verdict
from tenantry.inspection.verify.attacks.gateway.wire import ANSWER_SECONDS, Arrived, Wire, head
from tenantry.inspection.verify.core.attack import Attack, Verdict, inconclusive
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names

OLD: Final = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
NEW: Final = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def _plain(_: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """At the port of TLS, and at the one where a listener without would be."""
    answers = [_in_clear(endpoint.host, port, names.domain) for port in (endpoint.port, endpoint.plain_port)]
    return verdict([f"{names.domain} answers without TLS: {said}" for said in answers if said], len(answers), 1)


def _in_clear(host: str, port: int, name: str) -> str:
    """Returns the first line of what an application said; nothing for a refusal."""
    with suppress(OSError), socket.create_connection((host, port), timeout=ANSWER_SECONDS) as plain:
        plain.sendall(head("GET", "/", [("Host", name), ("Connection", "close")]))
        line = plain.recv(4096).partition(b"\r\n")[0].decode("latin-1")
        return line if line.startswith("HTTP/") and " 400" not in line else ""
    return ""


def _versions(_: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """Old versions are refused by the gateway itself, in a handshake that this machine's library does take part in."""
    answered = [version for version in NEW if _handshake(endpoint, names, version)]
    if not answered:
        return inconclusive("no version of TLS is answered")
    faults = [f"{version.name} is spoken" for version in OLD if _handshake(endpoint, names, version)]
    return verdict(faults, len(OLD) + len(NEW), len(answered))


def _handshake(endpoint: Endpoint, names: Names, version: ssl.TLSVersion) -> Arrived | None:
    """The authority and the host name of the certificate are checked with it."""
    try:
        with Wire(endpoint, names.domain, version=version) as connection:
            return connection.ask(names.domain, "/health")
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLError, ConnectionError, EOFError):
        return None


ATTACKS: Final = (
    Attack("gateway.plain", "HTTPS alone", "ask without TLS", each(_plain)),
    Attack("gateway.tls", "TLS 1.2 at least, with a certificate for the host", "speak older versions", each(_versions)),
)  # fmt: skip
