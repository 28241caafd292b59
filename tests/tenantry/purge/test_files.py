"""The changes of a tenant's file: nothing else in it moves, and a change that would say something else is none."""

from datetime import date
from pathlib import Path

import pytest

from tenantry.engine.refusal import Refusal
from tenantry.purge.files import strip_tombstone, write_purged, write_tombstone
from tenantry.reading import read_tenant
from tenantry.spec import TenantSpec, Tombstone

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
    assert text == TEXT.replace("status: deleted  # since October", f"status: purged\nproof: {PROOF}")
    value = read_tenant(file).value
    assert isinstance(value, TenantSpec)
    assert (value.status, value.proof, value.deleted_at) == ("purged", PROOF, date(2026, 10, 1))
    assert [path.name for path in file.parent.iterdir()] == ["k001.yaml"]


def test_a_tombstone_holds_nothing_that_it_does_not_need(file: Path) -> None:
    write_purged(file, PROOF)
    write_tombstone(file)
    stone = read_tenant(file).value
    assert isinstance(stone, Tombstone)
    assert (stone.phone, stone.name, stone.deleted_at) == ("13800138001", "示例幼儿园", date(2026, 10, 1))
    assert "zhangsan" not in file.read_text(encoding="utf-8")
    strip_tombstone(file)
    bare = read_tenant(file).value
    assert isinstance(bare, Tombstone)
    assert (bare.code, bare.proof, bare.phone, bare.name) == ("k001", PROOF, None, None)


def test_a_tenant_that_lives_is_not_purged(file: Path) -> None:
    alive = TEXT.replace("status: deleted  # since October\ndeleted_at: 2026-10-01", "status: active")
    file.write_text(alive, encoding="utf-8")
    with pytest.raises(Refusal, match="no line `status: deleted`"):
        write_purged(file, PROOF)
    with pytest.raises(Refusal, match="no proof"):
        write_tombstone(file)
    assert file.read_text(encoding="utf-8") == alive


def test_a_status_written_in_another_way_is_refused_rather_than_guessed(file: Path) -> None:
    odd = "{" + ", ".join(line for line in TEXT.splitlines()[1:] if "#" not in line) + ", status: deleted}\n"
    file.write_text(odd, encoding="utf-8")
    with pytest.raises(Refusal, match="no line"):
        write_purged(file, PROOF)
    assert file.read_text(encoding="utf-8") == odd


@pytest.mark.parametrize("proof", ["", "x", "a b", "../../etc", "id\nstatus: active"])
def test_what_is_no_proof_is_not_written(file: Path, proof: str) -> None:
    with pytest.raises(Refusal):
        write_purged(file, proof)
    assert file.read_text(encoding="utf-8") == TEXT
    assert [path.name for path in file.parent.iterdir()] == ["k001.yaml"]
