"""The login roles of a tenant whose access has ended: they may not log in any more, and none of their sessions is left.

Their own sessions can keep anybody from changing the roles: `BEGIN; ALTER ROLE rent001_a PASSWORD 'x'` locks the role's
row for as long as that transaction lasts. So the sessions end first, and while NOLOGIN is set.
"""

import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.systems.connections import Connections
from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

WAIT_S: Final = 10.0  # for a backend to notice: it does between two rows, and at once when it is idle
EVERY_S: Final = 0.05
ABLE: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND rolcanlogin ORDER BY 1"
RUNNING: Final = "SELECT pid FROM pg_stat_activity WHERE usename = ANY(%s)"
TERMINATE: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)"


class Sessions(Resource):
    """Declared, none is left, and none can begin; a refresh finds one that came back, the next update closes it again.

    Roles that are not there yet are passed over. Taken away, nothing happens: access returns with the roles' LOGIN.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"database": "string", "logins": "list"}
    identifying: ClassVar[frozenset[str]] = frozenset({"database"})
    computed: ClassVar[frozenset[str]] = frozenset({"drift"})
    sound: ClassVar[Mapping[str, object]] = {"drift": []}

    def identity(self, inputs: Inputs) -> str:
        return str(inputs["database"])

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.systems.postgresql import explain

        logins = list(inputs["logins"])
        with error_context("closing sessions", explain), at.database(MAINTENANCE_DATABASE) as session:
            _shut(at, session, logins)
            _close(session, logins)
        return {**inputs, "drift": []}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import explain

        if not state:
            raise ResourceFailure("sessions cannot be imported", "declare them: there is nothing to adopt")
        with error_context("looking for sessions", explain), at.database(MAINTENANCE_DATABASE) as session:
            running = session.execute(RUNNING, [list(state["logins"])]).fetchall()
        faults = [f"{len(running)} sessions run"] if running else []
        return {**state, "drift": faults}

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: whoever has access again may have connected already."""


def _shut(at: Connections, session: "Session", logins: list[str]) -> None:
    """Raises psycopg.errors.LockNotAvailable, with its name, for a session of somebody else that holds a role."""
    from psycopg import sql

    from tenantry.database.sessions.watch import watched

    able = [name for (name,) in session.execute(ABLE, [logins]).fetchall()]
    session.commit()
    if not able:
        return
    with _ending(at, logins), watched(at.database, session):
        for login in able:
            session.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(login)))
            session.commit()


@contextmanager
def _ending(at: Connections, logins: list[str]) -> Generator[None, None, None]:
    """Ends these logins' sessions during the block, also new ones: who waits for what they hold is next."""
    over = Event()

    def end() -> None:
        with at.database(MAINTENANCE_DATABASE) as session:
            while True:
                session.execute(TERMINATE, [logins])
                session.commit()
                if over.wait(EVERY_S):
                    return

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        try:
            yield
        finally:
            over.set()
            ending.result()


def _close(session: "Session", logins: list[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while True:
        if not session.execute(TERMINATE, [logins]).fetchall():
            return
        session.commit()  # what is seen of pg_stat_activity is fixed within a transaction
        if time.monotonic() > deadline:
            raise ResourceFailure(
                f"sessions of {', '.join(logins)} do not end", "end their processes on the server, and run again"
            )
        time.sleep(EVERY_S)
