"""Reads the history: runs, newest first, with what each changed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tenantry.database.history import statements
from tenantry.names import ADMIN_DATABASE, MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]
    Connect = Callable[[str], AbstractContextManager[Session]]

AT_WORK: Final = "at work"
SILENT: Final = "killed"  # no end, and nobody holds its lock any more
RUNS: Final = """
SELECT run.id, command, stack, actor, commit_hash, is_modified, pipeline_run, host, version, started_at, ended_at,
    result, ending.error_message
FROM operation_runs AS run LEFT JOIN LATERAL (
    SELECT * FROM operation_ends WHERE run_id = run.id ORDER BY found_by IS NOT NULL LIMIT 1) AS ending ON true
WHERE (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(tenant)s::text IS NULL
        OR EXISTS (SELECT FROM operation_changes WHERE run_id = run.id AND tenant_code = %(tenant)s))
ORDER BY started_at DESC, run.id LIMIT %(most)s
"""
CHANGES: Final = """
SELECT run_id, coalesce(tenant_code, ''), step, resource_type, resource_name, action, properties, outcome,
    coalesce(error_message, ''), occurred_at
FROM operation_changes WHERE run_id = ANY(%(runs)s) AND (%(tenant)s::text IS NULL OR tenant_code = %(tenant)s)
ORDER BY occurred_at, id
"""


class NoHistory(Exception):
    """The admin database has no tables for it: the stack was last run by an older version."""


@dataclass(frozen=True, slots=True)
class PastChange:
    tenant: str  # empty: of the platform
    step: str
    resource_type: str
    resource_name: str
    action: str
    properties: Sequence[str]
    outcome: str
    error: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return {
            "tenant": self.tenant or None,
            "step": self.step,
            "type": self.resource_type,
            "name": self.resource_name,
            "action": self.action,
            "properties": list(self.properties),
            "outcome": self.outcome,
            "error": self.error or None,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class PastRun:
    id: UUID
    command: str
    stack: str
    actor: str
    commit: str | None
    is_modified: bool
    pipeline_run: str | None
    host: str
    version: str
    started_at: datetime
    ended_at: datetime | None
    result: str | None  # None in the table alone: at work, or silent
    error: str | None
    changes: tuple[PastChange, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return {
            "id": str(self.id),
            "command": self.command,
            "stack": self.stack,
            "actor": self.actor,
            "commit": self.commit,
            "isModified": self.is_modified,
            "pipelineRun": self.pipeline_run,
            "host": self.host,
            "version": self.version,
            "startedAt": self.started_at.isoformat(),
            "endedAt": self.ended_at.isoformat() if self.ended_at else None,
            "result": self.result,
            "error": self.error,
            "changes": [change.as_json() for change in self.changes],
        }


def read(connect: "Connect", tenant: str | None, since: datetime | None, most: int) -> list[PastRun]:
    """Newest first. Of a tenant: the runs that changed it, with those changes alone. Raises NoHistory."""
    given = {"tenant": tenant, "since": since, "most": most}
    with connect(ADMIN_DATABASE) as session:
        row = session.execute(statements.THERE).fetchone()
        if not row or not row[0]:
            raise NoHistory
        runs = [PastRun(*cells) for cells in session.execute(RUNS, given).fetchall()]
        changes: dict[UUID, list[PastChange]] = {run.id: [] for run in runs}
        wanted = {"runs": list(changes), "tenant": tenant}
        for run, *fields in session.execute(CHANGES, wanted).fetchall():
            changes[run].append(PastChange(*fields))
    if any(run.result is None for run in runs):
        with connect(MAINTENANCE_DATABASE) as session:
            runs = [run if run.result else replace(run, result=_unended(session, run.id)) for run in runs]
    return [replace(run, changes=tuple(changes[run.id])) for run in runs]


def _unended(session: "Session", run: UUID) -> str:
    """Tells whether a run without an end still holds its lock."""
    row = session.execute(statements.TRY, [str(run)]).fetchone()
    if not row or not row[0]:
        return AT_WORK
    session.execute(statements.UNLOCK, [str(run)])
    return SILENT
