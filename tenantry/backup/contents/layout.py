"""The layout of the backup bucket. Objects are copied once and shared by the backups that name them.

backups/SUBJECT/ID/{manifest.json,database.dump}    a backup; the manifest is written last: without it there is none
objects/SUBJECT/BUCKET/VERSION/PATH                 copies of a tenant's objects, one for every version ever backed up
objects/SUBJECT/_long/BUCKET/VERSION/SHA256         the same, where the path is too long for that name
purged/SUBJECT/...                                  the same two, of a tenant that was purged: the only ones left of it
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

PURGED: Final = "purged/"
COLD_AFTER_DAYS: Final = 30
COLD_CLASS: Final = "IA"  # read without thawing it first: a purge reads its backup when it is just 30 days old
LONGEST_KEY: Final = 1023  # bytes, of any object in OSS
PURGED_KEPT_DAYS: Final = 90  # from the purge on; then nothing is left of the tenant
ID: Final = re.compile(r"(?P<subject>[a-z][a-z0-9_]{2,62})-(?P<at>[0-9]{8}T[0-9]{6}Z)-[0-9a-f]{16}")


def new_id(subject: str, at: datetime) -> str:
    """A new id. Of one subject, ids sort as their moments do: the microseconds come first, then what no other has."""
    return f"{subject}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{at.microsecond:05x}{secrets.token_hex(6)[1:]}"


def subject_of(backup_id: str) -> str | None:
    """The subject of a backup by its id; None for other text."""
    match = ID.fullmatch(backup_id)
    return match["subject"] if match else None


def moment_of(backup_id: str) -> datetime:
    """The time at which the backup was taken. Raises ValueError for text that is no backup's id."""
    match = ID.fullmatch(backup_id)
    if match is None:
        raise ValueError(f"{backup_id!r} is no backup's id")
    return datetime.strptime(match["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BackupPaths:
    """The paths of one subject's backups: among the living, or among the purged."""

    subject: str
    purged: bool = False

    @property
    def root(self) -> str:
        return f"{PURGED}{self.subject}/" if self.purged else ""

    @property
    def backups(self) -> str:
        return f"{self.root}backups/" if self.purged else f"backups/{self.subject}/"

    @property
    def objects(self) -> str:
        return f"{self.root}objects/" if self.purged else f"objects/{self.subject}/"

    def folder(self, backup_id: str) -> str:
        return f"{self.backups}{backup_id}/"

    def manifest(self, backup_id: str) -> str:
        return self.folder(backup_id) + "manifest.json"

    def backup_of(self, key: str) -> str | None:
        """The backup whose manifest has this key; None for everything else, such as a folder that a person has
        copied.
        """
        backup_id = key.removeprefix(self.backups).removesuffix("/manifest.json")
        return backup_id if subject_of(backup_id) == self.subject and key == self.manifest(backup_id) else None

    def dump(self, backup_id: str) -> str:
        return self.folder(backup_id) + "database.dump"

    def copy(self, bucket: str, version: str, path: str) -> str:
        """The key of an object's copy, whatever its path, which the manifest has.

        A bucket that keeps no versions calls each of them null; then the copy is made anew.
        """
        name = f"{self.objects}{bucket}/{version}/{path}"
        if len(name.encode()) <= LONGEST_KEY:
            return name
        digest = hashlib.sha256(path.encode()).hexdigest()
        return f"{self.objects}_long/{bucket}/{version}/{digest}"  # no bucket has an underscore in its name
