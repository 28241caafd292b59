"""A report for a terminal or a log: whole, and without anything that moves a cursor."""

from collections.abc import Iterable, Iterator

from tenantry.changes.report.rehearsal_result import Rehearsal
from tenantry.changes.report.rehearsal_section import company, parts, rows, titled
from tenantry.changes.report.request_report import RequestReport, StackReport
from tenantry.changes.report.sections import TITLES, FindingEntry, entries, finding_entries, who
from tenantry.changes.report.statements import Statement, Weight
from tenantry.changes.report.verdict import RESULTS, SHORT, against, counts, money, verdict
from tenantry.parsing.faults import printable


def plain_text(report: RequestReport) -> str:
    rehearsed = _rehearsed(report.rehearsal) if report.rehearsal else ()
    lines = [verdict(report), *rehearsed, *(line for stack in report.stacks for line in _stack(stack))]
    return "\n".join(map(printable, lines)) + "\n"


def _rehearsed(rehearsal: Rehearsal) -> Iterator[str]:
    yield ""
    yield f"rehearsal in {rehearsal.seconds:.0f} s; {company(rehearsal)}"
    yield from (f"  {remark}" for remark in rehearsal.remarks)
    for words, result, seconds in rows(rehearsal):
        yield f"  {seconds:>4} s  {words}: {_flat(result)}"
    for stage in parts(rehearsal):
        yield f"  {stage.title}"
        yield from _findings(stage.findings)
        weighted = [*stage.entries, *((Weight.OTHER, entry) for entry in stage.rest)]
        for weight, entry in weighted:
            yield from (f"    {titled(weight)}: {who(entry.codes)}: {_statement(said)}" for said in entry.statements)


def _findings(findings: Iterable[FindingEntry]) -> Iterator[str]:
    for entry in findings:
        rule = f"policy {entry.finding.rule}: " if entry.finding.rule else ""
        tenants = f"{who(entry.codes)}: " if any(entry.codes) else ""
        yield f"    {tenants}{rule}{_flat(entry.finding.text)}"
        if entry.finding.remedy:
            yield f"      what to do: {_flat(entry.finding.remedy)}"


def _stack(stack: StackReport) -> Iterator[str]:
    effect = RESULTS.get(stack.result, stack.result) if stack.result != "ok" else SHORT[stack.effect]
    yield ""
    yield f"{stack.stack}: {effect}; {stack.affected} tenants, {counts(stack)}; CNY a month: {money(stack)}"
    yield f"  made against {against(stack)}"
    for title, findings in (("Refused", stack.errors), ("Warnings", stack.warnings)):
        if findings:
            yield f"  {title}"
        yield from _findings(finding_entries(findings))
    if stack.unfinished:
        yield f"    {who(stack.unfinished)}: not looked at to the end"
    for weight in Weight:
        listed = entries(stack.tenants, weight)
        if listed:
            yield f"  {TITLES[weight]}"
        for entry in listed:
            yield from (f"    {who(entry.codes)}: {_statement(said)}" for said in entry.statements)


def _statement(said: Statement) -> str:
    return f"{said.words} {', '.join(said.subjects)}".strip()


def _flat(text: str) -> str:
    return " ".join(text.split())
