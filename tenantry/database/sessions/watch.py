"""Sessions that block another, seen from outside; and the end of a session whose time is up.

A tenant may lock any row, table or number in its own database and keep it, and its triggers may sleep for ever; a
timeout that the session itself has set such code could take back. A lock's holder cannot be seen any more once the wait
has ended, so it is looked at meanwhile.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from math import inf
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

FIRST_S: Final = 0.8  # shorter than any lock timeout; who waits less costs no look
EVERY_S: Final = 1.0
# A prepared transaction has no process and blocks as 0.
HOLDERS: Final = """
SELECT DISTINCT coalesce(holder.usename, 'a prepared transaction'), by,
    coalesce(to_char(holder.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS UTC'), '')
FROM pg_stat_activity AS waiting CROSS JOIN unnest(pg_blocking_pids(waiting.pid)) AS blocking (by)
    LEFT JOIN pg_stat_activity AS holder ON holder.pid = by
WHERE waiting.pid = %(pid)s OR waiting.datname = %(database)s AND waiting.application_name = %(application)s ORDER BY 2
"""
END: Final = "SELECT pg_terminate_backend(%(pid)s)"
SHOWN: Final = 3
ADVICE: Final = "end that session (pg_terminate_backend), then run again"  # ends the words that name a holder


class Watch(Thread):
    """Looks at one session, or those of an application in a database, until it is told to stop."""

    def __init__(
        self,
        connect: "Callable[[str], AbstractContextManager[Session]]",
        session: "Session | None" = None,
        limit_s: float = inf,
        *,
        database: str = "",
        application: str = "",
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._connect, self._limit_s = connect, limit_s
        self._whose = {
            "pid": session.info.backend_pid if session else None,
            "database": database,
            "application": application,
        }
        self._left = Event()
        self._holders: list[str] = []
        self.has_ended_it = False

    def words(self) -> str:
        """The sessions that held it, as an addition to the server's message; empty when nobody was seen."""
        if self.has_ended_it:
            return f"; it took longer than {self._limit_s:g} s and was ended"
        if not self._holders:
            return ""
        shown = ", ".join(self._holders[:SHOWN]) + (" and others" if len(self._holders) > SHOWN else "")
        return f"; held by {shown}: {ADVICE}"

    def stop(self) -> None:
        self._left.set()
        self.join()

    def run(self) -> None:
        begun = monotonic()
        if self._left.wait(min(FIRST_S, self._limit_s)):
            return
        with suppress(Exception), self._connect(MAINTENANCE_DATABASE) as outside:  # who cannot look stops no work
            while True:
                self._look(outside)
                if monotonic() - begun >= self._limit_s:
                    self.has_ended_it = True
                    outside.execute(END, self._whose)
                    outside.commit()
                    return
                if self._left.wait(min(EVERY_S, max(0.0, begun + self._limit_s - monotonic()))):
                    return

    def _look(self, outside: "Session") -> None:
        holders = outside.execute(HOLDERS, self._whose).fetchall()
        outside.commit()  # what is seen of pg_stat_activity is fixed within a transaction
        if holders:
            self._holders = [
                f"{user}" + (f" (process {pid}, its transaction began {begun})" if begun else f" (process {pid})")
                for user, pid, begun in holders
            ]


@contextmanager
def watched(
    connect: "Callable[[str], AbstractContextManager[Session]]", session: "Session", limit_s: float = inf
) -> Generator[Watch, None, None]:
    """The block's work in the session ends after `limit_s`; an error of a lock inside says who held it.

    `connect` opens another session of the same server.
    """
    import psycopg

    watch = Watch(connect, session, limit_s)
    watch.start()
    try:
        yield watch
    except (psycopg.errors.LockNotAvailable, psycopg.errors.AdminShutdown) as error:
        watch.stop()
        if not (words := watch.words()):
            raise
        raise type(error)(f"{error.diag.message_primary or error}{words}") from None
    finally:
        watch.stop()
