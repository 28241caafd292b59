"""The content of each dashboard: panels with their queries. They read what the recording rules have worked out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tenantry.watch.alerts.model import INFO


class Form(StrEnum):
    NUMBER = "number"
    LINES = "lines"
    BARS = "bars"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    form: Form
    query: str
    legend: str = ""
    unit: str = "short"  # as Grafana names units
    limits: tuple[float, float] | None = None  # from where it is yellow, and red
    width: int = 12  # of 24
    explained: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    name: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variable: tuple[str, str] | None = None  # its name, and the query whose values it has


_QUOTA: Final = (0.75, 0.9)
_SECONDS: Final = "s"
_SHARE: Final = "percentunit"
_RUNS: Final = "sum by (command, result) (increase(tenant_operations_total[1d]))"


def of_stack(series: str) -> str:
    """Only of tenants of the stack that is chosen."""
    return f'{series} and on (tenant) {INFO}{{stack="$stack"}}'


def of_tenant(series: str, rest: str = "") -> str:
    return f'{series}{{tenant="$tenant"{rest}}}'


FLEET: Final = Board(
    "fleet",
    "Tenants: the fleet",
    (
        (
            "Now",
            (
                Panel("Active", Form.NUMBER, "sum(tenant:active:count)", width=4),
                Panel(
                    "Alerts", Form.NUMBER, 'count(ALERTS{alertstate="firing"}) or vector(0)', width=4, limits=(1, 10)
                ),
                Panel("Exporter", Form.NUMBER, "max(tenantry_up)", width=4, explained="1: the admin database is read"),
                Panel("By plan", Form.BARS, "tenant:active:count", "{{plan}}", width=6),
                Panel("By phase", Form.BARS, f"count by (phase) ({INFO})", "{{phase}}", width=6),
            ),
        ),
        (
            "Who is in trouble",
            (
                Panel(
                    "Alerts that fire",
                    Form.TABLE,
                    'count by (alertname, severity, tenant, stack) (ALERTS{alertstate="firing"})',
                    width=24,
                ),
                Panel(
                    "Fullest quotas",
                    Form.BARS,
                    "topk(15, tenant:quota_usage:ratio)",
                    "{{tenant}} {{quota}}",
                    _SHARE,
                    _QUOTA,
                ),
                Panel(
                    "Most connections",
                    Form.BARS,
                    "topk(15, tenant:database_connections:ratio)",
                    "{{tenant}}",
                    _SHARE,
                    (0.7, 0.8),
                ),
                Panel("Errors", Form.LINES, "topk(10, tenant:request_errors:ratio2m)", "{{tenant}}", _SHARE),
                Panel("Slowest", Form.LINES, "topk(10, tenant:response_seconds:p95)", "{{tenant}}", _SECONDS),
            ),
        ),
        (
            "What is done",
            (
                Panel("Runs of a day", Form.BARS, _RUNS, "{{command}} {{result}}"),
                Panel(
                    "Oldest backups",
                    Form.BARS,
                    "topk(15, time() - max by (tenant) (tenant_backup_last_success_timestamp_seconds))",
                    "{{tenant}}",
                    _SECONDS,
                    (86400, 93600),
                ),
                Panel(
                    "Openings",
                    Form.TABLE,
                    "max by (tenant, step, result) (tenant_opening_step_seconds)",
                    unit=_SECONDS,
                ),
                Panel("Drift", Form.TABLE, "max by (stack, gravity) (tenantry_drift_findings)"),
            ),
        ),
    ),
)
STACK: Final = Board(
    "stack",
    "Tenants: a stack",
    (
        (
            "Now",
            (
                Panel("Tenants", Form.NUMBER, f'count({INFO}{{stack="$stack"}})', width=6),
                Panel("By phase", Form.BARS, f'count by (phase) ({INFO}{{stack="$stack"}})', "{{phase}}", width=9),
                Panel("By plan", Form.BARS, f'count by (plan) ({INFO}{{stack="$stack"}})', "{{plan}}", width=9),
            ),
        ),
        (
            "Load",
            (
                Panel("Requests a second", Form.LINES, f"sum({of_stack('tenant:requests:rate2m')})", "requests"),
                Panel(
                    "Errors", Form.LINES, f"topk(10, {of_stack('tenant:request_errors:ratio2m')})", "{{tenant}}", _SHARE
                ),
                Panel(
                    "Sessions of its databases",
                    Form.LINES,
                    f"sum({of_stack('tenant_database_connections_active')})",
                    "sessions",
                ),
                Panel(
                    "Largest databases",
                    Form.BARS,
                    f"topk(15, {of_stack('tenant_database_size_bytes')})",
                    "{{tenant}}",
                    "bytes",
                ),
                Panel("Pods missing", Form.LINES, f"sum({of_stack('tenant:pods_missing')})", "pods", limits=(1, 3)),
                Panel(
                    "Memory of the fullest containers",
                    Form.BARS,
                    f"topk(15, {of_stack('tenant:container_memory:ratio')})",
                    "{{tenant}}",
                    _SHARE,
                    (0.8, 0.9),
                ),
            ),
        ),
    ),
    ("stack", f"label_values({INFO}, stack)"),
)
TENANT: Final = Board(
    "tenant",
    "Tenants: one tenant",
    (
        (
            "Who it is",
            (
                Panel("Plan and phase", Form.TABLE, of_tenant(INFO), width=12),
                Panel("Schema", Form.NUMBER, f"max({of_tenant('tenant_schema_version')})", width=4),
                Panel(
                    "Backup",
                    Form.NUMBER,
                    f"time() - max({of_tenant('tenant_backup_last_success_timestamp_seconds')})",
                    unit=_SECONDS,
                    limits=(86400, 93600),
                    width=4,
                ),
                Panel(
                    "Database", Form.NUMBER, f"max({of_tenant('tenant_database_size_bytes')})", unit="bytes", width=4
                ),
            ),
        ),
        (
            "What it uses",
            (
                Panel("Quotas", Form.BARS, of_tenant("tenant:quota_usage:ratio"), "{{quota}}", _SHARE, _QUOTA),
                Panel(
                    "Connections",
                    Form.LINES,
                    of_tenant("tenant:database_connections:ratio"),
                    "of its limit",
                    _SHARE,
                    (0.7, 0.8),
                ),
                Panel("CPU", Form.LINES, of_tenant("tenant:container_cpu:ratio"), "fullest", _SHARE, (0.8, 0.9)),
                Panel("Memory", Form.LINES, of_tenant("tenant:container_memory:ratio"), "fullest", _SHARE, (0.8, 0.9)),
            ),
        ),
        (
            "How it answers",
            (
                Panel("Requests a second", Form.LINES, of_tenant("tenant:requests:rate2m"), "requests"),
                Panel("Errors", Form.LINES, of_tenant("tenant:request_errors:ratio2m"), "5xx", _SHARE, (0.01, 0.05)),
                Panel("Response time", Form.LINES, of_tenant("tenant:response_seconds:p95"), "95 %", _SECONDS, (1, 2)),
                Panel("Pods missing", Form.LINES, of_tenant("tenant:pods_missing"), "{{deployment}}", limits=(1, 3)),
            ),
        ),
    ),
    ("tenant", f"label_values({INFO}, tenant)"),
)
BOARDS: Final = (FLEET, STACK, TENANT)
