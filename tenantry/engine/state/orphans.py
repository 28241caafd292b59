"""Plugins and language hosts that outlived their killed engine.

They notice only minutes later, and until then may still be writing what the dead engine asked for. They carry the
marker that every engine of ours hands down, or, below an engine started by hand, its PULUMI_HOME and a plugin's
name.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tenantry.engine.process.process_table import Process, environment_of, own_processes, process
from tenantry.engine.process.pulumi_cli import MARKER

QUIET_SECONDS = 0.4  # without processor time: whatever it had been asked is done, or waits for somebody else
PATIENCE_SECONDS = 5.0  # for work in flight to end by itself
GRACE_SECONDS = 3.0  # between asking a process to end and killing it
_PLUGINS = (
    "pulumi-resource-",
    "pulumi-language-",
    "pulumi-analyzer-",
    "local.language_host",
    "pulumi.policy",
)


@dataclass(frozen=True)
class Leftovers:
    """The orphans of one stack's dead engines."""

    key: str  # of the stack, as in the marker
    environment: Mapping[str, str]

    def end(self, say: Callable[[str], None]) -> None:
        """Lets their calls in flight end, then ends them. Returns when they are gone."""
        if not (orphans := list(self.find())):
            return
        say(f"ending {len(orphans)} process(es) that a killed engine left behind")
        _await_quiet(orphans)
        for kind, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
            for orphan in orphans:
                _send(orphan, kind)
            if _await_gone(orphans, seconds):
                return

    def find(self) -> Iterator[Process]:
        """Every process below a dead engine of this stack, but never this one and its ancestors."""
        own = set(_lineage(os.getpid()))
        for pid in self._marked():
            if pid not in own and not any(entry.name == "pulumi" for entry in _processes(_lineage(pid))):
                yield from _processes([pid])

    def _marked(self) -> Iterator[int]:
        """Processes that an engine of this stack has started, or plugins of one with its PULUMI_HOME."""
        home = self.environment.get("PULUMI_HOME", "")
        for pid in own_processes():
            variables = environment_of(pid)
            marker = variables.get(MARKER, "")
            is_of_home = home and not marker and variables.get("PULUMI_HOME") == home
            if marker.startswith(f"{self.key}:") or (is_of_home and any(map(_is_plugin, _processes([pid])))):
                yield pid


def _is_plugin(candidate: Process) -> bool:
    return any(name in part for part in candidate.arguments for name in _PLUGINS)


def _lineage(pid: int) -> Iterator[int]:
    """The process, its parent and so on, without the first process of the system."""
    while pid > 1 and (ancestor := process(pid)) is not None:
        yield pid
        pid = ancestor.parent


def _processes(pids: Iterable[int]) -> Iterator[Process]:
    return (running for pid in pids if (running := process(pid)) is not None)


def _await_quiet(orphans: list[Process]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    busy = {orphan.pid: orphan.busy for orphan in orphans}
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        now = {pid: running.busy for pid in busy if (running := process(pid)) is not None}
        if not now or now == {pid: busy[pid] for pid in now}:
            return
        busy = now


def _await_gone(orphans: list[Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(_same(orphan) for orphan in orphans):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _send(orphan: Process, kind: signal.Signals) -> None:
    if _same(orphan):
        try:
            os.kill(orphan.pid, kind)
        except ProcessLookupError:  # it ended meanwhile
            return


def _same(orphan: Process) -> bool:
    """Still the process that was found, not another one under its number."""
    running = process(orphan.pid)
    return running is not None and running.started_ticks == orphan.started_ticks
