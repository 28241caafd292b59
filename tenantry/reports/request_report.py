"""The report of a request: what a preview says of each stack, ordered by what it means to the tenants.

It is saved as JSON by the job that previewed, and read by the one that posts or compares. What is read is as
untrusted as the request itself: every field is checked, and every renderer escapes every text.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Final

FORMAT: Final = 1  # of the saved report


class Effect(IntEnum):
    """What a request does to whom, which is also the exit code that a workflow turns into a required approval."""

    NOTHING = 0
    ADDITIONS = 5
    LESS = 6
    DESTRUCTIVE = 7  # a deletion, a replacement, or a change of isolation


class Weight(IntEnum):
    """The sections of a report, the most important first; what is lowest is cut first."""

    DATA = 0
    GONE = 1
    ISOLATION = 2
    RAISED = 3
    LESS = 4
    RESTARTS = 5
    KEYS = 6
    OPENED = 7
    OTHER = 8


EFFECTS: Final[Mapping[Weight, Effect]] = {
    Weight.DATA: Effect.DESTRUCTIVE,
    Weight.GONE: Effect.DESTRUCTIVE,
    Weight.ISOLATION: Effect.DESTRUCTIVE,
    Weight.RAISED: Effect.ADDITIONS,
    Weight.LESS: Effect.LESS,
    Weight.RESTARTS: Effect.ADDITIONS,
    Weight.KEYS: Effect.ADDITIONS,
    Weight.OPENED: Effect.ADDITIONS,
    Weight.OTHER: Effect.ADDITIONS,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that happens to a tenant: `words` are ours, `subjects` come from files, the program or the engine."""

    weight: Weight
    words: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one resource: create, update, replace, delete, or what the engine calls it else."""

    tenant: str  # empty: what all tenants share
    resource: str  # URN
    operation: str
    properties: tuple[str, ...] = ()  # names of those that differ


@dataclass(frozen=True, slots=True)
class TenantReport:
    """What happens to one tenant; the code is empty for what all tenants share."""

    code: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """An error or a warning. `rule` and `remedy` are empty where it is not of a policy."""

    tenant: str
    resource: str
    rule: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What the preview was made against."""

    state_time: str = ""  # when the stack's state was written last, ISO 8601; empty: not known, or none yet
    resources: int = 0  # that the stack holds
    base: str = ""  # the commit that the request is compared with
    head: str = ""  # the commit that was previewed


@dataclass(frozen=True, slots=True)
class StackReport:
    """One stack. `result` is that of the preview: ok, failed, refused, locked or interrupted."""

    stack: str
    result: str
    tenants: tuple[TenantReport, ...] = ()
    operations: tuple[Operation, ...] = ()
    errors: tuple[ReportedFinding, ...] = ()
    warnings: tuple[ReportedFinding, ...] = ()
    unfinished: tuple[str, ...] = ()  # tenants that a failed preview has not looked at to the end
    monthly: tuple[int, int] | None = None  # CNY, of all tenants of the stack; None: not compared with a base
    basis: Basis = Basis()

    @property
    def effect(self) -> Effect:
        """The gravest of what it says."""
        return max((EFFECTS[said.weight] for one in self.tenants for said in one.statements), default=Effect.NOTHING)

    @property
    def affected(self) -> int:
        """Tenants with at least one statement."""
        return sum(1 for one in self.tenants if one.code)

    def count(self, operation: str) -> int:
        return sum(1 for one in self.operations if one.operation == operation)


@dataclass(frozen=True, slots=True)
class RequestReport:
    """All stacks that a request affects."""

    stacks: tuple[StackReport, ...]

    @property
    def effect(self) -> Effect:
        return max((stack.effect for stack in self.stacks), default=Effect.NOTHING)

    @property
    def failed(self) -> tuple[str, ...]:
        """The stacks whose preview did not come to a good end: nothing can be approved."""
        return tuple(stack.stack for stack in self.stacks if stack.result != "ok")


class UnreadableReportError(Exception):
    """A file is no report of this version."""


def to_json(report: RequestReport) -> str:
    return json.dumps({"format": FORMAT, "effect": int(report.effect), **asdict(report)}, ensure_ascii=False, indent=1)


def from_json(text: str | bytes) -> RequestReport:
    """Raises UnreadableReportError when it is none, or one of another format."""
    from pydantic import TypeAdapter, ValidationError  # half of a second that rendering need not wait for

    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise UnreadableReportError(f"it is no JSON ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:  # pyright: ignore[reportUnknownMemberType]
        raise UnreadableReportError(f"it is no report of format {FORMAT}: `tenantry preview --format json` writes one")
    try:
        stacks = json.dumps({"stacks": document.get("stacks")})  # pyright: ignore[reportUnknownMemberType]
        return TypeAdapter(RequestReport).validate_json(stacks)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UnreadableReportError(f"{place}: {first['msg']}") from None


def together(reports: Iterator[RequestReport]) -> RequestReport:
    """One report of several, by stack. Of a stack that comes twice the later one counts."""
    found = {stack.stack: stack for report in reports for stack in report.stacks}
    return RequestReport(tuple(found[name] for name in sorted(found)))
