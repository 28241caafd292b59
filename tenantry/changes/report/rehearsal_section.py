"""The rehearsal in a report: who took part, the stages with their times, and what happened in each, for any form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tenantry.changes.report.rehearsal_result import WORDS, Rehearsal, Role, Stage, StageResult
from tenantry.changes.report.sections import TITLES, Entry, FindingEntry, entries, finding_entries, who
from tenantry.changes.report.statements import Weight

_RESULTS: Final = {
    StageResult.OK: "ok",
    StageResult.FAILED: "FAILED",
    StageResult.SKIPPED: "left out",
    StageResult.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True)
class StagePart:
    """The statements on one stage, the gravest first."""

    title: str
    findings: tuple[FindingEntry, ...]
    entries: tuple[tuple[Weight, Entry], ...]  # of all weights but the least
    rest: tuple[Entry, ...]


def company(rehearsal: Rehearsal) -> str:
    """The tenants that took part, in our words and their codes."""
    affected, beside = rehearsal.codes(Role.AFFECTED), rehearsal.codes(Role.BYSTANDER)
    parts = [f"affected: {who(affected) if affected else 'nobody'}"]
    if beside:
        parts.append(f"must stay untouched: {who(beside)}")
    if rehearsal.left_out:
        parts.append(f"affected too, and not rehearsed: {who(rehearsal.left_out)}")
    return "; ".join(parts)


def rows(rehearsal: Rehearsal) -> Iterator[tuple[str, str, str]]:
    """Stage, result, seconds."""
    for stage in rehearsal.stages:
        result = f"{_RESULTS[stage.result]}: {stage.remark}" if stage.remark else _RESULTS[stage.result]
        yield WORDS[stage.name], result, f"{stage.seconds:.0f}"


def parts(rehearsal: Rehearsal) -> list[StagePart]:
    return [_part(stage) for stage in rehearsal.shown_stages()]


def titled(weight: Weight) -> str:
    return TITLES[weight]


def _part(stage: Stage) -> StagePart:
    parts = [
        (weight, entry) for weight in Weight if weight is not Weight.OTHER for entry in entries(stage.tenants, weight)
    ]
    return StagePart(
        f"{WORDS[stage.name][0].upper()}{WORDS[stage.name][1:]}",
        tuple(finding_entries(stage.errors)),
        tuple(parts),
        tuple(entries(stage.tenants, Weight.OTHER)),
    )
