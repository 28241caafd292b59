"""One case a row of the table of alerts: when it fires, when not yet, and what makes it end.

Series in promtool's notation: `96x20` are 21 samples of 96, `0+6x20` a counter that grows by 6 at each. A fast case has
a sample each 30 s, a slow one each 10 minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

INFO: Final = 'tenant_info{tenant="k001",plan="standard",stack="prod",phase="active"}'
WHO: Final = {"tenant": "k001", "plan": "standard", "stack": "prod"}
_XX: Final = 'envoy_cluster_upstream_rq_xx{tenant="k001",envoy_response_code_class='
_TIME: Final = 'envoy_cluster_upstream_rq_time_bucket{tenant="k001",le='
_USED: Final = 'tenant_quota_usage{tenant="k001",quota="storage"}'
_LIMIT: Final = 'tenant_quota_limit{tenant="k001",quota="storage"}'
_ACTIVE: Final = 'tenant_database_connections_active{tenant="k001"}'
_MOST: Final = 'tenant_database_connections_limit{tenant="k001"}'
_POD: Final = 'namespace="tenant-k001",pod="p",container="business-app"'
_DAY: Final = 86400


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    severity: str
    series: Mapping[str, str]  # over the limit from the first sample on, and within it again at the end
    at_limit: Mapping[str, str]  # for ever at the limit itself, where nothing may fire
    quiet: str  # the last moment at which it does not fire yet
    fires: str
    clear: str
    summary: str
    labels: Mapping[str, str] = field(default_factory=lambda: WHO)
    extra: Mapping[str, str] = field(default_factory=dict[str, str])  # labels beside those
    slow: bool = False


def _quota(severity: str, over: int, limit: int) -> Case:
    return Case(
        name="TenantQuotaUsed",
        severity=severity,
        series={INFO: "1x60", _USED: f"{over}x15 10x30", _LIMIT: "100x60"},
        at_limit={INFO: "1x60", _USED: f"{limit}x60", _LIMIT: "100x60"},
        quiet="4m30s",
        fires="5m",
        clear="8m",
        summary=f"k001 uses {over}% of its quota storage",
        extra={"quota": "storage"},
    )


def _near_limit(resource: str, used: Mapping[str, str], full: Mapping[str, str], limit: str, said: str) -> Case:
    limits = {f'kube_pod_container_resource_limits{{{_POD},resource="{resource}"}}': limit}
    name = resource.removeprefix("ephemeral_")
    return Case(
        name="TenantContainerNearLimit",
        severity="warning",
        series={INFO: "1x90", **used, **limits},
        at_limit={INFO: "1x90", **full, **limits},
        quiet="14m" if name == "cpu" else "9m30s",
        fires="15m" if name == "cpu" else "10m",
        clear="40m",
        summary=f"a container of k001 uses {said} of its {name}",
        extra={"resource": name},
    )


CPU = f"container_cpu_usage_seconds_total{{{_POD}}}"
MEMORY = f"container_memory_working_set_bytes{{{_POD}}}"
DISK = f"container_fs_usage_bytes{{{_POD}}}"
CASES: Final = (
    _quota("critical", 96, 95),
    _quota("warning", 91, 90),
    _quota("info", 76, 75),
    Case(
        name="TenantConnectionsNearLimit",
        severity="warning",
        series={INFO: "1x60", _ACTIVE: "49x10 10x30", _MOST: "60x60"},
        at_limit={INFO: "1x60", _ACTIVE: "48x60", _MOST: "60x60"},
        quiet="2m30s",
        fires="3m",
        clear="6m",
        summary="k001 holds 81.67% of its database connections",
    ),
    Case(
        name="TenantErrorRateHigh",
        severity="critical",
        series={INFO: "1x60", f'{_XX}"2"}}': "0+90x60", f'{_XX}"5"}}': "0+10x15 150+0x30"},
        at_limit={INFO: "1x60", f'{_XX}"2"}}': "0+9501x60", f'{_XX}"5"}}': "0+499x60"},
        quiet="2m",  # a rate needs two samples
        fires="2m30s",
        clear="11m",
        summary="10% of the requests to k001 fail",
    ),
    Case(
        name="TenantResponseSlow",
        severity="warning",
        series={
            INFO: "1x60",
            f'{_XX}"2"}}': "0+100x60",
            f'{_TIME}"2000"}}': "0+90x15 1350+100x30",
            f'{_TIME}"4000"}}': "0+100x15 1500+100x30",
            f'{_TIME}"+Inf"}}': "0+100x15 1500+100x30",
        },
        at_limit={
            INFO: "1x60",
            f'{_XX}"2"}}': "0+100x60",
            f'{_TIME}"2000"}}': "0+95x60",
            f'{_TIME}"4000"}}': "0+100x60",
            f'{_TIME}"+Inf"}}': "0+100x60",
        },
        quiet="5m",
        fires="5m30s",
        clear="20m",
        summary="every twentieth request to k001 takes longer than 3s",
    ),
    Case(
        name="TenantPodsMissing",
        severity="critical",
        series={
            INFO: "1x60",
            'kube_deployment_spec_replicas{namespace="tenant-k001",deployment="business-app"}': "2x60",
            'kube_deployment_status_replicas_available{namespace="tenant-k001",deployment="business-app"}': "1x15 2x40",
        },
        at_limit={
            INFO: "1x60",
            'kube_deployment_spec_replicas{namespace="tenant-k001",deployment="business-app"}': "2x60",
            'kube_deployment_status_replicas_available{namespace="tenant-k001",deployment="business-app"}': "2x60",
        },
        quiet="4m30s",
        fires="5m",
        clear="9m",
        summary="k001 lacks 1 pods of business-app",
        extra={"deployment": "business-app"},
    ),
    Case(
        name="TenantPodRestarting",
        severity="warning",
        series={INFO: "1x90", f"kube_pod_container_status_restarts_total{{{_POD}}}": "0x8 1 2 3 4 4x60"},
        at_limit={INFO: "1x90", f"kube_pod_container_status_restarts_total{{{_POD}}}": "0x30 1 2 2x60"},
        quiet="5m",
        fires="15m",
        clear="25m",
        summary="a container of k001 was restarted 4 times in 15 minutes",
    ),
    _near_limit("cpu", {CPU: "0+28.5x50 1425+3x40"}, {CPU: "0+27x90"}, "1x90", "95%"),
    _near_limit("memory", {MEMORY: "950x40 100x40"}, {MEMORY: "900x90"}, "1000x90", "95%"),
    _near_limit("ephemeral_storage", {DISK: "950x40 100x40"}, {DISK: "900x90"}, "1000x90", "95%"),
    Case(
        name="CertificateExpires",
        severity="critical",
        series={
            'certmanager_certificate_expiration_timestamp_seconds{namespace="g",name="wildcard"}': f"{14 * _DAY}x20 9e6x20"
        },
        at_limit={
            'certmanager_certificate_expiration_timestamp_seconds{namespace="g",name="wildcard"}': f"{14 * _DAY}+600x40"
        },
        quiet="1h",
        fires="1h10m",
        clear="4h",
        summary="certificate g/wildcard expires in 13d 22h 50m 0s",
        labels={"certificate": "g/wildcard"},
        slow=True,
    ),
    Case(
        name="TenantBackupOld",
        severity="critical",
        series={INFO: "1x400", 'tenant_backup_last_success_timestamp_seconds{tenant="k001"}': "0x160 97000x100"},
        at_limit={INFO: "1x400", 'tenant_backup_last_success_timestamp_seconds{tenant="k001"}': "0x143 0+600x200"},
        quiet="26h",
        fires="26h10m",
        clear="27h",
        summary="the newest backup of k001 is 1d 2h 10m 0s old",
        slow=True,
    ),
    Case(
        name="TenantBackupOld",
        severity="critical",
        series={INFO: "1x400", 'tenant_backup_last_success_timestamp_seconds{tenant="k001"}': "_x160 97000x100"},
        at_limit={INFO: "1x400", 'tenant_backup_last_success_timestamp_seconds{tenant="k001"}': "_x155 93000x100"},
        quiet="25h50m",
        fires="26h",
        clear="27h",
        summary="k001 has no backup at all",
        extra={"phase": "active", "backup": "none"},
        slow=True,
    ),
    Case(
        name="OperationsFail",
        severity="critical",
        series={
            'tenant_operations_total{command="up",result="ok"}': "0+9x400",
            'tenant_operations_total{command="up",result="failed"}': "0+1x20 20x400",
        },
        at_limit={
            'tenant_operations_total{command="up",result="ok"}': "0+95x400",
            'tenant_operations_total{command="up",result="killed"}': "0+5x400",
        },
        quiet="2m",
        fires="2m30s",
        clear="80m",
        summary="10% of the runs of the last hour have failed",
        labels={},
    ),
    Case(
        name="StackLockedTooLong",
        severity="warning",
        series={'tenant_operation_open_seconds{stack="prod",command="up"}': "3601+30x15 _ stale"},
        at_limit={'tenant_operation_open_seconds{stack="prod",command="up"}': "3600x60"},
        quiet="4m30s",
        fires="5m",
        clear="9m",
        summary="up of prod has no end after 1h 5m 1s",
        labels={"stack": "prod", "command": "up"},
    ),
    Case(
        name="TenantOpeningStuck",
        severity="critical",
        series={
            INFO.replace("active", "opening"): "1x60",
            'tenant_opening_step_seconds{tenant="k001",step="database",result="failed"}': "1801+30x15 stale",
        },
        at_limit={
            INFO.replace("active", "opening"): "1x60",
            'tenant_opening_step_seconds{tenant="k001",step="database",result="failed"}': "1800x60",
        },
        quiet="4m30s",
        fires="5m",
        clear="9m",
        summary="k001 is being opened: database is failed since 35m 1s",
        extra={"step": "database", "result": "failed"},
    ),
    Case(
        name="TenantDeletionDue",
        severity="info",
        series={
            INFO.replace("active", "retained"): "1x60",
            'tenant_deletion_due_timestamp_seconds{tenant="k001"}': f"{7 * _DAY + 300}x20 stale",
        },
        at_limit={
            INFO.replace("active", "retained"): "1x60",
            'tenant_deletion_due_timestamp_seconds{tenant="k001"}': f"{7 * _DAY}+30x60",
        },
        quiet="5m",
        fires="5m30s",
        clear="12m",
        summary="the data of k001 may be removed in 6d 23h 59m 30s",
    ),
    Case(
        name="TenantSchemaBehind",
        severity="warning",
        series={
            INFO: "1x400",
            'tenant_schema_version{tenant="k001"}': "2x160 3x100",
            "tenantry_schema_version_newest": "3x400",
        },
        at_limit={
            INFO: "1x400",
            'tenant_schema_version{tenant="k001"}': "3x400",
            "tenantry_schema_version_newest": "3x400",
        },
        quiet="23h50m",
        fires="24h",
        clear="27h",
        summary="the schema of k001 is still at version 2",
        slow=True,
    ),
    Case(
        name="DriftFound",
        severity="warning",
        series={
            'tenantry_drift_findings{stack="prod",gravity="harmless"}': "4x9 stale",
            'tenantry_drift_findings{stack="prod",gravity="isolation broken"}': "_x10 2x5 stale",
            'tenantry_drift_findings{stack="prod",gravity="clean"}': "_x17 0x60",
        },
        at_limit={'tenantry_drift_findings{stack="prod",gravity="harmless"}': "4x60"},
        quiet="4m30s",
        fires="5m30s",
        clear="9m",
        summary="2 differences in prod, the gravest: isolation broken",
        labels={"stack": "prod", "gravity": "isolation broken"},
    ),
    Case(
        name="DriftUnseen",
        severity="warning",
        series={'tenantry_drift_last_look_timestamp_seconds{stack="prod"}': "0x300 180000x50"},
        at_limit={'tenantry_drift_last_look_timestamp_seconds{stack="prod"}': "0x287 0+600x100"},
        quiet="49h",
        fires="49h10m",
        clear="51h",
        summary="nobody has looked at prod for drift for 2d 1h 10m 0s",
        labels={"stack": "prod"},
        slow=True,
    ),
    Case(
        name="MetricsMissing",
        severity="critical",
        series={"tenantry_up": "0x15 1x40"},
        at_limit={"tenantry_up": "1x60"},
        quiet="4m30s",
        fires="5m",
        clear="8m",
        summary="the exporter says nothing, or cannot read the admin database",
        labels={},
    ),
    Case(
        name="MetricsTooMany",
        severity="warning",
        series={'scrape_samples_scraped{job="tenantry-exporter"}': "120001x25 90000x40"},
        at_limit={'scrape_samples_scraped{job="tenantry-exporter"}': "120000x60"},
        quiet="9m30s",
        fires="10m",
        clear="13m",
        summary="a scrape has 120001 samples; beyond 150000 Prometheus takes none of them",
        labels={},
    ),
    Case(
        name="DatabaseServerDown",
        severity="critical",
        series={"pg_up": "0x10 1x50"},
        at_limit={"pg_up": "1x60", "tenantry_up": "0x60"},  # it answers others: the exporter's own login is the trouble
        quiet="30s",
        fires="1m",
        clear="6m",
        summary="the database server does not answer",
        labels={},
    ),
    Case(
        name="GatewayDown",
        severity="critical",
        series={'up{job="tenantry-platform/tenantry-gateway",pod="a"}': "1x2 0x10 1x50"},
        at_limit={
            'up{job="tenantry-platform/tenantry-gateway",pod="a"}': "0x60",
            'up{job="tenantry-platform/tenantry-gateway",pod="b"}': "1x60",
        },
        quiet="3m",
        fires="3m30s",
        clear="8m",
        summary="no proxy of the gateway answers",
        labels={},
    ),
)
