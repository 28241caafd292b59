"""Differences between a preview and an approved report: by tenant, resource and operation.

The states' times and serials, counts and prices are left aside: they differ without anything being done to anybody.
Less than was approved is fine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.request_report import Operation, RequestReport, StackReport
from tenantry.changes.report.resource_weights import CREATE, DELETE, REPLACE, UPDATE, label_of

_COVERS: Final = {CREATE: {CREATE}, UPDATE: {UPDATE}, DELETE: {DELETE}, REPLACE: {REPLACE, UPDATE}}


@dataclass(frozen=True, slots=True)
class Beyond:
    """One thing that nobody has approved."""

    stack: str
    tenant: str
    resource: str
    operation: str
    why: str

    def __str__(self) -> str:
        whose = self.tenant or "platform"
        return f"{self.stack}: {whose}: {self.operation} {label_of(self.resource, self.tenant)}: {self.why}"


def beyond(approved: RequestReport, now: RequestReport) -> list[Beyond]:
    """By stack and resource; empty when all that `now` would do was approved."""
    before = {stack.stack: stack for stack in approved.stacks}
    return [more for stack in now.stacks for more in _of_stack(before.get(stack.stack), stack)]


def _of_stack(approved: StackReport | None, now: StackReport) -> Iterator[Beyond]:
    known = {operation.resource: operation for operation in approved.operations} if approved else {}
    is_bad = approved is not None and approved.result != "ok"
    for operation in now.operations:
        why = (
            "the approved report is of a preview that failed"
            if is_bad
            else _why(known.get(operation.resource), operation)
        )
        if why:
            yield Beyond(now.stack, operation.tenant, operation.resource, operation.operation, why)


def _why(approved: Operation | None, now: Operation) -> str:
    if approved is None:
        return "not in the approved report"
    if approved.tenant != now.tenant:
        return f"approved for {approved.tenant or 'platform'}"
    if now.operation not in _COVERS.get(approved.operation, {approved.operation}):
        return f"approved was {approved.operation}"
    more = [name for name in now.properties if name not in approved.properties]
    if now.operation in (UPDATE, REPLACE) and approved.properties and more:
        return f"it changes {', '.join(more)} as well"
    return ""
