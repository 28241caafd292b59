"""The history's SQL: what a run writes."""

from typing import Any, Final

from tenantry.database.history.model import Entry, Run

THERE: Final = "SELECT to_regclass('public.operation_ends')"
LOCK: Final = "SELECT pg_advisory_lock(hashtextextended('tenantry run ' || %s, 0))"
TRY: Final = "SELECT pg_try_advisory_lock(hashtextextended('tenantry run ' || %s, 0))"
UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended('tenantry run ' || %s, 0))"
BEGIN: Final = """
INSERT INTO operation_runs (id, command, stack, actor, commit_hash, is_modified, pipeline_run, host, version,
    started_at)
VALUES (%(id)s, %(command)s, %(stack)s, %(actor)s, %(commit)s, %(is_modified)s, %(pipeline_run)s, %(host)s,
    %(version)s, %(started_at)s)
ON CONFLICT DO NOTHING
"""
CHANGE: Final = """
INSERT INTO operation_changes (run_id, tenant_code, step, resource_type, resource_name, action, outcome, properties,
    error_message, occurred_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
END: Final = """
INSERT INTO operation_ends (run_id, result, error_message, ended_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
OPEN: Final = """
SELECT id FROM operation_runs
WHERE id <> %s AND NOT EXISTS (SELECT FROM operation_ends WHERE run_id = operation_runs.id)
"""
FOUND: Final = """
INSERT INTO operation_ends (run_id, result, found_by, error_message, ended_at)
SELECT %s, 'killed', %s, 'it ended without a word; when exactly is not known', now() ON CONFLICT DO NOTHING
"""
# After three years, which the database's own trigger counts by the day on which a row was written.
FORGET: Final = (
    "DELETE FROM operation_changes WHERE occurred_at < now() - interval '3 years'"
    " AND created_at < now() - interval '3 years'",
    "DELETE FROM operation_ends USING operation_runs AS run WHERE run.id = run_id"
    " AND run.started_at < now() - interval '3 years' AND operation_ends.created_at < now() - interval '3 years'",
    "DELETE FROM operation_runs WHERE started_at < now() - interval '3 years'"
    " AND created_at < now() - interval '3 years'"
    " AND NOT EXISTS (SELECT FROM operation_changes WHERE run_id = operation_runs.id)"
    " AND NOT EXISTS (SELECT FROM operation_ends WHERE operation_runs.id IN (run_id, found_by))",
)


def row_of(run: Run) -> dict[str, Any]:
    """The values of `BEGIN`."""
    origin = run.origin
    return {
        "id": run.id,
        "command": run.command,
        "stack": run.stack,
        "actor": origin.actor,
        "commit": origin.commit,
        "is_modified": origin.is_modified,
        "pipeline_run": origin.pipeline_run,
        "host": origin.host,
        "version": run.version,
        "started_at": run.started_at,
    }


def values_of(entry: Entry, longest: int) -> tuple[Any, ...]:
    """The values of `CHANGE` behind the run's id; errors are cut at `longest` characters."""
    return (
        entry.tenant or None,
        entry.step,
        entry.resource_type,
        entry.resource_name,
        entry.action,
        entry.outcome,
        list(entry.properties),
        entry.error[:longest] or None,
        entry.at,
    )
