"""Taking a backup: the dump, the objects, and last the manifest, without which there is none."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import IO

from tenantry.backup.clients import BackupClients, BucketLocation
from tenantry.backup.contents import objects, pg_dump
from tenantry.backup.contents.layout import BackupPaths, new_id
from tenantry.backup.contents.manifest import CHECKSUM, Dump, Kind, Manifest, read_manifest
from tenantry.backup.contents.objects import Streamed
from tenantry.backup.errors import BackupError, error_context
from tenantry.backup.progress import counter
from tenantry.backup.records import BackupRecords
from tenantry.names import TEMP_DIRECTORY

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BackupSubject:
    """The subject of a backup: a tenant with its prefix in some buckets, or a database of the platform."""

    name: str
    database: str
    code: str | None = None
    prefix: str = ""
    buckets: tuple[BucketLocation, ...] = ()
    is_template: bool = False  # takes no connections: a clone of it is dumped


@dataclass(frozen=True, slots=True)
class BackupStore:
    """The backup bucket and the records."""

    systems: BackupClients
    place: BucketLocation
    records: BackupRecords

    def location(self, folder: str) -> str:
        return f"oss://{self.place.name}/{folder}"

    def manifest(self, backup_id: str, shelf: BackupPaths) -> Manifest:
        """Raises BackupError where there is none that this release can read."""
        return self.manifest_at(shelf.manifest(backup_id))

    def manifest_at(self, key: str) -> Manifest:
        """The manifest at this key, also one that a person has put beside the backups."""
        with error_context(f"reading {key}"):
            text = self.systems.bucket(self.place).get_object(key).read()
        return read_manifest(text, key)

    def shelf_of(self, backup_id: str, subject: str) -> BackupPaths:
        """Among the living or the purged. Raises BackupError where there is no such backup."""
        bucket = self.systems.bucket(self.place)
        with error_context(f"looking for {backup_id}"):
            for shelf in (BackupPaths(subject), BackupPaths(subject, purged=True)):
                if bucket.object_exists(shelf.manifest(backup_id)):
                    return shelf
        raise BackupError(f"there is no backup {backup_id} in {self.place.name}", "`tenantry backup --list` names them")


def create_backup(
    vault: BackupStore,
    subject: BackupSubject,
    kind: Kind,
    *,
    deleted_at: date | None = None,
    say: Say = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Manifest:
    """Raises BackupError, and the record says so too; what was copied by then is used by the next one."""
    started, begun, remark = clock(), time.monotonic(), None
    backup_id, shelf = new_id(subject.name, started), BackupPaths(subject.name)
    with (
        error_context(f"backup of {subject.name}"),
        vault.records.running(
            backup_id,
            code=subject.code,
            database=subject.database,
            kind=kind,
            location=vault.location(shelf.folder(backup_id)),
            deleted_at=deleted_at,
        ) as session,
    ):
        backups = vault.systems.bucket(vault.place)
        with objects.temporary_file() as file:
            say(f"{subject.name}: dumping {subject.database}")
            fingerprint = _dump(vault.systems, subject, file)
            dump = _put(backups, shelf.dump(backup_id), file)
        listed = [item for place in subject.buckets for item in _listed(vault.systems, place, subject.prefix)]
        if listed:
            say(f"{subject.name}: {len(listed)} objects, {sum(item.size for item in listed) / 2**20:.1f} MiB")
        sources = {place.name: vault.systems.bucket(place) for place in subject.buckets}
        last = _last(vault, shelf, say, needed=kind != "deletion")
        lost = _lost(last, listed)
        if last and lost:
            remark = f"{lost} of the {len(last.objects)} objects in {last.id} are gone, {len(listed)} were found"
            say(f"WARNING: {subject.name}: {remark}: ask the tenant, `tenantry restore` brings them back")
        # What a removal will be measured against is copied anew: a copy made long ago may have been damaged since.
        known: Mapping[str, Streamed] = _copies(last, shelf) if last and kind != "deletion" else {}
        tick = counter(subject.name, len(listed), say)
        copied = objects.copy_new_objects(listed, sources, backups, shelf, known, tick)
        manifest = Manifest(
            id=backup_id,
            subject=subject.name,
            code=subject.code,
            database=subject.database,
            kind=kind,
            started_at=started,
            seconds=round(time.monotonic() - begun, 3),
            server=_server(vault.systems),
            dump=dump,
            fingerprint=fingerprint,
            objects=copied,
            lost=lost,
        )
        text = manifest.model_dump_json(indent=1).encode()
        digest = hashlib.sha256(text).hexdigest()
        headers = {"Content-Type": "application/json", CHECKSUM: digest}
        backups.put_object(shelf.manifest(backup_id), text, headers=headers)
        vault.records.complete(session, manifest, digest, remark)
    return manifest


def _dump(systems: BackupClients, subject: BackupSubject, target: IO[bytes]) -> pg_dump.Fingerprint:
    if not subject.is_template:
        return pg_dump.dump(systems, subject.database, target)
    with pg_dump.scratch(systems, template=subject.database) as clone:
        return pg_dump.dump(systems, clone, target)


def _listed(systems: BackupClients, place: BucketLocation, prefix: str) -> list[objects.Found]:
    with error_context(f"listing {place.name}/{prefix}"):
        return list(objects.current(systems.bucket(place), place.name, prefix))


def _put(backups: object, key: str, file: IO[bytes]) -> Dump:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(objects.CHUNK):
        digest.update(chunk)
    size = file.tell()
    file.seek(0)
    objects.upload_file(backups, key, file, size)
    return Dump(size=size, sha256=digest.hexdigest())


def _last(vault: BackupStore, shelf: BackupPaths, say: Say, *, needed: bool) -> Manifest | None:
    """The newest backup of this subject. Raises BackupError for one that cannot be read, unless it is not needed."""
    keys = objects.keys(vault.systems.bucket(vault.place), shelf.backups)
    ids = [backup_id for key in keys if (backup_id := shelf.backup_of(key))]
    try:
        return vault.manifest(max(ids), shelf) if ids else None  # of one subject the ids sort as their moments do
    except BackupError as error:
        if needed:
            raise
        say(f"WARNING: {shelf.subject}: not compared with the backup before: {error}")
        return None


def _copies(last: Manifest, shelf: BackupPaths) -> Mapping[str, Streamed]:
    """The copies that are there already, by its manifest."""
    return {shelf.copy(obj.bucket, obj.version, obj.path): Streamed(obj.size, obj.sha256) for obj in last.objects}


def _lost(last: Manifest | None, listed: list[objects.Found]) -> int:
    """The number of its objects that are gone. Objects in temp/ expire by the bucket's own rule."""
    if last is None:
        return 0
    kept = {(copied.bucket, copied.path) for copied in last.objects if not copied.path.startswith(TEMP_DIRECTORY)}
    return len(kept - {(item.bucket, item.path) for item in listed})


def _server(systems: BackupClients) -> str:
    with systems.session() as session:
        row = session.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""
