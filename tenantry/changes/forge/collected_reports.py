"""Saved reports of a request's last commit, and its rehearsal, from the artifacts of the workflows' runs.

The preview and the rehearsal end at different times and in different runs, and each writes the one comment with all
that is there by then. A rehearsal is the work of the request's own code: of its file nothing but the rehearsal is
taken, so that no report of a stack comes in by it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tenantry.changes.forge.github_runs import PREVIEW, REPORT, REQUEST, Run, Runs
from tenantry.changes.report.request_report import RequestReport, UnreadableReportError, from_json, to_json
from tenantry.engine.errors import CommandError

REHEARSAL: Final = "rehearsal"
_REPORT: Final = "report-"  # then the stack


@dataclass(frozen=True, slots=True)
class Collected:
    """`files`: content by name, to be posted together. `remarks`: what there is, and what cannot be read."""

    files: Mapping[str, bytes]
    remarks: tuple[str, ...]


def collect(runs: Runs, number: int, head: str) -> Collected:
    """All that belongs into the comment of a request whose last commit is `head`; nothing once it has moved on."""
    now = runs.head_of(number)
    if now != head:
        return Collected({}, (f"request {number} has moved on to {now[:12]}: its own runs write the comment",))
    files: dict[str, bytes] = {}
    remarks: list[str] = []
    for name, run in _found(runs, head):
        file = f"{REHEARSAL}.json" if name == REHEARSAL else REPORT
        try:
            content = runs.report(run, name, file)
            if content is None:
                continue
            report = from_json(content)
        except (CommandError, UnreadableReportError) as error:
            remarks.append(f"{name} of {run.address} is left out: {error}")
            continue
        if name == REHEARSAL:
            content = to_json(RequestReport((), report.rehearsal)).encode()
        files[f"{name}.json"] = content
        remarks.append(f"{name} of {run.address}")
    return Collected(files, tuple(remarks))


def _found(runs: Runs, head: str) -> Iterator[tuple[str, Run]]:
    """Each artifact that is wanted, of the newest run that has it."""
    for workflow, is_wanted in ((PREVIEW, _is_report), (REQUEST, _is_rehearsal)):
        known: set[str] = set()
        for run in runs.of_commit(workflow, head):
            for name in runs.artifacts(run):
                if is_wanted(name) and name not in known:
                    known.add(name)
                    yield name, run


def _is_report(name: str) -> bool:
    return name.startswith(_REPORT)


def _is_rehearsal(name: str) -> bool:
    return name == REHEARSAL
