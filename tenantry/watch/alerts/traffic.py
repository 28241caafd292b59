"""Requests as the gateway counts them: the applications are asked for nothing."""

from typing import Final

from tenantry.watch.alerts.model import Alert, Recording, Rules, Severity, with_plan

_RATE: Final = "tenant:requests:rate2m"
_ERRORS: Final = "tenant:request_errors:ratio2m"
_SLOW: Final = "tenant:response_seconds:p95"
_LEAST: Final = 0.05  # requests a second: one failure of two in a night wakes nobody

TRAFFIC: Final[Rules] = (
    Recording(_RATE, 'sum by (tenant) (rate(envoy_cluster_upstream_rq_xx{tenant!=""}[2m]))'),
    Recording(
        _ERRORS,
        'sum by (tenant) (rate(envoy_cluster_upstream_rq_xx{tenant!="", envoy_response_code_class="5"}[2m]))'
        f" / ({_RATE} > 0)",
    ),
    Recording(
        _SLOW,
        "histogram_quantile(0.95, sum by (tenant, le)"
        ' (rate(envoy_cluster_upstream_rq_time_bucket{tenant!=""}[5m]))) / 1000',
    ),
    Alert(
        requirement="error rate > 5 % for 2 min (critical)",
        name="TenantErrorRateHigh",
        expression=with_plan(f"{_ERRORS} > 0.05 and on (tenant) {_RATE} > {_LEAST}"),
        lasts="2m",
        severity=Severity.CRITICAL,
        summary="{{ $value | humanizePercentage }} of the requests to {{ $labels.tenant }} fail",
    ),
    Alert(
        requirement="response time",
        name="TenantResponseSlow",
        expression=with_plan(f"{_SLOW} > 2 and on (tenant) {_RATE} > {_LEAST}"),
        lasts="5m",
        severity=Severity.WARNING,
        summary="every twentieth request to {{ $labels.tenant }} takes longer than {{ $value | humanizeDuration }}",
    ),
)
