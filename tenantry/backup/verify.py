"""Proving a backup: restored into a scratch database and compared, and every copied object read back.

A purge proves the very copies that stay: dump, manifest and objects are put among the purged first, and read there.
"""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any, Final

import psycopg

from tenantry.backup.contents import objects, pg_dump
from tenantry.backup.contents.fingerprint import Fingerprint, differences
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.contents.manifest import CHECKSUM, Copied, Manifest, read_manifest
from tenantry.backup.create import BackupStore, BackupSubject, Say
from tenantry.backup.errors import BackupError, error_context, to_user_error
from tenantry.backup.progress import counter
from tenantry.backup.records import Record
from tenantry.database.migration_record import TABLE as MIGRATIONS
from tenantry.names import TEMP_DIRECTORY

SHOWN = 5  # differences that are told; the rest is counted
ANEW: Final = "nothing was removed; find out why, then take a new one: `tenantry backup {} --for-deletion`"


class BackupMismatch(BackupError):
    """The backup does not hold what it should. What to do is another thing for a removal than for a restore."""

    def __init__(self, backup_id: str, differences: list[str], remedy: str) -> None:
        more = f", and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        super().__init__(f"{backup_id} does not agree: {'; '.join(differences[:SHOWN])}{more}", remedy)


@dataclass(frozen=True, slots=True)
class Proof:
    """The results of the comparison, for the record."""

    rows: int
    tables: int
    objects: int
    object_bytes: int
    schema_digest: str
    dump_sha256: str

    def as_json(self) -> Mapping[str, Any]:
        return {
            "rows": self.rows,
            "tables": self.tables,
            "objects": self.objects,
            "objectBytes": self.object_bytes,
            "schemaDigest": self.schema_digest,
            "dumpSha256": self.dump_sha256,
            "compared": ["schema", "rows", "checksums", "objects", "live"],
        }


def load_manifest(vault: BackupStore, backup_id: str, shelf: BackupPaths) -> Manifest:
    """The manifest, whose bytes are those on record. Raises BackupError for a changed or incomplete one."""
    return _as_recorded(vault, backup_id, shelf, vault.records.find(backup_id))


def load_manifest_for_restore(vault: BackupStore, backup_id: str, shelf: BackupPaths, say: Say) -> Manifest:
    """The manifest, checked as in `load_manifest`; without a row in the admin database, by the checksum that lies
    beside it.
    """
    try:
        record, why = vault.records.find(backup_id), "it is not on record"
    except psycopg.Error as error:
        known = to_user_error(error)
        record, why = None, f"the admin database cannot be asked ({known.problem if known else error})"
    if record is not None:
        return _as_recorded(vault, backup_id, shelf, record)
    text, checksum = _manifest(vault, backup_id, shelf)
    say(f"WARNING: {backup_id}: {why}; it is checked by what lies in {vault.place.name} alone")
    if checksum is None:
        say(f"WARNING: {backup_id}: no checksum lies with its manifest, which is taken as it is")
    return _read(backup_id, shelf, text, checksum)


def _as_recorded(vault: BackupStore, backup_id: str, shelf: BackupPaths, record: Record | None) -> Manifest:
    if record is None or not record.is_usable:
        raise BackupError(f"{backup_id} is not on record as complete", "`tenantry backup --list` names those that are")
    return _read(backup_id, shelf, _manifest(vault, backup_id, shelf)[0], record.checksum or "")


def _manifest(vault: BackupStore, backup_id: str, shelf: BackupPaths) -> tuple[bytes, str | None]:
    """Its bytes, and the checksum that lies with them."""
    with error_context(f"reading {shelf.manifest(backup_id)}"):
        answer = vault.systems.bucket(vault.place).get_object(shelf.manifest(backup_id))
        return answer.read(), answer.headers.get(CHECKSUM)


def _read(backup_id: str, shelf: BackupPaths, text: bytes, checksum: str | None) -> Manifest:
    if checksum is not None and hashlib.sha256(text).hexdigest() != checksum:
        raise BackupError(f"the manifest of {backup_id} was changed since it was written", "use another backup")
    return read_manifest(text, shelf.manifest(backup_id))


def download_dump(vault: BackupStore, manifest: Manifest, shelf: BackupPaths, sink: IO[bytes], remedy: str) -> None:
    """The dump, as it was made. Raises Differs, with the remedy, for another one."""
    objects.require_free_space(manifest.dump.size)
    streamed = objects.fetch(vault.systems.bucket(vault.place), shelf.dump(manifest.id), sink)
    sink.flush()
    if (streamed.size, streamed.sha256) != (manifest.dump.size, manifest.dump.sha256):
        mismatches = [f"its dump has {streamed.size} bytes instead of {manifest.dump.size}, or others"]
        raise BackupMismatch(manifest.id, mismatches, remedy)


def restore_to_scratch(vault: BackupStore, manifest: Manifest, shelf: BackupPaths) -> Fingerprint:
    """The fingerprint of the restored dump. The scratch database is gone afterwards."""
    with ExitStack() as stack:
        file = stack.enter_context(objects.temporary_file())
        download_dump(vault, manifest, shelf, file, ANEW.format(manifest.subject))
        name = stack.enter_context(pg_dump.scratch(vault.systems))
        pg_dump.load(vault.systems, file, name, manifest.fingerprint)
        return pg_dump.fingerprint_of(vault.systems, name, manifest.fingerprint)


def corrupt_objects(vault: BackupStore, manifest: Manifest, shelf: BackupPaths, say: Say) -> list[str]:
    """Every copied object is read to its end; what is missing or differs is told."""
    bucket = vault.systems.bucket(vault.place)
    say(f"{manifest.subject}: reading back {len(manifest.objects)} objects")

    def one(copied: Copied) -> str | None:
        key = shelf.copy(copied.bucket, copied.version, copied.path)
        if not bucket.object_exists(key):
            return f"object {copied.bucket}/{copied.path} is missing"
        streamed = objects.read_back(bucket, key)
        same = (streamed.size, streamed.sha256) == (copied.size, copied.sha256)
        return None if same else f"object {copied.bucket}/{copied.path} differs"

    return objects.each(one, manifest.objects, counter(manifest.subject, len(manifest.objects), say))


def prove(vault: BackupStore, backup_id: str, subject: BackupSubject, shelf: BackupPaths, say: Say) -> Proof:
    """Against its manifest, and against what lives. Raises Differs, or BackupError when it cannot be tried."""
    with error_context(f"proving {backup_id}"):
        manifest = load_manifest(vault, backup_id, shelf)
        say(f"{subject.name}: restoring {backup_id} into a scratch database")
        restored = restore_to_scratch(vault, manifest, shelf)
        problem = differences(manifest.fingerprint, restored)
        say(f"{subject.name}: comparing {restored.rows} rows in {len(restored.tables)} tables with {subject.database}")
        problem += _not_as_living(restored, pg_dump.fingerprint_of(vault.systems, subject.database))
        problem += corrupt_objects(vault, manifest, shelf, say)
        problem += _objects_not_as_living(vault, manifest, subject)
        if problem:
            raise BackupMismatch(backup_id, problem, ANEW.format(manifest.subject))
    return Proof(
        rows=restored.rows,
        tables=len(restored.tables),
        objects=len(manifest.objects),
        object_bytes=sum(obj.size for obj in manifest.objects),
        schema_digest=restored.schema_digest,
        dump_sha256=manifest.dump.sha256,
    )


def _not_as_living(restored: Fingerprint, living: Fingerprint) -> list[str]:
    """Our own migrations reach tenants that are being deleted as well; that is told first."""
    migrated = restored.tables.get(MIGRATIONS) != living.tables.get(MIGRATIONS)
    told_first = ["living: it was migrated since its backup"] if migrated else []
    return told_first + [f"living: {difference}" for difference in differences(restored, living)]


def _objects_not_as_living(vault: BackupStore, manifest: Manifest, subject: BackupSubject) -> list[str]:
    """Objects that differ from the living ones. Those in temp/ expire by the bucket's own rule; newer ones are
    reported.
    """
    copied = {(obj.bucket, obj.path, obj.version) for obj in manifest.objects}
    living = {
        (item.bucket, item.path, item.version)
        for place in subject.buckets
        for item in objects.current(vault.systems.bucket(place), place.name, subject.prefix)
    }
    return [
        f"object {bucket}/{path} is not in the backup"
        for bucket, path, _ in sorted(living - copied)
        if path != TEMP_DIRECTORY
    ] + [
        f"object {bucket}/{path} was removed since"
        for bucket, path, _ in sorted(copied - living)
        if not path.startswith(TEMP_DIRECTORY)
    ]


def archive_for_purge(vault: BackupStore, backup_id: str, subject: str, say: Say) -> BackupPaths:
    """Copies a backup among the purged: from then on the bucket's own rule says when it expires.

    Repeatable: all of it is copied anew, so that no part is older than the proof and expires before the others.
    """
    source, target = BackupPaths(subject), BackupPaths(subject, purged=True)
    bucket = vault.systems.bucket(vault.place)
    with error_context(f"setting {backup_id} aside"):
        manifest = load_manifest(vault, backup_id, source)
        say(f"{subject}: setting {backup_id} aside ({manifest.size / 2**20:.1f} MiB)")

        def one(copied: Copied) -> str | None:
            place = (copied.bucket, copied.version, copied.path)
            objects.copy_within(bucket, source.copy(*place), target.copy(*place), copied.size)
            return None

        objects.each(one, manifest.objects, counter(subject, len(manifest.objects), say))
        objects.copy_within(bucket, source.dump(backup_id), target.dump(backup_id), manifest.dump.size)
        objects.copy_within(bucket, source.manifest(backup_id), target.manifest(backup_id), 0)
    return target


def refuse_incomplete(vault: BackupStore, backup_id: str, code: str, remedy: str) -> None:
    """Looks whether all of a purged tenant's backup is still there. Raises BackupError with what is not."""
    with error_context(f"looking for {backup_id}"):
        shelf, bucket = BackupPaths(code, purged=True), vault.systems.bucket(vault.place)
        manifest = load_manifest(vault, backup_id, shelf)
        there = objects.keys(bucket, shelf.folder(backup_id)) | objects.keys(bucket, shelf.objects)
    wanted = {shelf.copy(obj.bucket, obj.version, obj.path): (obj.path, obj.size) for obj in manifest.objects}
    wanted[shelf.dump(backup_id)] = ("its dump", manifest.dump.size)
    if lost := [name for key, (name, size) in wanted.items() if there.get(key) != size]:
        more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        raise BackupError(f"{backup_id} is not whole any more, missing or cut: {', '.join(lost[:SHOWN])}{more}", remedy)
