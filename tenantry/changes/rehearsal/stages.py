"""The stages of a rehearsal, one after the other, with their times. What failed decides which others are tried."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tenantry.backup.create import BackupSubject
from tenantry.backup.errors import BackupError, error_context
from tenantry.backup.settings import Stack
from tenantry.changes.rehearsal import contents, seeding
from tenantry.changes.rehearsal.commands import Commands, Interrupted
from tenantry.changes.rehearsal.contents import Contents
from tenantry.changes.rehearsal.instance import Instance, InstanceError
from tenantry.changes.rehearsal.plan import Plan
from tenantry.changes.rehearsal.reading import Told, of_base, of_migrate, of_second_up, of_up, of_verify, of_way_back
from tenantry.changes.rehearsal.seeding import Kind
from tenantry.changes.rehearsal.trees import MIGRATIONS, Tree
from tenantry.changes.report.findings import masked
from tenantry.changes.report.rehearsal_result import WORDS, Role, Stage, StageName, StageResult
from tenantry.changes.report.statements import ReportedFinding, Statement, TenantReport, Weight
from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACK
from tenantry.engine.stack.project import Project

VERIFY_MINUTES = 5
_NOT_REACHED = "the request is not real"


@dataclass
class Stages:
    """`done` grows as they end; after an interruption or a failure it holds what is known."""

    plan: Plan
    instance: Instance
    commands: Commands
    done: list[Stage] = field(default_factory=list[Stage])
    remarks: list[str] = field(default_factory=list[str])
    base: Tree = field(init=False)
    request: Tree = field(init=False)
    _before: dict[str, Contents] = field(default_factory=dict[str, Contents])
    _kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])
    _told: dict[str, tuple[Statement, ...]] = field(default_factory=dict[str, tuple[Statement, ...]])
    _is_migrated: bool = False
    _live: list[str] = field(default_factory=list[str])  # tenants that the request's up has told of

    def run(self, base: Tree, request: Tree) -> None:
        """Raises Interrupted; the stage that was running is among `done`."""
        self.base, self.request = base, request
        ready = all(
            self._stage(name, action)
            for name, action in (
                (StageName.START, self._start),
                (StageName.BASE, self._make_base),
                (StageName.DATA, self._fill),
            )
        )
        if not ready:
            return
        is_real = self._stage(StageName.REQUEST, self._make_request)
        if self.base.digest(MIGRATIONS) != self.request.digest(MIGRATIONS):
            self._stage_if(is_real, StageName.MIGRATE, self._migrate)
        self._stage_if(is_real, StageName.VERIFY, self._verify)
        self._stage(StageName.COMPARE, self._compare)
        self._stage_if(is_real, StageName.AGAIN, self._make_request_again)
        if self._stage(StageName.BACK, self._go_back):
            self._stage(StageName.COMPARE_BACK, self._compare)

    def _stage_if(self, is_sensible: bool, name: StageName, action: Callable[[], Told]) -> None:
        if is_sensible:
            self._stage(name, action)
        else:
            self.done.append(Stage(name, StageResult.SKIPPED, 0.0, remark=_NOT_REACHED))

    def _stage(self, name: StageName, action: Callable[[], Told]) -> bool:
        """Tells whether it went well. What a system or a command refuses is the stage's error; a fault of ours
        passes.
        """
        self.commands.say(f"{WORDS[name]} ...")
        begin = time.monotonic()
        try:
            outcome = action()
        except Interrupted:
            self.done.append(Stage(name, StageResult.INTERRUPTED, time.monotonic() - begin))
            raise
        except (InstanceError, BackupError, CommandError) as error:
            outcome = Told(errors=(ReportedFinding("", "", "", masked(str(error)), ""),), is_failed=True)
        result = StageResult.FAILED if outcome.is_failed else StageResult.OK
        seconds = time.monotonic() - begin
        self.done.append(Stage(name, result, seconds, outcome.tenants, outcome.errors, outcome.remark))
        self.commands.say(f"{WORDS[name]}: {result.value}, {seconds:.0f} s")
        return not outcome.is_failed

    def _start(self) -> Told:
        self.instance.start(self.base)
        return Told()

    def _make_base(self) -> Told:
        return of_base(*self.instance.tenantry(self.base, "up"))

    def _fill(self) -> Told:
        systems, subjects = self._systems()
        rows, tables, put = 0, 0, 0
        for place, (code, subject) in enumerate(subjects.items()):
            with error_context(f"filling {code}"):
                filled = seeding.fill(systems.vault.systems, subject, seeding.kind_of(place))
                self._before[code] = contents.look(systems.vault.systems, subject)
            self._kinds[code] = filled.kind
            rows, tables, put = rows + filled.rows, max(tables, filled.tables), put + filled.objects
            missing = f", none in {', '.join(filled.without)}" if filled.without else ""
            self.commands.say(f"    {code}: {filled.kind}: {filled.rows} rows in {filled.tables} tables{missing}")
        return Told(remark=f"{rows} rows in up to {tables} tables, {put} objects")

    def _make_request(self) -> Told:
        self._move(self.request)
        untouched = self.plan.choice.codes(Role.BYSTANDER)
        done, outcome = self.instance.tenantry(self.request, "up")
        if isinstance(outcome, Mapping):
            self._live = [str(row["code"]) for row in outcome.get("tenants") or ()]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]  (JSON)
        return of_up(done, outcome, self.plan.facts, untouched)

    def _migrate(self) -> Told:
        self._is_migrated = True
        return of_migrate(*self.instance.tenantry(self.request, "migrate"), self._kinds)

    def _verify(self) -> Told:
        codes = [code for code in self.plan.affected if code in self._live]
        if not codes:
            return Told(remark="nobody is left to attack")
        return of_verify(*self.instance.tenantry(self.request, "verify", *codes, "--minutes", str(VERIFY_MINUTES)))

    def _make_request_again(self) -> Told:
        return of_second_up(*self.instance.tenantry(self.request, "up"))

    def _go_back(self) -> Told:
        self.base.lend(self.request, self.plan.opened)
        self._move(self.base)
        outcome = of_way_back(*self.instance.tenantry(self.base, "up"))
        remarks = [outcome.remark]
        if self.plan.opened:
            stays = "stays open, as a tenant goes by its status and not by its file"
            remarks.append(f"{', '.join(self.plan.opened)}: {stays}")
        if self._is_migrated:
            remarks.append("schemas stay as the request made them: no migration goes back")
        return Told(outcome.tenants, outcome.errors, "; ".join(filter(None, remarks)), outcome.is_failed)

    def _compare(self) -> Told:
        """With what was there before the request; what was told once is not told again."""
        systems, subjects = self._systems()
        tenants: list[TenantReport] = []
        for code, before in self._before.items():
            differences = self._differences(systems, subjects[code], before)
            known, self._told[code] = self._told.get(code, ()), differences
            if news := tuple(said for said in differences if said not in known):
                tenants.append(TenantReport(code, news))
        beside = self.plan.choice.codes(Role.BYSTANDER)
        return Told(tuple(tenants), is_failed=any(tenant.code in beside for tenant in tenants))

    def _differences(self, systems: Stack, subject: BackupSubject, before: Contents) -> tuple[Statement, ...]:
        with error_context(f"looking at {subject.name}"), systems.vault.systems.session() as session:
            there = session.execute("SELECT FROM pg_database WHERE datname = %s", [subject.database]).fetchone()
        if there is None:
            return (Statement(Weight.DATA, "its database is gone:", (f"{before.row_count} rows",)),)
        with error_context(f"looking at {subject.name}"):
            return tuple(contents.differences(before, contents.look(systems.vault.systems, subject)))

    def _systems(self) -> tuple[Stack, dict[str, BackupSubject]]:
        """The clients of the instance, and what each tenant of the base has there."""
        environment = {**self.commands.environment, **self.instance.environment}
        stack = Stack.of(Project(self.base.root), EMBEDDED_STACK, environment)
        tenants = (self.plan.sides.base[code] for code in self.plan.choice.codes() if code in self.plan.sides.base)
        return stack, {
            tenant.code: BackupSubject(
                tenant.code, tenant.names.database, tenant.code, tenant.names.prefix, stack.buckets
            )
            for tenant in tenants
        }

    def _move(self, tree: Tree) -> None:
        if self.instance.start(tree):
            self.remarks.append(f"{tree.name}: its own services run, as local differs")
