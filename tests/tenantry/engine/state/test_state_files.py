"""State files are found, read, and made whole after a crash, but never guessed."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tenantry.engine.errors import CommandError
from tenantry.engine.state.state_files import FileState, remove_lock


@pytest.fixture
def files(tmp_path: Path) -> FileState:
    (tmp_path / ".pulumi" / "stacks" / "shop").mkdir(parents=True)
    return FileState(tmp_path, "shop", "test")


def content(**latest: Any) -> bytes:
    return json.dumps({"version": 3, "checkpoint": {"stack": "x", "latest": latest}}).encode()


def place(files: FileState, name: str, data: bytes) -> Path:
    path = files.folder / ".pulumi" / "stacks" / "shop" / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///var/state", "/var/state"),
        ("file:///var/state?no_tmp_dir=true", "/var/state"),
        ("file://state", "/project/state"),
        ("file://./state", "/project/state"),
        ("file://~", str(Path.home())),
    ],
)
def test_addresses_lead_to_folders(url: str, folder: str) -> None:
    found = FileState.at(url, "shop", "test", Path("/project"))
    assert found is not None
    assert found.folder == Path(folder)


@pytest.mark.parametrize("url", ["https://api.pulumi.com", "s3://bucket", "oss://x"])
def test_other_states_are_no_files(url: str) -> None:
    assert FileState.at(url, "shop", "test", Path("/project")) is None


def test_a_stack_that_was_never_made_has_no_file_and_an_empty_document(files: FileState) -> None:
    assert files.path is None
    assert files.document() == {}


def test_a_stack_without_a_run_has_an_empty_document(files: FileState) -> None:
    place(files, "test.json", json.dumps({"version": 3, "checkpoint": {"stack": "x"}}).encode())
    assert files.document() == {}


def test_plain_and_compressed_states_are_read(files: FileState) -> None:
    place(files, "test.json.gz", gzip.compress(content(resources=[1])))
    assert files.document() == {"resources": [1]}


def test_the_newest_of_two_variants_counts(files: FileState) -> None:
    os.utime(place(files, "test.json", content(resources=[1])), (1, 1))
    place(files, "test.json.gz", gzip.compress(content(resources=[2])))
    assert files.document() == {"resources": [2]}


def test_zstd_is_left_to_the_engine(files: FileState) -> None:
    place(files, "test.json.zst", b"\x28\xb5\x2f\xfd")
    assert files.document() is None
    assert files.repair() == []


@pytest.mark.parametrize("torn", [b"", content(resources=[1])[:-9], b"\0" * 100, b"[]", b"{}"])
def test_a_torn_state_is_restored_from_its_backup_and_kept_aside(files: FileState, torn: bytes) -> None:
    path = place(files, "test.json", torn)
    place(files, "test.json.bak", content(resources=["before"]))
    done = files.repair()
    assert files.document() == {"resources": ["before"]}
    assert any("restored from test.json.bak" in line for line in done)
    assert [aside.read_bytes() for aside in path.parent.glob("*.torn-*")] == [torn]


def test_reading_a_torn_state_says_who_repairs_it(files: FileState) -> None:
    place(files, "test.json", b"{")
    with pytest.raises(CommandError, match="torn"):
        files.document()


def test_a_state_that_cannot_be_read_is_not_taken_for_torn(files: FileState) -> None:
    path = files.folder / ".pulumi" / "stacks" / "shop" / "test.json"
    path.mkdir()  # as where its rights are missing, which the superuser of a test run never feels
    place(files, "test.json.bak", content(resources=["before"]))
    for look in (files.document, files.repair):
        with pytest.raises(CommandError, match=r"test\.json cannot be read: Is a directory\n.*nothing was changed"):
            look()
    assert path.is_dir()


def test_nor_one_that_cannot_even_be_looked_for(files: FileState) -> None:
    beyond = FileState(files.folder / ("a" * 300), "shop", "test")
    with pytest.raises(CommandError, match="cannot be read: File name too long"):
        beyond.document()


@pytest.mark.parametrize("version", [5, 9, None, "3"])
def test_a_layout_that_is_not_known_is_left_to_the_engine(files: FileState, version: Any) -> None:
    place(files, "test.json", json.dumps({"version": version, "checkpoint": {}}).encode())
    assert files.document() is None


def test_without_a_whole_backup_nothing_is_touched(files: FileState) -> None:
    path = place(files, "test.json", b"{")
    place(files, "test.json.bak", b"")
    with pytest.raises(CommandError, match="does not help"):
        files.repair()
    assert path.read_bytes() == b"{"


def test_a_whole_state_is_left_alone(files: FileState) -> None:
    path = place(files, "test.json", content(resources=[1]))
    place(files, "test.json.bak", content(resources=[]))
    before = path.stat().st_mtime_ns
    assert files.repair() == []
    assert path.stat().st_mtime_ns == before


def test_an_emptied_attribute_file_is_removed_and_a_whole_one_stays(files: FileState) -> None:
    torn = place(files, "test.json.attrs", b"")
    whole = place(files, "test.json.bak.attrs", b'{"md5":"x"}')
    assert len(files.repair()) == 1
    assert not torn.exists()
    assert whole.exists()


def test_what_writes_of_a_killed_engine_left_is_swept(files: FileState) -> None:
    scratch = place(files, "test.json.18f.tmp", b"half")
    state = place(files, "test.json", content())
    files.sweep()
    assert not scratch.exists()
    assert state.exists()


OWN = [
    "stacks/shop/test.json.18f.tmp",
    "stacks/shop/test.json.gz.18f.tmp",
    "stacks/shop/test.json.bak.18f.tmp",
    "stacks/shop/test.json.1764000000000000000.18f.tmp",
    "backups/shop/test/test.1764000000000000000.json.18f.tmp",
    "history/shop/test/test-1764000000000000000.history.json.18f.tmp",
    "locks/organization/shop/test/0f3c.json.18f.tmp",
]
OTHERS = [
    "meta.yaml.18f.tmp",
    "stacks/shop/test2.json.18f.tmp",
    "stacks/shop/test.eu.json.18f.tmp",
    "stacks/shop/test.json.json.18f.tmp",
    "stacks/shop/my.test.json.18f.tmp",
    "stacks/bar/test.json.18f.tmp",
    "backups/shop/test2/test2.1764000000000000000.json.18f.tmp",
    "history/bar/test/test-1764000000000000000.history.json.18f.tmp",
    "locks/organization/shop/test2/0f3c.json.18f.tmp",
]


def put(files: FileState, name: str, data: bytes) -> Path:
    path = files.folder / ".pulumi" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_engines_on_other_stacks_go_on_writing(files: FileState) -> None:
    own, others = ([put(files, name, b"half") for name in names] for names in (OWN, OTHERS))
    files.sweep()
    assert [path for path in own if path.exists()] == []
    assert [path for path in others if path.exists()] == others


def test_attributes_of_other_stacks_are_theirs(files: FileState) -> None:
    own, others = ([put(files, name.replace("18f.tmp", "attrs"), b"") for name in names] for names in (OWN, OTHERS[1:]))
    everybodys = put(files, "meta.yaml.attrs", b"")
    assert len(files.repair()) == len(own) + 1
    assert [path for path in [*own, everybodys] if path.exists()] == []
    assert [path for path in others if path.exists()] == others


def test_locks_are_listed_with_torn_ones_and_removed_with_their_attributes(files: FileState) -> None:
    folder = files.folder / ".pulumi" / "locks" / "organization" / "shop" / "test"
    folder.mkdir(parents=True)
    fields = {"pid": 7, "username": "u", "hostname": "h", "timestamp": "2026-11-23T09:19:06Z"}
    (folder / "a.json").write_text(json.dumps(fields))
    (folder / "a.json.attrs").write_text("{}")
    (folder / "b.json").write_text("")
    (folder.parent / "other.json").write_text("")
    found = dict(files.locks())
    assert {path.name: lock.pid if lock else None for path, lock in found.items()} == {"a.json": 7, "b.json": None}
    for path in found:
        remove_lock(path)
    assert list(folder.iterdir()) == []
