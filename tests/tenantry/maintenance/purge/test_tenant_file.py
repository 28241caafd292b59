"""The changes of a tenant's file: nothing else in it moves, and a change that would say something else is none."""

import json
from datetime import date
from pathlib import Path

import pytest

from tenantry.engine.errors import CommandError
from tenantry.fleet.discovery import discover_tenant_files
from tenantry.maintenance.purge import tenant_file
from tenantry.maintenance.purge.tenant_file import DRAFT, anonymize_tombstone, write_purged, write_tombstone
from tenantry.parsing.yaml_writer import edit
from tenantry.spec.loader import read_tenant
from tenantry.spec.tenant import TenantSpec, Tombstone

PROOF = "k001-20261101T000000Z-0123456789abcdef"
TEXT = """# the first customer
code: k001
name: 示例幼儿园
phone: "13800138001"
plan: basic
status: deleted  # since October
deleted_at: 2026-10-01
contact: {name: 张三, email: zhangsan@example.com}
config: {branding: {note: "status: deleted"}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "k001.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_purged_changes_that_line_alone(file: Path) -> None:
    write_purged(file, PROOF)
    text = file.read_text(encoding="utf-8")
    assert text == TEXT.replace("deleted  # since October", f"purged   # since October\nproof: {PROOF}")
    value = read_tenant(file).value
    assert isinstance(value, TenantSpec)
    assert (value.status, value.proof, value.deleted_at) == ("purged", PROOF, date(2026, 10, 1))
    assert [path.name for path in file.parent.iterdir()] == ["k001.yaml"]


def test_a_tombstone_holds_nothing_that_it_does_not_need(file: Path) -> None:
    write_purged(file, PROOF)
    write_tombstone(file)
    tombstone = read_tenant(file).value
    assert isinstance(tombstone, Tombstone)
    assert (tombstone.phone, tombstone.name, tombstone.deleted_at) == ("13800138001", "示例幼儿园", date(2026, 10, 1))
    assert "zhangsan" not in file.read_text(encoding="utf-8")
    anonymize_tombstone(file)
    bare = read_tenant(file).value
    assert isinstance(bare, Tombstone)
    assert (bare.code, bare.proof, bare.phone, bare.name) == ("k001", PROOF, None, None)


def test_a_tenant_that_lives_is_not_purged(file: Path) -> None:
    alive = TEXT.replace("status: deleted  # since October\ndeleted_at: 2026-10-01", "status: active")
    file.write_text(alive, encoding="utf-8")
    with pytest.raises(CommandError, match="its status is active, not deleted"):
        write_purged(file, PROOF)
    with pytest.raises(CommandError, match="no proof"):
        write_tombstone(file)
    assert file.read_text(encoding="utf-8") == alive


@pytest.mark.parametrize(
    "status", ["'status': deleted", 'status: "deleted"', "status:   deleted", '"status": deleted # x']
)
def test_a_status_may_be_written_in_any_way(file: Path, status: str) -> None:
    file.write_text(TEXT.replace("status: deleted  # since October", status), encoding="utf-8")
    write_purged(file, PROOF)
    value = read_tenant(file).value
    assert isinstance(value, TenantSpec)
    assert (value.status, value.proof) == ("purged", PROOF)


def test_a_file_in_one_pair_of_braces_is_changed_too(file: Path) -> None:
    braces = "{" + ", ".join(line for line in TEXT.splitlines()[1:] if "#" not in line) + ", status: deleted}\n"
    file.write_text(braces, encoding="utf-8")
    write_purged(file, PROOF)
    assert file.read_text(encoding="utf-8") == braces.replace("status: deleted}", f"status: purged, proof: {PROOF}}}")


@pytest.mark.parametrize("proof", ["", "x", "a b", "../../etc", "id\nstatus: active"])
def test_what_is_no_proof_is_not_written(file: Path, proof: str) -> None:
    with pytest.raises(CommandError):
        write_purged(file, proof)
    assert file.read_text(encoding="utf-8") == TEXT
    assert [path.name for path in file.parent.iterdir()] == ["k001.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        "幼儿园 #2",
        "Sunshine: Kids",
        "123",
        "[A] 幼儿园",
        "@home",
        "null",
        '"Star" 幼儿园',
        "yes",
        "a\\b",
        "- x",
        "2026-10-01",
    ],
)
def test_a_tombstone_says_any_name_that_a_file_may_hold(file: Path, name: str) -> None:
    text = TEXT.replace("name: 示例幼儿园", f"name: {json.dumps(name, ensure_ascii=False)}")
    file.write_text(text, encoding="utf-8")
    write_purged(file, PROOF)
    write_tombstone(file)
    tombstone = read_tenant(file).value
    assert isinstance(tombstone, Tombstone)
    assert (tombstone.name, tombstone.phone, tombstone.cell, tombstone.proof) == (name, "13800138001", "main", PROOF)


def test_a_tombstone_says_any_cell_and_proof(file: Path) -> None:
    file.write_text(TEXT.replace("plan: basic", 'plan: basic\ncell: "null"'), encoding="utf-8")
    write_purged(file, PROOF)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(PROOF, '"20261101"'), encoding="utf-8")
    write_tombstone(file)
    anonymize_tombstone(file)
    tombstone = read_tenant(file).value
    assert isinstance(tombstone, Tombstone)
    assert (tombstone.name, tombstone.cell, tombstone.proof) == (None, "null", "20261101")


def test_a_change_that_would_be_wrong_says_where_and_what_to_do(file: Path) -> None:
    with pytest.raises(CommandError, match="line 7 would be wrong: proof is no id") as refused:
        write_purged(file, "x")
    assert "by hand" in refused.value.remedy


def test_a_change_that_would_say_something_else_is_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_file, "edit", lambda text, change: edit(text, change).replace("basic", "premium"))  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(CommandError, match="would say something else"):
        write_purged(file, PROOF)
    assert file.read_text(encoding="utf-8") == TEXT


def test_the_line_ends_of_another_system_stay(file: Path) -> None:
    file.write_bytes(TEXT.replace("\n", "\r\n").encode())
    write_purged(file, PROOF)
    content = file.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") == TEXT.count("\n") + 1


def test_a_file_that_is_open_in_an_editor_keeps_its_swap_file(file: Path) -> None:
    swap = file.with_name(".k001.yaml.swp")
    swap.write_text("unsaved", encoding="utf-8")
    write_purged(file, PROOF)
    assert swap.read_text(encoding="utf-8") == "unsaved"


def test_nothing_is_written_through_a_link(file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "notes"
    other.write_text("kept", encoding="utf-8")
    file.with_name(".k001.yaml.swp").symlink_to(other)
    write_purged(file, PROOF)
    assert other.read_text(encoding="utf-8") == "kept"


def test_a_draft_bothers_no_check_and_is_gone_when_it_is_stopped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []

    def stopped(_: int) -> None:
        found.extend([discover_tenant_files(file.parent), len(list(file.parent.iterdir()))])
        raise KeyboardInterrupt

    monkeypatch.setattr("tenantry.maintenance.purge.tenant_file.os.fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_purged(file, PROOF)
    assert found == [([file], []), 2]
    assert [path.name for path in file.parent.iterdir()] == ["k001.yaml"]


def test_the_draft_of_a_run_that_was_killed_goes_with_the_next(file: Path) -> None:
    """It holds what a tombstone no longer does."""
    killed = file.with_name(f".k001.yaml.0123{DRAFT}")
    killed.write_text("phone", encoding="utf-8")
    other = file.with_name(f".k0010.yaml.0123{DRAFT}")
    other.write_text("another's", encoding="utf-8")
    write_purged(file, PROOF)
    assert not killed.exists()
    assert other.exists()
