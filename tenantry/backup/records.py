"""The rows in the admin database: every backup, its proof, and the clean-up plan of a tenant that is removed."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents.manifest import Kind, Manifest
from tenantry.backup.errors import BackupError

BEGIN: Final = """
INSERT INTO data_backup_records (tenant_code, backup_id, database_name, kind, location, deleted_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
INTERRUPTED: Final = """
UPDATE data_backup_records SET status = 'failed', completed_at = now(), error_message = 'interrupted'
WHERE database_name = %s AND status = 'running'
"""
COMPLETE: Final = """
UPDATE data_backup_records SET status = 'completed', completed_at = now(), size_bytes = %(size)s,
    checksum = %(checksum)s, row_count = %(rows)s, object_count = %(objects)s, duration_seconds = %(seconds)s,
    schema_digest = %(schema)s, details = %(details)s, error_message = %(remark)s
WHERE backup_id = %(id)s
"""
FAIL: Final = """
UPDATE data_backup_records SET status = 'failed', completed_at = now(), error_message = %s WHERE backup_id = %s
"""
PROVE: Final = """
UPDATE data_backup_records SET status = 'verified', verified_at = now(), location = %(location)s, proof = %(proof)s,
    expires_at = %(expires)s
WHERE backup_id = %(id)s AND status IN ('completed', 'verified') RETURNING id
"""
EXPIRE: Final = "UPDATE data_backup_records SET status = 'expired', expires_at = now() WHERE backup_id = ANY(%s)"
COLUMNS: Final = """
SELECT backup_id, tenant_code, database_name, kind, location, status, checksum, size_bytes, row_count, object_count,
    duration_seconds, deleted_at, started_at, verified_at, expires_at, error_message FROM data_backup_records
"""


@dataclass(frozen=True, slots=True)
class Record:
    backup_id: str
    tenant_code: str | None
    database_name: str
    kind: str
    location: str
    status: str
    checksum: str | None
    size_bytes: int | None
    row_count: int | None
    object_count: int | None
    duration_seconds: float | None
    deleted_at: date | None
    started_at: datetime
    verified_at: datetime | None
    expires_at: datetime | None
    error_message: str | None

    @property
    def is_usable(self) -> bool:
        return self.status in ("completed", "verified")

    def proves(self, code: str, deleted_at: date | None) -> bool:
        """Tells whether the tenant may be removed by it: proved for this deletion, not for one that was cancelled."""
        return (
            (self.status, self.kind, self.tenant_code) == ("verified", "deletion", code)
            and self.deleted_at is not None
            and self.deleted_at == deleted_at
        )

    @property
    def is_ordinary(self) -> bool:
        """Tells whether the backup is of the schedule, or of a deletion that was cancelled."""
        return self.kind == "scheduled" or (self.kind == "deletion" and self.deleted_at is None)


@dataclass(frozen=True, slots=True)
class BackupRecords:
    """In one admin database."""

    systems: BackupClients
    database: str

    @contextmanager
    def lock(self, database: str) -> Generator[Session]:
        """Holds the lock of a database: one backup at a time. It ends with its session, also by a kill.

        It is given back before that: a session that is closed ends a moment later on the server.
        """
        name = [f"backup of {database}"]
        with self.systems.session(self.database) as session:
            row = session.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", name).fetchone()
            if not row or not row[0]:
                raise BackupError(f"another backup of {database} is running", "wait for it to end", passing=True)
            try:
                yield session
            finally:
                with suppress(psycopg.Error):
                    session.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", name)

    @contextmanager
    def running(
        self, backup_id: str, *, code: str | None, database: str, kind: Kind, location: str, deleted_at: date | None
    ) -> Generator[Session]:
        """A row that says how the backup ended, however it ends."""
        with self.lock(database) as session:
            session.execute(INTERRUPTED, [database])
            session.execute(BEGIN, [code, backup_id, database, kind, location, deleted_at])
            try:
                yield session
            except Exception as error:
                session.execute(FAIL, [str(error)[:2000], backup_id])
                raise

    @staticmethod
    def complete(session: Session, manifest: Manifest, checksum: str, remark: str | None) -> None:
        """`remark` is what somebody should look at, although it is complete."""
        session.execute(
            COMPLETE,
            {
                "id": manifest.id,
                "size": manifest.size,
                "checksum": checksum,
                "rows": manifest.fingerprint.rows,
                "objects": len(manifest.objects),
                "seconds": manifest.seconds,
                "schema": manifest.fingerprint.schema_digest,
                "remark": remark,
                "details": Jsonb({name: content.rows for name, content in manifest.fingerprint.tables.items()}),
            },
        )

    def prove(self, backup_id: str, location: str, proof: Mapping[str, Any], expires: datetime | None) -> None:
        given = {"id": backup_id, "location": location, "proof": Jsonb(dict(proof)), "expires": expires}
        with self.systems.session(self.database) as session:
            if session.execute(PROVE, given).fetchone() is None:
                raise BackupError(f"{backup_id} is not on record as complete", "take a new backup")

    def expire(self, backup_ids: list[str]) -> None:
        with self.systems.session(self.database) as session:
            session.execute(EXPIRE, [backup_ids])

    def find(self, backup_id: str) -> Record | None:
        return self._one("WHERE backup_id = %s", backup_id)

    def for_deletion(self, code: str, deleted_at: date) -> Record | None:
        """The newest complete one taken for this deletion; cancelling the deletion takes the day off it."""
        return self._one(
            "WHERE tenant_code = %s AND kind = 'deletion' AND deleted_at = %s AND status IN ('completed', 'verified')"
            " ORDER BY started_at DESC LIMIT 1",
            code,
            deleted_at,
        )

    def all(self, code: str | None = None) -> list[Record]:
        """Newest first."""
        return self._many("WHERE tenant_code = %s OR %s::text IS NULL ORDER BY started_at DESC, id DESC", code, code)

    def _one(self, where: str, *values: Any) -> Record | None:
        records = self._many(where, *values)
        return records[0] if records else None

    def _many(self, where: str, *values: Any) -> list[Record]:
        query = (COLUMNS + where).encode()  # both are literals of this module
        with self.systems.session(self.database) as session, session.cursor(row_factory=class_row(Record)) as cursor:
            return cursor.execute(query, values).fetchall()
