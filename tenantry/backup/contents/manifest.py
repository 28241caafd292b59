"""The manifest of one backup: a JSON document beside its dump. Paths are below the prefix, nothing is secret."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenantry.backup.contents.fingerprint import Fingerprint
from tenantry.backup.errors import BackupError

CHECKSUM: Final = "x-oss-meta-sha256"  # of the document, as the object's own metadata: it goes where the object goes

Kind = Literal["scheduled", "manual", "deletion", "migration"]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Copied(_Document):
    """One object of a tenant, and the copy of it."""

    bucket: str
    path: str  # below the tenant's prefix
    version: str
    size: int
    sha256: str


class Dump(_Document):
    size: int
    sha256: str


class Manifest(_Document):
    format: Literal[1] = 1
    id: str
    subject: str  # a tenant's code, or the name of a platform's database
    code: str | None
    database: str
    kind: Kind
    started_at: datetime
    seconds: float
    server: str
    dump: Dump
    fingerprint: Fingerprint
    objects: tuple[Copied, ...] = ()
    lost: int = Field(default=0, exclude=True)  # objects of the backup before that are gone: told, not kept

    @property
    def size(self) -> int:
        """Bytes of the dump and of all objects."""
        return self.dump.size + sum(obj.size for obj in self.objects)


def read_manifest(text: bytes, key: str) -> Manifest:
    """Raises BackupError for what `key` should not hold, such as what a newer release has written."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise BackupError(
            f"{key}: {field}: {first['msg']}",
            "use the release that wrote this backup, or move its folder out of the bucket, and run again",
        ) from None
