"""The ground of all tenants of a site: while it is down, alerts of single tenants are not told (routing.py)."""

from typing import Final

from tenantry.watch.alerts.model import Alert, Rules, Severity

_PROXIES: Final = 'up{job="tenantry-platform/tenantry-gateway"}'  # the job of the PodMonitor

SITE: Final[Rules] = (
    Alert(
        requirement="the database server of all tenants",
        name="DatabaseServerDown",
        # By postgres_exporter, where there is one; else by our own, which has a login of its own for one database.
        expression="max(pg_up) == 0 or max(tenantry_up) == 0 unless on () max(pg_up) == 1",
        lasts="1m",
        severity=Severity.CRITICAL,
        summary="the database server does not answer",
    ),
    Alert(
        requirement="the gateway of all tenants",
        name="GatewayDown",
        # All of its proxies are down, or none is there any more and one was today.
        expression=f"max({_PROXIES}) == 0 or 0 * (max(max_over_time({_PROXIES}[1d])) unless on () max({_PROXIES}))",
        lasts="2m",
        severity=Severity.CRITICAL,
        summary="no proxy of the gateway answers",
    ),
)
