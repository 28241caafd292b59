"""Differences between a preview and the approved reports: by tenant, resource and operation.

The states' times and serials, counts and prices are left aside: they differ without anything being done to anybody.
Less than was approved is fine. Several reports, of requests that were merged since the last run, are taken together:
of a resource each of their operations may be done, with the properties of all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.request_report import Operation, RequestReport, StackReport
from tenantry.changes.report.resource_weights import CREATE, DELETE, REPLACE, UPDATE, label_of

_COVERS: Final = {CREATE: {CREATE}, UPDATE: {UPDATE}, DELETE: {DELETE}, REPLACE: {REPLACE, UPDATE}}


@dataclass(frozen=True, slots=True)
class Beyond:
    """A change that nobody has approved."""

    stack: str
    tenant: str
    resource: str
    operation: str
    why: str

    def __str__(self) -> str:
        whose = self.tenant or "platform"
        return f"{self.stack}: {whose}: {self.operation} {label_of(self.resource, self.tenant)}: {self.why}"


def beyond(approved: Iterable[RequestReport], now: RequestReport) -> list[Beyond]:
    """By stack and resource; empty when all that `now` would do was approved."""
    before: dict[str, list[StackReport]] = defaultdict(list)
    for report in approved:
        for stack in report.stacks:
            before[stack.stack].append(stack)
    return [more for stack in now.stacks for more in _of_stack(before[stack.stack], stack)]


def _of_stack(approved: Sequence[StackReport], now: StackReport) -> Iterator[Beyond]:
    """A preview that failed approves nothing, whatever other reports do."""
    known: dict[str, list[Operation]] = defaultdict(list)
    good = [report for report in approved if report.result == "ok"]
    for report in good:
        for operation in report.operations:
            known[operation.resource].append(operation)
    for operation in now.operations:
        why = _why(known[operation.resource], operation)
        if why and approved and not good:
            why = "the approved report is of a preview that failed"
        if why:
            yield Beyond(now.stack, operation.tenant, operation.resource, operation.operation, why)


def _why(approved: Sequence[Operation], now: Operation) -> str:
    if not approved:
        return "not in the approved report"
    own = [operation for operation in approved if operation.tenant == now.tenant]
    if not own:
        return f"approved for {_listed(operation.tenant or 'platform' for operation in approved)}"
    covering = [entry for entry in own if now.operation in _COVERS.get(entry.operation, {entry.operation})]
    if not covering:
        return f"approved was {_listed(operation.operation for operation in own)}"
    changed = {name for operation in own for name in operation.properties}
    more = [name for name in now.properties if name not in changed]
    if now.operation in (UPDATE, REPLACE) and more and all(operation.properties for operation in covering):
        return f"it changes {', '.join(more)} as well"
    return ""


def _listed(words: Iterable[str]) -> str:
    return " or ".join(sorted(set(words)))
