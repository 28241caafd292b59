"""Changes of a run of the engine, told to the history as they happen."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Done, Entry, Result
from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.process.events import Event, Step
from tenantry.engine.run.engine_process import Recorder
from tenantry.engine.run.progress import Change, Finding, Progress
from tenantry.engine.stack.urns import ResourceOwner, is_plumbing, name_of, type_of

# They change nothing; `replace` is the engine's heading over a creation and a deletion that it tells as well.
_NO_CHANGE: Final = ("same", "refresh", "read", "replace", "read-replacement", "discard", "discard-replaced")
_RESULTS: Final = {ExitCode.OK: Result.OK, ExitCode.FAILED: Result.FAILED, ExitCode.INTERRUPTED: Result.INTERRUPTED}


class Recorders:
    """Several recorders as one."""

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = recorders

    def event(self, event: Event, progress: Progress) -> None:
        for recorder in self._recorders:
            recorder.event(event, progress)

    def finding(self, finding: Finding) -> None:
        for recorder in self._recorders:
            recorder.finding(finding)

    def tick(self) -> None:
        for recorder in self._recorders:
            recorder.tick()


class ChangeRecorder:
    """Follows the engine's events, and hands each change that has ended to the journal.

    The error of a resource comes as a finding of its own, before its failed step or after it: each waits for the other
    until the engine has ended.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._begun: dict[str, tuple[Step, ResourceOwner]] = {}
        self._failed: dict[str, tuple[Step, ResourceOwner]] = {}
        self._errors: dict[str, str] = {}  # of steps that have begun and not failed yet

    def event(self, event: Event, progress: Progress) -> None:
        if isinstance(event, Step) and event.is_custom and not is_plumbing(type_of(event.urn)):
            self._step(event, progress.place(event.urn))

    def tick(self) -> None:
        self._journal.flush()

    def _step(self, step: Step, place: ResourceOwner) -> None:
        if step.operation in _NO_CHANGE:
            return
        if step.stage == "begun":
            self._begun[step.urn] = step, place
            return
        self._begun.pop(step.urn, None)
        if step.stage == "done":
            self._add(step, place, Done.DONE)
        elif error := self._errors.pop(step.urn, ""):
            self._add(step, place, Done.FAILED, error=error)
        else:
            self._failed[step.urn] = step, place

    def finding(self, finding: Finding) -> None:
        """A resource without a step was refused before it began: by a policy, or by its provider's check."""
        if not finding.urn or is_plumbing(type_of(finding.urn)):
            return
        if finding.urn in self._begun:
            self._errors.setdefault(finding.urn, finding.text)
            return
        step, place = self._failed.pop(finding.urn, (None, finding.place))
        self._add(step, place, Done.FAILED, finding.urn, finding.text)

    def close(self) -> None:
        """After the engine's end: what failed without a word of its own, and what was begun and not ended."""
        for step, place in self._failed.values():
            self._add(step, place, Done.FAILED, error="no reason was given")
        for urn, (step, place) in self._begun.items():
            error = self._errors.get(urn, "")
            self._add(step, place, Done.FAILED if error else Done.INTERRUPTED, error=error)
        self._failed.clear()
        self._begun.clear()
        self._errors.clear()

    def _add(self, step: Step | None, place: ResourceOwner, outcome: Done, urn: str = "", error: str = "") -> None:
        urn = step.urn if step else urn
        action, properties = (step.operation, step.changed) if step else ("check", ())
        self._journal.add(
            Entry(place.tenant, place.step, type_of(urn), name_of(urn), action, outcome, tuple(properties), error)
        )


@contextmanager
def recorded(journal: Journal) -> "Generator[Ending, None, None]":
    """Writes the run's beginning and its end, whichever way the block is left."""
    ending = Ending()
    journal.begin()
    try:
        yield ending
    except CommandError as refusal:
        result = Result.INTERRUPTED if refusal.code is ExitCode.INTERRUPTED else Result.REFUSED
        journal.end(result, refusal.problem)
        raise
    except BaseException as error:
        is_stopped = isinstance(error, KeyboardInterrupt | GeneratorExit)
        result = Result.INTERRUPTED if is_stopped else Result.FAILED
        journal.end(result, "" if is_stopped else str(error))
        raise
    journal.end(ending.result, ending.error)


class Ending:
    """The end of a block of `recorded`, where no exception says it."""

    def __init__(self) -> None:
        self.result, self.error = Result.OK, ""

    def failed(self, error: str) -> None:
        """Some of it failed, unless `error` is empty."""
        if error:
            self.result, self.error = Result.FAILED, error

    def engine(self, code: ExitCode, errors: Iterable[Finding], remark: str, *, is_killed: bool) -> None:
        """By the outcome of the engine."""
        self.result = Result.KILLED if is_killed else _RESULTS.get(code, Result.FAILED)
        self.error = remark or "; ".join(str(finding) for finding in errors if not finding.urn)


def recovered_entry(note: str) -> Entry:
    """Entries on what a recovery did, in its own words: `k001 owner: NAME (TYPE): ...`."""
    place, _, rest = note.partition(": ")
    resource, _, words = rest.partition(": ")
    tenant, _, step = place.partition(" ")
    name, _, type_ = resource.removesuffix(")").partition(" (")
    tenant = "" if tenant == "platform" else tenant
    return Entry(tenant, step, type_, name, "recover", Done.DONE, (), words)


def drift_entry(change: Change) -> Entry:
    """Entries on what a refresh has seen that somebody else has changed."""
    place, urn = change.place, change.urn
    return Entry(
        place.tenant, place.step, type_of(urn), name_of(urn), f"drift {change.operation}", Done.DONE, change.properties
    )
