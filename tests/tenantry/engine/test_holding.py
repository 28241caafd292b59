"""Who may take a stack: dead engines give way, living ones are waited for only when their owner was killed."""

import json
import os
import pwd
import socket
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.engine import holding
from tenantry.engine.cli import MARKER, Cli
from tenantry.engine.filestate import FileState
from tenantry.engine.holding import Holding
from tenantry.engine.refusal import Locked

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it
Spawn = Callable[..., subprocess.Popen[bytes]]
REFUSAL = "error: the stack is currently locked by 1 lock(s).\n  s3://x: created by {user}@{host} (pid {pid}) at {at}\n"


@pytest.fixture
def held(scene: Any) -> Holding:
    files = FileState(scene.state, "shop", "test")
    return Holding(Cli(scene.project.root, scene.environment, "key"), "test", files)


def lock_of(pid: int) -> str:
    fields = {"pid": pid, "username": USER, "hostname": socket.gethostname()}
    return json.dumps({**fields, "timestamp": datetime.now(UTC).isoformat()})


def refusal_of(pid: int, host: str | None = None) -> str:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return REFUSAL.format(user=USER, host=host or socket.gethostname(), pid=pid, at=at)


def engine(spawn: Spawn, owner: int, seconds: float = 60) -> subprocess.Popen[bytes]:
    return spawn(["pulumi", str(seconds)], executable="/bin/sleep", env={MARKER: f"key:{owner}"})


def take(held: Holding) -> list[str]:
    said: list[str] = []
    with held.held(said.append):
        pass
    return said


def test_an_engine_whose_tenantry_was_killed_is_waited_for(
    held: Holding, scene: Any, spawn: Spawn, dead_pid: int
) -> None:
    running = engine(spawn, dead_pid, 0.5)
    threading.Thread(target=running.wait, daemon=True).start()
    path = scene.lock(lock_of(running.pid))
    assert any(line.startswith("waiting for the engine") for line in take(held))
    assert not path.exists()
    assert running.poll() == 0


def test_an_engine_whose_tenantry_lives_is_not(held: Holding, scene: Any, spawn: Spawn) -> None:
    running = engine(spawn, os.getpid())
    path = scene.lock(lock_of(running.pid))
    with pytest.raises(Locked):
        take(held)
    assert path.exists()


def test_waiting_ends(held: Holding, scene: Any, spawn: Spawn, dead_pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "WAIT_SECONDS", 0.3)
    running = engine(spawn, dead_pid)
    scene.lock(lock_of(running.pid))
    with pytest.raises(Locked, match=str(running.pid)):
        take(held)
    assert running.poll() is None


def test_a_torn_lock_is_removed_only_while_no_engine_runs(held: Holding, scene: Any, spawn: Spawn) -> None:
    path = scene.lock("")
    running = engine(spawn, os.getpid())
    with pytest.raises(Locked):
        take(held)
    running.kill()
    running.wait()
    assert len(take(held)) == 1
    assert not path.exists()


def test_one_foreign_lock_keeps_all_of_them(held: Holding, scene: Any, dead_pid: int) -> None:
    dead = scene.lock(lock_of(dead_pid), "a")
    foreign = scene.lock(lock_of(dead_pid).replace(socket.gethostname(), "another-host"), "b")
    with pytest.raises(Locked, match="another-host"):
        take(held)
    assert dead.exists()
    assert foreign.exists()


def test_elsewhere_than_in_files_the_engine_itself_breaks_a_dead_lock(held: Holding, scene: Any, dead_pid: int) -> None:
    assert held.break_dead(refusal_of(dead_pid), lambda text: None)
    assert scene.engine.calls[0][:4] == ["cancel", "--yes", "--stack", "test"]


def test_elsewhere_too_foreign_locks_stay(held: Holding, scene: Any, dead_pid: int) -> None:
    with pytest.raises(Locked, match="another-host"):
        held.break_dead(refusal_of(dead_pid) + refusal_of(dead_pid, "another-host"), lambda text: None)
    assert scene.engine.calls == []


def test_a_refusal_that_names_nobody_is_not_broken(held: Holding, scene: Any) -> None:
    with pytest.raises(Locked):
        held.break_dead("the stack is currently locked by 1 lock(s).", lambda text: None)
    assert scene.engine.calls == []


def test_other_errors_break_nothing(held: Holding, scene: Any) -> None:
    assert not held.break_dead("error: no passphrase", lambda text: None)
    assert scene.engine.calls == []
