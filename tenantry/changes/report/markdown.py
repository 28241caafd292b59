"""A report as a comment on GitHub or GitLab.

Whatever is not ours stands in a code span, where neither makes a link, a mention, an image, an issue number or a
command of it, and no HTML. Control characters are escaped before. What does not fit is left out by value: the least
important first, over all stacks together.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.rehearsal_result import Rehearsal
from tenantry.changes.report.rehearsal_section import company, titled
from tenantry.changes.report.rehearsal_section import parts as stage_parts
from tenantry.changes.report.rehearsal_section import rows as stage_rows
from tenantry.changes.report.request_report import RequestReport, StackReport
from tenantry.changes.report.sections import TITLES, Entry, FindingEntry, entries, finding_entries, who
from tenantry.changes.report.statements import Effect, Statement, Weight
from tenantry.changes.report.verdict import RESULTS, SHORT, against, counts, money, verdict
from tenantry.parsing.faults import printable

MARKER: Final = "<!-- tenantry-report -->"
LIMIT: Final = 65_536  # characters of a comment on GitHub
NOTE: Final = 300  # characters for what is said of the cut
_LONGEST: Final = 600  # characters of one text
_MOST_SUBJECTS: Final = 8
_COMMIT: Final = 12  # characters
_OURS: Final = re.compile(r"[A-Za-z0-9 ,:;'()>+-]*")
_TICKS: Final = re.compile(r"`+")
_REHEARSAL: Final = -2  # stands for a stack's number
_HEAD, _ERRORS, _WARNINGS = -2, -1, int(Weight.OTHER) - 0.5


@dataclass(frozen=True, slots=True)
class Block:
    """Lines with their value (what is lowest stays longest), and the frame that comes with the first of them."""

    part: int  # of which stack; those of one share a heading
    before: tuple[str, ...]
    lines: tuple[tuple[float, str], ...]
    after: tuple[str, ...] = ()


def markdown(report: RequestReport) -> str:
    """Begins with the marker by which the comment is found again. Never longer than LIMIT."""
    approval = "" if report.is_failed or report.effect is Effect.NOTHING else f" Exit code {int(report.effect)}."
    head = [MARKER, "## What this request does", "", f"**{verdict(report)}**{approval}{_commits(report)}"]
    blocks: list[Block] = []
    headings: dict[int, tuple[str, ...]] = {}
    is_many = len(report.stacks) > 1 or report.rehearsal is not None
    if report.stacks:
        table = ("", "| stack | effect | tenants | resources | CNY a month | made against |", "|" + " --- |" * 6)
        blocks.append(Block(-1, table, tuple((_HEAD, _row(stack)) for stack in report.stacks)))
    if report.rehearsal is not None:
        headings[_REHEARSAL] = ("", "## Rehearsal, by the request's own code on an instance of its own")
        blocks += _rehearsed(report.rehearsal)
    for number, stack in enumerate(report.stacks):
        headings[number] = ("", f"## Stack {code(stack.stack)}") if is_many else ()
        blocks += _blocks(number, stack)
    kept, left_out = fitting(blocks, headings, LIMIT - NOTE - len("\n".join(head)))
    lines = [*head, *written_blocks(blocks, headings, kept)]
    if left_out:
        lines += ["", f"**{left_out} lines are left out here, the least important first: a comment ends at {LIMIT}"
                  " characters. The whole report is the artifact of this run.**"]  # fmt: skip
    return "\n".join(lines) + "\n"


def fitting(
    blocks: list[Block], headings: Mapping[int, tuple[str, ...]], room: int
) -> tuple[set[tuple[int, int]], int]:
    """The lines that have room, by block and place, the weightiest first; and how many have none."""
    order = sorted(
        (value, block, place) for block, entry in enumerate(blocks) for place, (value, _) in enumerate(entry.lines)
    )
    kept: set[tuple[int, int]] = set()
    opened: set[int] = set()
    parts: set[int] = set()
    for count, (_, index, place) in enumerate(order):
        block = blocks[index]
        texts = [block.lines[place][1]]
        if index not in opened:
            texts += [*block.before, *block.after]
        if block.part not in parts:
            texts += headings.get(block.part, ())
        room -= sum(len(text) + 1 for text in texts)
        if room < 0:
            return kept, len(order) - count
        kept.add((index, place))
        opened.add(index)
        parts.add(block.part)
    return kept, 0


def written_blocks(
    blocks: list[Block], headings: Mapping[int, tuple[str, ...]], kept: set[tuple[int, int]]
) -> Iterator[str]:
    part = -1
    for index, block in enumerate(blocks):
        lines = [text for place, (_, text) in enumerate(block.lines) if (index, place) in kept]
        if not lines:
            continue
        if block.part != part:
            part = block.part
            yield from headings.get(part, ())
        yield from (*block.before, *lines, *block.after)


def code(text: str) -> str:
    """A text of others as a code span: nothing in it means anything."""
    flat = printable(" ".join(text.split()))
    if len(flat) > _LONGEST:
        flat = flat[:_LONGEST] + "..."
    longest = max((len(run) for run in _TICKS.findall(flat)), default=0)
    fence = "`" * (longest + 1)
    gap = " " if not flat or flat[0] in "` " or flat[-1] in "` " else ""
    return f"{fence}{gap}{flat or '-'}{gap}{fence}"


def _ours(text: str) -> str:
    """Words of this program; a saved report may hold others in their place."""
    return text if _OURS.fullmatch(text) else code(text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _commits(report: RequestReport) -> str:
    """The commit of the report: the comment is updated, and a reader may have seen an earlier one."""
    commits = sorted({(stack.basis.head, stack.basis.base) for stack in report.stacks if stack.basis.head})
    if len(commits) > 1:
        heads = ", ".join(code(head[:_COMMIT]) for head, _ in commits[:_MOST_SUBJECTS])
        return f" **The stacks were previewed at different commits: {heads}.**"
    return "".join(f" Commit {code(head[:_COMMIT])}, compared with {code(base[:_COMMIT])}." for head, base in commits)


def _row(stack: StackReport) -> str:
    effect = RESULTS.get(stack.result, code(stack.result)) if stack.result != "ok" else SHORT[stack.effect]
    cells = (code(stack.stack), effect, str(stack.affected), counts(stack), money(stack), code(against(stack)))
    return f"| {' | '.join(map(_cell, cells))} |"


def _blocks(part: int, stack: StackReport) -> Iterator[Block]:
    if stack.errors or stack.unfinished:
        unseen = [(_ERRORS, f"- **{_who(stack.unfinished)}**: not looked at to the end")] if stack.unfinished else []
        yield Block(part, _title("Refused"), (*_found(finding_entries(stack.errors), _ERRORS), *unseen))
    for weight in Weight:
        if weight is not Weight.OTHER and (listed := entries(stack.tenants, weight)):
            yield Block(part, _title(TITLES[weight]), tuple(_lines(listed, weight)))
    if stack.warnings:
        listed = finding_entries(stack.warnings)
        title = f"{len(listed)} warnings" if len(listed) > 1 else "1 warning"
        yield _folded(part, title, _found(listed, _WARNINGS))
    if rest := entries(stack.tenants, Weight.OTHER):
        codes = sorted({code for entry in rest for code in entry.codes})
        yield _folded(part, f"All else, of {who(codes)}", _lines(rest, Weight.OTHER))


def _rehearsed(rehearsal: Rehearsal) -> Iterator[Block]:
    table = ("", "| stage | result | seconds |", "|" + " --- |" * 3)
    rows = [
        f"| {_ours(words)} | {_cell(_ours(result))} | {seconds} |" for words, result, seconds in stage_rows(rehearsal)
    ]
    yield Block(_REHEARSAL, (), ((_HEAD, ""), (_HEAD, f"{_ours(company(rehearsal))}"),
                                  *((_HEAD, f"- {_ours(remark)}") for remark in rehearsal.remarks)))  # fmt: skip
    yield Block(_REHEARSAL, table, tuple((_HEAD, row) for row in rows))
    for stage in stage_parts(rehearsal):
        lines_of_tenants = [
            (float(weight), f"- {_ours(titled(weight))}: **{_who(entry.codes)}**: {_statement(said)}")
            for weight, entry in stage.entries
            for said in entry.statements
        ]
        lines = (*_found(list(stage.findings), _ERRORS), *lines_of_tenants)
        if lines:
            yield Block(_REHEARSAL, _title(stage.title), lines)
        if stage.rest:
            codes = sorted({code for entry in stage.rest for code in entry.codes})
            title = f"All else, of {who(codes)}" if lines else f"{stage.title}: {who(codes)}"
            yield _folded(_REHEARSAL, title, _lines(list(stage.rest), Weight.OTHER))


def _title(text: str) -> tuple[str, ...]:
    return ("", f"### {text}", "")


def _folded(part: int, title: str, lines: Iterator[tuple[float, str]]) -> Block:
    summary = f"<details><summary>{title if _OURS.fullmatch(title) else 'All else'}</summary>"
    return Block(part, ("", summary, ""), tuple(lines), ("", "</details>"))


def _lines(listed: list[Entry], weight: Weight) -> Iterator[tuple[float, str]]:
    for entry in listed:
        first, *others = entry.statements
        if not others:
            yield weight, f"- **{_who(entry.codes)}**: {_statement(first)}"
            continue
        yield weight, f"- **{_who(entry.codes)}**:"
        yield from ((weight, f"  - {_statement(said)}") for said in entry.statements)


def _who(codes: tuple[str, ...]) -> str:
    return _ours(who(codes))


def _statement(said: Statement) -> str:
    limit = _MOST_SUBJECTS if said.weight is not Weight.OTHER else 4 * _MOST_SUBJECTS
    shown = ", ".join(code(subject) for subject in said.subjects[:limit])
    more = f" and {len(said.subjects) - limit} more" if len(said.subjects) > limit else ""
    return f"{_ours(said.words)} {shown}{more}".strip()


def _found(findings: list[FindingEntry], value: float) -> Iterator[tuple[float, str]]:
    for entry in findings:
        tenants = f"**{_who(entry.codes)}**: " if any(entry.codes) else ""
        rule = f"policy {code(entry.finding.rule)}: " if entry.finding.rule else ""
        yield value, f"- {tenants}{rule}{code(entry.finding.text)}"
        if entry.finding.remedy:
            yield value, f"  - what to do: {code(entry.finding.remedy)}"
