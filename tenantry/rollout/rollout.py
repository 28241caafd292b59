"""The roll-out: in order, wave by wave, and no further than the first failure."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tenantry.engine.database import NoAnswer, Server
from tenantry.engine.refusal import Locked
from tenantry.engine.user import own_name
from tenantry.migrations import BASELINE, LOCK, Migration, Unfit
from tenantry.names import ADMIN_DATABASE
from tenantry.rollout.sites import Site, shared, tenants
from tenantry.rollout.version import Broken, bring, lacking

if TYPE_CHECKING:
    from tenantry.engine.database import Session

CANARY: Final = 1  # tenants in the first wave
WAVE: Final = 10

# A row for every change and every failure; that a tenant had nothing to change is none.
AUDIT: Final = """
INSERT INTO audit_logs (actor_type, actor_id, tenant_code, action, resource_type, resource_id, before, after, result,
    error_message)
VALUES ('infrastructure', %(actor)s, %(tenant)s, 'schema.migrate', 'database', %(database)s,
    jsonb_build_object('version', %(before)s::int), jsonb_build_object('version', %(after)s::int),
    %(result)s, %(error)s)
"""
VERSION: Final = """
UPDATE tenants SET schema_version = %(after)s WHERE tenant_id = %(tenant)s AND schema_version IS DISTINCT FROM %(after)s
"""


class State(StrEnum):
    CURRENT = "current"  # nothing to do
    MIGRATED = "migrated"
    BEHIND = "behind"  # would be migrated (or was not reached any more)
    OPENING = "opening"  # its rights are not its own yet: its opening goes on first
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one database."""

    label: str
    database: str
    state: State
    before: int = BASELINE
    after: int = BASELINE
    seconds: float = 0.0
    error: str = ""
    pending: tuple[str, ...] = field(default=())  # migrations that it lacks

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be rolled out, and how far this run goes."""

    wanted: Sequence[Migration]
    to: int
    wave: int = WAVE
    waves: int | None = None  # stop after so many; the next run goes on from there
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rollout:
    server: Server
    plan: Plan
    say: Callable[[str], None]

    def look(self) -> Iterator[Result]:
        """Every database with its version and what it lacks. Changes nothing; raises Locked beside a roll-out, since
        the template is open for one session at a time."""
        with self._alone():
            yield from self._look()

    def _look(self) -> Iterator[Result]:
        for site in [*shared(self.server), *tenants(self.server)]:
            yield self._looked(site)

    def run(self) -> Iterator[Result]:
        """One result a database, as each is done. After a failure the rest are told as they are, untouched."""
        with self._alone():
            for site in shared(self.server):
                yield (result := self._brought(site))
                if result.state is State.FAILED:
                    yield from self._untouched(self._look(), site)
                    return
            yield from self._tenants()

    def _tenants(self) -> Iterator[Result]:
        found = tenants(self.server)
        behind = [site for site in found if site.is_whole and self._looked(site).state is not State.CURRENT]
        ready = {site.label for site in behind}
        yield from (self._looked(site) for site in found if site.label not in ready)
        for number, wave in enumerate(waves(behind, self.plan.wave), 1):
            if self.plan.waves is not None and number > self.plan.waves:
                yield from (self._looked(site) for site in wave)
                continue
            if number > 1 and self.plan.pause_s:
                time.sleep(self.plan.pause_s)
            self.say(f"wave {number}: {', '.join(site.label for site in wave)}")
            for position, site in enumerate(wave):
                yield (result := self._brought(site))
                if result.state is State.FAILED:
                    rest = wave[position + 1 :] + behind[behind.index(wave[-1]) + 1 :]
                    yield from (self._looked(later) for later in rest)
                    return

    def _untouched(self, results: Iterable[Result], failed: Site) -> Iterator[Result]:
        """What comes after the one that failed."""
        is_after = False
        for result in results:
            if is_after:
                yield result
            is_after = is_after or result.label == failed.label

    def _looked(self, site: Site) -> Result:
        if not site.is_whole:
            return Result(site.label, site.database, State.OPENING)
        begun = time.monotonic()
        try:
            version, rest = lacking(self.server, site, self.plan.wanted, self.plan.to)
        except (NoAnswer, Unfit, Broken) as error:
            return Result(site.label, site.database, State.FAILED, seconds=time.monotonic() - begun, error=str(error))
        names = tuple(migration.label for migration in rest)
        state = State.BEHIND if rest else State.CURRENT
        return Result(site.label, site.database, state, version, version, time.monotonic() - begun, "", names)

    def _brought(self, site: Site) -> Result:
        begun, before = time.monotonic(), BASELINE
        try:
            before, _ = lacking(self.server, site, self.plan.wanted, self.plan.to)
            before, after = bring(self.server, site, self.plan.wanted, self.plan.to)
            state, error = (State.MIGRATED if after > before else State.CURRENT), ""
        except (NoAnswer, Unfit, Broken) as failure:
            after, state, error = self._left_at(site, before), State.FAILED, str(failure)
        result = Result(site.label, site.database, state, before, after, time.monotonic() - begun, error)
        self._remember(site, result)
        return result

    def _left_at(self, site: Site, before: int) -> int:
        """Where a failure has left it: the migrations before the broken one stay."""
        looked = self._looked(site)
        return before if looked.error else looked.after

    def _remember(self, site: Site, result: Result) -> None:
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
            if site.tenant is not None:
                session.execute(VERSION, values)

    @contextmanager
    def _administration(self) -> "Generator[Session | None, None, None]":
        """A session in the admin database; None before there is a platform."""
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self.server.session(ADMIN_DATABASE))
            except NoAnswer:
                session = None
            yield session

    @contextmanager
    def _alone(self) -> Generator[None, None, None]:
        """One roll-out at a time. Raises Locked."""
        with self._administration() as session:
            if session is not None:
                row = session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK + 1]).fetchone()
                if not row or not row[0]:
                    raise Locked("another roll-out is running", "wait for it to end, then run again")
            try:
                yield
            finally:  # not by the session's end alone: the server takes its time to notice that
                if session is not None and not session.closed:
                    session.execute("SELECT pg_advisory_unlock(%s)", [LOCK + 1])


def waves(sites: Sequence[Site], size: int) -> Iterator[list[Site]]:
    """One tenant alone, then as many at a time as `size` says."""
    rest = list(sites)
    taken = CANARY
    while rest:
        yield rest[:taken]
        rest, taken = rest[taken:], size
