"""`tenantry up`, `preview` and `destroy` from the first check to what is said at the end."""

import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenantry.clock import today
from tenantry.engine import pack, surroundings
from tenantry.engine.cli import Cli
from tenantry.engine.database import Server, server_of
from tenantry.engine.deployment import Deployment
from tenantry.engine.filestate import FileState
from tenantry.engine.holding import Holding
from tenantry.engine.identity import DNS_RECORD
from tenantry.engine.logs import RunLog
from tenantry.engine.openings import Recorder
from tenantry.engine.progress import Finding, Progress
from tenantry.engine.project import Project
from tenantry.engine.records import Records
from tenantry.engine.recovery import Recovery, interrupted
from tenantry.engine.refusal import Exit, Refusal
from tenantry.engine.running import Ended, Watcher, run
from tenantry.engine.single import key_of
from tenantry.engine.tenants import Labels, Row, rows
from tenantry.engine.urns import Place

_COMMON = ("--non-interactive", "--suppress-outputs", "--suppress-permalink=true", "--color", "never")
_APPLYING = ("--yes", "--skip-preview", "--suppress-progress", "--continue-on-error")


@dataclass
class Outcome:
    """What came of a command."""

    code: Exit
    progress: Progress
    seconds: float
    tenants: list[Row]
    recovered: list[str] = field(default_factory=list[str])
    log: Path | None = None
    remark: str = ""  # what the engine said when it ended without a single error event
    was_cut_off: bool = False  # stopped or killed before its end

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return {
            "result": self.code.name.lower(),
            "seconds": round(self.seconds, 1),
            "changes": self.progress.counts(),
            "tenants": [row.as_json() for row in self.tenants],
            "failed": self.progress.failed_tenants,
            "errors": [_finding(finding) for finding in self.progress.errors],
            "warnings": [_finding(finding) for finding in self.progress.warnings],
            "operations": [
                {"tenant": change.place.tenant, "step": change.place.step, "resource": change.urn,
                 "operation": change.operation, "properties": list(change.properties)}
                for change in self.progress.changes
            ],
            "recovered": self.recovered,
            "remark": self.remark,
            "log": str(self.log) if self.log else None,
        }  # fmt: skip


@dataclass
class Operation:
    """One command on one stack."""

    project: Project
    stack: str
    watcher: Watcher
    given: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    parallel: int | None = None  # operations at once; else $PULUMI_PARALLEL, else the engine's own 4 a processor

    def __post_init__(self) -> None:
        self.stack = self.project.stack(self.stack)
        self.environment = surroundings.environment(self.project, self.stack, self.given)
        self.url = surroundings.backend_of(self.project, self.environment)
        key = key_of(self.url, self.project.name, self.stack)
        self.cli = Cli(self.project.root, self.environment, key)
        self.files = FileState.at(self.url, self.project.name, self.stack, self.project.root)
        self.holding = Holding(self.cli, self.stack, self.files)
        self.records = Records(self.cli, self.stack, self.files, self._unlock)
        self._labels: dict[str, Labels] = {}
        self._server: Server | None = None

    def up(self) -> Outcome:
        """Converges the stack."""
        self._check()
        policies = self._policies()
        with self.holding.held(self.watcher.say):
            if self.records.make(self.project.secrets_provider(self.stack)):
                self.watcher.say(f"made the stack `{self.stack}`")
            return self._apply("up", *policies)

    def destroy(self) -> Outcome:
        """Removes everything the stack holds; whether that is allowed was asked before."""
        self._check(with_tenants=False)
        with self.holding.held(self.watcher.say):
            return self._apply("destroy")

    def preview(self) -> Outcome:
        """Says what `up` would do. Makes and changes nothing: neither a stack, nor the stack's file.

        Raises NoStack where there is none yet: the engine cannot preview it.
        """
        self._check()
        policies = self._policies()
        before = self.records.existing()
        if pending := interrupted(before):
            self.watcher.say(f"{len(pending)} interrupted operation(s) stay as they are: `up` recovers them first")
        with self._copied_settings() as settings:
            return self._engine("preview", before, [], *policies, *settings)

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
        """The database server of the stack. Raises Refusal when the stack does not say where it is."""
        if self._server is None:
            self._server = server_of(self.cli, self.stack)
        return self._server

    def _apply(self, kind: str, *arguments: str) -> Outcome:
        recovery = self._recover()
        outcome = self._engine(kind, self.records.read(), recovery.notes, *_APPLYING, *arguments)
        # The dead engine's last call was still at work when we looked, such as the copying of a large template. Of a
        # DNS record that may be several runs ago, which were all cut off.
        unmade = outcome.progress.unmade
        late = {urn: dict(record) for urn, record in unmade.items() if record.get("type") == DNS_RECORD}
        late |= {urn: recovery.missing[urn] for urn in recovery.missing.keys() & outcome.progress.failed.keys()}
        if late and self.records.suspect(late) and not outcome.was_cut_off:
            self.watcher.say(f"{len(late)} interrupted creation(s) may have come to an end meanwhile: looking again")
            again = self._recover()
            outcome = self._engine(kind, self.records.read(), recovery.notes + again.notes, *_APPLYING, *arguments)
        return outcome

    def _recover(self) -> Recovery:
        recovery = self.records.recover(self.watcher.say)
        for line in recovery.notes:
            self.watcher.say(line)
        return recovery

    def _engine(self, kind: str, before: Deployment | None, recovered: list[str], *arguments: str) -> Outcome:
        parents, expected = (before.parents, before.custom_count()) if before else ({}, 0)
        progress = Progress(parents, expected, self.cli.redact)
        command = [kind, "--stack", self.stack, *_COMMON, *arguments]
        if self.parallel is not None:
            command += ["--parallel", str(self.parallel)]
        local = self.environment.get("TENANTRY_LOCAL")
        with RunLog(Path(local) / "log" if local else None, kind, self.cli.redact) as log:
            for line in recovered:
                log.write(line)
            recorder = Recorder(self.server, self.watcher.say) if kind == "up" else None
            ended = run(self.cli, command, progress, self.watcher, log, recorder)
            if ended.code and not progress.errors and self._unlock(ended.output):
                ended = run(self.cli, command, progress, self.watcher, log, recorder)
            if ended.code < 0:  # killed by a signal: what it started would go on for minutes
                self.holding.leftovers.end(self.watcher.say)
        tenants = rows(self.records.read(), self._labels) if kind != "preview" else []
        return Outcome(
            _code(ended),
            progress,
            ended.seconds,
            tenants,
            recovered,
            log.path,
            _remark(ended, progress.errors),
            ended.is_interrupted or ended.code < 0,
        )

    def _unlock(self, refusal: str) -> bool:
        return self.holding.break_dead(refusal, self.watcher.say)

    def _check(self, with_tenants: bool = True) -> None:
        if with_tenants:
            self.project.require(self.stack)
            self._labels = load_tenants(self.project, self.stack)
        surroundings.check(self.stack, self.url, self.environment, self.project.secrets_provider(self.stack))
        _ = self.cli.program  # refuses when there is none

    def _policies(self) -> tuple[str, ...]:
        return pack.arguments(self.project.root, self.stack, self.watcher.say)


def load_tenants(project: Project, stack: str) -> dict[str, Labels]:
    """Code -> name and plan, from the tenants' files. Raises Faults when these are not in order."""
    from tenantry.fleet import load_fleet  # the models take half a second to load

    folder = project.tenants(stack)
    if not folder.is_dir():
        raise Refusal(f"no folder of tenants: {folder}", "see tenantry:tenants of the stack")
    fleet = load_fleet(folder, project.zone(stack), today=today(project, stack))
    return {tenant.code: {"name": tenant.spec.name, "plan": tenant.spec.plan} for tenant in fleet.all}


def _code(ended: Ended) -> Exit:
    if ended.is_interrupted:
        return Exit.INTERRUPTED
    return Exit.FAILED if ended.code else Exit.OK


def _remark(ended: Ended, errors: list[Finding]) -> str:
    """The engine refuses some things before its first event, and then says so only on its standard error."""
    if ended.code < 0:
        return f"the engine was killed (signal {-ended.code}): run it again, what was interrupted is recovered then"
    if ended.is_interrupted:
        return "stopped as you asked; run again to go on"
    if not ended.code or errors:
        return ""
    return "\n".join(line for line in ended.output.strip().splitlines() if line.strip())[-4000:]


def _finding(finding: Finding) -> dict[str, str]:
    place: Place = finding.place
    return {"tenant": place.tenant, "step": place.step, "resource": finding.urn, "text": finding.text}
