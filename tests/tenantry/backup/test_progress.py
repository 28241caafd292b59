"""Whoever waits for a long work on objects is told how far it has come, but not at each of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.backup import progress, verify
from tenantry.backup.clients import BucketLocation
from tenantry.backup.contents import objects
from tenantry.backup.contents.fingerprint import Content, Fingerprint
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.contents.manifest import Copied, Dump, Manifest
from tenantry.backup.create import BackupSubject
from tenantry.backup.progress import counter
from tenantry.backup.restoring import restore

COUNT = 7
OBJECTS = tuple(
    Copied(bucket="files", path=f"{number}.txt", version="v", size=1, sha256="x") for number in range(COUNT)
)
MANIFEST = Manifest(
    id="k001-20260101T183000Z-0123456789abcdef",
    subject="k001",
    code="k001",
    database="rent001",
    kind="deletion",
    started_at=datetime(2026, 1, 1, 18, 30, tzinfo=UTC),
    seconds=1.0,
    server="17.0",
    dump=Dump(size=1, sha256="0"),
    fingerprint=Fingerprint(schema_digest="0", tables={}, sequences={}, large_objects=Content(rows=0, checksum="0")),
    objects=OBJECTS,
)
TENANT = BackupSubject(
    "k001", "rent001", "k001", "kindergarten/rent/13800138001/", (BucketLocation("files", "cn-guangzhou"),)
)
Work = Callable[[Any, Callable[[str], None]], object]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which each look is half a second after the one before."""
    now = iter(range(1000))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(now) / 2))


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Any:
    """With copies that are as they should be, and nothing that has to be moved."""
    streamed = objects.Streamed(1, "x")
    monkeypatch.setattr(objects, "read_back", lambda *_: streamed)
    monkeypatch.setattr(objects, "copy", lambda *_: streamed)
    monkeypatch.setattr(objects, "copy_within", lambda *_: None)
    monkeypatch.setattr(verify, "load_manifest", lambda *_: MANIFEST)
    bucket = SimpleNamespace(object_exists=lambda _: True)  # pyright: ignore[reportUnknownLambdaType]
    return SimpleNamespace(place=None, systems=SimpleNamespace(bucket=lambda _: bucket))  # pyright: ignore[reportUnknownLambdaType]


@pytest.mark.usefixtures("slow")
def test_a_line_comes_every_two_seconds_and_no_oftener() -> None:
    said: list[str] = []
    tick = counter("k001", 20, said.append)
    for _ in range(9):
        tick()
    assert said == ["k001: 4 of 20 objects", "k001: 8 of 20 objects"]


def test_a_short_work_says_nothing_in_between() -> None:
    said: list[str] = []
    tick = counter("k001", 20, said.append)
    for _ in range(20):
        tick()
    assert said == []


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(
    "work",
    [
        lambda vault, say: verify.corrupt_objects(vault, MANIFEST, BackupPaths("k001"), say),
        lambda vault, say: verify.archive_for_purge(vault, MANIFEST.id, "k001", say),
        lambda vault, say: restore._put_back(vault, MANIFEST, BackupPaths("k001"), TENANT, say),  # pyright: ignore[reportPrivateUsage]
    ],
    ids=["reading back", "setting aside", "putting back"],
)
def test_each_work_on_all_objects_says_how_far_it_is(vault: Any, work: Work) -> None:
    said: list[str] = []
    work(vault, said.append)
    assert len(said) == 2  # what it does, and once how far it is
    assert said[1] == f"k001: 4 of {COUNT} objects"
