"""One stack's run as a process of its own: `tenantry up --json`, its progress as lines with the stack's name."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenantry.engine.errors import ExitCode
from tenantry.maintenance.cells.run import End, StackResult
from tenantry.maintenance.cells.site import PlacedStack
from tenantry.parsing.json_narrowing import mapping, sequence

_COMMAND = (sys.executable, "-m", "tenantry.cli", "up")


@dataclass
class StackProcesses:
    """The processes of one run over many stacks."""

    folder: Path
    arguments: Sequence[str]
    say: Callable[[str], None]
    command: Sequence[str] = _COMMAND
    _running: set["subprocess.Popen[str]"] = field(default_factory=set["subprocess.Popen[str]"])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def up(self, stack: PlacedStack) -> StackResult:
        """Runs to its end, which a fault of the process never keeps from being told."""
        began = time.monotonic()
        arguments = [*self.command, "--json", "--stack", stack.name, "--cwd", str(self.folder), *self.arguments]
        with self._lock:
            if self._stopped:
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
    def interruptible(self) -> Iterator[None]:
        """Within it a Ctrl-C is passed on to every process, once; none is started any more."""
        before = signal.signal(signal.SIGINT, lambda *_: self._interrupt())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self) -> None:
        self.say("stopping: each stack ends the calls that it has begun")
        self._stopped = True
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
