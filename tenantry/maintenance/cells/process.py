"""One stack's run as a process of its own: `tenantry up --json`, its progress as lines with the stack's name."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tenantry.engine.errors import ExitCode
from tenantry.maintenance.cells.run import End, StackResult
from tenantry.maintenance.cells.site import PlacedStack
from tenantry.parsing.json_narrowing import mapping, sequence

_COMMAND: Final = (sys.executable, "-m", "tenantry.cli", "up")
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_MEMORY: Final = 2 << 30  # that a machine is to have for the run of one stack, beside a processor
_MOST: Final = 4  # where the machine has more: database server and cloud API are asked by all of them
LOCK_SECONDS: Final = 600.0  # how long a stack is waited for that somebody else holds
_FIRST_PAUSE: Final = 4.0
_LONGEST_PAUSE: Final = 30.0


def at_once() -> int:
    """The number of stacks that this machine has room for."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(_MOST, os.cpu_count() or 1, memory // _MEMORY))


@dataclass
class StackProcesses:
    """The processes of one run over many stacks."""

    folder: Path
    arguments: Sequence[str]
    say: Callable[[str], None]
    command: Sequence[str] = _COMMAND
    patience: float = LOCK_SECONDS
    _running: set["subprocess.Popen[str]"] = field(default_factory=set["subprocess.Popen[str]"])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def up(self, stack: PlacedStack) -> StackResult:
        """Runs to its end, which a fault of the process never keeps from being told.

        A stack that somebody else holds is tried again until the patience is over, at times that no two runs share.
        """
        began, longest = time.monotonic(), _FIRST_PAUSE
        while True:
            result = self._once(stack, began)
            pause = random.uniform(longest / 2, longest)  # noqa: S311 - spreads retries
            if result.code is not ExitCode.LOCKED or time.monotonic() + pause > began + self.patience:
                return result
            self.say(f"{stack.name}: tried again in {pause:.0f} s")  # its own lines have named the holder
            if self.pause(pause):
                return result
            longest = min(2 * longest, _LONGEST_PAUSE)

    def pause(self, seconds: float) -> bool:
        """Waits; tells whether the run has been stopped, then at once."""
        return self._stopped.wait(seconds)

    def _once(self, stack: PlacedStack, began: float) -> StackResult:
        arguments = [*self.command, "--json", "--stack", stack.name, "--cwd", str(self.folder), *self.arguments]
        with self._lock:
            if self._stopped.is_set():
                return StackResult(stack.name, End.WAITING, code=ExitCode.INTERRUPTED)
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="backslashreplace",
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone; we pass it on once
            )
            self._running.add(process)
        reader = threading.Thread(target=self._tell, args=(stack.name, process))
        reader.start()
        out = process.stdout.read() if process.stdout else ""
        code = process.wait()
        reader.join()
        with self._lock:
            self._running.discard(process)
        return result_of(stack.name, out, code, time.monotonic() - began)

    @contextmanager
    def interruptible(self) -> Generator[None]:
        """Within it a Ctrl-C, and a job's SIGTERM, is passed on to every process; none is started any more."""
        before = {number: signal.signal(number, self._interrupt) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.say("stopping: each stack ends the calls that it has begun")
        self._stopped.set()
        for process in list(self._running):
            process.send_signal(signal.SIGINT)

    def _tell(self, name: str, process: "subprocess.Popen[str]") -> None:
        for line in process.stderr or ():
            self.say(f"{name}: {line.rstrip()}")


def result_of(name: str, out: str, code: int, seconds: float) -> StackResult:
    """From the process's document and exit code; one that was killed has none."""
    try:
        document = mapping(json.loads(out))
    except ValueError:
        document = {}
    if code == ExitCode.OK and document:
        changes = mapping(document.get("changes"))
        told = ", ".join(f"{count} {kind}" for kind, count in changes.items() if count)
        return StackResult(name, End.RAN, told, seconds)
    errors = [_text(error) for error in sequence(document.get("errors"))]
    told = "; ".join(errors[:3]) or str(document.get("remark") or "") or f"its process ended with {code}"
    known = ExitCode(code) if code in (ExitCode.LOCKED, ExitCode.INTERRUPTED) else ExitCode.FAILED
    return StackResult(name, End.FAILED, " ".join(told.split())[:1000], seconds, known)


def _text(error: Any) -> str:
    entry = mapping(error)
    place = " ".join(str(entry[name]) for name in ("tenant", "step") if entry.get(name))
    return f"{place}: {entry.get('text')}" if place else str(entry.get("text"))
