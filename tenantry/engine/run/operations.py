"""`tenantry up`, `preview` and `destroy` from the first check to what is said at the end."""

import os
import shutil
import tempfile
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Run
from tenantry.database.history.origin import origin_of
from tenantry.engine.clients.postgresql import Server, server_of
from tenantry.engine.errors import CommandError, ExitCode, StackLocked
from tenantry.engine.process.os_user import own_name
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.run import lock_holders, quota_refusals
from tenantry.engine.run.ended import exit_code_of, remark_of
from tenantry.engine.run.engine_process import RunListener, run
from tenantry.engine.run.onboarding_recorder import Recorder as OpeningRecorder
from tenantry.engine.run.progress import Change, Finding, Progress
from tenantry.engine.run.recording import ChangeRecorder, Recorders, drift_entry, recorded, recovered_entry
from tenantry.engine.run.refresh import Reading, line_of, names_what_is_missing, refuse_lost
from tenantry.engine.run.run_log import RunLog
from tenantry.engine.stack import environment, policy_pack
from tenantry.engine.stack.clock import today
from tenantry.engine.stack.project import Project
from tenantry.engine.stack.urns import ResourceOwner
from tenantry.engine.state.deployment import Deployment
from tenantry.engine.state.process_lock import key_of
from tenantry.engine.state.recovery import Recovery, interrupted
from tenantry.engine.state.resource_ids import DNS_RECORD
from tenantry.engine.state.stack_lock import StackLock
from tenantry.engine.state.stack_state import StackState, refuse_missing
from tenantry.engine.state.state_files import FileState
from tenantry.engine.state.tenant_rows import Labels, Row, rows

_COMMON = ("--non-interactive", "--suppress-outputs", "--suppress-permalink=true", "--color", "never")
_ROUNDS = 5  # of a preview after its first: each takes as long as the first
_READING = ("--yes", "--skip-preview", "--suppress-progress", "--skip-pending-creates")
_WITH_PLANS = {"PULUMI_EXPERIMENTAL": "true"}  # else the engine knows neither option
_APPLYING = ("--yes", "--skip-preview", "--suppress-progress", "--continue-on-error")


@dataclass
class Outcome:
    """The result of a command."""

    code: ExitCode
    progress: Progress
    seconds: float
    tenants: list[Row]
    recovered: list[str] = field(default_factory=list[str])
    log: Path | None = None
    remark: str = ""  # what the engine said when it ended without a single error event
    was_cut_off: bool = False  # stopped or killed before its end
    expected: list[str] = field(default_factory=list[str])  # the tenants of the stack, by their files
    drift: list[Change] = field(default_factory=list[Change])  # what a refresh found before
    state_time: str = ""  # of a preview: when the state that it was made against was written last
    state_resources: int = 0
    reminder: str = ""  # of an `up`: that nobody has looked for drift for long

    @property
    def unfinished(self) -> list[str]:
        """The tenants that have no fault of their own and were not brought to their end."""
        settled = {*self.progress.converged, *self.progress.failed_tenants}
        return [code for code in self.expected if code not in settled]

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return {
            "result": self.code.name.lower(),
            "seconds": round(self.seconds, 1),
            "changes": self.progress.counts(),
            "tenants": [row.as_json() for row in self.tenants],
            "failed": self.progress.failed_tenants,
            "converged": self.progress.converged,
            "unfinished": self.unfinished,
            "drift": [_change(change) for change in self.drift],
            "errors": [_finding(finding) for finding in self.progress.errors],
            "warnings": [_finding(finding) for finding in self.progress.warnings],
            "operations": [_change(change) for change in self.progress.changes],
            "recovered": self.recovered,
            "remark": self.remark,
            "reminder": self.reminder,
            "log": str(self.log) if self.log else None,
        }


@dataclass
class Operation:
    """One command on one stack."""

    project: Project
    stack: str
    watcher: RunListener
    given: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    parallel: int | None = None  # operations at once; else $PULUMI_PARALLEL, else the engine's own 4 a processor

    def __post_init__(self) -> None:
        self.stack = self.project.stack(self.stack)
        self.environment = environment.environment(self.project, self.stack, self.given)
        self.url = environment.backend_of(self.project, self.environment)
        key = key_of(self.url, self.project.name, self.stack)
        self.cli = Cli(self.project.root, self.environment, key)
        self.files = FileState.at(self.url, self.project.name, self.stack, self.project.root)
        self.holding = StackLock(self.cli, self.stack, self.files)
        self.records = StackState(self.cli, self.stack, self.files, self._unlock)
        self._labels: dict[str, Labels] = {}
        self._server: Server | None = None

    def up(self, *, refresh: bool = False, plan: Path | None = None) -> Outcome:
        """Converges the stack; `refresh`: after reading all that it holds. `plan`: nothing that a preview did not say.

        The engine holds each resource to the plan when its turn comes (decision 0034).
        """
        self._check()
        policies = (*self._policies(), *(("--plan", str(plan)) if plan else ()))
        with self.holding.held(self.watcher.say):
            if self.records.make(self.project.secrets_provider(self.stack)):
                self.watcher.say(f"made the stack `{self.stack}`")
            return self._recorded("up", *policies, refresh=refresh)

    def destroy(self) -> Outcome:
        """Removes everything the stack holds; whether that is allowed was asked before."""
        self._check(with_tenants=False)
        with self.holding.held(self.watcher.say):
            return self._recorded("destroy")

    def preview(self, *, refresh: bool = False, plan: Path | None = None) -> Outcome:
        """Says what `up` would do; `refresh`: to what is there now, and not to what the stack's record says.

        `plan`: where the engine writes it down for `up`, with personal data in clear and secrets encrypted.

        Makes and changes nothing: neither a stack, nor the stack's file. Raises NoStack where there is none yet: the
        engine cannot preview it.
        """
        self._check()
        policies = self._policies()
        before = self.records.existing()
        if pending := interrupted(before):
            self.watcher.say(f"{len(pending)} interrupted operation(s) stay as they are: `up` recovers them first")
        reading = (*(("--refresh",) if refresh else ()), *(("--save-plan", str(plan)) if plan else ()))
        with self._copied_settings() as settings:
            outcome = self._preview(before, *policies, *settings, *reading)
        outcome.state_time, outcome.state_resources = before.changed_at, before.custom_count()
        return outcome

    def read_live(self) -> tuple[Deployment, Reading]:
        """Reads all that the stack holds as it is now, and writes nothing: neither the record, nor a lock.

        Returns the record and the reading, whose `errors` are of what could not be read. Raises NoStack; Refusal when
        nothing could be read, and when a run has changed the record in the meantime.
        """
        self._check()
        before = self.records.existing()
        reading = Reading(before.parents, before.custom_count(), self.cli.redact)
        with self._copied_settings() as settings, self._log("drift") as log:
            command = ["refresh", "--preview-only", "--suppress-progress", "--stack", self.stack, *_COMMON, *settings]
            ended = run(replace(self.cli, skips_confirmations=False), command, reading, self.watcher, log)
        if ended.is_interrupted or ended.code < 0:
            raise CommandError("stopped while reading", "run it again", ExitCode.INTERRUPTED)
        if ended.code and not reading.errors:
            raise CommandError(
                f"what the stack holds cannot be read: {remark_of(ended, [])}", "run it again", ExitCode.FAILED
            )
        if self.records.existing().changed_at != before.changed_at:
            raise StackLocked("a run has changed the stack while it was read", "run it again when that run has ended")
        return before, reading

    @contextmanager
    def _copied_settings(self) -> Generator[tuple[str, ...]]:
        """The engine may write a key into the file of settings that it reads: it gets a copy."""
        file = self.project.file(self.stack)
        if not file.is_file():
            yield ()
            return
        with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
            yield ("--config-file", shutil.copy(file, folder))

    def server(self) -> Server:
        """The database server of the stack. Raises Refusal when the stack does not say where it is, or is not there."""
        if self._server is None:
            refuse_missing(self.files, self.stack)
            self._server = server_of(self.cli, self.stack)
        return self._server

    def _preview(self, before: Deployment | None, *arguments: str) -> Outcome:
        """Again and again without the tenants that have faults: the engine ends a preview at the first of them."""
        outcome = self._engine("preview", before, [], *arguments)
        left_out: set[str] = set()
        for _ in range(_ROUNDS):
            failed = outcome.progress.failed_tenants.keys()
            if outcome.code != ExitCode.FAILED or not outcome.unfinished or not failed - left_out:
                break
            left_out |= failed
            self.watcher.say(f"looking at the others, without {', '.join(sorted(left_out))}")
            outcome = self._engine("preview", before, [], *arguments, after=outcome, left_out=left_out)
        return self._explained(outcome)

    def _recorded(self, kind: str, *arguments: str, refresh: bool = False) -> Outcome:
        """`_apply`, with what it does in the history of operations."""
        journal = self.journal(kind)
        with recorded(journal) as ending:
            outcome = self._apply(kind, *arguments, refresh=refresh, journal=journal)
            is_killed = outcome.was_cut_off and outcome.code is ExitCode.FAILED
            ending.engine(outcome.code, outcome.progress.errors, outcome.remark, is_killed=is_killed)
        return outcome

    def journal(self, command: str) -> Journal:
        """The journal of a command of this stack, not begun yet."""
        run = Run(command, self.stack, origin_of(self.given, self.project.root, own_name()))
        return Journal(run, lambda database: self.server().session(database), self.watcher.say)

    def _apply(self, kind: str, *arguments: str, refresh: bool = False, journal: Journal) -> Outcome:
        recovery = self._recover(journal)
        drift = self._refresh(journal) if refresh else None
        outcome = self._engine(kind, self.records.read(), recovery.notes, *_APPLYING, *arguments, journal=journal)
        # The dead engine's last call was still at work when we looked, such as the copying of a large template. Of a
        # DNS record that may be several runs ago, which were all cut off.
        unmade = outcome.progress.unmade
        late = {urn: dict(record) for urn, record in unmade.items() if record.get("type") == DNS_RECORD}
        late |= {urn: recovery.missing[urn] for urn in recovery.missing.keys() & outcome.progress.failed.keys()}
        if late and self.records.suspect(late) and not outcome.was_cut_off:
            self.watcher.say(f"{len(late)} interrupted creation(s) may have come to an end meanwhile: looking again")
            again = self._recover(journal)
            outcome = self._engine(
                kind, self.records.read(), recovery.notes + again.notes, *_APPLYING, *arguments, journal=journal
            )
        is_missing = drift is None and names_what_is_missing(outcome.progress)
        if is_missing and outcome.code == ExitCode.FAILED and not outcome.was_cut_off:
            self.watcher.say("something that the stack holds is not there: reading all of it, then once more")
            try:
                drift = self._refresh(journal)
            except CommandError as refusal:
                outcome.remark = str(refusal)
            if drift is not None and drift.gone:
                outcome = self._engine(
                    kind, self.records.read(), recovery.notes, *_APPLYING, *arguments, journal=journal
                )
        if doubtful := self.records.doubt(outcome.progress.undeleted):
            self.watcher.say(f"{doubtful} deletion(s) may still go on: the next run reads what has become of them")
        if drift is not None:
            outcome.drift = drift.drift
            outcome.progress.errors += drift.errors
            outcome.code = max(outcome.code, ExitCode.FAILED if drift.errors else ExitCode.OK)
        return self._explained(outcome)

    def _explained(self, outcome: Outcome) -> Outcome:
        """With whose objects fill a quota that refused one of ours, and who holds what one of ours waited for."""
        errors = outcome.progress.errors
        explained = quota_refusals.explain(errors, lambda: quota_refusals.cluster(self.cli, self.stack))
        explained = lock_holders.explain(explained, lambda database: self.server().session(database))
        for said, error in zip(explained, errors, strict=True):
            if said != error:
                self.watcher.say(str(said))
        outcome.progress.errors = explained
        return outcome

    def _refresh(self, journal: Journal) -> Reading:
        """Reads all that the stack holds into its record. Raises Refusal when data is gone, and when it is stopped.

        All of it, not a tenant alone: `--target` damages a state in the engine's version 3.250.
        """
        before = self.records.export()
        known = Deployment(before["deployment"])
        reading = Reading(known.parents, known.custom_count(), self.cli.redact)
        command = ["refresh", "--stack", self.stack, *_COMMON, *_READING]
        with self._log("refresh") as log:
            ended = run(self.cli, command, reading, self.watcher, log)
            if ended.code and not reading.errors and self._unlock(ended.output):
                ended = run(self.cli, command, reading, self.watcher, log)
        if ended.is_interrupted or ended.code < 0:
            raise CommandError("stopped while reading: nothing was changed", "run it again", ExitCode.INTERRUPTED)
        if ended.code and not reading.errors:
            raise CommandError(
                f"what the stack holds cannot be read: {remark_of(ended, [])}", "run it again", ExitCode.FAILED
            )
        try:
            refuse_lost(reading, Deployment(before["deployment"]), self.stack)
        except CommandError:
            self.records.put_back(before)
            raise
        for change in reading.drift:
            self.watcher.say(f"drift: {line_of(change)}")
            journal.add(drift_entry(change))
        return reading

    def _log(self, kind: str) -> RunLog:
        local = self.environment.get("TENANTRY_LOCAL")
        return RunLog(Path(local) / "log" if local else None, kind, self.cli.redact)

    def _recover(self, journal: Journal) -> Recovery:
        recovery = self.records.recover(self.watcher.say)
        for line in recovery.notes:
            self.watcher.say(line)
            journal.add(recovered_entry(line))
        return recovery

    def _engine(
        self,
        kind: str,
        before: Deployment | None,
        recovered: list[str],
        *arguments: str,
        after: Outcome | None = None,  # goes on with what an earlier preview has seen
        left_out: Collection[str] = (),
        journal: Journal | None = None,  # of a run that changes something
    ) -> Outcome:
        parents, expected = (before.parents, before.custom_count()) if before else ({}, 0)
        progress = after.progress if after else Progress(parents, expected, self.cli.redact)
        progress.left_out = frozenset(left_out)
        cli = self.cli
        if {"--plan", "--save-plan"} & {*arguments}:
            cli = replace(cli, environment={**cli.environment, **_WITH_PLANS})
        if left_out:
            cli = replace(cli, environment={**cli.environment, environment.LEAVE_OUT: ",".join(sorted(left_out))})
        command = [kind, "--stack", self.stack, *_COMMON, *arguments]
        if self.parallel is not None:
            command += ["--parallel", str(self.parallel)]
        with self._log(kind) as log:
            for line in recovered:
                log.write(line)
            changes = ChangeRecorder(journal) if journal else None
            openings = OpeningRecorder(self.server, self.watcher.say) if kind == "up" else None
            recorder = Recorders(*(recorder for recorder in (openings, changes) if recorder))
            ended = run(cli, command, progress, self.watcher, log, recorder)
            if ended.code and not progress.errors and self._unlock(ended.output):
                ended = run(cli, command, progress, self.watcher, log, recorder)
            if changes:
                changes.close()
            if ended.code < 0:  # killed by a signal: what it started would go on for minutes
                self.holding.leftovers.end(self.watcher.say)
        tenants = rows(self.records.read(), self._labels) if kind != "preview" else []
        return Outcome(
            max(exit_code_of(ended), after.code if after else ExitCode.OK),
            progress,
            ended.seconds + (after.seconds if after else 0),
            tenants,
            recovered,
            log.path,
            remark_of(ended, progress.errors),
            ended.is_interrupted or ended.code < 0,
            self._expected(),
        )

    def _expected(self) -> list[str]:
        cells = self.project.cells(self.stack)
        return [code for code, labels in self._labels.items() if cells is None or labels["cell"] in cells]

    def _unlock(self, refusal: str) -> bool:
        return self.holding.break_dead(refusal, self.watcher.say)

    def _check(self, with_tenants: bool = True) -> None:
        if with_tenants:
            self.project.require(self.stack)
            self._labels = load_tenants(self.project, self.stack)
        environment.check(self.stack, self.url, self.environment, self.project.secrets_provider(self.stack))
        _ = self.cli.program  # refuses when there is none

    def _policies(self) -> tuple[str, ...]:
        return policy_pack.arguments(self.project.root, self.stack, self.watcher.say)


def load_tenants(project: Project, stack: str) -> dict[str, Labels]:
    """Code -> name and plan, from the tenants' files. Raises Faults when these are not in order."""
    from tenantry.fleet.load import load_fleet  # the models take half a second to load

    folder = project.tenants(stack)
    if not folder.is_dir():
        raise CommandError(f"no folder of tenants: {folder}", "see tenantry:tenants of the stack")
    fleet = load_fleet(folder, project.zone(stack), today=today(project, stack), secrets=project.tenant_secrets(stack))
    return {
        tenant.code: {"name": tenant.spec.name, "plan": tenant.spec.plan, "cell": tenant.cell} for tenant in fleet.all
    }


def _change(change: Change) -> dict[str, Any]:
    place, properties = change.place, list(change.properties)
    return {"tenant": place.tenant, "step": place.step, "resource": change.urn,
            "operation": change.operation, "properties": properties}  # fmt: skip


def _finding(finding: Finding) -> dict[str, str]:
    place: ResourceOwner = finding.place
    return {"tenant": place.tenant, "step": place.step, "resource": finding.urn, "text": finding.text}
