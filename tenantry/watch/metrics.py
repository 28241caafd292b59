"""Prometheus metrics of all tenants, made from the admin database at each scrape. Nothing is counted in memory.

Labels are of an allow-list: codes, plans, phases, stacks, quotas, steps, commands and results. Names, phones, errors
and whatever else somebody may choose freely never become one: a label's value stays for as long as samples do.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenantry.names import ADMIN_DATABASE
from tenantry.watch.operation_metrics import of_drift, of_operations
from tenantry.watch.tenant_facts import TenantFacts, read_in

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

LABELS: Final = frozenset({"tenant", "plan", "phase", "stack", "quota", "step", "command", "result", "gravity"})
KEPT_SECONDS: Final = 10.0  # two scrapers at once cost one reading


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
                facts = read_in(session, named=False)
                metrics = [*of_tenants(facts, self._newest), *of_operations(session), *of_drift(session)]
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


def _add(family: GaugeMetricFamily, tenant: str, value: float | None) -> None:
    if value is not None:
        family.add_metric([tenant], value)
