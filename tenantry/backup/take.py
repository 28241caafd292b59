"""Taking a backup: the dump, the objects, and last the manifest, without which there is none."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import IO

from tenantry.backup import objects, postgresql
from tenantry.backup.counting import counter
from tenantry.backup.failing import BackupError, explained
from tenantry.backup.manifest import CHECKSUM, Dump, Kind, Manifest, read_manifest
from tenantry.backup.objects import Streamed
from tenantry.backup.places import Shelf, new_id
from tenantry.backup.records import Records
from tenantry.backup.systems import BucketPlace, Systems
from tenantry.names import TEMP_DIRECTORY

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is backed up: a tenant with its prefix in some buckets, or a database of the platform."""

    name: str
    database: str
    code: str | None = None
    prefix: str = ""
    buckets: tuple[BucketPlace, ...] = ()
    is_template: bool = False  # takes no connections: a clone of it is dumped


@dataclass(frozen=True, slots=True)
class Vault:
    """The backup bucket and the records."""

    systems: Systems
    place: BucketPlace
    records: Records

    def location(self, folder: str) -> str:
        return f"oss://{self.place.name}/{folder}"

    def manifest(self, backup_id: str, shelf: Shelf) -> Manifest:
        """Raises BackupError where there is none that this release can read."""
        return self.manifest_at(shelf.manifest(backup_id))

    def manifest_at(self, key: str) -> Manifest:
        """As `manifest`, also of what a person has put beside the backups."""
        with explained(f"reading {key}"):
            text = self.systems.bucket(self.place).get_object(key).read()
        return read_manifest(text, key)

    def shelf_of(self, backup_id: str, subject: str) -> Shelf:
        """Among the living or the purged. Raises BackupError where there is no such backup."""
        bucket = self.systems.bucket(self.place)
        with explained(f"looking for {backup_id}"):
            for shelf in (Shelf(subject), Shelf(subject, purged=True)):
                if bucket.object_exists(shelf.manifest(backup_id)):
                    return shelf
        raise BackupError(f"there is no backup {backup_id} in {self.place.name}", "`tenantry backup --list` names them")


def take(
    vault: Vault,
    subject: Subject,
    kind: Kind,
    *,
    deleted_at: date | None = None,
    say: Say = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Manifest:
    """Raises BackupError, and the record says so too; what was copied by then is used by the next one."""
    started, begun, remark = clock(), time.monotonic(), None
    backup_id, shelf = new_id(subject.name, started), Shelf(subject.name)
    with (
        explained(f"backup of {subject.name}"),
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
        with objects.spool() as file:
            say(f"{subject.name}: dumping {subject.database}")
            fingerprint = _dump(vault.systems, subject, file)
            dump = _put(backups, shelf.dump(backup_id), file)
        found = [item for place in subject.buckets for item in _listed(vault.systems, place, subject.prefix)]
        if found:
            say(f"{subject.name}: {len(found)} objects, {sum(item.size for item in found) / 2**20:.1f} MiB")
        sources = {place.name: vault.systems.bucket(place) for place in subject.buckets}
        last = _last(vault, shelf, say, needed=kind != "deletion")
        lost = _lost(last, found)
        if last and lost:
            remark = f"{lost} of the {len(last.objects)} objects in {last.id} are gone, {len(found)} were found"
            say(f"WARNING: {subject.name}: {remark}: ask the tenant, `tenantry restore` brings them back")
        # What a removal will be measured against is copied anew: a copy made long ago may have been damaged since.
        known: Mapping[str, Streamed] = _copies(last, shelf) if last and kind != "deletion" else {}
        tick = counter(subject.name, len(found), say)
        copied = objects.back_up(found, sources, backups, shelf, known, tick)
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


def _dump(systems: Systems, subject: Subject, target: IO[bytes]) -> postgresql.Fingerprint:
    if not subject.is_template:
        return postgresql.dump(systems, subject.database, target)
    with postgresql.scratch(systems, template=subject.database) as clone:
        return postgresql.dump(systems, clone, target)


def _listed(systems: Systems, place: BucketPlace, prefix: str) -> list[objects.Found]:
    with explained(f"listing {place.name}/{prefix}"):
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


def _last(vault: Vault, shelf: Shelf, say: Say, *, needed: bool) -> Manifest | None:
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


def _copies(last: Manifest, shelf: Shelf) -> Mapping[str, Streamed]:
    """What it says about the copies that are there already."""
    return {shelf.copy(one.bucket, one.version, one.path): Streamed(one.size, one.sha256) for one in last.objects}


def _lost(last: Manifest | None, found: list[objects.Found]) -> int:
    """How many of its objects are gone. What lies in temp/ expires by the bucket's own rule."""
    if last is None:
        return 0
    kept = {(copied.bucket, copied.path) for copied in last.objects if not copied.path.startswith(TEMP_DIRECTORY)}
    return len(kept - {(item.bucket, item.path) for item in found})


def _server(systems: Systems) -> str:
    with systems.session() as session:
        row = session.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""
