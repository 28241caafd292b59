"""Sessions in a database of who may not connect to it: they began before that right was taken, and would stay."""

import time
from typing import TYPE_CHECKING, Final

from provider.errors import ResourceFailure
from provider.resources.database.sessions import WAIT_S

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# A superuser always may connect. Who has been dropped since has no name any more.
FOREIGN: Final = """
FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' AND usename IS NOT NULL
    AND NOT has_database_privilege(usesysid, datid, 'CONNECT')
"""
WHO: Final = "SELECT DISTINCT usename::text " + FOREIGN + " ORDER BY 1"
TERMINATE: Final = "SELECT pg_terminate_backend(pid) " + FOREIGN


def faults(session: "Session", database: str) -> list[str]:
    """Sessions of other roles, reported as drift, seen from another database."""
    return [f"a session of {name} runs in it" for (name,) in session.execute(WHO, [database]).fetchall()]


def end(session: "Session", database: str) -> None:
    """Raises Failure for sessions that do not end."""
    deadline = time.monotonic() + WAIT_S
    while session.execute(TERMINATE, [database]).fetchall():
        session.commit()  # what is seen of pg_stat_activity is fixed within a transaction
        if time.monotonic() > deadline:
            names = ", ".join(name for (name,) in session.execute(WHO, [database]).fetchall())
            raise ResourceFailure(
                f"sessions of {names} in {database} do not end", "end their processes on the server, and run again"
            )
        time.sleep(0.05)
