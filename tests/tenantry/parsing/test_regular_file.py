"""A name that stands for anything but a regular file is refused, and nothing waits for a pipe."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.parsing.faults import Fault, FieldError
from tenantry.parsing.regular_file import read_regular

Find = Callable[..., tuple[Fault, ...]]
Only = Callable[[tuple[Fault, ...], Path], str]


def _link_to(target: str) -> Callable[[Path], object]:
    def link(path: Path) -> None:
        path.symlink_to(target)

    return link


def _link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere.yaml"
    elsewhere.write_text("code: k001\n")
    path.symlink_to(elsewhere)


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)  # by its short name: a socket's path must be short, a test's directory may be long


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_link, "symbolic link"),
        (_link_to("nowhere"), "symbolic link"),
        (_link_to("k001.yaml"), "symbolic link"),
        (_link_to("/dev/zero"), "symbolic link"),
        (Path.mkdir, "directory"),
        (os.mkfifo, "named pipe"),
        (_socket, "socket"),
    ],
)
def test_no_regular_file(
    make: Callable[[Path], object], word: str, tmp_path: Path, faults_of: Find, only: Only
) -> None:
    path = tmp_path / "k001.yaml"
    make(path)
    assert word in only(faults_of(), path)


def test_what_cannot_be_read(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The file looks as another user would see it; a test may run as root, who may read everything."""
    path = write()

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FieldError, match="Permission denied"):
        read_regular(path)


def test_a_name_that_turns_into_a_link_after_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "target"
    target.write_text("code: k001")
    path = tmp_path / "k001.yaml"
    path.symlink_to(target)

    def look(_: object) -> os.stat_result:
        return target.stat()

    monkeypatch.setattr(os, "lstat", look)
    with pytest.raises(FieldError, match="cannot be read"):
        read_regular(path)
