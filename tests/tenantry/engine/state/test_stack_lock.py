"""The right to a stack: dead engines give way, living ones are waited for only when their owner was killed."""

import json
import os
import pwd
import socket
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenantry.engine.errors import StackLocked
from tenantry.engine.process import engine_starts, process_table
from tenantry.engine.process.pulumi_cli import MARKER, Cli
from tenantry.engine.state import stack_lock
from tenantry.engine.state.stack_lock import StackLock
from tenantry.engine.state.state_files import FileState

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it
Spawn = Callable[..., subprocess.Popen[bytes]]
Engines = Spawn
REFUSAL = "error: the stack is currently locked by 1 lock(s).\n  s3://x: created by {user}@{host} (pid {pid}) at {at}\n"


@pytest.fixture
def held(scene: Any) -> StackLock:
    files = FileState(scene.state, "shop", "test")
    return StackLock(Cli(scene.project.root, scene.environment, "key"), "test", files)


def lock_of(pid: int) -> str:
    fields = {"pid": pid, "username": USER, "hostname": socket.gethostname()}
    return json.dumps({**fields, "timestamp": datetime.now(UTC).isoformat()})


def refusal_of(pid: int, host: str | None = None) -> str:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return REFUSAL.format(user=USER, host=host or socket.gethostname(), pid=pid, at=at)


@pytest.fixture
def engine(scene: Any, spawn: Spawn) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a process that looks like an engine of the `tenantry` named."""

    def start(owner: int, seconds: float = 60) -> subprocess.Popen[bytes]:
        running = spawn(["pulumi", str(seconds)], executable="/bin/sleep", env={MARKER: f"key:{owner}"})
        scene.started(running.pid, "key")
        return running

    return start


def take(held: StackLock) -> list[str]:
    said: list[str] = []
    with held.held(said.append):
        pass
    return said


def test_an_engine_whose_tenantry_was_killed_is_waited_for(
    held: StackLock, scene: Any, engine: Engines, dead_pid: int
) -> None:
    running = engine(dead_pid, 0.5)
    threading.Thread(target=running.wait, daemon=True).start()
    path = scene.lock(lock_of(running.pid))
    assert any(line.startswith("waiting for the engine") for line in take(held))
    assert not path.exists()
    assert running.poll() == 0


def test_an_engine_whose_tenantry_lives_is_not(held: StackLock, scene: Any, engine: Engines) -> None:
    running = engine(os.getpid())
    path = scene.lock(lock_of(running.pid))
    with pytest.raises(StackLocked):
        take(held)
    assert path.exists()


def test_waiting_ends(
    held: StackLock, scene: Any, engine: Engines, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_lock, "WAIT_SECONDS", 0.3)
    running = engine(dead_pid)
    scene.lock(lock_of(running.pid))
    with pytest.raises(StackLocked, match=str(running.pid)):
        take(held)
    assert running.poll() is None


RESTARTED = {"boot": "before", "machine": "this", "namespace": process_table.INITIAL_NAMESPACE}


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine was restarted long after every file of the test was written."""
    monkeypatch.setattr(engine_starts, "namespace", lambda: process_table.INITIAL_NAMESPACE)
    monkeypatch.setattr(engine_starts, "machine", lambda: "this")
    monkeypatch.setattr(stack_lock, "booted_at", lambda: float("inf"))


@pytest.mark.parametrize("torn", ["", "{", "\0" * 80, "[]"])
def test_a_torn_lock_is_held_by_whoever_wrote_it(held: StackLock, scene: Any, dead_pid: int, torn: str) -> None:
    """Also where no engine runs here: the state may lie on a disk that other machines share."""
    scene.started(dead_pid, "key")
    path = scene.lock(torn)
    attributes = path.with_name(f"{path.name}.attrs")
    attributes.write_text("")
    with pytest.raises(StackLocked) as refusal:
        take(held)
    assert str(path) in str(refusal.value)
    assert "pulumi cancel --stack test" in str(refusal.value)
    assert path.exists()
    assert not attributes.exists()  # the engine could not list the locks to cancel them


def test_attributes_that_are_whole_stay(held: StackLock, scene: Any) -> None:
    path = scene.lock("")
    path.with_name(f"{path.name}.attrs").write_text("{}")
    with pytest.raises(StackLocked):
        take(held)
    assert path.with_name(f"{path.name}.attrs").exists()


@pytest.mark.usefixtures("restarted")
def test_a_restart_of_this_machine_proves_whose_torn_lock_it_was(held: StackLock, scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid, "key", **RESTARTED)
    path = scene.lock("")
    assert any("torn" in line for line in take(held))
    assert not path.exists()


@pytest.mark.usefixtures("restarted")
def test_one_lost_engine_accounts_for_one_torn_lock(held: StackLock, scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid, "key", **RESTARTED)
    paths = [scene.lock("", name) for name in ("a", "b")]
    with pytest.raises(StackLocked):
        take(held)
    assert all(path.exists() for path in paths)
    paths[1].write_text(lock_of(dead_pid))  # its own lock is whole: the torn one is another's
    with pytest.raises(StackLocked):
        take(held)
    assert all(path.exists() for path in paths)


@pytest.mark.usefixtures("restarted")
@pytest.mark.parametrize(
    "change", [{"machine": "another"}, {"namespace": "pid:[4026532999]"}, {"key": "other"}], ids=str
)
def test_an_engine_of_another_place_proves_nothing(held: StackLock, scene: Any, dead_pid: int, change: Any) -> None:
    scene.started(dead_pid, **{"key": "key", **RESTARTED, **change})
    path = scene.lock("")
    with pytest.raises(StackLocked):
        take(held)
    assert path.exists()


@pytest.mark.usefixtures("restarted")
def test_a_torn_lock_that_was_written_after_the_restart_is_anothers(
    held: StackLock, scene: Any, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_lock, "booted_at", lambda: 0.0)
    scene.started(dead_pid, "key", **RESTARTED)
    path = scene.lock("")
    with pytest.raises(StackLocked):
        take(held)
    assert path.exists()


def test_the_kernel_says_when_this_boot_began() -> None:
    assert 0 < process_table.booted_at() < Path("/proc/self").stat().st_mtime


def test_one_foreign_lock_keeps_all_of_them(held: StackLock, scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid, "key")
    dead = scene.lock(lock_of(dead_pid), "a")
    foreign = scene.lock(lock_of(dead_pid).replace(socket.gethostname(), "another-host"), "b")
    with pytest.raises(StackLocked, match="another-host"):
        take(held)
    assert dead.exists()
    assert foreign.exists()


DOUBTFUL: dict[str, dict[str, Any]] = {
    "of another process namespace": {"namespace": "pid:[4026532999]"},
    "of a container on another host": {"namespace": "pid:[4026532999]", "boot": "another"},
    "of another host of the same name": {"boot": "another", "machine": "another"},
    "of a host that does not say which": {"boot": "another", "machine": ""},
    "of a kernel that does not say": {"boot": "", "namespace": ""},
    "of another stack": {"key": "other"},
}


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_a_lock_is_not_broken_whose_engine_is_not_proved_dead(
    held: StackLock, scene: Any, dead_pid: int, doubt: str
) -> None:
    scene.started(dead_pid, **{"key": "key", **DOUBTFUL[doubt]})
    path = scene.lock(lock_of(dead_pid))
    with pytest.raises(StackLocked, match=r"cannot be told from here(.|\n)*pulumi cancel"):
        take(held)
    assert path.exists()
    with pytest.raises(StackLocked, match="cannot be told"):
        held.break_dead(refusal_of(dead_pid), lambda text: None)
    assert scene.engine.calls == []


def test_nor_where_the_kernel_says_nothing_here_either(
    held: StackLock, scene: Any, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fact in ("boot", "namespace", "machine"):
        monkeypatch.setattr(engine_starts, fact, lambda: "")
    scene.started(dead_pid, "key", boot="", namespace="", machine="")
    path = scene.lock(lock_of(dead_pid))
    with pytest.raises(StackLocked, match="cannot be told from here"):
        take(held)
    assert path.exists()


def test_of_two_engines_of_one_number_both_must_be_dead(held: StackLock, scene: Any, dead_pid: int) -> None:
    """Two containers of one name that share their notes: which of them made the lock, it does not say."""
    scene.started(dead_pid, "key", namespace="pid:[4026532999]")
    (other,) = held.starts.folder.glob("key-*.json")
    other.rename(other.with_name(f"key-{dead_pid}-2.json"))
    scene.started(dead_pid, "key")
    path = scene.lock(lock_of(dead_pid))
    with pytest.raises(StackLocked, match="cannot be told from here"):
        take(held)
    assert path.exists()


@pytest.mark.parametrize(("code", "kept"), [(0, False), (1, False), (255, False), (-9, True), (2, True)])
def test_an_engine_that_could_not_release_its_lock_stays_written_down(held: StackLock, code: int, kept: bool) -> None:
    held.starts.note(os.getpid())
    held.starts.ended(os.getpid(), code)
    assert bool(list(held.starts.folder.glob("*.json"))) is kept


def test_nor_one_that_no_tenantry_has_started(held: StackLock, scene: Any, dead_pid: int) -> None:
    path = scene.lock(lock_of(dead_pid))
    with pytest.raises(StackLocked, match="no `tenantry` of this place has started it"):
        take(held)
    assert path.exists()


def test_a_number_that_went_to_another_engine_proves_the_death(held: StackLock, scene: Any, spawn: Spawn) -> None:
    later = spawn(["pulumi", "60"], executable="/bin/sleep")
    scene.started(later.pid, "key", ticks=1)
    path = scene.lock(lock_of(later.pid))
    assert any("dead engine" in line for line in take(held))
    assert not path.exists()


def test_a_restart_of_this_machine_proves_the_death(
    held: StackLock, scene: Any, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_starts, "namespace", lambda: process_table.INITIAL_NAMESPACE)
    monkeypatch.setattr(engine_starts, "machine", lambda: "this")
    facts = {"boot": "before", "machine": "this", "namespace": process_table.INITIAL_NAMESPACE}
    scene.started(dead_pid, "key", **facts)
    path = scene.lock(lock_of(dead_pid))
    take(held)
    assert not path.exists()


def test_elsewhere_than_in_files_the_engine_itself_breaks_a_dead_lock(
    held: StackLock, scene: Any, dead_pid: int
) -> None:
    scene.started(dead_pid, "key")
    assert held.break_dead(refusal_of(dead_pid), lambda text: None)
    assert scene.engine.calls[0][:4] == ["cancel", "--yes", "--stack", "test"]


def test_elsewhere_too_foreign_locks_stay(held: StackLock, scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid, "key")
    with pytest.raises(StackLocked, match="another-host"):
        held.break_dead(refusal_of(dead_pid) + refusal_of(dead_pid, "another-host"), lambda text: None)
    assert scene.engine.calls == []


def test_a_refusal_that_names_nobody_is_not_broken(held: StackLock, scene: Any) -> None:
    with pytest.raises(StackLocked):
        held.break_dead("the stack is currently locked by 1 lock(s).", lambda text: None)
    assert scene.engine.calls == []


def test_other_errors_break_nothing(held: StackLock, scene: Any) -> None:
    assert not held.break_dead("error: no passphrase", lambda text: None)
    assert scene.engine.calls == []
