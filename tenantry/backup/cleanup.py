"""The clean-up plan of a tenant that is deleted: one row for each of its resources, and a log of what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from tenantry.backup.systems import Session

RETRIES: Final = 3

ResourceType = Literal["database", "oss", "subdomain", "other"]
Status = Literal["pending", "in_progress", "completed", "failed"]


@dataclass(frozen=True, slots=True)
class Resource:
    type: ResourceType
    name: str
    bucket: str | None = None
    region: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    type: ResourceType
    name: str
    status: Status
    retry_count: int
    error_message: str | None


PLAN: Final = """
INSERT INTO tenant_resource_cleanup AS plan
    (tenant_code, resource_type, resource_name, oss_bucket, oss_region, oss_path, scheduled_deletion_at)
VALUES (%(code)s, %(type)s, %(name)s, %(bucket)s, %(region)s, %(path)s, %(due)s)
ON CONFLICT (tenant_code, resource_type, resource_name) DO UPDATE SET scheduled_deletion_at = %(due)s
WHERE plan.status = 'pending' AND plan.scheduled_deletion_at <> %(due)s
RETURNING id
"""
START: Final = """
UPDATE tenant_resource_cleanup SET status = 'in_progress', deletion_started_at = coalesce(deletion_started_at, now()),
    error_message = NULL
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s AND status <> 'completed'
RETURNING id
"""
COMPLETE: Final = """
UPDATE tenant_resource_cleanup SET status = 'completed', error_message = NULL,
    deletion_started_at = coalesce(deletion_started_at, now()), deletion_completed_at = now()
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s AND status <> 'completed'
RETURNING id
"""
FAIL: Final = """
UPDATE tenant_resource_cleanup SET error_message = %(error)s, retry_count = least(retry_count + 1, %(retries)s),
    status = CASE WHEN retry_count >= %(retries)s THEN 'failed' ELSE 'in_progress' END,
    deletion_started_at = coalesce(deletion_started_at, now())
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s AND status <> 'completed'
RETURNING id
"""
CANCEL: Final = """
DELETE FROM tenant_resource_cleanup WHERE tenant_code = %(code)s AND status = 'pending'
RETURNING resource_type, resource_name
"""
LOG: Final = """
INSERT INTO tenant_cleanup_logs (cleanup_id, tenant_code, resource_type, resource_name, action, attempt, error_message)
VALUES (%(id)s, %(code)s, %(type)s, %(name)s, %(action)s,
    coalesce((SELECT retry_count + 1 FROM tenant_resource_cleanup WHERE id = %(id)s), 1), %(error)s)
"""
ROWS: Final = """
SELECT resource_type, resource_name, status, retry_count, error_message FROM tenant_resource_cleanup
WHERE tenant_code = %s ORDER BY resource_type, resource_name
"""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Of one tenant, in a session with the admin database. Every change is logged once, in the same transaction."""

    session: Session
    code: str

    def plan(self, resources: Iterable[Resource], due: date) -> None:
        """Also for another day, as long as nothing has begun."""
        for one in resources:
            self._change(PLAN, one, "scheduled", due=due, bucket=one.bucket, region=one.region, path=one.path)

    def start(self, one: Resource) -> None:
        self._change(START, one, "started")

    def complete(self, one: Resource) -> None:
        self._change(COMPLETE, one, "completed")

    def fail(self, one: Resource, error: str) -> None:
        self._change(FAIL, one, "failed", error=error[:2000], retries=RETRIES)

    def retry(self, one: Resource) -> None:
        self._change(START, one, "retried")

    def cancel(self) -> None:
        """The deletion was taken back; what has begun stays on record."""
        with self.session.transaction():
            for kind, name in self.session.execute(CANCEL, {"code": self.code}).fetchall():
                self._log(None, Resource(kind, name), "cancelled", None)

    def rows(self) -> list[Row]:
        return [Row(*row) for row in self.session.execute(ROWS, [self.code]).fetchall()]

    def _change(self, statement: str, one: Resource, action: str, error: str | None = None, **more: object) -> None:
        given = {"code": self.code, "type": one.type, "name": one.name, "error": error, **more}
        with self.session.transaction():
            changed = self.session.execute(statement.encode(), given).fetchone()
            if changed is not None:
                self._log(changed[0], one, action, error)

    def _log(self, row: int | None, one: Resource, action: str, error: str | None) -> None:
        self.session.execute(
            LOG,
            {
                "id": row,
                "code": self.code,
                "type": one.type,
                "name": one.name,
                "action": action,
                "error": error,
            },
        )


def resources_of(
    *, database: str, domain: str, namespace: str, role: str, prefix: str, buckets: Iterable[tuple[str, str]]
) -> list[Resource]:
    """Everything of a tenant that a removal takes away; buckets are (name, region)."""
    return [
        Resource("database", database),
        *(Resource("oss", f"{bucket}/{prefix}", bucket, region, prefix) for bucket, region in buckets),
        Resource("subdomain", domain),
        Resource("other", f"namespace/{namespace}"),
        Resource("other", f"role/{role}"),
    ]
