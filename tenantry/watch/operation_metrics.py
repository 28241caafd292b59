"""Metrics of what was done: runs, errors, openings, backups, credentials, and the looks for drift."""

from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from tenantry.database.history.drift_looks import read_drift_looks
from tenantry.database.history.model import Result

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

# Counters begin anew with each year, as after a restart: rows are removed after three years, and a counter that goes
# down by a little would look like one that began anew and has all of that to its credit.
RUNS: Final = """
SELECT command, coalesce(result, 'open'), count(*),
    coalesce(sum(extract(epoch FROM ended_at - started_at)), 0)::float8
FROM operation_runs AS run LEFT JOIN LATERAL (
    SELECT result, ended_at FROM operation_ends WHERE run_id = run.id ORDER BY found_by IS NOT NULL LIMIT 1
) AS ending ON true
WHERE started_at >= date_trunc('year', now()) GROUP BY 1, 2
"""
OPEN: Final = """
SELECT command, stack, max(extract(epoch FROM now() - started_at))::float8 FROM operation_runs
WHERE NOT EXISTS (SELECT FROM operation_ends WHERE run_id = operation_runs.id) GROUP BY 1, 2
"""
ERRORS: Final = """
SELECT coalesce(tenant_code, ''), count(*) FROM operation_changes
WHERE outcome = 'failed' AND occurred_at >= date_trunc('year', now()) GROUP BY 1
"""
OPENINGS: Final = """
SELECT progress.tenant_id, step_name, steps.status, extract(epoch FROM now() - steps.started_at)::float8
FROM tenant_init_progress AS progress JOIN tenant_init_steps AS steps USING (tenant_id)
WHERE progress.status <> 'completed' AND steps.status IN ('in_progress', 'failed')
"""
BACKUPS: Final = """
SELECT tenant_code, extract(epoch FROM max(completed_at))::float8 FROM data_backup_records
WHERE tenant_code IS NOT NULL AND status IN ('completed', 'verified') GROUP BY 1
"""
# The newest of any of a tenant's credentials: since when nobody has renewed a single one.
CREDENTIALS: Final = """
SELECT tenant_code, extract(epoch FROM max(occurred_at))::float8 FROM operation_changes
WHERE resource_type = 'random:index/randomPassword:RandomPassword' AND outcome = 'done' AND action <> 'delete'
    AND tenant_code IS NOT NULL GROUP BY 1
"""


def of_operations(session: "Session") -> list[Metric]:
    """Runs, errors, openings, backups and credentials."""
    runs = CounterMetricFamily("tenant_operations", "Runs of this year", labels=["command", "result"])
    lasted = SummaryMetricFamily("tenant_operation_duration_seconds", "Of ended runs of this year", labels=["command"])
    totals: dict[str, tuple[int, float]] = {}
    rows = session.execute(RUNS).fetchall()
    # From nothing to 1 is no increase to Prometheus: what a command has not met yet is 0 from its first run on.
    absent = {(command, result) for command, *_ in rows for result in Result} - {(row[0], row[1]) for row in rows}
    for command, result in sorted(absent):
        runs.add_metric([command, str(result)], 0)
    for command, result, count, seconds in rows:
        runs.add_metric([command, result], count)
        if result not in ("open", "killed"):  # when a killed one ended is not known
            before = totals.get(command, (0, 0.0))
            totals[command] = (before[0] + count, before[1] + seconds)
    for command, (count, seconds) in sorted(totals.items()):
        lasted.add_metric([command], count, seconds)
    at_work = GaugeMetricFamily(
        "tenant_operation_open_seconds", "Of the oldest run without an end", labels=["command", "stack"]
    )
    for command, stack, seconds in session.execute(OPEN).fetchall():
        at_work.add_metric([command, stack], seconds)
    errors = CounterMetricFamily("tenant_errors", "Changes that failed this year", labels=["tenant"])
    for tenant, count in session.execute(ERRORS).fetchall():
        errors.add_metric([tenant], count)
    openings = GaugeMetricFamily(
        "tenant_opening_step_seconds",
        "Since a step of an opening began that is not done",
        labels=["tenant", "step", "result"],
    )
    for tenant, step, status, seconds in session.execute(OPENINGS).fetchall():
        openings.add_metric([tenant, step, status], seconds or 0)
    backups = GaugeMetricFamily(
        "tenant_backup_last_success_timestamp_seconds", "Of the newest complete backup", labels=["tenant"]
    )
    for tenant, at in session.execute(BACKUPS).fetchall():
        if at is not None:
            backups.add_metric([tenant], at)
    credentials = GaugeMetricFamily(
        "tenant_credentials_changed_timestamp_seconds", "Of the newest of a tenant's passwords", labels=["tenant"]
    )
    for tenant, at in session.execute(CREDENTIALS).fetchall():
        credentials.add_metric([tenant], at)
    return [runs, lasted, at_work, errors, openings, backups, credentials]


def of_drift(session: "Session") -> list[Metric]:
    """The last look at each stack: when, and how much it found, by the gravest class."""
    findings = GaugeMetricFamily(
        "tenantry_drift_findings", "Of the last look, under the gravest class", labels=["stack", "gravity"]
    )
    at = GaugeMetricFamily("tenantry_drift_last_look_timestamp_seconds", "When it was looked at", labels=["stack"])
    for look in read_drift_looks(session):
        findings.add_metric([look.stack, look.worst], look.findings)
        at.add_metric([look.stack], look.at.timestamp())
    return [findings, at]
