"""One look at a stack: a refresh that writes nothing, and what nobody declared."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tenantry.changes.report.findings import masked
from tenantry.engine.run.operations import Operation
from tenantry.inspection.drift.declared import findings_of, told_paths
from tenantry.inspection.drift.model import Drift
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared import (
    buckets,
    dns,
    namespaces,
    postgresql,
    ram,
)
from tenantry.inspection.drift.undeclared.removal import Undeclared

Look = Callable[[LiveStack, list[str]], Iterator[Undeclared]]
LOOKS: Final[dict[str, Look]] = {
    namespaces.SYSTEM: namespaces.look,
    postgresql.SYSTEM: postgresql.look,
    ram.SYSTEM: ram.look,
    buckets.SYSTEM: buckets.look,
    dns.SYSTEM: dns.look,
}


@dataclass(frozen=True, slots=True)
class Looked:
    """The findings of a look, and the removals of what nobody declared."""

    drift: Drift
    undeclared: tuple[Undeclared, ...]


def look(operation: Operation) -> Looked:
    """Changes nothing. Raises NoStack, Refusal and Locked as `Operation.read_live` does."""
    began, at = time.monotonic(), datetime.now(UTC)
    record, reading = operation.read_live()
    unseen = [masked(str(error)) for error in reading.errors]
    stack = LiveStack(operation, record, told_paths(reading, record))
    undeclared: list[Undeclared] = []
    for system, look_at in LOOKS.items():
        operation.watcher.say(f"looking for what nobody declared: {system}")
        undeclared += _seen(stack, system, look_at, unseen)
    findings = [*findings_of(reading, record), *(item.finding for item in undeclared)]
    drift = Drift(
        operation.stack,
        at.isoformat(timespec="seconds"),
        record.custom_count(),
        round(time.monotonic() - began, 1),
        tuple(findings),
        tuple(dict.fromkeys(unseen)),
    )
    return Looked(drift, tuple(undeclared))


def _seen(stack: LiveStack, system: str, look_at: Look, unseen: list[str]) -> list[Undeclared]:
    """Whatever keeps one system from answering (no route, no right, no key) is said, and the others are looked at."""
    undeclared: list[Undeclared] = []
    try:
        undeclared.extend(look_at(stack, unseen))
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        unseen.append(stack.operation.cli.redact(f"{system}: {reason}"))
    return undeclared
