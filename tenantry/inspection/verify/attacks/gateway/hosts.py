"""The tenant that a request reaches: by its Host alone, whatever else names one."""

from collections.abc import Iterator
from typing import Final

from tenantry.inspection.verify.attacks.gateway import http2, wire
from tenantry.inspection.verify.attacks.gateway.attempts import OK, each, fault, neighbour, patiently, verdict
from tenantry.inspection.verify.attacks.gateway.wire import Arrived, Wire, head
from tenantry.inspection.verify.core.attack import Attack, Verdict, broken, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

ROUTES: Final = "/apis/gateway.networking.k8s.io/v1/httproutes"
NOBODY: Final = "k999"  # a code that no tenant of the embedded default has


def _own(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """Every path that a live route has for the host leads to the tenant's own pods."""
    faults: list[str] = []
    paths = sorted({path for route in context.live(ROUTES) for path in _paths(route, names.domain)} | {"/health"})
    for path in paths:
        arrived = patiently(lambda path=path: wire.ask(endpoint, names.domain, path))
        if arrived.status != OK:
            return broken(f"{names.domain}{path} answers {arrived.status}")
        if reason := fault(arrived, names):
            return vulnerable(reason)
    return verdict(faults, len(paths), len(paths))


def _paths(route: Tree, host: str) -> Iterator[str]:
    spec = mapping(route.get("spec"))
    if host in sequence(spec.get("hostnames")):
        for rule in map(mapping, sequence(spec.get("rules"))):
            for match in map(mapping, sequence(rule.get("matches"))):
                if not match.get("headers"):
                    yield str(mapping(match.get("path")).get("value") or "/")


def _named(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """Names the neighbour or nobody in one place and the tenant in another: the Host decides, and all agree with it."""
    other = neighbour(context, names)
    theirs = other or names
    own, foreign = names.domain, theirs.domain
    zone = context.target.zone
    asked: list[tuple[Names | None, Arrived]] = [
        (names, wire.ask(endpoint, own, name=foreign)),
        (theirs, wire.ask(endpoint, foreign, name=own)),
        (names, wire.ask(endpoint, own, name=None)),
        (names, wire.ask(endpoint, own.upper())),
        (names, wire.ask(endpoint, f"{own}:443", name=own)),
        (names, wire.ask(endpoint, f"{own}.", name=own)),
        (None, wire.ask(endpoint, endpoint.host, name=own)),
        (None, wire.ask(endpoint, f"{NOBODY}.{zone}")),
        (None, wire.ask(endpoint, f"{own}.{zone}", name=own)),
        (None, wire.ask(endpoint, "", name=own)),
        (theirs, wire.ask(endpoint, own, f"https://{foreign}/")),
        (None, _twice(endpoint, own, foreign)),
        (None, _twice(endpoint, foreign, own)),
        (names, wire.ask(endpoint, own, headers=[("X-Forwarded-Host", foreign)])),
        (names, wire.ask(endpoint, own, headers=[("Forwarded", f"host={foreign}")])),
        (names, http2.ask(endpoint, own, name=own)),
        (theirs, http2.ask(endpoint, foreign, name=own)),
        (None, http2.ask(endpoint, own, headers=[("host", foreign)], name=own)),
    ]
    faults = [reason for meant, arrived in asked if (reason := _misled(meant, arrived, (names, theirs)))]
    return verdict(faults, len(asked), sum(1 for _, arrived in asked if arrived.tenant))


def _misled(meant: Names | None, arrived: Arrived, either: tuple[Names, ...]) -> str | None:
    """Where nobody is meant any one may answer, who is then told that the request is for him, as its Host must say."""
    if meant is not None:
        return fault(arrived, meant)
    hosts = arrived.header_values("host")
    faults = [fault(arrived, names) for names in either if hosts == [names.domain]]
    if arrived.tenant and not faults:
        return f"{arrived.tenant} answered for the host {', '.join(hosts) or 'without a name'}"
    return next((reason for reason in faults if reason), None)


def _twice(endpoint: Endpoint, first: str, second: str) -> Arrived:
    try:
        with Wire(endpoint, first) as connection:
            connection.send(head("GET", "/", [("Host", first), ("Host", second), wire.AGENT]))
            return connection.answer()
    except wire.REFUSED:
        return Arrived(0)


def _reused(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """One connection, as a browser keeps for all names of one certificate, and hosts by turns."""
    other = neighbour(context, names)
    if other is None:
        return passed("no other tenant runs")
    tenants = [names, other, names, other]
    with Wire(endpoint, names.domain) as connection:
        arrived = [connection.ask(tenant.domain) for tenant in tenants]
    faults = [reason for tenant, answer in zip(tenants, arrived, strict=True) if (reason := fault(answer, tenant))]
    return verdict(faults, len(tenants), sum(1 for answer in arrived if answer.tenant))


ATTACKS: Final = (
    Attack("gateway.own", "the tenant's own rights", "ask for each path of the host's routes", each(_own)),
    Attack("gateway.host", "the Host decides whose request it is",
           "name another host in TLS, in the target, twice, in HTTP/2", each(_named)),
    Attack("gateway.reused", "each request of a connection has its own host", "ask for two hosts by turns on one",
           each(_reused)),
)  # fmt: skip
