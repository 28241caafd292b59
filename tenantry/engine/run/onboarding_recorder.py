"""Openings of tenants as the admin database tells them, and what `tenantry up` adds to that record.

The provider records what its own resources do. Of all others (a database that cannot be cloned, a role that is refused,
a pod that does not start) only the engine knows; it tells us while it runs, and we write it down then and there.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.database import onboarding_steps
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.engine.errors import CommandError
from tenantry.engine.process.events import Event, Step
from tenantry.engine.run.progress import Finding, Progress
from tenantry.engine.stack.urns import ResourceOwner, describe, type_of
from tenantry.names import ADMIN_DATABASE

if TYPE_CHECKING:
    from tenantry.engine.clients.postgresql import Session

# Place in the tenant (engine/urns.py) -> step; whatever else a tenant has serves what is at its domain.
LABELS: Final = {"database": onboarding_steps.DATABASE, "storage": onboarding_steps.STORAGE}
MAKING: Final = ("create", "create-replacement", "replace", "update", "import")
OWN: Final = "tenantry:index:"  # the provider's resources, which record themselves
SILENT: Final = ("random:",)  # made in no time and nowhere: they begin no step
RETRY_SECONDS: Final = 10.0  # after a failure to record

TABLES: Final = "SELECT to_regclass('public.tenant_init_progress')"
READ: Final = """
SELECT progress.tenant_id, progress.status, current_step, total_steps, progress.error_message, schema_version,
    array_agg(step_name ORDER BY step_order) FILTER (WHERE steps.status = 'in_progress'),
    array_agg(step_name ORDER BY step_order) FILTER (WHERE steps.status = 'failed')
FROM tenant_init_progress AS progress JOIN tenant_init_steps AS steps USING (tenant_id)
    LEFT JOIN tenants USING (tenant_id)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """The progress of one tenant's onboarding."""

    tenant: str
    status: str  # pending | in_progress | completed | failed
    settled: int
    total: int
    error: str
    schema: int | None  # the version of its database, as far as it is recorded
    at_work: tuple[str, ...]
    failed: tuple[str, ...]

    def __str__(self) -> str:
        """`8/8`, `3/8 storage …`, `3/8 storage ✗`."""
        marks = [f"{name} ✗" for name in self.failed] or [f"{name} …" for name in self.at_work]
        return " ".join([f"{self.settled}/{self.total}", *marks])

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return asdict(self)


def read(server: Server) -> dict[str, Opening]:
    """Code -> opening; nothing before there is a platform. Raises NoAnswer."""
    with server.session(ADMIN_DATABASE) as session:
        there = session.execute(TABLES).fetchone()
        rows = session.execute(READ).fetchall() if there and there[0] else []
    return {
        code: Opening(code, status, settled, total, error or "", schema, tuple(at_work or ()), tuple(failed or ()))
        for code, status, settled, total, error, schema, at_work, failed in rows
    }


def label_of(place: ResourceOwner) -> str:
    return LABELS.get(place.step, onboarding_steps.DOMAIN)


class Recorder:
    """Writes down, while the engine runs, what the resources of other providers begin and fail at.

    A tenant whose opening is complete keeps it: a later failure is no part of it. What cannot be recorded is said once;
    the run goes on.
    """

    def __init__(self, server: Callable[[], Server], say: Callable[[str], None]) -> None:
        self._server, self._say = server, say
        self._begun = set[tuple[str, str]]()
        self._quiet_until = 0.0
        self._told = False

    def event(self, event: Event, progress: Progress) -> None:
        """A resource begins."""
        if not isinstance(event, Step) or event.stage != "begun" or event.operation not in MAKING:
            return
        place = progress.place(event.urn)
        if not event.is_custom or not self._is_foreign(event.urn, place):
            return
        key = (place.tenant, label_of(place))
        if key not in self._begun and self._write(
            place.tenant, onboarding_steps.Change(begun=[key[1]]), is_needed=False
        ):
            self._begun.add(key)

    def finding(self, finding: Finding) -> None:
        """A resource has failed."""
        if self._is_foreign(finding.urn, finding.place):
            error = f"{describe(finding.urn)}: {finding.text}"
            self._begun.discard((finding.place.tenant, label_of(finding.place)))
            self._write(finding.place.tenant, onboarding_steps.Change(failed=[label_of(finding.place)], error=error))

    def tick(self) -> None:
        """Nothing waits: everything is written at once."""

    def _is_foreign(self, urn: str, place: ResourceOwner) -> bool:
        return bool(place.tenant and urn and place.step) and not type_of(urn).startswith((OWN, *SILENT))

    def _write(self, tenant: str, change: onboarding_steps.Change, *, is_needed: bool = True) -> bool:
        """`is_needed`: an error that is lost is said; a beginning is recorded by the step's end as well."""
        import psycopg

        if time.monotonic() < self._quiet_until:
            return False
        try:
            with self._server().session(ADMIN_DATABASE) as session:
                return _recorded(session, tenant, change)
        except (DatabaseUnavailable, CommandError, psycopg.Error) as error:
            self._quiet_until = time.monotonic() + RETRY_SECONDS
            if is_needed and not self._told:
                self._told = True
                self._say(f"the opening of {tenant} cannot be recorded: {' '.join(str(error).split())}")
            return False


def _recorded(session: "Session", tenant: str, change: onboarding_steps.Change) -> bool:
    """Only of a tenant whose opening has begun and is not complete."""
    row = session.execute(
        "SELECT FROM tenant_init_progress WHERE tenant_id = %s AND status <> 'completed'", [tenant]
    ).fetchone()
    if row is None:
        return True
    with session.transaction():
        for statement, values in onboarding_steps.record(tenant, change):
            session.execute(statement, values)
    return True


def behind(openings: Mapping[str, Opening], newest: int) -> list[str]:
    """The tenants whose schema is older than `newest`."""
    return [code for code, opening in openings.items() if opening.schema is not None and opening.schema < newest]
