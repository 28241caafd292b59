"""The columns that metrics are made from: the exporter's login may read these of the admin database, and no others.

None is about a person. A statement that needs one more fails at the first scrape by that login, which a test makes
(tests/tenantry/watch/test_exporter_login.py); it takes each column away, too, and sees that it was needed.
"""

from collections.abc import Mapping
from typing import Final

READ_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "billing_records": ("item", "period_start", "quantity", "tenant_id"),
    "data_backup_records": ("completed_at", "status", "tenant_code"),
    "drift_looks": ("config_key", "config_value"),
    "notification_logs": ("medium", "sent_at", "status", "tenant_code"),
    "operation_changes": ("action", "occurred_at", "outcome", "resource_type", "tenant_code"),
    "operation_ends": ("ended_at", "found_by", "result", "run_id"),
    "operation_runs": ("command", "id", "stack", "started_at"),
    "tenant_figures": (
        "database_connections",
        "database_name",
        "held_by",
        "max_storage",
        "max_users",
        "monthly_price",
        "phase",
        "plan_type",
        "quotas",
        "scheduled_deletion_at",
        "schema_version",
        "tenant_id",
    ),
    "tenant_init_progress": ("status", "tenant_id"),
    "tenant_init_steps": ("started_at", "status", "step_name", "tenant_id"),
    "tenant_user_statistics": (
        "counted_on",
        "database_bytes",
        "measured_at",
        "object_count",
        "storage_bytes",
        "tenant_id",
        "total_users",
    ),
}
