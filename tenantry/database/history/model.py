"""One run of a command, and one change that it made."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from uuid import UUID, uuid4

from tenantry.database.history.origin import Origin


class Result(StrEnum):
    """The end of a run."""

    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"  # stopped by a check
    INTERRUPTED = "interrupted"  # by whoever started it
    KILLED = "killed"  # ended without a word of its own


class Done(StrEnum):
    """The outcome of one change."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # begun, and the run ended before it


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """One command at work."""

    command: str
    stack: str
    origin: Origin
    id: UUID = field(default_factory=uuid4)
    started_at: datetime = field(default_factory=now)
    version: str = field(default_factory=lambda: version("tenantry"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one thing. Names of properties, never their values."""

    tenant: str  # empty: of the platform
    step: str
    resource_type: str
    resource_name: str
    action: str
    outcome: Done = Done.DONE
    properties: tuple[str, ...] = ()
    error: str = ""
    at: datetime = field(default_factory=now)
