"""The facts that the page shows, read from the admin database in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.history.drift_looks import DriftLook, read_drift_looks
from tenantry.database.history.reading import PastRun
from tenantry.database.history.reading import read as read_runs
from tenantry.names import ADMIN_DATABASE
from tenantry.watch.tenant_facts import TenantFacts, read_in

if TYPE_CHECKING:
    from tenantry.database.history.reading import Connect

MOST_RUNS: Final = 50
_BACKUPS: Final = """
SELECT tenant_code, max(completed_at) FROM data_backup_records
WHERE tenant_code IS NOT NULL AND status IN ('completed', 'verified') GROUP BY 1
"""
_OPENINGS: Final = """
SELECT progress.tenant_id, step_name, steps.status, steps.started_at, coalesce(steps.error_message, '')
FROM tenant_init_progress AS progress JOIN tenant_init_steps AS steps USING (tenant_id)
WHERE progress.status <> 'completed' AND steps.status IN ('in_progress', 'failed')
ORDER BY steps.status DESC, progress.tenant_id, step_order
"""


@dataclass(frozen=True, slots=True)
class OpeningStep:
    """A step of an unfinished opening that is at work or has failed."""

    tenant: str
    step: str
    status: str
    since: datetime | None
    error: str

    @property
    def is_failed(self) -> bool:
        return self.status == "failed"


@dataclass(frozen=True, slots=True)
class Overview:
    at: datetime
    stack: str  # whose database server was asked; the tenants are those of all its stacks
    tenants: Sequence[TenantFacts]
    backups: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    openings: Sequence[OpeningStep] = ()
    looks: Sequence[DriftLook] = ()
    runs: Sequence[PastRun] = ()  # newest first


def read_overview(connect: "Connect", stack: str, now: datetime | None = None) -> Overview:
    """Raises NoHistory and psycopg.errors.UndefinedTable where the admin database is older than this program."""
    runs = read_runs(connect, None, None, MOST_RUNS)
    with connect(ADMIN_DATABASE) as session:
        rows: list[tuple[Any, ...]] = session.execute(_OPENINGS).fetchall()
        return Overview(
            at=now or datetime.now(UTC),
            stack=stack,
            tenants=read_in(session),
            backups={tenant: at for tenant, at in session.execute(_BACKUPS).fetchall() if at is not None},
            openings=[OpeningStep(*row) for row in rows],
            looks=read_drift_looks(session),
            runs=runs,
        )
