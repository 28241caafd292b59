"""Runs, openings, deletions, drift, the schema, and the metrics themselves."""

from typing import Final

from tenantry.watch.alerts.model import Alert, Recording, Rules, Severity, with_plan

_FAILED: Final = "tenantry:operations_failed:ratio1h"
_WEEK: Final = 7 * 86400
SAMPLE_LIMIT: Final = 150_000  # of one scrape of the exporter: 5,000 tenants are 100,000 at most
_COMES_NEAR: Final = 0.8

OPERATIONS: Final[Rules] = (
    Recording(
        _FAILED,
        'sum(increase(tenant_operations_total{result=~"failed|killed"}[1h]))'
        ' / (sum(increase(tenant_operations_total{result!="open"}[1h])) > 0)',
    ),
    Alert(
        requirement="error rate > 5 % for 2 min (critical), of the platform's own operations",
        name="OperationsFail",
        expression=f"{_FAILED} > 0.05",
        lasts="2m",
        severity=Severity.CRITICAL,
        summary="{{ $value | humanizePercentage }} of the runs of the last hour have failed",
    ),
    Alert(
        requirement="a stack that is locked too long",
        name="StackLockedTooLong",
        expression="max by (stack, command) (tenant_operation_open_seconds) > 3600",
        lasts="5m",
        severity=Severity.WARNING,
        summary="{{ $labels.command }} of {{ $labels.stack }} has no end after {{ $value | humanizeDuration }}",
    ),
    Alert(
        requirement="opening a tenant: a failed one is seen",
        name="TenantOpeningStuck",
        expression=with_plan("max by (tenant, step, result) (tenant_opening_step_seconds) > 1800"),
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="{{ $labels.tenant }} is being opened: {{ $labels.step }} is {{ $labels.result }} since"
        " {{ $value | humanizeDuration }}",
    ),
    Alert(
        requirement="what falls due in the next 7 days can be listed",
        name="TenantDeletionDue",
        expression=with_plan(f"max by (tenant) (tenant_deletion_due_timestamp_seconds) - time() < {_WEEK}"),
        lasts="0s",
        severity=Severity.INFO,
        summary="the data of {{ $labels.tenant }} may be removed in {{ $value | humanizeDuration }}",
    ),
    Alert(
        requirement="an audit trail of every change: what was changed past it",
        name="DriftFound",
        expression='max by (stack, gravity) (tenantry_drift_findings{gravity!~"harmless|clean"}) > 0',
        lasts="0s",
        severity=Severity.WARNING,
        summary="{{ $value }} differences in {{ $labels.stack }}, the gravest: {{ $labels.gravity }}",
    ),
    Alert(
        requirement="an audit trail of every change: nobody has looked",
        name="DriftUnseen",
        expression="time() - max by (stack) (tenantry_drift_last_look_timestamp_seconds) > 2 * 86400",
        lasts="1h",
        severity=Severity.WARNING,
        summary="nobody has looked at {{ $labels.stack }} for drift for {{ $value | humanizeDuration }}",
    ),
    Alert(
        requirement="monitoring: that there is any",
        name="MetricsMissing",
        expression="absent(tenantry_up == 1)",
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="the exporter says nothing, or cannot read the admin database",
    ),
    Alert(
        requirement="monitoring: that its cost is bounded",
        name="MetricsTooMany",
        expression=f'max(scrape_samples_scraped{{job="tenantry-exporter"}}) > {round(_COMES_NEAR * SAMPLE_LIMIT)}',
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"a scrape has {{{{ $value }}}} samples; beyond {SAMPLE_LIMIT} Prometheus takes none of them",
    ),
)
