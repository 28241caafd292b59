"""Processes of this host, read from /proc: whether one lives, when it started, what it is, whose child it is.

When is counted from the boot: the time of day may be set while a process lives, and its start would move along.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC = Path("/proc")
INITIAL_NAMESPACE: Final = "pid:[4026531836]"  # the host's own; the number is the kernel's (PROC_PID_INIT_INO)


@dataclass(frozen=True, slots=True)
class Process:
    """A living process (zombies count as dead)."""

    pid: int
    parent: int
    started_ticks: int  # clock ticks after boot: with the pid, what tells it from a later process of that number
    busy: int  # clock ticks of processor time used so far
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's file name."""
        return Path(self.arguments[0]).name if self.arguments else ""


def process(pid: int) -> Process | None:
    """The process, or None when it is dead, a zombie or not readable."""
    folder = _PROC / str(pid)
    try:
        # The command name may hold spaces and parentheses: the fields follow its last ")".
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        arguments = (folder / "cmdline").read_bytes()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Process(
        pid=pid,
        parent=int(fields[1]),
        started_ticks=int(fields[19]),
        busy=int(fields[11]) + int(fields[12]),
        arguments=tuple(part.decode(errors="replace") for part in arguments.split(b"\0") if part),
    )


def environment_of(pid: int) -> dict[str, str]:
    """The variables the process was started with; empty when they are not ours to read."""
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in raw.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}


def own_processes() -> Iterator[int]:
    """The ids of this user's processes."""
    for folder in _PROC.iterdir():
        try:
            if folder.name.isdigit() and folder.stat().st_uid == os.getuid():
                yield int(folder.name)
        except FileNotFoundError:
            continue


def boot() -> str:
    """An id of this boot of the host; empty where the kernel does not say."""
    try:
        return (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    except OSError:
        return ""


def booted_at() -> float:
    """The beginning of this boot, in seconds since the epoch; 0 where the kernel does not say."""
    try:
        lines = (_PROC / "stat").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)


def namespace() -> str:
    """In which the numbers of processes are those that this process sees; empty where the kernel does not say."""
    try:
        return str((_PROC / "self" / "ns" / "pid").readlink())
    except OSError:
        return ""


def machine() -> str:
    """An id of this installation of an operating system; empty where there is no such file."""
    try:
        return Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""
