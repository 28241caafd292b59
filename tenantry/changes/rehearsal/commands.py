"""Commands of a rehearsal: those of a tree, in an environment without anybody's credentials.

A child leads a session of its own: Ctrl-C and a job's SIGTERM reach the rehearsal alone, which passes the first on so
that the child ends in order, and ends it for good at the second.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

from tenantry.engine.stack.shell_variables import leads_elsewhere
from tenantry.parsing.faults import printable
from tenantry.spec.secret_detection.names import says_secret

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Of the engine's own (another state, login or folder of plugins) none counts, nor what another instance has set.
_OTHERS: Final = ("PULUMI_", "AWS_", "ACTIONS_ID_TOKEN_", "TENANTRY_", "KUBE")
_KEPT: Final = ("TENANTRY_CACHE",)  # where builds are found
_LAST_LINES: Final = 15


class Interrupted(BaseException):
    """Somebody wants it to end: not an Exception, so that nothing takes it for a failed step."""


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a command. `said`: the last lines of its standard error."""

    code: int
    out: str = field(repr=False)
    said: str = field(repr=False)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what leads to other systems, and without credentials of whatever kind: a request's code runs in it."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not (leads_elsewhere(name) or name.startswith(_OTHERS) or says_secret(name))
    }


class Commands:
    """Runs one command at a time, and knows how far the rehearsal has come."""

    def __init__(self, environment: Mapping[str, str], show: Callable[[str], None]) -> None:
        self.environment = scrubbed(environment)  # before there is an instance
        self._show = show
        self._begin = time.monotonic()
        self._child: subprocess.Popen[str] | None = None
        self._signals = 0
        self._is_starting = False
        self._is_closing = False

    def say(self, text: str) -> None:
        """A line with the time since the beginning."""
        minutes, seconds = divmod(int(time.monotonic() - self._begin), 60)
        self._show(f"[{minutes}:{seconds:02}] {printable(text)}")

    def run(self, command: Sequence[str], folder: Path, more: Mapping[str, str], *, is_progress: bool = False) -> Done:
        """To its end, its standard error told line by line; `is_progress`: its output too. Raises Interrupted."""
        lines: list[str] = []
        self._is_starting = True
        with subprocess.Popen(
            command,
            cwd=folder,
            env={**self.environment, **more, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if is_progress else subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as child:
            self._begin_with(child)
            stream = child.stdout if is_progress else child.stderr
            reader = threading.Thread(target=self._follow, args=(stream, lines), daemon=True)
            reader.start()
            out = child.stdout.read() if child.stdout and not is_progress else ""
            child.wait()
            reader.join()
            self._child = None
        if self._signals and not self._is_closing:
            raise Interrupted
        return Done(child.returncode, out, "\n".join(lines[-_LAST_LINES:]))

    def _begin_with(self, child: subprocess.Popen[str]) -> None:
        self._child, self._is_starting = child, False
        if self._signals and not self._is_closing:  # it came while the child was being started
            child.send_signal(signal.SIGINT)

    def _follow(self, stream: IO[str] | None, lines: list[str]) -> None:
        for line in stream or ():
            if line.strip():
                lines.append(line.rstrip())
                self.say(f"    {line.rstrip()}")

    @contextmanager
    def interruptible(self) -> Generator[None]:
        """Within it a signal ends the command that runs, then raises Interrupted."""
        before = [(number, signal.signal(number, self._stop)) for number in _STOPPING]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def close(self) -> None:
        """From here on no signal stops anything: what was started is being taken down."""
        self._is_closing = True

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._is_closing:
            self.say("the instance is being taken down: a moment")
        elif self._child is None:
            if not self._is_starting:
                raise Interrupted
        elif self._signals == 1:
            self.say("stopping: what has begun is brought to its end (once more: kill)")
            self._child.send_signal(signal.SIGINT)
        else:
            os.killpg(self._child.pid, signal.SIGKILL)


def exported(file: Path) -> dict[str, str]:
    """The variables of an instance's `env`, which a shell would read."""
    text = subprocess.run(
        ["sh", "-c", f". {shlex.quote(str(file))} && env -0"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ.get("PATH", os.defpath)},
    ).stdout
    pairs = (line.partition("=") for line in text.split("\0") if line)
    return {name: value for name, _, value in pairs if name not in ("PWD", "SHLVL", "_", "OLDPWD")}


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
