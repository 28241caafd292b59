"""`.local/env` tells a shell the same as what a command of ours is given, and nothing to others."""

import subprocess
from itertools import chain
from pathlib import Path

import pytest

from local.instances import instance as instances
from local.instances.environment import environment, write
from local.instances.instance import Instance

PORTS = {name: number for number, name in enumerate(chain.from_iterable(instances.PORTS.values()), 1)}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("TENANTRY_LOCAL", str(tmp_path / "an 'odd' folder"))
    monkeypatch.delenv("TENANTRY_ENGINE", raising=False)
    monkeypatch.delenv("TENANTRY_GATEWAY")
    return Instance.here()


def _told(file: Path, **before: str) -> dict[str, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", '. "$1" && env -0', "sh", str(file)], env=before, capture_output=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)


def test_a_shell_is_told_what_our_commands_are(instance: Instance) -> None:
    file = write(instance, PORTS)
    told = _told(file)
    values = environment(instance, PORTS)
    assert {name: told[name] for name in values} == values
    assert told["PATH"].split(":")[0] == str(instance.folder / "bin")
    assert file.stat().st_mode & 0o777 == 0o600


def test_only_the_engine_that_groups_its_writes_runs_more_at_once(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert int(environment(instance, PORTS)["PULUMI_PARALLEL"]) > 8
    monkeypatch.setenv("TENANTRY_ENGINE", "system")
    assert "PULUMI_PARALLEL" not in environment(instance, PORTS)


def test_a_shell_lets_python_keep_what_it_compiled(instance: Instance) -> None:
    values = _told(write(instance, PORTS), PYTHONDONTWRITEBYTECODE="1")
    assert "PYTHONDONTWRITEBYTECODE" not in values
