"""Prometheus metrics of all tenants, made from the admin database at each scrape. Nothing is counted in memory.

Labels are of an allow-list: codes, plans, phases, stacks, quotas, steps, commands and results. Names, phones, errors
and whatever else somebody may choose freely never become one: a label's value stays for as long as samples do.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from tenantry.names import ADMIN_DATABASE
from tenantry.watch.tenant_facts import TenantFacts, read_in

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

LABELS: Final = frozenset({"tenant", "plan", "phase", "stack", "quota", "step", "command", "result"})
KEPT_SECONDS: Final = 10.0  # two scrapers at once cost one reading

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


class TenantCollector(Collector):
    """Reads the admin database at a scrape, about a dozen statements however many tenants there are.

    `connect` opens a session in a database. Where it fails, `tenantry_up` is 0 and there is nothing else: absent
    samples are seen to be absent, while old ones would be taken for new.
    """

    def __init__(self, connect: "Callable[[str], AbstractContextManager[Session]]", newest_schema: int) -> None:
        self._connect, self._newest = connect, newest_schema
        self._lock = Lock()
        self._kept: tuple[float, list[Metric]] = (-KEPT_SECONDS, [])

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not need a database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            at, metrics = self._kept
            if time.monotonic() - at >= KEPT_SECONDS:
                metrics = self._read()
                self._kept = time.monotonic(), metrics
        yield from metrics

    def _read(self) -> list[Metric]:
        begin = time.monotonic()
        try:
            with self._connect(ADMIN_DATABASE) as session:
                metrics = [*of_tenants(read_in(session), self._newest), *of_operations(session)]
            is_up = 1
        except Exception as error:  # of whatever kind: the exporter lives on, and says that it knows nothing
            print(f"the admin database cannot be read: {' '.join(str(error).split())}", flush=True)
            metrics, is_up = [], 0
        up = GaugeMetricFamily("tenantry_up", "Whether the admin database could be read", value=is_up)
        seconds = time.monotonic() - begin
        cost = GaugeMetricFamily("tenantry_read_seconds", "Seconds that reading it took", value=seconds)
        return [up, cost, *metrics]


def of_tenants(tenants: Iterable[TenantFacts], newest_schema: int) -> list[Metric]:
    """Per tenant: who it is, limits and use of quotas that are known, connections, schema, deletion."""
    info = GaugeMetricFamily("tenant_info", "A tenant with its plan", labels=["tenant", "plan", "stack", "phase"])
    active = GaugeMetricFamily("tenant_active_count", "Active tenants", labels=["plan"])
    limit = GaugeMetricFamily("tenant_quota_limit", "Limit of a quota whose use is known", labels=["tenant", "quota"])
    usage = GaugeMetricFamily("tenant_quota_usage", "Use of a quota; absent: unknown", labels=["tenant", "quota"])
    connections = GaugeMetricFamily("tenant_database_connections_active", "Sessions", labels=["tenant"])
    most = GaugeMetricFamily("tenant_database_connections_limit", "Sessions that the plan allows", labels=["tenant"])
    size = GaugeMetricFamily("tenant_database_size_bytes", "At the last measurement", labels=["tenant"])
    version = GaugeMetricFamily("tenant_schema_version", "Version of the schema", labels=["tenant"])
    newest = GaugeMetricFamily("tenantry_schema_version_newest", "Newest version in the checkout", value=newest_schema)
    due = GaugeMetricFamily(
        "tenant_deletion_due_timestamp_seconds", "When a deleted tenant may be removed", labels=["tenant"]
    )
    counts: dict[str, int] = {}
    for facts in tenants:
        info.add_metric([facts.code, facts.plan, facts.stack, facts.phase], 1)
        counts.setdefault(facts.plan, 0)
        counts[facts.plan] += facts.phase == "active"
        for quota in facts.quotas.values():
            if quota.used is not None and quota.name != "databases":
                limit.add_metric([facts.code, quota.name], quota.limit)
                usage.add_metric([facts.code, quota.name], quota.used)
        _add(connections, facts.code, facts.connections)
        _add(most, facts.code, None if facts.connections is None else facts.connection_limit)
        _add(size, facts.code, facts.database_bytes)
        _add(version, facts.code, facts.schema_version)
        _add(due, facts.code, facts.deletion_due_at.timestamp() if facts.deletion_due_at else None)
    for plan, count in sorted(counts.items()):
        active.add_metric([plan], count)
    return [info, active, limit, usage, connections, most, size, version, newest, due]


def of_operations(session: "Session") -> list[Metric]:
    """Runs, errors, openings and backups."""
    runs = CounterMetricFamily("tenant_operations", "Runs of this year", labels=["command", "result"])
    lasted = SummaryMetricFamily("tenant_operation_duration_seconds", "Of ended runs of this year", labels=["command"])
    totals: dict[str, tuple[int, float]] = {}
    for command, result, count, seconds in session.execute(RUNS).fetchall():
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
        _add(backups, tenant, at)
    return [runs, lasted, at_work, errors, openings, backups]


def _add(family: GaugeMetricFamily, tenant: str, value: float | None) -> None:
    if value is not None:
        family.add_metric([tenant], value)
