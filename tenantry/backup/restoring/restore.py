"""Bringing a backup back: into a fresh database, checked before anybody meets it; then, when asked, in another's place.

The database that it takes the place of stays under a name of its own, closed: a restore never drops anything but the
fresh database of its own that came to nothing. Whatever stops it, the database whose place it was to take is open.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg

from tenantry.backup.contents import objects, pg_dump
from tenantry.backup.contents.fingerprint import differences
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.contents.manifest import Copied, Manifest
from tenantry.backup.contents.objects import Streamed
from tenantry.backup.create import BackupStore, BackupSubject, Say
from tenantry.backup.errors import BackupError, HalfDoneError, error_context, to_user_error
from tenantry.backup.progress import counter
from tenantry.backup.restoring.database_swap import swap
from tenantry.backup.verify import BackupMismatch, corrupt_objects, download_dump, load_manifest_for_restore
from tenantry.database.owner_login import CATALOG_ALONE

ANOTHER: Final = "nothing was changed; restore another one: `tenantry backup {} --list` names them"


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    database: str
    rows: int
    tables: int
    objects: int
    before: str | None  # the database whose place it took


def restore(vault: BackupStore, backup_id: str, source: str, target: BackupSubject | None, say: Say) -> Restored:
    """`source` is whose backup it is. Without a target: beside everything else, and no object is written."""
    with error_context(f"restoring {backup_id}"):
        shelf = vault.shelf_of(backup_id, source)
        manifest = load_manifest_for_restore(vault, backup_id, shelf, say)
        if target:
            _refuse_other_buckets(manifest, target)
        owner = target.database if target else None
        fresh = f"{target.database if target else manifest.database}_restored_{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        if missing := corrupt_objects(vault, manifest, shelf, say):
            raise BackupMismatch(backup_id, missing, ANOTHER.format(source))
        with _whole_or_none(vault, fresh, say):
            _fill(vault, manifest, shelf, fresh, owner, say)
            before = swap(vault.systems, target.database, fresh) if target else None
        if target is None:
            return _result(manifest, fresh, None)
        say(f"{target.name}: {target.database} is the restored one; the one before is {before}, closed")
        try:
            _put_back(vault, manifest, shelf, target, say)
        except Exception as error:
            if (known := to_user_error(error)) is None:
                raise
            raise HalfDoneError(
                f"{target.database} is the restored one by now, but not all objects are back: {known.problem}",
                f"run the same again, with `--replace {target.name}`",
                passing=known.passing,
            ) from error
        return _result(manifest, target.database, before)


def _result(manifest: Manifest, database: str, before: str | None) -> Restored:
    return Restored(
        database, manifest.fingerprint.rows, len(manifest.fingerprint.tables), len(manifest.objects), before
    )


@contextmanager
def _whole_or_none(vault: BackupStore, fresh: str, say: Say) -> Generator[None]:
    """A copy that came to nothing is dropped: it is ours, nobody has seen it, and it would stand in a purge's way."""
    try:
        yield
    except psycopg.errors.DuplicateDatabase:
        raise  # the name is taken by another restore, of the same second
    except BaseException:
        try:
            with vault.systems.session() as session:
                pg_dump.drop(session, fresh)
        except psycopg.Error:
            say(f"{fresh} could not be dropped: drop it by hand when the server answers")
        raise


def _fill(vault: BackupStore, manifest: Manifest, shelf: BackupPaths, fresh: str, owner: str | None, say: Say) -> None:
    """A fresh database that holds what the manifest says."""
    remedy = ANOTHER.format(manifest.subject)
    with objects.temporary_file() as file:
        download_dump(vault, manifest, shelf, file, remedy)
        say(f"{manifest.subject}: restoring {manifest.fingerprint.rows} rows into {fresh}")
        with vault.systems.session() as session:
            pg_dump.create(session, fresh, owner=owner)
        pg_dump.load(vault.systems, file, fresh, manifest.fingerprint)
        with vault.systems.session(fresh, CATALOG_ALONE) as inside:
            inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        restored = pg_dump.fingerprint_of(vault.systems, fresh, manifest.fingerprint)
        if mismatches := differences(manifest.fingerprint, restored):
            raise BackupMismatch(manifest.id, mismatches, remedy)


def _refuse_other_buckets(manifest: Manifest, target: BackupSubject) -> None:
    if unknown := {obj.bucket for obj in manifest.objects} - {place.name for place in target.buckets}:
        raise BackupError(
            f"the backup holds objects of {', '.join(sorted(unknown))}, which this stack does not use",
            "restore it on the stack of its installation",
        )


def _put_back(vault: BackupStore, manifest: Manifest, shelf: BackupPaths, target: BackupSubject, say: Say) -> None:
    """Below the target's own prefix. What lies there under the same name stays as an older version."""
    backups = vault.systems.bucket(vault.place)
    buckets = {place.name: vault.systems.bucket(place) for place in target.buckets}
    say(f"{target.name}: putting {len(manifest.objects)} objects back")

    def one(copied: Copied) -> str | None:
        key = shelf.copy(copied.bucket, copied.version, copied.path)
        streamed = objects.copy(backups, key, buckets[copied.bucket], target.prefix + copied.path)
        return None if streamed == Streamed(copied.size, copied.sha256) else f"object {copied.path} differs"

    if corrupt := objects.each(one, manifest.objects, counter(target.name, len(manifest.objects), say)):
        raise BackupMismatch(manifest.id, corrupt, ANOTHER.format(manifest.subject))
