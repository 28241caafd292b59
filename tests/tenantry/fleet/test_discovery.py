"""Other files beside the tenants': ignored where it is harmless, else named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.parsing.faults import Fault

Find = Callable[..., tuple[Fault, ...]]
Only = Callable[[tuple[Fault, ...], Path], str]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("k001.yml", "rename it to {code}.yaml"),
        ("K001.YAML", "rename it to {code}.yaml"),
        ("k001.yaml.bak", "left-over copy"),
        ("k001.yaml.orig", "left-over copy"),
        (".k001.yaml", "hidden"),
        ("k001", "no tenant's file"),
        ("notes.txt", "no tenant's file"),
        ("k001.json", "no tenant's file"),
        ("k002.yaml", "rename it to k001.yaml or correct the code"),
        ("示例.yaml", "rename it to k001.yaml"),
        ("k001 .yaml", "rename it to k001.yaml"),
    ],
)
def test_a_file_under_a_wrong_name(
    name: str, word: str, write: Callable[..., Path], faults_of: Find, only: Only
) -> None:
    path = write(name)
    assert word in only(faults_of(), path)


def test_a_file_name_cannot_forge_lines(write: Callable[..., Path], faults_of: Find, only: Only) -> None:
    write("a\nk001.yaml:1: fine\x1b[2J.yaml")
    line = str(faults_of()[0])
    assert line.isprintable()
    assert "\\n" in line


@pytest.mark.parametrize(
    "name", ["k001.yaml~", ".k001.yaml.swp", "#k001.yaml#", ".#k001.yaml", ".gitkeep", ".DS_Store"]
)
def test_what_editors_and_desktops_leave_is_ignored(
    name: str, write: Callable[..., Path], faults_of: Find, only: Only
) -> None:
    write()
    write(name, content=b"\x00")
    assert faults_of() == ()


def test_a_directory_within(tmp_path: Path, faults_of: Find, only: Only) -> None:
    (tmp_path / "east").mkdir()
    assert "side by side" in only(faults_of(), tmp_path / "east")
