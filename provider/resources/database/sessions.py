"""The sessions of a tenant's login roles, closed where access has ended: NOLOGIN ends none that runs."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from provider.errors import ResourceFailure, error_context
from provider.resources.base import Inputs, Kind, Resource
from provider.systems.connections import Connections
from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

WAIT_S: Final = 10.0  # for a backend to notice: it does between two rows, and at once when it is idle
RUNNING: Final = "SELECT pid FROM pg_stat_activity WHERE usename = ANY(%s)"
TERMINATE: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)"


class Sessions(Resource):
    """Declared, none is left; a refresh finds one that came back, the next update closes it again.

    Taken away, nothing happens: access returns with the roles' LOGIN.
    """

    inputs: ClassVar[Mapping[str, Kind]] = {"database": "string", "logins": "list"}
    identifying: ClassVar[frozenset[str]] = frozenset({"database"})
    computed: ClassVar[frozenset[str]] = frozenset({"drift"})
    sound: ClassVar[Mapping[str, object]] = {"drift": []}

    def identity(self, inputs: Inputs) -> str:
        return str(inputs["database"])

    def apply(self, at: Connections, inputs: Inputs, before: Inputs) -> Inputs:
        from provider.systems.postgresql import explain

        with error_context("closing sessions", explain), at.database(MAINTENANCE_DATABASE) as session:
            _close(session, list(inputs["logins"]))
        return {**inputs, "drift": []}

    def observe(self, at: Connections, identity: str, state: Inputs) -> Inputs | None:
        from provider.systems.postgresql import explain

        if not state:
            raise ResourceFailure("sessions cannot be imported", "declare them: there is nothing to adopt")
        with error_context("looking for sessions", explain), at.database(MAINTENANCE_DATABASE) as session:
            running = session.execute(RUNNING, [list(state["logins"])]).fetchall()
        found = [f"{len(running)} sessions run"] if running else []
        return {**state, "drift": found}

    def remove(self, at: Connections, state: Inputs) -> None:
        """Nothing: whoever has access again may have connected already."""


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
        time.sleep(0.05)
