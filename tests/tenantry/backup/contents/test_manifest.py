"""A file that is no manifest is told by its key and field, with a remedy; a folder that is no backup's is passed by."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.backup.contents.fingerprint import Content, Fingerprint
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.contents.manifest import Dump, Manifest, read_manifest
from tenantry.backup.errors import BackupError

ID = "k001-20260101T183000Z-0123456789abcdef"
KEY = BackupPaths("k001").manifest(ID)
GOOD = Manifest(
    id=ID,
    subject="k001",
    code="k001",
    database="rent001",
    kind="scheduled",
    started_at=datetime(2026, 1, 1, 18, 30, tzinfo=UTC),
    seconds=1.0,
    server="17.0",
    dump=Dump(size=1, sha256="0"),
    fingerprint=Fingerprint(schema_digest="0", tables={}, sequences={}, large_objects=Content(rows=0, checksum="0")),
)


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(GOOD.model_dump_json()), **changes}).encode()


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(GOOD.model_dump_json().encode(), KEY) == GOOD


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (changed(sealed="hunter2"), "sealed"),  # a newer release's
        (changed(format=2), "format"),
        (changed(dump={"size": 1, "sha256": "0", "cipher": "hunter2"}), "dump.cipher"),
        (b"", "file"),
        (b'{"id": "hunter2', "file"),
        (b"\xff\xfe", "file"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_key_and_a_remedy(text: bytes, field: str) -> None:
    with pytest.raises(BackupError) as caught:
        read_manifest(text, KEY)
    assert caught.value.problem.startswith(f"{KEY}: {field}: ")
    assert "use the release that wrote this backup" in caught.value.remedy
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("shelf", [BackupPaths("k001"), BackupPaths("k001", purged=True)])
def test_the_key_of_a_manifest_says_whose_it_is(shelf: BackupPaths) -> None:
    assert shelf.backup_of(shelf.manifest(ID)) == ID


@pytest.mark.parametrize(
    "key",
    [
        f"backups/k001/{ID}.bak/manifest.json",
        f"backups/k001/{ID}/older/manifest.json",
        f"backups/k001/old/{ID}/manifest.json",
        f"backups/k001/{ID}/database.dump",
        f"backups/k001/{ID.replace('k001', 'k002')}/manifest.json",
        f"backups/k001/{ID}",
        "backups/k001/manifest.json",
        ID,
    ],
)
def test_what_a_person_has_put_beside_the_backups_is_none(key: str) -> None:
    assert BackupPaths("k001").backup_of(key) is None
