"""Headers that only the gateway may set, from a client that says them of itself."""

from typing import Final

from tenantry.inspection.verify.attacks.gateway import http2, wire
from tenantry.inspection.verify.attacks.gateway.attempts import each, fault, neighbour, verdict
from tenantry.inspection.verify.attacks.gateway.wire import Arrived, Pairs, Wire
from tenantry.inspection.verify.core.attack import Attack, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import TENANT_HEADER, Names

UNDERSCORES: Final = TENANT_HEADER.replace("-", "_")


def forged(code: str) -> list[Pairs]:
    """The header of another tenant as a client can spell it. A server may read underscores as hyphens."""
    return [
        [(TENANT_HEADER, code)],
        [(TENANT_HEADER.lower(), code)],
        [(TENANT_HEADER.upper(), code)],
        [(TENANT_HEADER, code), (TENANT_HEADER, code)],
        [(TENANT_HEADER, f"{code},{code}")],
        [(UNDERSCORES, code)],
        [(UNDERSCORES.lower(), code)],
        [(f"{TENANT_HEADER} ", code)],
        [(f"{TENANT_HEADER}\t", code)],
        [(f" {TENANT_HEADER}", code)],
        [("X-Nothing", f"1\n{TENANT_HEADER}: {code}")],
        [("X-Nothing", f"1\r{TENANT_HEADER}: {code}")],
        # A header that Connection names is for the next hop alone: whoever forwards takes it away.
        [("Connection", TENANT_HEADER)],
        [("Connection", f"close, {TENANT_HEADER}"), (TENANT_HEADER, code)],
    ]


def _forged(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    other = neighbour(context, names)
    code = other.code if other else "k000"
    arrived = [wire.ask(endpoint, names.domain, headers=headers) for headers in forged(code)]
    arrived.append(http2.ask(endpoint, names.domain, headers=[(TENANT_HEADER.lower(), code)], name=names.domain))
    faults = [reason for answer in arrived if (reason := fault(answer, names) or _respelled(answer, code))]
    return verdict(faults, len(arrived), sum(1 for answer in arrived if answer.tenant))


def _respelled(arrived: Arrived, code: str) -> str | None:
    """A spelling that comes through is one that the application's server may take for the header."""
    for line in map(str, arrived.seen.get("headers") or []):
        name, _, value = line.partition(": ")
        if name.strip().lower().replace("_", "-") == TENANT_HEADER.lower() and code in value:
            return f"a client's own `{name}` arrives"
    return None


def _trailers(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """A header behind the body: an application that reads it there takes it for one."""
    other = neighbour(context, names)
    body = f"1\r\nx\r\n0\r\n{TENANT_HEADER}: {other.code if other else 'k000'}\r\n\r\n"
    with Wire(endpoint, names.domain) as connection:
        headers = [("Host", names.domain), wire.AGENT, ("Transfer-Encoding", "chunked"), ("Trailer", TENANT_HEADER)]
        connection.send(wire.head("POST", "/", headers) + body.encode())
        arrived = connection.answer()
    return verdict([reason] if (reason := fault(arrived, names)) else [], 1, 1 if arrived.tenant else 0)


ATTACKS: Final = (
    Attack("gateway.forged", "the gateway sets the header from the host",
           "send another's X-Tenant-Code, in every spelling", each(_forged)),
    Attack("gateway.trailer", "the gateway sets the header from the host", "send it behind the body", each(_trailers)),
)  # fmt: skip
