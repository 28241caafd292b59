"""Writes one run into the history while it goes on.

The run's row stands before anything is changed, changes follow every few seconds, the end comes last. While a run is at
work it holds an advisory lock: a row without an end whose lock is free is of a killed run, and the next run says so.

A history that cannot be written stops nobody: what is missing waits in memory, is tried again, and is told at the end.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.history import statements
from tenantry.database.history.model import Entry, Result, Run, now
from tenantry.names import ADMIN_DATABASE, MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

FLUSH_SECONDS: Final = 2.0  # between two writes
RETRY_SECONDS: Final = 10.0  # after one that failed
LONGEST_ERROR: Final = 500  # characters


class Journal:
    """One run's pages. `connect` opens a session in a database of the server that holds the admin database."""

    def __init__(
        self,
        run: Run,
        connect: "Callable[[str], AbstractContextManager[Session]]",
        say: Callable[[str], None],
    ) -> None:
        self.run = run
        self._connect, self._say = connect, say
        self._waiting: list[Entry] = []
        self._end: tuple[Result, str] | None = None
        self._is_begun = False
        self._next_at = 0.0
        self._why = ""
        self._kept = ExitStack()
        self._lock: Session | None = None  # the session that holds the run's lock

    def begin(self) -> None:
        """Writes the run's row, and the ends of runs that were killed."""
        self._attempt()

    def add(self, entry: Entry) -> None:
        """One change; written by the next `flush`."""
        self._waiting.append(entry)

    def flush(self) -> None:
        """Writes what waits, unless that was done just now."""
        if self._waiting and time.monotonic() >= self._next_at:
            self._attempt()

    def end(self, result: Result, error: str = "") -> None:
        """Writes the rest and how the run ended. A `destroy` that took the admin database along has nowhere to."""
        self._end = result, error
        try:
            is_written = self._attempt()
        finally:
            self._kept.close()
        is_gone = self.run.command == "destroy" and f'database "{ADMIN_DATABASE}" does not exist' in self._why
        if not is_written and not is_gone:
            self._say(f"this run is not in the history (`tenantry history`): {self._why}")

    def _attempt(self) -> bool:
        try:
            self._hold()
            with self._connect(ADMIN_DATABASE) as session:
                row = session.execute(statements.THERE).fetchone()
                is_written = bool(row and row[0])
                if is_written:
                    self._write(session)
                else:
                    self._why = "the admin database has no tables for it yet"
        except Exception as error:  # of whatever kind: a run is never stopped for its history
            is_written, self._why = False, " ".join(str(error).split())
        self._next_at = time.monotonic() + (FLUSH_SECONDS if is_written else RETRY_SECONDS)
        return is_written

    def _hold(self) -> None:
        """Takes the run's lock, once more where its session was lost. It ends with the session, however that ends.

        In the maintenance database: a session in the admin database would keep a run from removing that one.
        """
        if self._lock is not None and not self._lock.closed:
            return
        self._kept.close()
        self._lock = self._kept.enter_context(self._connect(MAINTENANCE_DATABASE))
        self._lock.execute(statements.LOCK, [str(self.run.id)])

    def _write(self, session: "Session") -> None:
        waiting = list(self._waiting)
        with session.transaction():
            session.execute(statements.BEGIN, statements.row_of(self.run))
            if waiting:
                rows = [(self.run.id, *statements.values_of(entry, LONGEST_ERROR)) for entry in waiting]
                with session.cursor() as cursor:
                    cursor.executemany(statements.CHANGE, rows)
            if self._end is not None:
                result, error = self._end
                session.execute(statements.END, [self.run.id, result, error[:LONGEST_ERROR] or None, now()])
        del self._waiting[: len(waiting)]
        if not self._is_begun:
            self._is_begun = True
            self._find_killed(session)
            for statement in statements.FORGET:
                session.execute(statement)

    def _find_killed(self, session: "Session") -> None:
        """Ends the runs whose lock is free. A run that was only cut off for a while still writes its own end later."""
        assert self._lock is not None  # noqa: S101 (taken before anything is written)
        for (run,) in session.execute(statements.OPEN, [self.run.id]).fetchall():
            row = self._lock.execute(statements.TRY, [str(run)]).fetchone()
            if not row or not row[0]:
                continue
            try:
                session.execute(statements.FOUND, [run, self.run.id])
            finally:
                self._lock.execute(statements.UNLOCK, [str(run)])
