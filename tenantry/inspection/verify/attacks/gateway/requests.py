"""Requests that the gateway and an application could read differently: paths, and where a request ends."""

import secrets
from collections.abc import Mapping
from typing import Final

from tenantry.inspection.verify.attacks.gateway import wire
from tenantry.inspection.verify.attacks.gateway.attempts import each, fault, neighbour, verdict
from tenantry.inspection.verify.attacks.gateway.hosts import ROUTES
from tenantry.inspection.verify.attacks.gateway.wire import Arrived, Wire, head
from tenantry.inspection.verify.core.attack import Attack, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import PLUGIN_PREFIX, SERVICES_PATH, Names
from tenantry.parsing.json_narrowing import mapping, sequence

ROLES_HEADER: Final = "X-Required-Roles"
INNOCENT: Final = 4  # requests after each that could have left something behind


def _paths(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """A service is never reached without the roles that the gateway tells it, and gets no path of another's."""
    required = _required(context, names)
    targets = [target for service in required or ["enrollment"] for target in _tricks(service)]
    forged = [(ROLES_HEADER, "")]
    arrived = [wire.ask(endpoint, names.domain, target, forged) for target in targets]
    faults = [reason for answer in arrived if (reason := fault(answer, names) or _unguarded(answer, required))]
    return verdict(faults, len(targets), sum(1 for answer in arrived if answer.tenant))


def _tricks(service: str) -> list[str]:
    """Paths between a service and the application, each of which somebody reads differently."""
    inside = f"{SERVICES_PATH}{service}"
    return [
        f"{inside}/../../",
        f"{inside}/%2e%2e/%2e%2e/",
        f"{inside}%2f..%2f..%2f",
        f"{inside}/..;/",
        f"/{inside}/x",
        f"/.{inside}/x",
        f"/x/..{inside}/x",
        f"/x/%2e%2e{inside}/x",
        f"/%73ervices/{service}/x",
        f"/services%2f{service}/x",
        f"/services\\{service}\\x",
        f"{inside}x",
        f"{inside}#/../",
        inside.upper(),
    ]


def _required(context: VerifyContext, names: Names) -> dict[str, str | None]:
    """Each service of the tenant's and the roles that its route sets; None for one whose route sets none."""
    roles: dict[str, str | None] = {}
    for route in context.live(ROUTES):
        if mapping(route.get("metadata")).get("namespace") != names.namespace:
            continue
        for rule in map(mapping, sequence(mapping(route.get("spec")).get("rules"))):
            backends = [str(backend.get("name")) for backend in map(mapping, sequence(rule.get("backendRefs")))]
            if any(backend.startswith(PLUGIN_PREFIX) for backend in backends):
                roles[str(rule.get("name"))] = _roles_set(rule)
    return roles


def _roles_set(rule: Mapping[str, object]) -> str | None:
    for filter_ in map(mapping, sequence(rule.get("filters"))):
        for header in map(mapping, sequence(mapping(filter_.get("requestHeaderModifier")).get("set"))):
            if header.get("name") == ROLES_HEADER:
                return str(header.get("value"))
    return None


def _unguarded(arrived: Arrived, required: Mapping[str, str | None]) -> str | None:
    service, path = str(arrived.seen.get("service") or ""), str(arrived.seen.get("path") or "")
    if service.startswith(PLUGIN_PREFIX):
        roles = required.get(service.removeprefix(PLUGIN_PREFIX))
        if arrived.header_values(ROLES_HEADER) != [roles]:
            return f"{service} was reached by {path} without its required roles"
        if ".." in path or "%2e%2e" in path.lower():
            return f"{service} was reached by {path}, which leads out of it"
    return None


def smuggles(host: str, inner: bytes) -> list[bytes]:
    """Requests whose end can be read in two ways, with a second request where one of them sees it."""
    size = len(inner)

    def post(*headers: tuple[str, str]) -> bytes:
        return head("POST", "/", [("Host", host), wire.AGENT, *headers])

    chunked = b"0\r\n\r\n" + inner
    return [
        post(("Content-Length", str(len(chunked))), ("Transfer-Encoding", "chunked")) + chunked,
        post(("Transfer-Encoding", "chunked"), ("Content-Length", "4")) + chunked,
        post(("Content-Length", "0"), ("Content-Length", str(size))) + inner,
        post(("Content-Length", f"{size}, 0")) + inner,
        post(("Content-Length", f"+{size}")) + inner,
        post(("Content-Length", "0"), ("Transfer-Encoding", "xchunked")) + chunked,
        post(("Content-Length", str(len(chunked))), ("Transfer-Encoding ", "chunked")) + chunked,
        post(("Content-Length", str(len(chunked))), ("Transfer_Encoding", "chunked")) + chunked,
        post(("Content-Length", str(len(chunked))), ("X", "1\nTransfer-Encoding: chunked")) + chunked,
        post(("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")) + chunked,
        post(("Transfer-Encoding", "chunked")) + b"0x0\r\n\r\n" + inner,
        post(("Transfer-Encoding", "chunked")) + b"1\nx\n0\n\n" + inner,
        post(("Transfer-Encoding", "chunked")) + b"-1\r\n\r\n" + inner,
        head("GET", "/", [("Host", host), wire.AGENT, ("Content-Length", str(size))]) + inner,
        head("POST", f"/ HTTP/1.1\r\nHost: {host}\r\nX: ", [("Host", host), ("Content-Length", "0")]) + inner,
    ]


def _smuggled(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """After each, innocent requests must get their own answers: the connections behind the gateway are shared."""
    other = neighbour(context, names) or names
    mark = secrets.token_hex(4)
    inner = head("GET", f"/smuggled-{mark}", [("Host", other.domain), ("X-Tenant-Code", other.code), wire.AGENT])
    faults: list[str] = []
    requests = answered = 0
    for number, smuggle in enumerate(smuggles(names.domain, inner)):
        _throw(endpoint, names.domain, smuggle)
        for turn in range(INNOCENT):
            path = f"/innocent-{mark}-{number}-{turn}"
            arrived = wire.ask(endpoint, names.domain, path)
            requests, answered = requests + 1, answered + bool(arrived.tenant)
            if reason := fault(arrived, names):
                faults.append(f"after request {number}: {reason}")
            elif arrived.tenant and arrived.seen.get("path") != path:
                faults.append(f"after request {number}: {path} was answered as {arrived.seen.get('path')}")
    return verdict(faults, requests, answered)


def _throw(endpoint: Endpoint, host: str, data: bytes) -> None:
    """Whatever comes back: the answer to something that nobody may send is not looked at."""
    try:
        with Wire(endpoint, host, seconds=1) as connection:
            connection.send(data)
            connection.answer()
    except (OSError, EOFError, ValueError):
        return


ATTACKS: Final = (
    Attack("gateway.path", "services behind their own path, with the roles they require",
           "walk between / and /services by dots, slashes and escapes", each(_paths)),
    Attack("gateway.smuggled", "one request is one request", "send ends that can be read in two ways", each(_smuggled)),
)  # fmt: skip
