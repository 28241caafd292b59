"""The engine's command line: found, started with an environment that never asks anything, its answers redacted."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tenantry.engine.errors import CommandError
from tenantry.engine.process.advice import in_our_words
from tenantry.engine.process.engine_starts import Starts, folder_of
from tenantry.engine.process.redaction import redactor

# Tells the processes of one engine from those of all others, also when their parent is dead: they inherit it.
MARKER = "TENANTRY_ENGINE"
# Percent of growth after which the engine collects its garbage; Go's own default is 100. A run writes its state again
# and again, and what that leaves behind would add half as much memory; this costs 3 % of a first run's time.
GARBAGE_PERCENT = 40
SHORT_SECONDS = 120.0  # no reading command takes this long; a hanging network mount does


@dataclass(frozen=True, slots=True)
class Answer:
    """The output of a short command."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The error as a person is to read it."""
        return in_our_words(self.err.strip())


@dataclass(frozen=True)
class Cli:
    """`pulumi` in one project with one environment."""

    root: Path
    environment: Mapping[str, str]
    key: str  # of the stack in its state (see single.key_of)
    skips_confirmations: bool = True  # `--preview-only` of a refresh and this exclude each other

    @cached_property
    def program(self) -> str:
        """The engine's path."""
        path = shutil.which("pulumi", path=self.environment.get("PATH"))
        if path is None:
            raise CommandError("`pulumi` is not on PATH", "run `make up` once (it builds the engine), or install it")
        return path

    @cached_property
    def redact(self) -> Callable[[str], str]:
        """Takes this environment's secrets out of a text."""
        return redactor(self.environment)

    @property
    def child_environment(self) -> dict[str, str]:
        """The environment of the engine: no questions, no update check, its event log switched on."""
        return {
            **self.environment,
            MARKER: f"{self.key}:{os.getpid()}",
            "PULUMI_DEBUG_COMMANDS": "true",  # offers --event-log
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_SKIP_CONFIRMATIONS": str(self.skips_confirmations).lower(),
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def starts(self) -> Starts:
        """The record of each engine that is started here."""
        return Starts(folder_of(self.environment), self.key)

    def ask(self, *arguments: str, given: str | None = None, seconds: float = SHORT_SECONDS) -> Answer:
        """Runs a short command to its end."""
        with subprocess.Popen(
            [self.program, *arguments, "--non-interactive", "--color", "never"],
            cwd=self.root,
            env=self.child_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as engine:
            self.starts.note(engine.pid)
            try:
                out, err = engine.communicate(given if given is not None else "", timeout=seconds)
            except subprocess.TimeoutExpired:
                engine.kill()
                raise CommandError(
                    f"`pulumi {' '.join(arguments[:2])}` has not answered for {seconds:.0f} s",
                    "see whether the state's storage can be reached",
                ) from None
            except BaseException:
                engine.kill()
                raise
        self.starts.ended(engine.pid, engine.returncode)
        return Answer(engine.returncode, out, self.redact(err))

    def start(self, arguments: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
        """Starts a long command, its output to a file. When we are killed it gets SIGINT and ends in order."""
        with output.open("wb") as sink:
            engine = subprocess.Popen(
                [self.program, *arguments],
                cwd=self.root,
                env={"GOGC": str(GARBAGE_PERCENT), **self.child_environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's Ctrl-C reaches us alone; we pass it on once
                preexec_fn=_interrupt_with_parent if sys.platform == "linux" else None,
            )
        self.starts.note(engine.pid)
        return engine


if sys.platform == "linux":
    import ctypes
    import signal

    _PR_SET_PDEATHSIG = 1  # linux/prctl.h
    _libc = ctypes.CDLL(None)

    def _interrupt_with_parent() -> None:
        """The kernel sends SIGINT when the starting thread dies: the engine finishes its calls and writes its state."""
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))
