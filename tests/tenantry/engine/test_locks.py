"""A lock is broken only when its engine is provably dead; every doubt leaves it alone."""

import json
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tenantry.engine.locks import Lock, is_refusal, parse, parse_refusal

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it
Spawn = Callable[..., subprocess.Popen[bytes]]
REFUSAL = """error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete
  file:///state/.pulumi/locks/a.json: created by ann@host-1 (pid 4711) at 2026-11-23T09:19:06Z
  s3://state/.pulumi/locks/b.json: created by Ann B.@host-2 (pid 12) at 2026-11-23T09:19:06+08:00"""


def mine(pid: int, since: datetime | None = None) -> Lock:
    return Lock(pid, USER, socket.gethostname(), since or datetime.now(UTC))


@pytest.fixture
def engine(spawn: Spawn) -> subprocess.Popen[bytes]:
    """A process that looks like an engine."""
    return spawn(["pulumi", "60"], executable="/bin/sleep")


def test_a_lock_file_of_the_engine_is_read_with_its_nanoseconds() -> None:
    text = '{"pid":30862,"username":"root","hostname":"vm","timestamp":"2026-11-23T08:57:51.694657448Z"}'
    assert parse(text) == Lock(30862, "root", "vm", datetime(2026, 11, 23, 8, 57, 51, 694657, UTC))


def test_offsets_and_whole_seconds_are_read_too() -> None:
    text = {"pid": 1, "username": "a", "hostname": "b", "timestamp": "2026-11-23T16:57:51+08:00"}
    found = parse(json.dumps(text))
    assert found is not None
    assert found.since == datetime(2026, 11, 23, 8, 57, 51, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"pid":"x","username":"","hostname":"","timestamp":""}'])
def test_a_torn_lock_file_is_no_lock(text: str) -> None:
    assert parse(text) is None


def test_the_lock_of_an_ended_process_is_dead(dead_pid: int) -> None:
    assert mine(dead_pid).is_dead


def test_the_lock_of_a_living_engine_is_not(engine: subprocess.Popen[bytes]) -> None:
    assert not mine(engine.pid).is_dead


def test_a_process_that_is_no_engine_only_reuses_the_number(spawn: Spawn) -> None:
    assert mine(spawn(["/bin/sleep", "60"]).pid).is_dead


def test_an_engine_lives_also_when_the_clock_was_set_ahead_since_it_took_the_lock(
    engine: subprocess.Popen[bytes],
) -> None:
    assert not mine(engine.pid, datetime.now(UTC) - timedelta(hours=1)).is_dead


def test_a_zombie_is_dead(spawn: Spawn) -> None:
    zombie = spawn(["pulumi"], executable="/bin/true")
    deadline = time.monotonic() + 5
    while not mine(zombie.pid).is_dead:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_who_made_a_lock_is_not_told_by_a_shell(monkeypatch: pytest.MonkeyPatch, dead_pid: int, variable: str) -> None:
    """After `su`, `sudo -E` or in a container these name somebody else; the engine goes by the user's number."""
    monkeypatch.setenv(variable, "somebody-else")
    assert mine(dead_pid).is_dead
    assert not Lock(dead_pid, "somebody-else", socket.gethostname(), datetime.now(UTC)).is_dead


@pytest.mark.parametrize(("user", "host"), [("somebody-else", None), (None, "another-host")])
def test_the_lock_of_another_user_or_host_is_never_dead(user: str | None, host: str | None, dead_pid: int) -> None:
    foreign = Lock(dead_pid, user or USER, host or socket.gethostname(), datetime.now(UTC))
    assert not foreign.is_dead


def test_the_locks_in_a_refusal_are_found_with_their_owners() -> None:
    assert is_refusal(REFUSAL)
    assert [(lock.user, lock.host, lock.pid) for lock in parse_refusal(REFUSAL)] == [
        ("ann", "host-1", 4711),
        ("Ann B.", "host-2", 12),
    ]


def test_other_errors_are_no_refusal() -> None:
    assert not is_refusal("error: no stack named 'x' found")
