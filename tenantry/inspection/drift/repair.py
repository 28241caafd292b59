"""Mends what is safe: removes what nobody declared and holds no data, and has a run make right what was declared."""

from collections.abc import Iterable
from dataclasses import replace

from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.run.operations import Operation
from tenantry.inspection.drift.look import look
from tenantry.inspection.drift.model import Drift, Finding, Mending
from tenantry.inspection.drift.undeclared.removal import Undeclared

_MOST = 10  # lines of a refusal


def repair(operation: Operation) -> Drift:
    """Looks, mends, and looks again: what is found then is left to a person.

    Raises Refusal before the first change where the files hold what no run has made: a repair rolls out nothing.
    """
    before = look(operation)
    if not any(finding.mending is not Mending.PERSON for finding in before.drift.findings):
        return before.drift
    _refuse_changes(operation)
    removed = _removed(operation, before.undeclared)
    declared = [finding for finding in before.drift.findings if finding.mending is Mending.UP]
    if declared:
        _put_right(operation)
    left = look(operation).drift
    right = [f"made right: {line_of(finding)}" for finding in declared if finding not in left.findings]
    return replace(left, mended=(*removed, *(right if not left.unseen else ())))


def _refuse_changes(operation: Operation) -> None:
    outcome = operation.preview()
    if outcome.code:
        raise CommandError(
            "the preview before the repair failed: nothing was changed", "`tenantry preview` shows why", outcome.code
        )
    if changes := outcome.progress.changes:
        lines = [f"  {change.place}: {change.operation} {change.urn.rpartition('::')[2]}" for change in changes[:_MOST]]
        more = [f"  and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
        raise CommandError(
            "\n".join(["the files hold changes that no run has made; nothing was repaired:", *lines, *more]),
            "`tenantry up` makes them (with --refresh it mends what was declared, too); then run this again",
        )


def _removed(operation: Operation, undeclared: Iterable[Undeclared]) -> list[str]:
    mended: list[str] = []
    for item in undeclared:
        if item.remove is None:
            continue
        line = line_of(item.finding)
        try:
            item.remove()
        except Exception as error:  # what one system refuses stays for the look afterwards; the others go on
            reason = operation.cli.redact(" ".join(str(error).split()) or type(error).__name__)
            operation.watcher.say(f"not removed: {line}: {reason}")
            continue
        mended.append(f"removed: {line}")
        operation.watcher.say(mended[-1])
    return mended


def _put_right(operation: Operation) -> None:
    """By the run that everybody knows. Data that is gone stops it before it changes anything."""
    try:
        outcome = operation.up(refresh=True)
    except CommandError as refusal:
        if refusal.code != ExitCode.REFUSED:
            raise
        operation.watcher.say(f"not made right: {refusal}")
        return
    if outcome.code:
        operation.watcher.say("not all was made right: `tenantry up --refresh` shows why")


def line_of(finding: Finding) -> str:
    """`k001, Kubernetes NetworkPolicy extra: nobody declared it`."""
    return f"{finding.tenant or 'platform'}, {finding.system} {finding.subject}: {finding.said}"
