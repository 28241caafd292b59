"""One log a run, below the instance: everything the engine said, without secrets and without debugging."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tenantry.engine.process.events import Event, Message, Step, Summary, Violation
from tenantry.engine.stack.urns import describe

KEPT = 20  # logs of a kind; older ones are removed


class RunLog:
    """`log/KIND-TIME.log`, readable by the owner alone; without a folder it takes everything and keeps nothing."""

    def __init__(self, folder: Path | None, kind: str, redact: Callable[[str], str]) -> None:
        self.path = folder / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}.log" if folder else None
        self._redact = redact
        self._begin = time.monotonic()
        self._handle = None
        if self.path is not None and folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.glob(f"{kind}-*.log"))[: -KEPT + 1]:
                old.unlink(missing_ok=True)
            self.path.touch(0o600)
            self._handle = self.path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.close()

    def write(self, text: str) -> None:
        """One line or more, with the seconds since the begin."""
        if self._handle is not None:
            self._handle.write(f"{time.monotonic() - self._begin:8.2f}  {self._redact(text)}\n")
            self._handle.flush()

    def event(self, event: Event) -> None:
        """One event; what stayed the same is left out."""
        match event:
            case Step(operation="same"):
                return
            case Step():
                differs = f" ({', '.join(event.changed)})" if event.changed and event.stage == "begun" else ""
                self.write(f"{event.stage} {event.operation} {describe(event.urn)}{differs}")
            case Message():
                self.write(f"{event.severity}: {describe(event.urn) + ': ' if event.urn else ''}{event.text}")
            case Violation():
                self.write(f"policy {event.policy}: {describe(event.urn)}: {event.text}")
            case Summary():
                self.write(f"{event.result or 'ended'}: {event.changes}")
