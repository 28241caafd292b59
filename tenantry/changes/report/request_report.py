"""The report of a request: what a preview says of each stack, ordered by what it means to the tenants.

It is saved as JSON by the job that previewed, and read by the one that posts or compares. What is read is as
untrusted as the request itself: every field is checked, and every renderer escapes every text.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from tenantry.changes.report.rehearsal_result import Rehearsal
from tenantry.changes.report.statements import EFFECTS, Effect, ReportedFinding, TenantReport

FORMAT: Final = 1  # of the saved report


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one resource: create, update, replace, delete, or what the engine calls it else."""

    tenant: str  # empty: what all tenants share
    resource: str  # URN
    operation: str
    properties: tuple[str, ...] = ()  # names of those that differ


@dataclass(frozen=True, slots=True)
class Basis:
    """The state that the preview was made against."""

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
        return max(
            (EFFECTS[said.weight] for tenant in self.tenants for said in tenant.statements), default=Effect.NOTHING
        )

    @property
    def affected(self) -> int:
        """Tenants with at least one statement."""
        return sum(1 for tenant in self.tenants if tenant.code)

    def count(self, operation: str) -> int:
        return sum(1 for entry in self.operations if entry.operation == operation)


@dataclass(frozen=True, slots=True)
class RequestReport:
    """All stacks that a request affects, and how its rehearsal went where there was one."""

    stacks: tuple[StackReport, ...]
    rehearsal: Rehearsal | None = None

    @property
    def effect(self) -> Effect:
        rehearsed = [self.rehearsal.effect] if self.rehearsal else []
        return max((*(stack.effect for stack in self.stacks), *rehearsed), default=Effect.NOTHING)

    @property
    def failed(self) -> tuple[str, ...]:
        """The stacks whose preview did not come to a good end: nothing can be approved."""
        return tuple(stack.stack for stack in self.stacks if stack.result != "ok")

    @property
    def is_failed(self) -> bool:
        """Tells whether a preview or the rehearsal did not come to a good end."""
        rehearsal = self.rehearsal
        return bool(self.failed) or (rehearsal is not None and (rehearsal.is_interrupted or bool(rehearsal.failed)))


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
        known = cast("dict[str, Any]", document)
        parts = {name: known.get(name) for name in ("stacks", "rehearsal")}
        return TypeAdapter(RequestReport).validate_json(json.dumps(parts))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UnreadableReportError(f"{place}: {first['msg']}") from None


def together(reports: Iterator[RequestReport]) -> RequestReport:
    """One report of several, by stack. Of a stack, or a rehearsal, that comes twice the later one counts."""
    stacks: dict[str, StackReport] = {}
    rehearsal: Rehearsal | None = None
    for report in reports:
        stacks |= {stack.stack: stack for stack in report.stacks}
        rehearsal = report.rehearsal or rehearsal
    return RequestReport(tuple(stacks[name] for name in sorted(stacks)), rehearsal)
