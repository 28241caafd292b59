"""Makes the report of a stack: from what `tenantry preview --json` says, and from what the files say beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from tenantry.changes.report.findings import finding_of
from tenantry.changes.report.request_report import Basis, Operation, StackReport
from tenantry.changes.report.resource_weights import (
    CREATE,
    DELETE,
    DEPLOYMENT,
    REPLACE,
    ROOT_OF_KEYS,
    UPDATE,
    Cause,
    is_limit,
    kind_of,
    label_of,
    operation_of,
    weight_of,
)
from tenantry.changes.report.statements import Statement, TenantReport, Weight
from tenantry.changes.request_facts import RequestFacts, TenantFacts
from tenantry.model.lifecycle import Phase
from tenantry.notices import has_notice

_ROW: Final = "tenantry:index:TenantRow"
_WORDS: Final = {
    CREATE: "created",
    UPDATE: "changed",
    DELETE: "deleted",
    REPLACE: "replaced",
}
_OF_DATA: Final = {DELETE: "deleted, with its data:", REPLACE: "replaced, its data is lost:"}
Outcome = Mapping[str, Any]


def stack_report(stack: str, outcome: Outcome, facts: RequestFacts | None, basis: Basis) -> StackReport:
    """`outcome`: the document of `tenantry preview --json`; of a refused one it has `result` and `errors` alone.

    Without `facts` nothing is explained by files: each change of a wall counts as one.
    """
    operations = tuple(_operations(_list(outcome, "operations")))
    by_tenant: dict[str, list[Operation]] = {}
    for operation in operations:
        by_tenant.setdefault(operation.tenant, []).append(operation)
    known: Mapping[str, TenantFacts] = facts.tenants if facts else {}
    reports = [
        TenantReport(code, tuple(statements))
        for code in sorted({*by_tenant, *known}, key=_order)
        if (statements := [*_said_by(known.get(code)), *_done(by_tenant.get(code, []), known.get(code), facts)])
    ]
    return StackReport(
        stack,
        str(outcome.get("result", "failed")),
        tuple(reports),
        operations,
        tuple(finding_of(said) for said in _list(outcome, "errors")),
        tuple(finding_of(said) for said in _list(outcome, "warnings")),
        tuple(map(str, outcome.get("unfinished") or ())),
        facts.monthly if facts else None,
        basis,
    )


def _operations(changes: Sequence[Mapping[str, Any]]) -> Iterator[Operation]:
    """Operations, one a resource: the engine says three of a replacement."""
    operations: dict[str, Operation] = {}
    for change in changes:
        urn, operation = str(change["resource"]), operation_of(str(change["operation"]))
        names = tuple(map(str, change.get("properties") or ()))
        before = operations.get(urn)
        if before is not None:
            names = tuple(dict.fromkeys((*before.properties, *names)))
            operation = operation if before.operation == operation else REPLACE
        operations[urn] = Operation(str(change.get("tenant", "")), urn, operation, names)
    yield from sorted(operations.values(), key=lambda one: (_order(one.tenant), one.resource))


def _said_by(facts: TenantFacts | None) -> Iterator[Statement]:
    """Statements of the files on a tenant."""
    if facts is None:
        return
    yield from _life(facts)
    plans = facts.plans
    if None not in plans and plans[0] != plans[1] and all(phase and phase.has_workload for phase in facts.phases):
        weight = Weight.LESS if facts.less else Weight.RAISED
        yield Statement(weight, "plan:", (f"{plans[0]} -> {plans[1]}, {_price(facts)}",))
    if facts.more:
        yield Statement(Weight.RAISED, "more:", facts.more)
    if facts.less:
        yield Statement(Weight.LESS, "less:", facts.less)
    if facts.rotated:
        yield Statement(Weight.KEYS, "rotated:", facts.rotated)
    if facts.other:
        yield Statement(Weight.OTHER, "settings:", facts.other)


def _life(facts: TenantFacts) -> Iterator[Statement]:
    before, after = facts.phases
    if before == after:
        return
    change = f"{before or 'not there'} -> {after or 'not there'}"
    plan = f"plan {facts.plans[1]}, {facts.monthly[1]} CNY a month"
    if before is None:
        yield Statement(Weight.OPENED, "opened:", (plan,))
    elif before is Phase.PURGING:
        yield Statement(Weight.OTHER, "gone, its file becomes a tombstone")
    elif after is None or not after.keeps_data:
        yield Statement(Weight.DATA, "removed, with its data:", (change,))
    elif before.has_workload and not after.has_workload:
        words = "no longer served, its data is kept for 30 days:"
        yield Statement(Weight.GONE, words, (change, f"{_price(facts)}"))
    elif not before.has_workload and after.has_workload:
        yield Statement(Weight.RAISED, "served again:", (change, f"{_price(facts)}"))
    elif before.has_access and not after.has_access:
        yield Statement(Weight.LESS, "access ends:", (change,))
    elif after.has_access and not before.has_access:
        yield Statement(Weight.RAISED, "access returns:", (change,))
    else:
        yield Statement(Weight.OTHER, "phase:", (change,))


def _done(
    operations: Sequence[Operation], facts: TenantFacts | None, request: RequestFacts | None
) -> Iterator[Statement]:
    """The engine's planned operations, by weight and operation, in a tenant's own names."""
    is_new = any(operation.operation == CREATE and kind_of(operation.resource) == _ROW for operation in operations)
    causes = _causes(facts) if request and request.is_data_only else frozenset[Cause]()
    groups: dict[tuple[Weight, str], list[str]] = {}
    for operation in operations:
        weight = weight_of(operation.resource, operation.operation, operation.properties, is_new=is_new, causes=causes)
        groups.setdefault((weight, _words(weight, operation, facts)), []).append(_label(weight, operation))
    if is_new and not (facts and facts.phases[0] is None):
        yield Statement(Weight.OPENED, "opened")
    for (weight, words), labels in sorted(groups.items()):
        yield Statement(weight, words, tuple(sorted(labels)))


def _words(weight: Weight, one: Operation, facts: TenantFacts | None) -> str:
    if kind_of(one.resource) == ROOT_OF_KEYS and one.operation == REPLACE:
        return "every password and key is made anew at once, those before stop working:"
    if weight is Weight.DATA:
        return _OF_DATA.get(one.operation, "an operation that this version does not know, on what holds data:")
    if weight is Weight.RESTARTS:
        before, after = facts.phases if facts else (None, None)
        if before is not after and before is Phase.ACTIVE:
            return "pods stop:"
        return "pods start:" if before is not after and after is Phase.ACTIVE else "pods are replaced one by one:"
    if weight is Weight.ISOLATION and is_limit(one.resource, one.properties):
        if facts is not None and facts.changes_plan:  # which explains it only where the request has nothing but files
            return "a limit changes, by the tenant's file or by what else the request changes:"
        return "a limit changes, and no file of the tenant explains it:"
    if weight is Weight.ISOLATION:
        return f"what keeps tenants apart is {_WORDS.get(one.operation, one.operation)}:"
    if weight is Weight.KEYS:
        return "passwords change:"
    return f"{_WORDS.get(one.operation, one.operation)}:"


def _label(weight: Weight, one: Operation) -> str:
    label = label_of(one.resource, one.tenant)
    if weight is Weight.RESTARTS and kind_of(one.resource) == DEPLOYMENT:
        return label.partition(" ")[2].removesuffix("-deployment")
    return f"{label} ({', '.join(one.properties)})" if one.operation in (UPDATE, REPLACE) and one.properties else label


def _causes(facts: TenantFacts | None) -> frozenset[Cause]:
    if facts is None:
        return frozenset()
    before, after = facts.phases
    served = [phase is not None and phase.has_workload for phase in (before, after)]
    access = [phase is not None and phase.has_access for phase in (before, after)]
    noticed = [phase is not None and has_notice(phase) for phase in (before, after)]
    causes = {
        Cause.WORKLOAD: served[0] != served[1],
        Cause.ACCESS: access[0] != access[1],
        Cause.NOTICE: noticed[0] != noticed[1],
        Cause.SERVICES: facts.changes_services,
        Cause.PLAN: facts.changes_plan,
        Cause.LABELS: facts.changes_labels,
    }
    return frozenset(cause for cause, holds in causes.items() if holds)


def _price(facts: TenantFacts) -> str:
    return f"{facts.monthly[0]} -> {facts.monthly[1]} CNY a month"


def _list(outcome: Outcome, key: str) -> list[Mapping[str, Any]]:
    return cast(list[Mapping[str, Any]], outcome.get(key) or [])


def _order(code: str) -> tuple[int, str]:
    digits = code[1:]
    return (int(digits) if digits.isdigit() else 0, code)
