"""The clean-up plan of a tenant that is deleted: one row for each of its resources, and a log of what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from tenantry.backup.clients import Session

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
    status = CASE WHEN retry_count >= %(retries)s THEN 'failed' ELSE 'in_progress' END
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s AND status <> 'completed'
RETURNING id
"""
NOTHING_GONE: Final = """
UPDATE tenant_resource_cleanup SET deletion_started_at = NULL
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s AND status <> 'completed'
"""
BEGUN: Final = """
SELECT deletion_started_at IS NOT NULL FROM tenant_resource_cleanup
WHERE tenant_code = %(code)s AND resource_type = %(type)s AND resource_name = %(name)s
"""
# Objects go first, and everything else only when they are gone.
BEGUN_AT_ALL: Final = """
SELECT FROM tenant_resource_cleanup
WHERE tenant_code = %s AND resource_type = 'oss' AND deletion_started_at IS NOT NULL
"""
CANCEL: Final = """
DELETE FROM tenant_resource_cleanup WHERE tenant_code = %(code)s
RETURNING resource_type, resource_name
"""
# Where the objects lay, and what was told of them, names the tenant's phone.
MASK: Final = """
UPDATE tenant_resource_cleanup SET resource_name = replace(resource_name, %(phone)s, %(code)s),
    oss_path = replace(oss_path, %(phone)s, %(code)s), error_message = replace(error_message, %(phone)s, %(code)s)
WHERE tenant_code = %(code)s
"""
MASK_LOG: Final = """
UPDATE tenant_cleanup_logs SET resource_name = replace(resource_name, %(phone)s, %(code)s),
    error_message = replace(error_message, %(phone)s, %(code)s)
WHERE tenant_code = %(code)s
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
    """The clean-up plan of one tenant, in a session with the admin database. Every change is logged once, in the same
    transaction.
    """

    session: Session
    code: str

    def plan(self, resources: Iterable[Resource], due: date) -> None:
        """Also for another day, as long as nothing has begun."""
        for resource in resources:
            self._change(
                PLAN, resource, "scheduled", due=due, bucket=resource.bucket, region=resource.region, path=resource.path
            )

    def start(self, one: Resource) -> None:
        """Before the first of it goes."""
        self._change(START, one, "started")

    def nothing_gone(self, one: Resource) -> None:
        """It was started, and failed with all of it still there."""
        self.session.execute(NOTHING_GONE, self._values(one))

    def has_begun(self, one: Resource) -> bool | None:
        """Tells whether something of it may be gone; None where it is not planned."""
        row = self.session.execute(BEGUN, self._values(one)).fetchone()
        return bool(row[0]) if row else None

    @property
    def is_too_late(self) -> bool:
        """Tells whether something that holds data may be gone: what is left is no longer the tenant."""
        return self.session.execute(BEGUN_AT_ALL, [self.code]).fetchone() is not None

    def complete(self, one: Resource) -> None:
        self._change(COMPLETE, one, "completed")

    def fail(self, one: Resource, error: str) -> None:
        self._change(FAIL, one, "failed", error=error[:2000], retries=RETRIES)

    def retry(self, one: Resource) -> None:
        self._change(START, one, "retried")

    def cancel(self) -> None:
        """The deletion was taken back, with everything that holds data still there: see `is_too_late`."""
        with self.session.transaction():
            for kind, name in self.session.execute(CANCEL, {"code": self.code}).fetchall():
                self._log(None, Resource(kind, name), "cancelled", None)

    def mask(self, phone: str) -> None:
        """The last thing: the code stands where the phone stood, as nothing is left to be found by it."""
        with self.session.transaction():
            for statement in (MASK, MASK_LOG):
                self.session.execute(statement, {"code": self.code, "phone": phone})

    def rows(self) -> list[Row]:
        return [Row(*row) for row in self.session.execute(ROWS, [self.code]).fetchall()]

    def _change(self, statement: str, one: Resource, action: str, error: str | None = None, **more: object) -> None:
        given = {**self._values(one), "error": error, **more}
        with self.session.transaction():
            changed = self.session.execute(statement.encode(), given).fetchone()
            if changed is not None:
                self._log(changed[0], one, action, error)

    def _log(self, row: int | None, one: Resource, action: str, error: str | None) -> None:
        self.session.execute(LOG, {**self._values(one), "id": row, "action": action, "error": error})

    def _values(self, one: Resource) -> dict[str, object]:
        return {"code": self.code, "type": one.type, "name": one.name}


def resources_of(
    *, database: str, domain: str, prefix: str, buckets: Iterable[tuple[str, str]], **others: str
) -> list[Resource]:
    """Everything of a tenant that a removal takes away; buckets are (name, region), others by what they are."""
    return [
        Resource("database", database),
        *(Resource("oss", f"{bucket}/{prefix}", bucket, region, prefix) for bucket, region in buckets),
        Resource("subdomain", domain),
        *(Resource("other", f"{kind}/{name}") for kind, name in others.items()),
    ]
