"""The content of the engine's lock files, and the names that they bear."""

import json
import os
import pwd
import socket
from datetime import UTC, datetime

import pytest

from tenantry.engine.process.lock_files import Lock, is_refusal, parse, parse_refusal

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it
REFUSAL = """error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete
  file:///state/.pulumi/locks/a.json: created by ann@host-1 (pid 4711) at 2026-11-23T09:19:06Z
  s3://state/.pulumi/locks/b.json: created by Ann B.@host-2 (pid 12) at 2026-11-23T09:19:06+08:00"""


def own_lock(pid: int, since: datetime | None = None) -> Lock:
    return Lock(pid, USER, socket.gethostname(), since or datetime.now(UTC))


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


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_who_made_a_lock_is_not_told_by_a_shell(monkeypatch: pytest.MonkeyPatch, dead_pid: int, variable: str) -> None:
    """After `su`, `sudo -E` or in a container these name somebody else; the engine goes by the user's number."""
    monkeypatch.setenv(variable, "somebody-else")
    assert own_lock(dead_pid).is_own
    assert not Lock(dead_pid, "somebody-else", socket.gethostname(), datetime.now(UTC)).is_own


@pytest.mark.parametrize(("user", "host"), [("somebody-else", None), (None, "another-host")])
def test_the_lock_of_another_user_or_host_is_not_own(user: str | None, host: str | None, dead_pid: int) -> None:
    foreign = Lock(dead_pid, user or USER, host or socket.gethostname(), datetime.now(UTC))
    assert not foreign.is_own


def test_the_locks_in_a_refusal_are_found_with_their_owners() -> None:
    assert is_refusal(REFUSAL)
    assert [(lock.user, lock.host, lock.pid) for lock in parse_refusal(REFUSAL)] == [
        ("ann", "host-1", 4711),
        ("Ann B.", "host-2", 12),
    ]


def test_other_errors_are_no_refusal() -> None:
    assert not is_refusal("error: no stack named 'x' found")
