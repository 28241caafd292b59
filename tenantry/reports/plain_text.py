"""A report for a terminal or a log: whole, and without anything that moves a cursor."""

from collections.abc import Iterator

from tenantry.faults import printable
from tenantry.reports.request_report import RequestReport, StackReport, Statement, Weight
from tenantry.reports.sections import TITLES, entries, finding_entries, who
from tenantry.reports.verdict import RESULTS, SHORT, against, counts, money, verdict


def plain_text(report: RequestReport) -> str:
    lines = [verdict(report), *(line for stack in report.stacks for line in _stack(stack))]
    return "\n".join(map(printable, lines)) + "\n"


def _stack(stack: StackReport) -> Iterator[str]:
    effect = RESULTS.get(stack.result, stack.result) if stack.result != "ok" else SHORT[stack.effect]
    yield ""
    yield f"{stack.stack}: {effect}; {stack.affected} tenants, {counts(stack)}; CNY a month: {money(stack)}"
    yield f"  made against {against(stack)}"
    for title, findings in (("Refused", stack.errors), ("Warnings", stack.warnings)):
        if findings:
            yield f"  {title}"
        for entry in finding_entries(findings):
            rule = f"policy {entry.finding.rule}: " if entry.finding.rule else ""
            tenants = f"{who(entry.codes)}: " if any(entry.codes) else ""
            yield f"    {tenants}{rule}{_flat(entry.finding.text)}"
            if entry.finding.remedy:
                yield f"      what to do: {_flat(entry.finding.remedy)}"
    if stack.unfinished:
        yield f"    {who(stack.unfinished)}: not looked at to the end"
    for weight in Weight:
        found = entries(stack, weight)
        if found:
            yield f"  {TITLES[weight]}"
        for entry in found:
            yield from (f"    {who(entry.codes)}: {_statement(said)}" for said in entry.statements)


def _statement(said: Statement) -> str:
    return f"{said.words} {', '.join(said.subjects)}".strip()


def _flat(text: str) -> str:
    return " ".join(text.split())
