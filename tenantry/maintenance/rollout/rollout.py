"""The roll-out: in order, wave by wave. A fault of the migration ends it; one tenant's own trouble does not.

A failure is the migration's when it comes from the template, the test site, or a tenant before any has taken the same
version; and when most of a wave fails alike. Every other one is that tenant's: what it holds, made or did to the
record. The others go on, it stays on the list, and the next run tries it again.
"""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.migrations import Migration, MigrationSetInvalid
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.engine.errors import CommandError, StackLocked
from tenantry.engine.process.os_user import own_name
from tenantry.maintenance.rollout.apply import MigrationFailed, migrate, pending_migrations
from tenantry.maintenance.rollout.targets import MigrationTarget, shared, tenants
from tenantry.names import ADMIN_DATABASE, MAINTENANCE_DATABASE

if TYPE_CHECKING:
    from tenantry.engine.clients.postgresql import Session

CANARY: Final = 1  # tenants in the first wave
WAVE: Final = 10
MANY: Final = 3  # failures of one migration in a wave, when they are also most of it
LIMIT_S: Final = 3600.0
NOBODY: Final = -1  # older than every version
LOCK: Final = 0x7E4A4E8  # any number; of the admin database

# A row for every change and every failure; that a tenant had nothing to change is none.
AUDIT: Final = """
INSERT INTO audit_logs (actor_type, actor_id, tenant_code, action, resource_type, resource_id, before, after, result,
    error_message)
VALUES ('infrastructure', %(actor)s, %(tenant)s, 'schema.migrate', 'database', %(database)s,
    jsonb_build_object('version', %(before)s::int), jsonb_build_object('version', %(after)s::int),
    %(result)s, %(error)s)
"""
# The newest that some tenant has taken: where another one's database does not take it, that is its own.
LOCK_ROW: Final = """
SELECT max((after ->> 'version')::int) FROM audit_logs
WHERE action = 'schema.migrate' AND result = 'success' AND tenant_code IS NOT NULL
"""
VERSION: Final = """
UPDATE tenants SET schema_version = %(after)s WHERE tenant_id = %(tenant)s AND schema_version IS DISTINCT FROM %(after)s
"""


class State(StrEnum):
    CURRENT = "current"  # nothing to do
    MIGRATED = "migrated"
    BEHIND = "behind"  # would be migrated (or was not reached any more)
    OPENING = "opening"  # its rights are not its own yet: its opening goes on first
    SKIPPED = "skipped"  # as the command said
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one database; a version is None where it could not be asked."""

    label: str
    database: str
    state: State
    before: int | None = None
    after: int | None = None
    seconds: float = 0.0
    error: str = ""
    pending: tuple[str, ...] = field(default=())  # migrations that it lacks
    migration: str = ""  # the one whose own words failed
    stops: bool = False  # the failure is the migration's: the run ended here

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """The extent of a roll-out, and how far this run goes."""

    wanted: Sequence[Migration]
    to: int
    wave: int = WAVE
    waves: int | None = None  # stop after so many; the next run goes on from there
    pause_s: float = 0.0
    only: Collection[str] = ()  # these tenants; empty: all
    skip: Collection[str] = ()  # not these
    limit_s: float = LIMIT_S  # for one database; then its session is ended


@dataclass(frozen=True, slots=True)
class Rollout:
    server: Server
    plan: Plan
    say: Callable[[str], None]

    def look(self) -> Iterator[Result]:
        """Every database with its version and what it lacks. Changes nothing; raises Locked beside a roll-out, since
        the template is open for one session at a time."""
        with self._alone():
            for site in [*shared(self.server), *self._chosen()]:
                yield self._looked(site)

    def run(self) -> Iterator[Result]:
        """One result a database, as each is done; those that are not reached any more are told as they are.

        Raises Refusal for a tenant that is named and not there.
        """
        with self._alone():
            chosen = self._chosen()
            begun = shared(self.server)
            for position, site in enumerate(begun):
                yield (result := self._brought(site, NOBODY))
                if result.stops:
                    yield from map(self._looked, [*begun[position + 1 :], *chosen])
                    return
            yield from self._tenants(chosen)

    def _chosen(self) -> list[MigrationTarget]:
        """The tenants' databases, without those that `only` leaves out."""
        targets = tenants(self.server)
        if unknown := sorted({*self.plan.only, *self.plan.skip} - {site.label for site in targets}):
            raise CommandError(
                f"{', '.join(unknown)}: no tenant of this code has a database here",
                "`tenantry migrate --list` has them",
            )
        return [site for site in targets if not self.plan.only or site.label in self.plan.only]

    def _tenants(self, chosen: Sequence[MigrationTarget]) -> Iterator[Result]:
        behind = list[MigrationTarget]()
        for site in chosen:
            result = self._looked(site)
            if result.state is State.BEHIND:
                behind.append(site)
                continue
            if result.state is State.FAILED:
                self._remember(site, result)
            yield result
        yield from self._in_waves(behind)

    def _in_waves(self, rest: list[MigrationTarget]) -> Iterator[Result]:
        """The first of them alone, until one has taken it; then as many at a time as the plan says."""
        number, size, taken, has_begun = 1, CANARY, self._taken(), False
        while rest:
            if self.plan.waves is not None and number > self.plan.waves:
                yield from map(self._looked, rest)
                return
            wave, rest = rest[:size], rest[size:]
            if number > 1 and self.plan.pause_s:
                time.sleep(self.plan.pause_s)
            self.say(f"wave {number}: {', '.join(site.label for site in wave)}")
            failed = list[Result]()
            for position, site in enumerate(wave):
                result = self._brought(site, taken)
                failed += [result] if result.migration else []
                if _is_most_of(wave, failed, result):
                    result = replace(result, stops=True)
                yield result
                if result.stops:
                    yield from map(self._looked, [*wave[position + 1 :], *rest])
                    return
                if result.state is State.MIGRATED and result.after is not None:
                    has_begun, taken = True, max(taken, result.after)
            if has_begun:
                number, size = number + 1, self.plan.wave

    def _looked(self, site: MigrationTarget) -> Result:
        if site.label in self.plan.skip:
            return Result(site.label, site.database, State.SKIPPED)
        if not site.is_whole:
            return Result(site.label, site.database, State.OPENING)
        begun = time.monotonic()
        try:
            standing = pending_migrations(self.server, site, self.plan.wanted, self.plan.to)
        except (DatabaseUnavailable, MigrationSetInvalid, MigrationFailed) as error:
            self._require_server(error)
            return Result(site.label, site.database, State.FAILED, seconds=time.monotonic() - begun, error=str(error))
        state, seconds = State.BEHIND if standing.lacks else State.CURRENT, time.monotonic() - begun
        version = standing.version
        return Result(site.label, site.database, state, version, version, seconds, "", standing.lacks)

    def _brought(self, site: MigrationTarget, taken: int) -> Result:
        """`taken` is the newest version that some tenant has taken."""
        begun, before = time.monotonic(), None
        state, error, migration = State.CURRENT, "", ""
        try:
            before = pending_migrations(self.server, site, self.plan.wanted, self.plan.to).version
            before, after = migrate(self.server, site, self.plan.wanted, self.plan.to, self.plan.limit_s)
            if after > before:
                state = State.MIGRATED
        except (DatabaseUnavailable, MigrationSetInvalid, MigrationFailed) as failure:
            self._require_server(failure)
            after, state, error = self._looked(site).after, State.FAILED, str(failure)
            migration = failure.migration if isinstance(failure, MigrationFailed) else ""
        stops = bool(error) and (site.tenant is None or _version(migration) > taken)
        seconds = time.monotonic() - begun
        result = Result(site.label, site.database, state, before, after, seconds, error, (), migration, stops)
        self._remember(site, result)
        return result

    def _require_server(self, failure: Exception) -> None:
        """Raises NoAnswer when it is the server that does not answer, and no tenant's database alone."""
        if isinstance(failure, DatabaseUnavailable):
            with self.server.session(MAINTENANCE_DATABASE):
                return

    def _taken(self) -> int:
        with self._administration() as session:
            row = session.execute(LOCK_ROW).fetchone() if session is not None else None
        return NOBODY if row is None or row[0] is None else int(row[0])

    def _remember(self, site: MigrationTarget, result: Result) -> None:
        """In the admin database, where there is one."""
        if result.state is State.CURRENT and site.tenant is None:
            return
        values = {
            "actor": own_name(),
            "tenant": site.tenant,
            "database": site.database,
            "before": result.before,
            "after": result.after,
            "result": "failed" if result.error else "success",
            "error": result.error or None,
        }
        with self._administration() as session:
            if session is None:
                return
            if result.state is not State.CURRENT:
                session.execute(AUDIT, values)
            if site.tenant is not None and result.after is not None:
                session.execute(VERSION, values)

    @contextmanager
    def _administration(self) -> "Generator[Session | None, None, None]":
        """A session in the admin database; None before there is a platform."""
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self.server.session(ADMIN_DATABASE))
            except DatabaseUnavailable:
                session = None
            yield session

    @contextmanager
    def _alone(self) -> Generator[None, None, None]:
        """One roll-out at a time. Raises Locked."""
        with self._administration() as session:
            if session is not None:
                row = session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
                if not row or not row[0]:
                    raise StackLocked("another roll-out is running", "wait for it to end, then run again")
            try:
                yield
            finally:  # not by the session's end alone: the server takes its time to notice that
                if session is not None and not session.closed:
                    session.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _version(migration: str) -> int:
    """The version of its label; a failure that is no migration's is older than all."""
    return int(migration.partition("_")[0]) if migration else NOBODY


def _is_most_of(wave: Sequence[MigrationTarget], failed: Sequence[Result], last: Result) -> bool:
    """Tells whether so many of the wave have failed at one migration, `last` too, that it is no tenant's own
    trouble.
    """
    alike = sum(result.migration == last.migration for result in failed)
    return bool(last.migration) and alike >= MANY and alike * 2 > len(wave)
