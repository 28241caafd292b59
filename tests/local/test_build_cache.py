"""The build cache: complete or absent, one builder at a time, keyed by content."""

import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from local.build import crds
from local.build.cache import appearing, cache_root, key_of, lock
from local.build.targets import TARGETS, Target


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    final = tmp_path / "tool-abc"
    with pytest.raises(RuntimeError), appearing(final) as scratch:
        (scratch / "tool").write_text("half")
        raise RuntimeError("the compiler was killed")
    assert list(tmp_path.iterdir()) == []


def test_a_build_appears_whole(tmp_path: Path) -> None:
    final = tmp_path / "tool-abc"
    with appearing(final) as scratch:
        (scratch / "tool").write_text("whole")
        assert not final.exists()
    assert (final / "tool").read_text() == "whole"


@pytest.mark.parametrize("change", ["content", "name", "fact", "folder"])
def test_the_key_changes_with_whatever_the_build_is_made_from(tmp_path: Path, change: str) -> None:
    source = tmp_path / "main.go"
    source.write_text("package main")
    before = key_of(tmp_path, [source], "flags")
    facts = "other flags" if change == "fact" else "flags"
    if change == "content":
        source.write_text("package other")
    elif change != "fact":
        moved = tmp_path / ("sub/main.go" if change == "folder" else "other.go")
        moved.parent.mkdir(exist_ok=True)
        source = source.rename(moved)
    assert key_of(tmp_path, [source], facts) != before


def _hold(path: Path, log: Path) -> None:
    with lock(path, "waiting"):
        with log.open("a") as out:
            out.write("in ")
        time.sleep(0.2)
        with log.open("a") as out:
            out.write("out ")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.binary)
def test_no_binary_is_built_from_what_python_compiled(target: Target) -> None:
    """Such files come and go, and differ in each clone: with them each clone would build anew."""
    compiled = target.directory / "__pycache__" / "anything.cpython-311.pyc"
    is_new = not compiled.parent.exists()
    compiled.parent.mkdir(exist_ok=True)
    compiled.touch()
    try:
        sources = target.sources()
    finally:
        compiled.unlink()
        if is_new:
            compiled.parent.rmdir()
    assert sources
    assert not {path.suffix for path in sources} & {".py", ".pyc"}


def test_two_builders_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    builders = [multiprocessing.Process(target=_hold, args=(tmp_path / "lock", log)) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(10)
    assert log.read_text() == "in out " * 3


def test_what_is_there_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path))
    monkeypatch.setattr(crds, "key_of", lambda *_: "abc")
    there = cache_root() / "build" / "crds-abc"
    there.mkdir(parents=True)
    found: list[Path] = []
    asking = threading.Thread(target=lambda: found.append(crds.crds()), daemon=True)
    with lock(cache_root() / "build.lock", "waiting"):
        asking.start()
        asking.join(5)
        assert found == [there]
