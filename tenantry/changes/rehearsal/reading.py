"""Answers of a rehearsal's commands, as a report says them: the statements and findings of one stage."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tenantry.changes.rehearsal.commands import Done
from tenantry.changes.rehearsal.seeding import Kind
from tenantry.changes.report.build_report import stack_report
from tenantry.changes.report.findings import masked
from tenantry.changes.report.rehearsal_result import TOUCHED
from tenantry.changes.report.request_report import Basis, Operation, StackReport
from tenantry.changes.report.resource_weights import CREATE, DELETE, kind_of, label_of
from tenantry.changes.report.statements import ReportedFinding, Statement, TenantReport, Weight
from tenantry.changes.request_facts import RequestFacts
from tenantry.engine.stack.embedded import EMBEDDED_STACK
from tenantry.engine.stack.urns import name_of
from tenantry.names import CODE

_TOLD_OF_A_WAY_BACK: Final = (Weight.DATA, Weight.GONE, Weight.RESTARTS, Weight.KEYS)
_AGAIN: Final = "look for an input that differs from run to run, or from what the system answers"
_UNTOUCHED: Final = "look for what reaches it: nothing in the request's files is about this tenant"


@dataclass(frozen=True, slots=True)
class Told:
    """The result of one stage."""

    tenants: tuple[TenantReport, ...] = ()
    errors: tuple[ReportedFinding, ...] = ()
    remark: str = ""
    is_failed: bool = False


def of_up(done: Done, outcome: Any, facts: RequestFacts | None = None, untouched: Collection[str] = ()) -> Told:
    """`untouched`: tenants of whom nothing may change."""
    if not isinstance(outcome, Mapping):
        return Told(errors=(_without_json(done),), is_failed=True)
    report = stack_report(EMBEDDED_STACK, cast("Mapping[str, Any]", outcome), facts, Basis())
    touched = tuple(_touched(report, untouched))
    tenants = report.tenants
    if facts is None or not facts.is_data_only:  # a service that gives way to another one is no renaming
        tenants = _joined([*tenants, *_renamed(report)])
    is_failed = report.result != "ok" or bool(touched)
    remark = f"not brought to their end: {', '.join(report.unfinished)}" if report.unfinished else ""
    if touched and report.result == "ok":
        remark = f"{TOUCHED}: {', '.join(finding.tenant for finding in touched)}"
    return Told(tenants, (*report.errors, *touched, *_silent(report, outcome)), remark, is_failed)


def of_base(done: Done, outcome: Any) -> Told:
    """A whole installation is opened: nothing of that is the request's."""
    result = of_up(done, outcome)
    return Told(errors=result.errors, remark=result.remark, is_failed=result.is_failed)


def of_way_back(done: Done, outcome: Any) -> Told:
    """Statements on losses alone: what is opened or shut again is no news."""
    result = of_up(done, outcome)
    kept = (
        TenantReport(tenant.code, tuple(said for said in tenant.statements if said.weight in _TOLD_OF_A_WAY_BACK))
        for tenant in result.tenants
    )
    return Told(tuple(tenant for tenant in kept if tenant.statements), result.errors, result.remark, result.is_failed)


def of_second_up(done: Done, outcome: Any) -> Told:
    """Whatever it does once more is told."""
    if not isinstance(outcome, Mapping):
        return Told(errors=(_without_json(done),), is_failed=True)
    report = stack_report(EMBEDDED_STACK, cast("Mapping[str, Any]", outcome), None, Basis())
    again: dict[str, list[str]] = {}
    for operation in report.operations:
        more = f" ({', '.join(operation.properties)})" if operation.properties else ""
        label = f"{operation.operation} {label_of(operation.resource, operation.tenant)}{more}"
        again.setdefault(operation.tenant, []).append(label)
    errors = tuple(
        ReportedFinding(code, "", "", f"a second run does it again: {', '.join(labels)}", _AGAIN)
        for code, labels in sorted(again.items())
    )
    return Told(errors=(*report.errors, *errors), is_failed=bool(again) or report.result != "ok")


def of_migrate(done: Done, results: Any, kinds: Mapping[str, Kind]) -> Told:
    """`kinds`: what each tenant's invented rows are like."""
    if not isinstance(results, list):
        return Told(errors=(_without_json(done),), is_failed=True)
    rows = [cast("Mapping[str, Any]", row) for row in cast("list[Any]", results)]
    errors = tuple(_of_migration(row, kinds) for row in rows if row.get("error"))
    moved = tuple(
        TenantReport(str(row["label"]), (_migrated(row),))
        for row in rows
        if row.get("state") == "migrated" and CODE.fullmatch(str(row["label"]))
    )
    return Told(moved, errors, is_failed=bool(errors) or done.code != 0)


def of_verify(done: Done, report: Any) -> Told:
    """Holes first, as `verify` says them."""
    if not isinstance(report, Mapping) or "attempts" not in report:
        return Told(errors=(_without_json(done),), is_failed=True)
    document = cast("Mapping[str, Any]", report)
    findings = tuple(
        ReportedFinding(
            str(entry["tenant"]),
            "",
            "",
            masked(f"{entry['state']}: {entry['attack']} on {entry['target']}: {entry['said']} ({entry['control']})"),
            "see the row of the attack in docs/isolation.md" if entry["state"] == "hole" else "",
        )
        for entry in cast("Sequence[Mapping[str, Any]]", document.get("findings") or ())
    )
    return Told(
        errors=findings, remark=f"{document['attempts']} attempts, {document['held']} held", is_failed=done.code != 0
    )


def _migrated(row: Mapping[str, Any]) -> Statement:
    return Statement(Weight.OTHER, "migrated:", (f"{row['before']:04} -> {row['after']:04}",))


def _of_migration(row: Mapping[str, Any], kinds: Mapping[str, Kind]) -> ReportedFinding:
    label = str(row["label"])
    stays = "its version is not known" if row.get("after") is None else f"it stays at {row['after']:04}"
    data = f"; its rows are of the kind `{kinds[label]}`" if label in kinds else ""
    stops = "; the roll-out stops here" if row.get("stops") else ""
    who = "" if CODE.fullmatch(label) else f"{label}: "
    text = f"{who}{stays}: {row['error']}{data}{stops}"
    remedy = "make the migration fit the data that is there, or correct the data in it first"
    return ReportedFinding(label if CODE.fullmatch(label) else "", "", "", masked(text), remedy)


def _touched(report: StackReport, untouched: Collection[str]) -> Iterator[ReportedFinding]:
    for code in untouched:
        labels = [label_of(operation.resource, code) for operation in report.operations if operation.tenant == code]
        if labels:
            text = f"{code} is changed, and nothing in the request names it: {', '.join(labels)}"
            yield ReportedFinding(code, "", "", text, _UNTOUCHED)


def _renamed(report: StackReport) -> Iterator[TenantReport]:
    """Finds renamed resources: one of a kind goes and one of the same kind comes, as the engine sees another name."""
    groups: dict[tuple[str, str], dict[str, list[Operation]]] = {}
    for operation in report.operations:
        if operation.operation in (CREATE, DELETE):
            sides = groups.setdefault((operation.tenant, kind_of(operation.resource)), {CREATE: [], DELETE: []})
            sides[operation.operation].append(operation)
    for (tenant, kind), sides in groups.items():
        if len(sides[CREATE]) == len(sides[DELETE]) > 0:
            pairs = zip(sides[DELETE], sides[CREATE], strict=True)
            short = kind.rpartition(":")[2]
            details = tuple(f"{short} {_own(old, tenant)} -> {_own(new, tenant)}" for old, new in pairs)
            words = "renamed without an alias, so the old one is deleted and a new one is made:"
            yield TenantReport(tenant, (Statement(Weight.GONE, words, details),))


def _own(operation: Operation, tenant: str) -> str:
    name = name_of(operation.resource)
    return name.removeprefix(f"{tenant}-") if tenant else name


def _joined(reports: Iterable[TenantReport]) -> tuple[TenantReport, ...]:
    by_code: dict[str, tuple[Statement, ...]] = {}
    for report in reports:
        by_code[report.code] = (*by_code.get(report.code, ()), *report.statements)
    return tuple(TenantReport(code, said) for code, said in by_code.items())


def _silent(report: StackReport, outcome: Any) -> Iterator[ReportedFinding]:
    """A run that ends without an error event says why in its remark."""
    if report.result != "ok" and not report.errors:
        yield ReportedFinding("", "", "", masked(str(outcome.get("remark") or f"it ended as {report.result}")), "")


def _without_json(done: Done) -> ReportedFinding:
    text = masked(f"the command ended with {done.code} and said no result: {done.said}")
    return ReportedFinding("", "", "", text, "run it by hand in the tree: --keep leaves the instance")
