"""The folder in memory: for this run alone, gone behind it, and none where a run would not fit or could run nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.support.pytest_plugins.memory_folder import TEMPORARY, memory_folder


@pytest.fixture(autouse=True)
def not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TEMPORARY, raising=False)


def test_it_is_there_for_its_user_alone_and_goes(tmp_path: Path) -> None:
    with memory_folder(tmp_path, 1, 1) as folder:
        assert folder is not None
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []
        (folder / "left").mkdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("needed", "left"), [(1 << 60, 1), (1, 1 << 60)], ids=["disk", "memory"])
def test_none_without_room(tmp_path: Path, needed: int, left: int) -> None:
    with memory_folder(tmp_path, needed, left) as folder:
        assert folder is None


def test_none_where_there_is_no_such_place(tmp_path: Path) -> None:
    with memory_folder(tmp_path / "shm", 1, 1) as folder:
        assert folder is None


def test_none_where_nothing_may_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(subprocess, "run", refused)
    with memory_folder(tmp_path, 1, 1) as folder:
        assert folder is None
    assert list(tmp_path.iterdir()) == []


def test_none_where_somebody_has_named_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEMPORARY, str(tmp_path))
    with memory_folder(tmp_path, 1, 1) as folder:
        assert folder is None
