"""Runs the engine to its end: follows its events, passes Ctrl-C on, and tells what came of it."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from tenantry.engine.process.events import Event, Tail
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.run.progress import Finding, Progress
from tenantry.engine.run.run_log import RunLog

POLL_SECONDS = 0.1
_STOPPING = (signal.SIGINT, signal.SIGTERM)


class RunListener(Protocol):
    """Shows a run to a person."""

    def say(self, text: str) -> None:
        """One line, now."""
        ...

    def report(self, finding: Finding, is_error: bool) -> None:
        """A new error or warning."""
        ...

    def tick(self, progress: Progress, seconds: float) -> None:
        """Called all the time."""
        ...


@dataclass(frozen=True, slots=True)
class EngineResult:
    """The end of an engine's run."""

    code: int
    seconds: float
    output: str  # of the engine itself, redacted
    is_interrupted: bool


class Recorder(Protocol):
    """Records the tenants' progress while the engine runs."""

    def event(self, event: Event, progress: Progress) -> None:
        """Something happened."""
        ...

    def finding(self, finding: Finding) -> None:
        """A new error."""
        ...

    def tick(self) -> None:
        """Called all the time, also while nothing happens."""
        ...


def run(
    cli: Cli,
    arguments: Sequence[str],
    progress: Progress,
    watcher: RunListener,
    log: RunLog,
    recorder: Recorder | None = None,
) -> EngineResult:
    """Starts `pulumi ARGUMENTS` and stays with it. Interrupted once it ends in order, twice at once."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tenantry-") as scratch:
        events = Path(scratch) / "events"
        output = Path(scratch) / "output"
        log.write(f"pulumi {' '.join(arguments)}")
        with _interrupts(watcher) as interrupted:
            engine = cli.start([*arguments, "--event-log", str(events)], output)
            interrupted.begin(engine)
            tail = Tail(events)
            while engine.poll() is None:
                _take(tail.new(), progress, watcher, log, recorder)
                watcher.tick(progress, time.monotonic() - begin)
                if recorder is not None:
                    recorder.tick()
                _pause(engine)
            _take(tail.new(), progress, watcher, log, recorder)
            cli.starts.ended(engine.pid, engine.returncode)
            _tell(progress.end(), watcher, recorder)
        text = cli.redact(output.read_text(encoding="utf-8", errors="replace"))
    watcher.tick(progress, time.monotonic() - begin)
    log.write(f"the engine ended with {engine.returncode}; it wrote:\n{text}")
    return EngineResult(engine.returncode, time.monotonic() - begin, text, interrupted.count > 0)


def _take(
    events: Iterator[Event], progress: Progress, watcher: RunListener, log: RunLog, recorder: Recorder | None
) -> None:
    for event in events:
        log.event(event)
        finding = progress.take(event)
        if recorder is not None:
            recorder.event(event, progress)
        if finding is None:
            continue
        if finding in progress.errors:
            _tell([finding], watcher, recorder)
        else:
            watcher.report(finding, is_error=False)


def _tell(errors: Sequence[Finding], watcher: RunListener, recorder: Recorder | None) -> None:
    for finding in errors:
        watcher.report(finding, is_error=True)
        if recorder is not None:
            recorder.finding(finding)


def _pause(engine: subprocess.Popen[bytes]) -> None:
    try:
        engine.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return


class _Interrupts:
    """Counts Ctrl-C and hands it on."""

    def __init__(self, watcher: RunListener) -> None:
        self.count = 0
        self.engine: subprocess.Popen[bytes] | None = None
        self._watcher = watcher
        self._is_told = False

    def begin(self, engine: subprocess.Popen[bytes]) -> None:
        """Hands on also what was pressed while the engine was being started."""
        self.engine = engine
        if self.count and not self._is_told:
            self._tell(engine)

    def _tell(self, engine: subprocess.Popen[bytes]) -> None:
        self._is_told = True
        self._watcher.say("stopping: what has begun is brought to its end (once more: kill)")
        engine.send_signal(signal.SIGINT)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.engine is None or self.engine.poll() is not None:
            return
        if not self._is_told:
            self._tell(self.engine)
        else:
            self._watcher.say("killing the engine: the next run recovers what it was doing")
            self.engine.kill()


@contextmanager
def _interrupts(watcher: RunListener) -> Generator[_Interrupts]:
    handler = _Interrupts(watcher)
    before = [(number, signal.signal(number, handler)) for number in _STOPPING]
    try:
        yield handler
    finally:
        for number, old in before:
            signal.signal(number, old)
