"""The first line of a report, the same in every form."""

import re
from typing import Final

from tenantry.changes.report.rehearsal_result import Rehearsal
from tenantry.changes.report.request_report import RequestReport, StackReport
from tenantry.changes.report.statements import Effect

_EFFECTS: Final = {
    Effect.NOTHING: "Nothing changes.",
    Effect.ADDITIONS: "Somebody is affected, and nobody gets less.",
    Effect.LESS: "Somebody gets less.",
    Effect.DESTRUCTIVE: "Something is deleted or replaced, or isolation changes.",
}
SHORT: Final = {
    Effect.NOTHING: "nothing",
    Effect.ADDITIONS: "additions",
    Effect.LESS: "somebody gets less",
    Effect.DESTRUCTIVE: "deletion, replacement or isolation",
}
_FOR_OTHER_REASONS: Final = ("locked", "interrupted")  # than what the request says
_FRACTION: Final = re.compile(r"(?<=[0-9])\.[0-9]+")  # of a second
RESULTS: Final = {
    "failed": "the preview failed",
    "refused": "refused, nothing was previewed",
    "locked": "not previewed, somebody else works on the stack",
    "interrupted": "the preview was interrupted",
}


def verdict(report: RequestReport) -> str:
    """The approval that is needed, or the reason why there can be none."""
    if report.rehearsal is None:
        return _of_stacks(report)
    rehearsed = rehearsal_verdict(report.rehearsal)
    return f"{rehearsed} {_of_stacks(report)}" if report.stacks else rehearsed


def rehearsal_verdict(rehearsal: Rehearsal) -> str:
    """Tells whether it came through, else everything that has gone wrong."""
    if rehearsal.is_interrupted:
        return "The rehearsal was interrupted: what it showed until then is below."
    if rehearsal.failed:
        return f"The rehearsal fails: {'; '.join(stage.failure for stage in rehearsal.failed)}."
    loud = " Something is deleted, replaced or lost." if rehearsal.effect is Effect.DESTRUCTIVE else ""
    return f"The rehearsal comes through, and the way back is open.{loud}"


def _of_stacks(report: RequestReport) -> str:
    if not report.stacks:
        return "No stack is affected."
    if report.failed:
        is_unknown = all(stack.result in ("ok", *_FOR_OTHER_REASONS) for stack in report.stacks)
        what = (
            "The preview did not come to its end: run it again."
            if is_unknown
            else "The request cannot be made real as it is."
        )
        return (
            what
            if report.effect is Effect.NOTHING
            else f"{what} As far as it was seen: {_EFFECTS[report.effect].lower()}"
        )
    return _EFFECTS[report.effect]


def counts(stack: StackReport) -> str:
    """`2 created, 1 deleted`."""
    verbs = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
    parts = [f"{number} {verb}" for name, verb in verbs.items() if (number := stack.count(name))]
    rest = len(stack.operations) - sum(stack.count(name) for name in verbs)
    return ", ".join([*parts, *([f"{rest} otherwise"] if rest else [])]) or "no resource changes"


def money(stack: StackReport) -> str:
    """The change of all tenants' prices, from the plans."""
    if stack.monthly is None:
        return "not compared"
    before, after = stack.monthly
    return f"{before}" if before == after else f"{before} -> {after} ({after - before:+})"


def against(stack: StackReport) -> str:
    """The state that the preview was made against: a run since then may have changed it."""
    basis = stack.basis
    if not basis.state_time:
        return "a stack without a state" if stack.result == "ok" else "-"
    return f"state of {_FRACTION.sub('', basis.state_time)}, {basis.resources} resources"
