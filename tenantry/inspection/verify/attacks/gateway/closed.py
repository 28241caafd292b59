"""Requests to tenants that do not run: such a host answers with its notice, a deleted tenant's with nothing."""

import base64
import secrets
from collections.abc import Iterator
from functools import partial
from typing import Final

from tenantry.inspection.verify.attacks.gateway import http2, wire
from tenantry.inspection.verify.attacks.gateway.attempts import trials
from tenantry.inspection.verify.attacks.gateway.wire import Arrived
from tenantry.inspection.verify.attacks.kubernetes.gateway import noticed
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.model.lifecycle import Phase
from tenantry.names import SERVICES_PATH, Names
from tenantry.notices import STATUS, has_notice, notice

NOT_FOUND: Final = 404
HANDSHAKE: Final = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", base64.b64encode(secrets.token_bytes(16)).decode()),
    ("Sec-WebSocket-Version", "13"),
)


def _ways(endpoint: Endpoint, host: str) -> Iterator[Arrived]:
    """Requests as an application or one of its services gets them; status 0 where one is refused without an answer."""
    for path in ("/", "/health", "/api/x?y=z", f"{SERVICES_PATH}enrollment", f"{SERVICES_PATH}posters/x"):
        yield wire.ask(endpoint, host, path)
    yield wire.ask(endpoint, host, method="DELETE")
    yield http2.ask(endpoint, host, name=host)


def _closed(phase: Phase, context: VerifyContext, endpoint: Endpoint, names: Names) -> Verdict:
    answers = list(_ways(endpoint, names.domain))
    socket = wire.ask(endpoint, names.domain, "/", HANDSHAKE)  # which Envoy refuses by itself where no route has any
    reached = sorted({arrived.tenant for arrived in (*answers, socket) if arrived.tenant})
    opened = [arrived.status for arrived in (*answers, socket) if arrived.status in (101, 200)]
    if reached or opened:
        return vulnerable(f"{', '.join(reached) or 'somebody'} answered for {names.domain}, which is {phase}")
    if not has_notice(phase):
        others = sorted({arrived.status for arrived in answers} - {NOT_FOUND, 0})
        return broken(f"{names.domain}, which is {phase}, answers {others}") if others else passed("404")
    if not noticed(context, names):
        return passed(f"{len(answers)} requests")  # another gateway has no page
    page = notice(phase).encode()
    faulty = [arrived for arrived in answers if arrived.status and (arrived.status, arrived.body) != (STATUS, page)]
    if not any(arrived.status for arrived in answers):
        return inconclusive("nothing is answered at all")
    if faulty:
        return broken(f"{len(faulty)} of {len(answers)} answers are not the notice, such as {faulty[0].status}")
    return passed(f"{len(answers)} times the notice")


def _who(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.selected:
        phase = context.target.tenants[names.code][1]
        if phase not in (Phase.ACTIVE, Phase.GONE):
            yield from trials(context, [names], partial(_closed, phase))


ATTACKS: Final = (
    Attack("gateway.closed", "who does not run is answered by the gateway itself",
           "ask a suspended, sleeping or deleted tenant's host in every way", _who),
)  # fmt: skip
