"""The foreground process: a few checks, then this process becomes the server (same pid, so signals reach it)."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local.postgresql.account import data_argument, server_account
from local.postgresql.binaries import server_directory
from local.postgresql.cluster import data_of
from local.postgresql.settings import arguments

ORPHANS_SECONDS = 30.0

STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown: sessions are ended, data is checkpointed."""


def command(data_dir: Path, port: int) -> list[str]:
    """The command that becomes the server; to be run as the manager's own user, in any directory."""
    return [sys.executable, "-P", "-m", "local.postgresql", str(data_dir.absolute()), str(port)]


def environment() -> dict[str, str]:
    """Variables that the command needs beyond the manager's own environment."""
    return {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def user() -> int | None:
    """The user to start the command as: none, the directory may be closed to others until the command is in it."""
    return None


def become_server(data_dir: Path, port: int, further: Sequence[str] = ()) -> None:
    """Does not return: gives up root where there is any, and executes postgres (with `further` arguments)."""
    data = data_of(data_dir)
    program = server_directory() / "postgres"
    os.chdir(data)
    _clear_stale_lock(data)
    os.umask(0o077)
    account = server_account()
    line = [str(program), "-D", data_argument(data), "-p", str(port), *arguments(), *further]
    if account:
        account.become()
    os.execve(program, line, {"PATH": os.defpath})  # noqa: S606 - no shell is wanted


def _clear_stale_lock(data: Path) -> None:
    """After kill -9: remove a lock whose process id now belongs to a stranger, and wait for left-over sessions to end.

    PostgreSQL judges by the process id alone, which a restarted container or machine soon gives to another process of
    the same user; every process of a server has the data directory as its working directory, so that is what counts.
    """
    lock = data / "postmaster.pid"
    try:
        holder = lock.read_text().split("\n", 1)[0].strip()
    except FileNotFoundError:
        return
    users = _users(data)
    if holder in users or not Path("/proc/self/cwd").exists():
        return  # a live server: postgres itself refuses to start beside it, and says so
    end = time.monotonic() + ORPHANS_SECONDS
    while users and time.monotonic() < end:
        time.sleep(0.05)
        users = _users(data)
    if not users:
        lock.unlink(missing_ok=True)


def _users(data: Path) -> set[str]:
    """Process ids, other than ours, that work in the directory."""
    users: set[str] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.name != str(os.getpid()) and (entry / "cwd").samefile(data):
                users.add(entry.name)
        except OSError:  # ended meanwhile, or not ours to look at
            continue
    return users
