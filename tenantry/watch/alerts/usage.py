"""Quotas, connections, backups and schemas: of the figures that the exporter reads from the admin database."""

from typing import Final

from tenantry.watch.alerts.model import INFO, Alert, Recording, Rules, Severity, with_plan

QUOTA_USED: Final = "TenantQuotaUsed"
_QUOTA: Final = "tenant:quota_usage:ratio"
_CONNECTIONS: Final = "tenant:database_connections:ratio"
_DAY: Final = 86400
# A newer exporter and the one before it may both be scraped for a moment: one series of each is taken.
RECORDED: Final = (
    Recording(INFO, "topk by (tenant) (1, max by (tenant, plan, stack, phase) (tenant_info))"),
    Recording(_QUOTA, "max by (tenant, quota) (tenant_quota_usage) / max by (tenant, quota) (tenant_quota_limit > 0)"),
    Recording(
        _CONNECTIONS,
        "max by (tenant) (tenant_database_connections_active)"
        " / max by (tenant) (tenant_database_connections_limit > 0)",
    ),
    Recording("tenant:active:count", "sum by (plan) (max by (plan) (tenant_active_count))"),
)


def _quota(above: float, severity: Severity, higher: tuple[Severity, ...]) -> Alert:
    """Silent as soon as a higher one fires, and not before: from 91 to 96 % there is no gap in which nobody is told."""
    expression = f"{_QUOTA} > {above}"
    if higher:
        firing = f'ALERTS{{alertname="{QUOTA_USED}", alertstate="firing", severity=~"{"|".join(higher)}"}}'
        expression = f"{expression} unless on (tenant, quota) {firing}"
    return Alert(
        requirement="quota: thresholds 75, 90, 95 %; > 90 % for 5 min (warning)",
        name=QUOTA_USED,
        expression=with_plan(expression),
        lasts="5m",
        severity=severity,
        summary="{{ $labels.tenant }} uses {{ $value | humanizePercentage }} of its quota {{ $labels.quota }}",
    )


USAGE: Final[Rules] = (
    *RECORDED,
    _quota(0.95, Severity.CRITICAL, ()),
    _quota(0.9, Severity.WARNING, (Severity.CRITICAL,)),
    _quota(0.75, Severity.INFO, (Severity.CRITICAL, Severity.WARNING)),
    Alert(
        requirement="database connections > 80 % of the limit for 3 min (warning)",
        name="TenantConnectionsNearLimit",
        expression=with_plan(f"{_CONNECTIONS} > 0.8"),
        lasts="3m",
        severity=Severity.WARNING,
        summary="{{ $labels.tenant }} holds {{ $value | humanizePercentage }} of its database connections",
    ),
    Alert(
        requirement="backups of every tenant database: none for more than a day",
        name="TenantBackupOld",
        expression=with_plan(
            f"time() - max by (tenant) (tenant_backup_last_success_timestamp_seconds) > {_DAY}"
            f' and on (tenant) {INFO}{{phase=~"active|suspended"}}'
        ),
        lasts="2h",  # tonight's backup of many tenants ends later on one day than on another
        severity=Severity.CRITICAL,
        summary="the newest backup of {{ $labels.tenant }} is {{ $value | humanizeDuration }} old",
    ),
    Alert(
        requirement="backups of every tenant database: never any",
        name="TenantBackupOld",
        expression=f'{INFO}{{phase="active"}} unless on (tenant) tenant_backup_last_success_timestamp_seconds',
        lasts="26h",  # opened a minute after last night's, with its first one tonight
        severity=Severity.CRITICAL,
        summary="{{ $labels.tenant }} has no backup at all",
        labels={"backup": "none"},
    ),
    Alert(
        requirement="schema changes: the version of every tenant is known",
        name="TenantSchemaBehind",
        expression=with_plan(
            "max by (tenant) (tenant_schema_version) < on () group_left () max(tenantry_schema_version_newest)"
        ),
        lasts="1d",
        severity=Severity.WARNING,
        summary="the schema of {{ $labels.tenant }} is still at version {{ $value }}",
    ),
)
