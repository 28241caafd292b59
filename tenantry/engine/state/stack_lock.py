"""Takes a stack for one run: nobody else on it, dead engines' locks and processes gone, torn files whole again."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenantry.engine.errors import StackLocked
from tenantry.engine.process.engine_starts import Starts
from tenantry.engine.process.lock_files import Lock, is_refusal, parse_refusal
from tenantry.engine.process.process_table import Process, booted_at, environment_of, process
from tenantry.engine.process.pulumi_cli import MARKER, Cli
from tenantry.engine.state.orphans import Leftovers
from tenantry.engine.state.process_lock import exclusive, run_directory
from tenantry.engine.state.state_files import FileState, remove_lock, remove_torn_attributes

WAIT_SECONDS = 120.0  # for an engine whose `tenantry` was killed: it has been told to stop and finishes its calls
_REMEDY = "wait for it to end; if you know that it is dead: `pulumi cancel --stack {stack}`"


@dataclass(frozen=True)
class StackLock:
    """One stack of one state."""

    cli: Cli
    stack: str
    files: FileState | None

    @property
    def leftovers(self) -> Leftovers:
        """Processes that dead engines of this stack left running."""
        return Leftovers(self.cli.key, self.cli.environment)

    @property
    def starts(self) -> Starts:
        """The engines of this stack that were started here."""
        return self.cli.starts

    @contextmanager
    def held(self, say: Callable[[str], None]) -> Generator[None]:
        """Holds the stack; refuses with Locked when somebody else does."""
        with exclusive(run_directory(self.cli.environment), self.cli.key, self.stack):
            dead = list(self._dead_locks(self.files, say)) if self.files is not None else []
            self.leftovers.end(say)
            for path in dead:  # only now: until its processes are gone the dead engine's work is not over
                remove_lock(path)
            if self.files is not None:
                self.starts.sweep()
            if self.files is not None:
                for line in self.files.repair():
                    say(line)
                self.files.sweep()
            yield

    def break_dead(self, refusal: str, say: Callable[[str], None]) -> bool:
        """Tells whether the locks the engine complains of were own and dead, and are gone; the state is no file."""
        if not is_refusal(refusal):
            return False
        locks = parse_refusal(refusal)
        doubtful = [lock for lock in locks if not self.starts.is_dead(lock)]
        if doubtful or not locks:
            raise self._locked(doubtful[0] if doubtful else None)
        for lock in locks:
            say(f"breaking the lock of a dead engine: {lock}")
        is_broken = self.cli.ask("cancel", "--yes", "--stack", self.stack).code == 0
        if is_broken:
            self.starts.sweep()
        return is_broken

    def _dead_locks(self, files: FileState, say: Callable[[str], None]) -> Iterator[Path]:
        listed = list(files.locks())
        lost = self.starts.lost_in_restart([lock for _, lock in listed if lock is not None])
        for path, lock in listed:
            if lock is None:
                lost -= 1
                if lost < 0 or not _is_older_than_boot(path):
                    raise self._torn(path)
                say(f"removing the lock file {path.name}, which the restart of this machine had torn")
            elif (holder := self.starts.living(lock)) is not None:
                self._await_end(lock, holder, say)
            elif self.starts.is_dead(lock):
                say(f"breaking the lock of a dead engine: {lock}")
            else:
                raise self._locked(lock)
            yield path

    def _await_end(self, lock: Lock, holder: Process, say: Callable[[str], None]) -> None:
        """An engine of ours outlives its `tenantry` for as long as its last calls take; any other engine is refused."""
        owner = environment_of(holder.pid).get(MARKER, "").rpartition(":")[2]
        if not owner.isdigit() or process(int(owner)) is not None:
            raise self._locked(lock)
        say(f"waiting for the engine of a `tenantry` that was killed: {lock}")
        deadline = time.monotonic() + WAIT_SECONDS
        while self.starts.living(lock) is not None:
            if time.monotonic() > deadline:
                raise self._locked(lock)
            time.sleep(0.1)

    def _torn(self, path: Path) -> StackLocked:
        """Whoever wrote it may be at work, on another machine even: only a restart of this one is proof."""
        remove_torn_attributes(path)  # else no command can read the state, and `pulumi cancel` neither
        return StackLocked(
            f"the stack `{self.stack}` is locked by {path}, which does not say by whom: it is torn, or just being "
            "written",
            "look on every machine that uses this state whether an engine works on the stack, and wait for its end; "
            f"where none does: `pulumi cancel --stack {self.stack}`",
        )

    def _locked(self, lock: Lock | None) -> StackLocked:
        doubt = ""
        if lock is not None and lock.is_own and self.starts.living(lock) is None:
            doubt = (
                "; whether that engine lives cannot be told from here, as no `tenantry` of this place has started it"
            )
        return StackLocked(
            f"the stack `{self.stack}` is locked{f' by {lock}' if lock else ''}{doubt}",
            _REMEDY.format(stack=self.stack),
        )


def _is_older_than_boot(path: Path) -> bool:
    try:
        return path.stat().st_mtime < booted_at()
    except FileNotFoundError:  # released meanwhile
        return False
