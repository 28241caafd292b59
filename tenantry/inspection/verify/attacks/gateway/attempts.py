"""Shared by all attacks by requests: who tries whom, what a right answer is, and that a flood waits for the others."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tenantry.inspection.verify.attacks.gateway.wire import Arrived
from tenantry.inspection.verify.core.attack import Attempt, Verdict, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.model.lifecycle import Phase
from tenantry.names import Names

OK: Final = 200
TOO_MANY: Final = 429
QUIET_SECONDS: Final = 120.0
Judge = Callable[[VerifyContext, Endpoint, Names], Verdict]


@dataclass
class Crowd:
    """Attempts that have not ended. Who sends a flood waits for them: they would be refused for its sake."""

    _left: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self) -> None:
        with self._changed:
            self._left += 1

    def leave(self) -> None:
        with self._changed:
            self._left -= 1
            self._changed.notify_all()

    def await_quiet(self, seconds: float = QUIET_SECONDS) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._left == 0, seconds)


def crowd(context: VerifyContext) -> Crowd:
    return context.cached("gateway crowd", Crowd)


def answering(context: VerifyContext) -> list[Names]:
    """The chosen tenants with an application that runs: behind the others nobody can say what arrived."""
    return [names for names in context.selected if context.target.tenants[names.code][1] is Phase.ACTIVE]


def neighbour(context: VerifyContext, names: Names) -> Names | None:
    """The next running tenant after this one, in a ring: each is attacked once, by one."""
    running = [other for other in context.all if context.target.tenants[other.code][1] is Phase.ACTIVE]
    place = running.index(names)
    other = running[(place + 1) % len(running)]
    return other if other != names else None


def each(judge: Judge) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """An attempt by each running tenant."""
    return lambda context: trials(context, answering(context), judge)


def trials(context: VerifyContext, tenants: list[Names], judge: Judge) -> Iterator[Attempt]:
    """None where the stack's gateway cannot be asked."""
    endpoint = context.target.endpoint
    if endpoint is None:
        return
    for names in tenants:
        crowd(context).enter()
        yield Attempt(names.code, names.domain, partial(_counted, context, endpoint, names, judge))


def _counted(context: VerifyContext, endpoint: Endpoint, names: Names, judge: Judge) -> Verdict:
    try:
        return judge(context, endpoint, names)
    finally:
        crowd(context).leave()


def fault(arrived: Arrived, names: Names) -> str | None:
    """Returns what is wrong with an answer that should be this tenant's, or a refusal by the gateway."""
    if arrived.tenant and (arrived.tenant != names.code or arrived.believed != [names.code]):
        believed = ", ".join(arrived.believed) or "nobody"
        return f"{arrived.tenant or 'the gateway'} answered, and was told {believed}, where {names.code} was meant"
    return None


def verdict(faults: list[str], requests: int, answered: int) -> Verdict:
    """Held needs an answer of an application: a gateway that refuses everything proves nothing."""
    if faults:
        return vulnerable("; ".join(dict.fromkeys(faults)))
    if not answered:
        return inconclusive(f"none of {requests} requests was answered by an application")
    return passed(f"{requests} requests")


def patiently(request: Callable[[], Arrived], seconds: float = 5.0) -> Arrived:
    """Asks again while nobody is behind the gateway: pods may just be being replaced."""
    end = time.monotonic() + seconds
    while (arrived := request()).status in (502, 503) and time.monotonic() < end:
        time.sleep(0.2)
    return arrived
