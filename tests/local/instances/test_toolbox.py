"""Plugins and clients are put beside the engine."""

import os
from pathlib import Path
from typing import Any, cast

import pytest

from local.build.targets import TARGETS, Target
from local.instances import toolbox
from local.instances.instance import Instance


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what an install builds, beside an instance below `tmp_path` with TENANTRY_ENGINE=system."""
    names: list[str] = []

    def build_all(targets: tuple[Target, ...] = TARGETS) -> dict[str, Path]:
        names.extend(target.binary for target in targets)
        return {target.binary: tmp_path / target.binary for target in targets}

    monkeypatch.setattr(toolbox, "build_all", build_all)
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path / "instance"))
    monkeypatch.setenv("TENANTRY_ENGINE", "system")
    return names


def _pulumi(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "pulumi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_beside_an_official_engine_only_the_cluster_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str]
) -> None:
    monkeypatch.delenv("TENANTRY_GATEWAY")
    Instance.here()
    own, official = _pulumi(tmp_path / "instance" / "bin"), _pulumi(tmp_path / "official")
    monkeypatch.setenv("PATH", os.pathsep.join([str(own.parent), str(official.parent)]))
    instance = Instance.here()
    toolbox.install(instance, toolbox.build(instance))
    assert sorted(built) == ["envoy-gateway", "kubectl", "kubelite"]
    assert official.exists()
    assert not own.exists()


def test_the_built_engine_is_no_official_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str]) -> None:
    Instance.here()
    own = _pulumi(tmp_path / "instance" / "bin")
    monkeypatch.setenv("PATH", str(own.parent))
    with pytest.raises(SystemExit, match="no `pulumi` on PATH"):
        toolbox.build(Instance.here())
    assert own.exists()
    assert built == []


def test_a_file_stands_where_the_engine_would_keep_its_debug_log(tmp_path: Path) -> None:
    place = tmp_path / "pulumi" / "logs"
    toolbox.without_log(place)
    assert "debug log" in place.read_text("utf-8")
    toolbox.without_log(place)
    assert place.is_file()


def test_logs_of_before_are_removed(tmp_path: Path) -> None:
    place = tmp_path / "logs"
    place.mkdir()
    (place / "pulumi-1.log").write_text("old")
    toolbox.without_log(place)
    assert place.is_file()


def test_a_script_is_never_half_written(tmp_path: Path) -> None:
    """It is exchanged whole, and left alone while it says the same: an engine may be about to run it."""
    script = tmp_path / "host"
    write = cast(Any, toolbox)._script
    write(script, "exec one")
    first = script.stat()
    write(script, "exec one")
    assert script.stat().st_ino == first.st_ino
    with script.open() as running:
        write(script, "exec another")
        assert "exec one" in running.read()
    assert script.stat().st_mode & 0o777 == 0o755
