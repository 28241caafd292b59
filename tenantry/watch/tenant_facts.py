"""Each tenant as the admin database tells it: plan, phase, quotas, and what is known of their use."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenantry.names import ADMIN_DATABASE, is_code

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]
    Connect = Callable[[str], AbstractContextManager[Session]]

QUOTAS: Final = (
    "users", "storage", "api_calls", "bandwidth", "databases", "compute_hours", "file_uploads", "email_sends",
)  # fmt: skip
THRESHOLDS: Final = (75, 90, 95)  # per cent, where a plan says nothing else

TENANTS: Final = """
SELECT tenant_id, plan_type, held_by, phase, database_name, max_users, max_storage, quotas, database_connections,
    monthly_price, schema_version, scheduled_deletion_at
FROM tenant_figures WHERE %(code)s::text IS NULL OR tenant_id = %(code)s ORDER BY length(tenant_id), tenant_id
"""
NAMES: Final = "SELECT tenant_id, name FROM tenants WHERE %(code)s::text IS NULL OR tenant_id = %(code)s"
USERS: Final = """
SELECT DISTINCT ON (tenant_id) tenant_id, total_users, counted_on FROM tenant_user_statistics
WHERE %(code)s::text IS NULL OR tenant_id = %(code)s ORDER BY tenant_id, counted_on DESC
"""
STORAGE: Final = """
SELECT DISTINCT ON (tenant_id) tenant_id, storage_bytes, object_count, database_bytes, measured_at
FROM tenant_user_statistics
WHERE measured_at IS NOT NULL AND (%(code)s::text IS NULL OR tenant_id = %(code)s)
ORDER BY tenant_id, counted_on DESC
"""
# What the application writes for the bill, summed since the quota's last reset. Null where it has never written any.
BILLED: Final = """
SELECT tenant_id, item, sum(quantity) FILTER (WHERE period_start >= CASE
        coalesce(quotas #>> ARRAY[item, 'reset'], 'none')
        WHEN 'hourly' THEN current_date WHEN 'daily' THEN current_date
        WHEN 'weekly' THEN date_trunc('week', now())::date WHEN 'monthly' THEN date_trunc('month', now())::date
        ELSE '-infinity' END)
FROM billing_records JOIN tenant_figures USING (tenant_id)
WHERE item IN ('api_calls', 'bandwidth', 'compute_hours', 'file_uploads')
    AND (%(code)s::text IS NULL OR tenant_id = %(code)s)
GROUP BY 1, 2
"""
EMAILS: Final = """
SELECT tenant_code, count(*) FILTER (WHERE sent_at >= CASE
        coalesce(quotas #>> '{email_sends,reset}', 'hourly')
        WHEN 'hourly' THEN date_trunc('hour', now()) WHEN 'daily' THEN date_trunc('day', now())
        WHEN 'weekly' THEN date_trunc('week', now()) WHEN 'monthly' THEN date_trunc('month', now())
        ELSE '-infinity' END)
FROM notification_logs JOIN tenant_figures ON tenant_id = tenant_code
WHERE medium = 'email' AND status IN ('sent', 'delivered')
    AND (%(code)s::text IS NULL OR tenant_code = %(code)s)
GROUP BY 1
"""
# Sessions of the server by database, and which databases there are.
DATABASES: Final = """
SELECT datname, datconnlimit, coalesce(sessions, 0) FROM pg_database
LEFT JOIN (SELECT datid, count(*) AS sessions FROM pg_stat_activity GROUP BY 1) AS activity ON datid = pg_database.oid
WHERE NOT datistemplate
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of one tenant. `used` is None where nobody has measured it: unknown is not zero."""

    name: str
    limit: int
    unit: str
    reset: str
    thresholds: tuple[int, ...]
    used: int | None
    source: str  # who says so; for people
    at: datetime | None = None  # when it was measured

    @property
    def percent(self) -> float | None:
        return None if self.used is None or self.limit <= 0 else 100 * self.used / self.limit

    @property
    def pressure(self) -> float:
        """The per cent that somebody should look at. A database for each of the plan's is how it is meant to be."""
        percent = self.percent or 0
        return 0 if self.name == "databases" and percent <= 100 else percent

    @property
    def reached(self) -> int:
        """The highest threshold that is reached; 0 below all of them."""
        return max((mark for mark in self.thresholds if self.pressure >= mark), default=0)


@dataclass(frozen=True, slots=True)
class TenantFacts:
    code: str
    name: str  # the customer's; empty where it was not asked for
    plan: str
    stack: str  # that holds it
    phase: str
    database: str
    monthly_price: float | None
    schema_version: int | None
    deletion_due_at: datetime | None
    connection_limit: int | None
    connections: int | None  # sessions now; None: there is no such database
    database_bytes: int | None
    objects: int | None
    quotas: Mapping[str, Quota] = field(default_factory=dict[str, Quota])


def read(connect: "Connect", code: str | None = None) -> list[TenantFacts]:
    """Everybody who is not purged, by code. About seven statements, however many tenants there are."""
    with connect(ADMIN_DATABASE) as session:
        return read_in(session, code)


def read_in(session: "Session", code: str | None = None, *, named: bool = True) -> list[TenantFacts]:
    """The same in a session in the admin database. `named`: with the customers' names, which metrics do without."""
    given = {"code": code}
    names = dict(session.execute(NAMES, given).fetchall()) if named else {}
    users = {row[0]: row[1:] for row in session.execute(USERS, given).fetchall()}
    storage = {row[0]: row[1:] for row in session.execute(STORAGE, given).fetchall()}
    emails = dict(session.execute(EMAILS, given).fetchall())
    billed: dict[str, dict[str, int]] = {}
    for tenant, item, quantity in session.execute(BILLED, given).fetchall():
        billed.setdefault(tenant, {})[item] = int(quantity or 0)
    databases = {name: (limit, sessions) for name, limit, sessions in session.execute(DATABASES).fetchall()}
    facts: list[TenantFacts] = []
    for row in session.execute(TENANTS, given).fetchall():
        tenant = str(row[0])
        if not is_code(tenant):
            continue
        used = _Used(users.get(tenant), storage.get(tenant), billed.get(tenant, {}), emails.get(tenant), databases)
        facts.append(_facts(row, str(names.get(tenant, "")), used))
    return facts


@dataclass(frozen=True, slots=True)
class _Used:
    users: tuple[Any, ...] | None  # total, day
    storage: tuple[Any, ...] | None  # bytes, objects, bytes of the database, when
    billed: Mapping[str, int]
    emails: int | None
    databases: Mapping[str, tuple[int, int]]


def _facts(row: tuple[Any, ...], name: str, used: _Used) -> TenantFacts:
    code, plan, stack, phase, database, max_users, max_storage, given, connections, price, version, due = row
    limit, sessions = used.databases.get(database, (None, None))
    _, objects, size, _ = used.storage or (None, None, None, None)
    return TenantFacts(
        code=code,
        name=name,
        plan=plan,
        stack=stack,
        phase=phase,
        database=database,
        monthly_price=None if price is None else float(price),
        schema_version=version,
        deletion_due_at=due,
        connection_limit=connections or (limit if limit and limit > 0 else None),
        connections=sessions,
        database_bytes=size,
        objects=objects,
        quotas={quota.name: quota for quota in _quotas(given, max_users, max_storage, database, used)},
    )


def _quotas(given: Mapping[str, Any], max_users: int, max_storage: int, database: str, used: _Used) -> list[Quota]:
    """Those that the plan has. Users and storage are limited by the tenant's own figure, which a plan may exceed."""
    measured: dict[str, tuple[int | None, str, datetime | None]] = {
        name: (used.billed.get(name), "billing_records", None) for name in QUOTAS
    }
    if used.users is not None:
        total, day = used.users
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        measured["users"] = (int(total), "tenant_user_statistics", at)
    else:
        measured["users"] = (None, "tenant_user_statistics", None)
    total, _, _, at = used.storage or (None, None, None, None)
    measured["storage"] = (total, "tenantry usage --measure", at)
    measured["email_sends"] = (used.emails, "notification_logs", None)
    measured["databases"] = (int(database in used.databases), "the database server", None)
    own = {"users": max_users, "storage": max_storage}
    quotas: list[Quota] = []
    for name in QUOTAS:
        quota: Mapping[str, Any] = given.get(name) or {}
        limit = own.get(name, quota.get("limit"))
        if limit is None:
            continue
        thresholds = tuple(quota.get("thresholds") or THRESHOLDS)
        quotas.append(
            Quota(name, int(limit), quota.get("unit", name), quota.get("reset", "none"), thresholds, *measured[name])
        )
    return quotas
