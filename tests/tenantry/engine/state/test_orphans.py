"""Processes that a killed engine left behind are ended, and nothing else."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenantry.engine.process.process_table import process
from tenantry.engine.process.pulumi_cli import MARKER
from tenantry.engine.state.orphans import Leftovers

Spawn = Callable[..., subprocess.Popen[bytes]]
# Starts a sleeping plugin below an engine, says its number; `dies` leaves it an orphan.
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.argv[2], "60"], executable="/bin/sleep", stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
if sys.argv[1] == "lives":
    time.sleep(60)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Starts a plugin below an engine that lives or dies."""
    engine = tmp_path / "pulumi"
    engine.symlink_to(sys.executable)
    families: list[subprocess.Popen[str]] = []
    plugins: list[int] = []

    def start(fate: str, environment: dict[str, str], name: str = "pulumi-resource-random") -> int:
        family = subprocess.Popen(
            [str(engine), "-c", FAMILY, fate, name],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        families.append(family)
        assert family.stdout is not None
        plugins.append(int(family.stdout.readline()))
        if fate == "dies":
            family.wait()
        return plugins[-1]

    yield start
    for family in families:
        family.kill()
        family.communicate()
    for pid in plugins:
        if process(pid) is not None:
            os.kill(pid, 9)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while process(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    return process(pid) is None


def test_an_orphan_of_this_stack_is_ended(plugin: Callable[..., int]) -> None:
    orphan = plugin("dies", {MARKER: "shop:1"}, "anything")
    said: list[str] = []
    Leftovers("shop", {}).end(said.append)
    assert gone(orphan)
    assert len(said) == 1


def test_an_orphan_of_an_engine_started_by_hand_is_known_by_its_home(plugin: Callable[..., int]) -> None:
    orphan = plugin("dies", {"PULUMI_HOME": "/home/of/this"})
    Leftovers("shop", {"PULUMI_HOME": "/home/of/this"}).end(lambda text: None)
    assert gone(orphan)


@pytest.mark.parametrize(
    ("fate", "environment", "name"),
    [
        ("dies", {MARKER: "another-stack:1"}, "pulumi-resource-random"),
        ("lives", {MARKER: "shop:1"}, "pulumi-resource-random"),
        ("lives", {"PULUMI_HOME": "/home/of/this"}, "pulumi-resource-random"),
        ("dies", {"PULUMI_HOME": "/home/of/another"}, "pulumi-resource-random"),
        ("dies", {"PULUMI_HOME": "/home/of/this"}, "postgres"),
        ("dies", {}, "pulumi-resource-random"),
    ],
)
def test_everybody_else_lives_on(plugin: Callable[..., int], fate: str, environment: dict[str, str], name: str) -> None:
    other = plugin(fate, environment, name)
    Leftovers("shop", {"PULUMI_HOME": "/home/of/this"}).end(lambda text: None)
    assert process(other) is not None


def test_one_that_does_not_listen_is_killed(plugin: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.engine.state.orphans.GRACE_SECONDS", 0.3)
    # `trap` makes the shell deaf to being asked.
    code = "trap '' TERM; while :; do sleep 0.05; done"
    orphan = subprocess.Popen(["/bin/sh", "-c", code], env={MARKER: "shop:1", "PATH": os.environ["PATH"]})
    try:
        Leftovers("shop", {}).end(lambda text: None)
        assert gone(orphan.pid)
    finally:
        orphan.kill()
        orphan.wait()


def test_with_nobody_there_nothing_is_said() -> None:
    said: list[str] = []
    Leftovers("nobody-has-this-key", {}).end(said.append)
    assert said == []
