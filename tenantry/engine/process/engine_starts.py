"""A record of every engine that a `tenantry` starts: enough to prove later that it is dead.

A lock of the engine holds only a number, a user and a host's name. The number means another process in another process
namespace (two containers of one name) and after a restart of the host. So only the lock of an engine that stands here
is broken, and only where it can be told that this very process has ended.
"""

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tenantry.engine.process.lock_files import Lock
from tenantry.engine.process.process_table import INITIAL_NAMESPACE, Process, boot, machine, namespace, process

PANICKED: Final = 2  # how a Go program ends that dies over a fault of its own, its lock left behind
_KEPT_SECONDS: Final = 90 * 86400  # an older lock is broken by hand


def folder_of(environment: Mapping[str, str]) -> Path:
    """The instance's, else this user's: one that a restart of the host leaves as it is."""
    if local := environment.get("TENANTRY_LOCAL"):
        return Path(local) / "run" / "engines"
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "tenantry" / "engines"


@dataclass(frozen=True, slots=True)
class Start:
    """One engine, as it was right after its start."""

    key: str  # of the stack in its state (see single.key_of)
    pid: int
    ticks: int  # after the boot, when it began
    boot: str
    namespace: str
    machine: str

    @property
    def engine(self) -> Process | None:
        """The living process; None when it is dead, or when it cannot be seen from here."""
        if (self.boot, self.namespace) != (boot(), namespace()):
            return None
        running = process(self.pid)
        return running if running is not None and running.started_ticks == self.ticks else None

    @property
    def is_dead(self) -> bool:
        """Tells whether that is proved: by this namespace of this boot, or by a restart of this machine."""
        if not self.boot or not boot():
            return False
        if self.boot == boot():
            return self.namespace == namespace() and self.engine is None
        return self.is_of_an_earlier_boot

    @property
    def is_of_an_earlier_boot(self) -> bool:
        """Tells whether a restart of this machine has ended it."""
        if not self.boot or not boot() or self.boot == boot():
            return False
        same_host = bool(self.machine) and self.machine == machine()
        return same_host and self.namespace == namespace() == INITIAL_NAMESPACE


@dataclass(frozen=True, slots=True)
class Starts:
    """Those of one stack."""

    folder: Path
    key: str

    def note(self, pid: int) -> None:
        """Writes down an engine that has just been started; one that has ended already needs no note."""
        engine = process(pid)
        if engine is None:
            return
        start = Start(self.key, pid, engine.started_ticks, boot(), namespace(), machine())
        path = self.folder / f"{self.key}-{pid}-{engine.started_ticks}.json"
        scratch = path.with_suffix(f".{os.getpid()}.new")
        with suppress(OSError):  # a folder that cannot be written to: then its lock is broken by hand
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            scratch.write_text(json.dumps(asdict(start)))
            scratch.rename(path)

    def ended(self, pid: int, code: int) -> None:
        """Forgets an engine that came to its end by itself: it has removed its lock. One that was killed has not."""
        if code >= 0 and code != PANICKED:
            for path in self.folder.glob(f"{self.key}-{pid}-*.json"):
                path.unlink(missing_ok=True)

    def living(self, lock: Lock) -> Process | None:
        """The engine that holds a lock, where it is one of these."""
        return next((engine for start in self._of(lock) if (engine := start.engine)), None)

    def is_dead(self, lock: Lock) -> bool:
        """Tells whether the engine that made the lock is one of these, and proved dead: nobody will ever release it."""
        starts = list(self._of(lock))
        return bool(starts) and all(start.is_dead for start in starts)

    def lost_in_restart(self, locks: Collection[Lock]) -> int:
        """The number of these engines that a restart of this machine has ended whose lock is none of `locks`."""
        known = {lock.pid for lock in locks if lock.is_own}
        starts = [start for _, start in self._read() if start is not None and start.pid not in known]
        return sum(start.is_of_an_earlier_boot for start in starts)

    def sweep(self) -> None:
        """Removes what is no longer of use. Call it only when the locks of dead engines are gone."""
        for path, start in self._read():
            if start is None or start.is_dead or path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink(missing_ok=True)

    def _of(self, lock: Lock) -> Iterator[Start]:
        if lock.is_own:
            yield from (start for _, start in self._read() if start is not None and start.pid == lock.pid)

    def _read(self) -> Iterator[tuple[Path, Start | None]]:
        for path in sorted(self.folder.glob(f"{self.key}-*.json")):
            try:
                fields: dict[str, Any] = json.loads(path.read_text())
                start = Start(**fields)
            except FileNotFoundError:  # another `tenantry` has swept it
                continue
            except (ValueError, TypeError):
                start = None
            yield path, start if start is not None and start.key == self.key else None
