"""Limits on requests that are declared, met by requests: bodies, rates, time, and that one's flood is nobody else's."""

import base64
import secrets
import time
from collections.abc import Iterator
from typing import Final

from tenantry.inspection.verify.attacks.gateway import wire
from tenantry.inspection.verify.attacks.gateway.attempts import (
    OK,
    TOO_MANY,
    answering,
    crowd,
    each,
    fault,
    neighbour,
    trials,
    verdict,
)
from tenantry.inspection.verify.attacks.gateway.wire import Arrived, Wire, head
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import PLUGIN_PREFIX, SERVICE_ACCOUNT, Names, service_path
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

POLICY: Final = "BackendTrafficPolicy"
ROUTE: Final = "HTTPRoute"
TOO_LARGE: Final = 413
TIMED_OUT: Final = 504
PART_BYTES: Final = 65536
SPARE_SECONDS: Final = 10.0  # beyond a time-out, until a gateway without one is believed to have none
EVERY: Final = 20  # requests of a flood for one of a neighbour's


def body_limit(context: VerifyContext, names: Names) -> int | None:
    """The declared limit in bytes of a request to the application."""
    spec = _declared(context, names, POLICY, SERVICE_ACCOUNT)
    limit = mapping(spec.get("requestBuffer")).get("limit")
    return int(str(limit)) if limit is not None else None


def rate_limits(context: VerifyContext, names: Names) -> dict[str, int]:
    """Path -> declared requests a minute."""
    by_target: dict[str, int] = {}
    for thing in context.target.declared.things.get(names.namespace, ()):
        if thing.kind == POLICY:
            spec = mapping(thing.inputs.get("spec"))
            rate = mapping(spec.get("rateLimit"))
            rules = sequence(mapping(rate.get("local") or rate.get("global")).get("rules"))
            limits = [int(mapping(mapping(rule).get("limit"))["requests"]) for rule in rules]
            if thing.name == SERVICE_ACCOUNT:
                by_target["/"] = min(limits)
            elif thing.name.startswith(PLUGIN_PREFIX):
                by_target[service_path(thing.name.removeprefix(PLUGIN_PREFIX))] = min(limits)
    return by_target


def timeout_seconds(context: VerifyContext, names: Names) -> float | None:
    rules = sequence(_declared(context, names, ROUTE, SERVICE_ACCOUNT).get("rules"))
    stated = [mapping(mapping(rule).get("timeouts")).get("request") for rule in rules]
    return next((seconds_of(str(text)) for text in stated if text), None)


def seconds_of(duration: str) -> float:
    """Of a duration as routes state it here: `30s`."""
    return float(duration.removesuffix("s"))


def _declared(context: VerifyContext, names: Names, kind: str, name: str) -> Tree:
    for thing in context.target.declared.things.get(names.namespace, ()):
        if (thing.kind, thing.name) == (kind, name):
            return mapping(thing.inputs.get("spec"))
    return {}


def post(endpoint: Endpoint, names: Names, size: int) -> Arrived:
    """Sends a body of so many bytes; reads the answer also when the gateway stops taking any more."""
    with Wire(endpoint, names.domain) as connection:
        headers = [("Host", names.domain), wire.AGENT, ("Content-Length", str(size)), ("Connection", "close")]
        connection.send(head("POST", "/", headers))
        try:
            for start in range(0, size, PART_BYTES):
                connection.send(b"x" * min(PART_BYTES, size - start))
        except OSError:
            pass  # an answer may have come all the same
        return connection.answer()


def _bodies(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    limit = body_limit(context, names)
    if limit is None:
        return vulnerable("no limit is declared")
    fits, beyond = post(endpoint, names, limit), post(endpoint, names, limit + 1)
    if beyond.status != TOO_LARGE:
        return vulnerable(f"{limit + 1} bytes are answered with {beyond.status}, where {limit} are allowed")
    if fits.status != OK or fits.seen.get("body_bytes") != limit:
        return broken(f"{limit} bytes, which are allowed, are answered with {fits.status}")
    return passed(f"413 at {limit + 1} bytes")


def _one_each(context: VerifyContext) -> Iterator[Attempt]:
    """One tenant for each limit that there is: they are large."""
    by_limit = {body_limit(context, names): names for names in reversed(answering(context))}
    return trials(context, list(by_limit.values()), _bodies)


def _rates(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """A flood of one route, and meanwhile a neighbour's requests. It waits until all other attempts are over."""
    limits = rate_limits(context, names)
    if not limits:
        return vulnerable("no limit is declared")
    path, limit = min(limits.items(), key=lambda pair: pair[1])
    other = neighbour(context, names)
    flood = crowd(context)
    flood.leave()  # it does not wait for itself
    try:
        if not flood.await_quiet():
            return inconclusive("the other attempts did not end")
        statuses, bothered = _flood(endpoint, names, path, limit, other)
    finally:
        flood.enter()
    if bothered:
        return vulnerable(f"meanwhile {bothered}")
    if TOO_MANY not in statuses:
        return vulnerable(f"{len(statuses)} requests to {path} passed at once, where {limit} a minute are allowed")
    return passed(f"429 after {statuses.index(TOO_MANY)} requests to {path}, {limit} a minute are allowed")


def _flood(
    endpoint: Endpoint, names: Names, path: str, limit: int, other: Names | None
) -> tuple[list[int], str | None]:
    """All that a minute allows at once, and what is allowed anew while they are sent; then one more must be refused."""
    statuses: list[int] = []
    began = time.monotonic()
    with Wire(endpoint, names.domain) as flood, Wire(endpoint, (other or names).domain) as calm:
        while TOO_MANY not in statuses and len(statuses) <= allowed(limit, time.monotonic() - began):
            statuses.append(flood.ask(names.domain, path).status)
            if other is not None and len(statuses) % EVERY == 0:
                arrived = calm.ask(other.domain)
                if arrived.status != OK or fault(arrived, other):
                    return statuses, f"{other.code} gets {arrived.status}"
    return statuses, None


def allowed(limit: int, seconds: float) -> float:
    """The most requests that a limit a minute lets through in so many seconds: it fills up again as it is used."""
    return limit * (1 + seconds / 60) + 1


def _least(context: VerifyContext) -> Iterator[Attempt]:
    """The tenant with the smallest limit, whose flood is the shortest."""
    tenants = sorted(answering(context), key=lambda names: min(rate_limits(context, names).values(), default=0))
    return trials(context, tenants[:1], _rates)


def _waits(context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """An application that does not answer in time."""
    limit = timeout_seconds(context, names)
    if limit is None:
        return vulnerable("no time-out is declared")
    with Wire(endpoint, names.domain, seconds=limit + SPARE_SECONDS) as connection:
        try:
            arrived = connection.ask(names.domain, f"/?tenantry-delay={limit + 2 * SPARE_SECONDS:.0f}")
        except TimeoutError:
            return vulnerable(f"no answer and no refusal after {limit + SPARE_SECONDS:.0f} s")
    return passed(f"504 within {limit:.0f} s") if arrived.status == TIMED_OUT else broken(f"answers {arrived.status}")


def _first(context: VerifyContext) -> Iterator[Attempt]:
    """One is enough: the time-out is the same for all, and takes as long as it is."""
    return trials(context, answering(context)[:1], _waits)


def _sockets(_: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    """A web socket goes to the tenant's own pods and to nobody else; what it says comes back."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", key)]
    with Wire(endpoint, names.domain) as connection:
        arrived = connection.ask(names.domain, "/", [*handshake, ("Sec-WebSocket-Version", "13")])
        if arrived.status != 101:
            return (
                verdict([], 1, 1) if not arrived.tenant else broken(f"a web socket is answered with {arrived.status}")
            )
        connection.send(b"\x81\x82\0\0\0\0hi")
        echoed = connection.take(4)
    return passed("1 web socket") if echoed == b"\x81\x02hi" else broken("a web socket does not carry what is said")


ATTACKS: Final = (
    Attack("gateway.socket", "the tenant's own rights", "open a web socket and have it answer", each(_sockets)),
    Attack("gateway.body", "the plan's limit of a body", "send as much as is allowed, and one byte more", _one_each),
    Attack("gateway.timeout", "requests end", "have the application not answer", _first),
    Attack("gateway.rate", "the plan's limit of requests, to each tenant its own",
           "ask until it is refused, and ask as another meanwhile", _least),
)  # fmt: skip
