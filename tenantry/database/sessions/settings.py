"""Every setting of a session in a tenant's database is the server's own, and none is the database's.

A database's owner may give it any setting that a user may set: one that makes every session read-only, ends it, reads
its bytes in another encoding, quotes names in dumps, or keeps everybody out. What comes with a session's start goes
before what the database says, so a session brings all of them. The server itself lists them: no release's are missed.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

# plpgsql's own are listed once it is loaded. A transaction's settings are those of the statement that begins it.
LOADED: Final = "DO 'BEGIN END'"
NAMES: Final = """
SELECT name, current_setting(name) FROM pg_settings
WHERE context = 'user' AND name <> ALL(%s) ORDER BY name
"""
NOT_OURS: Final = ["application_name", "transaction_deferrable", "transaction_isolation", "transaction_read_only"]
# A tenant may hold what is altered from outside too: its database's row, its roles.
LOCK_TIMEOUT: Final = "-c lock_timeout=60s"
# Of the provisioner's sessions that bring none, such as the postgresql plugin's, whose waits are everybody's: see
# provider/resources/database/lock_timeout.py.
PROVISIONER_LOCK_TIMEOUT: Final = "10s"
# pg_settings does not list the role; what we send is UTF-8, whatever the maintenance database holds.
FIXED: Final = {"role": "none", "client_encoding": "UTF8"}


class OwnSettings:
    """The server's own settings for a session, read once, in a database that no tenant can change."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._options: str | None = None

    def __reduce__(self) -> tuple[type["OwnSettings"], tuple[()]]:
        """Another process asks anew: a lock is this one's alone."""
        return OwnSettings, ()

    def options(self, connect: "Callable[[str], AbstractContextManager[Session]]", database: str, last: str) -> str:
        """For `options` of a session in the database; `last` goes before all others."""
        known = LOCK_TIMEOUT if database == MAINTENANCE_DATABASE else f"{self._known(connect)} {LOCK_TIMEOUT}"
        return f"{known} {last}"

    def _known(self, connect: "Callable[[str], AbstractContextManager[Session]]") -> str:
        with self._lock:
            if self._options is None:
                with connect(MAINTENANCE_DATABASE) as session:
                    session.execute(LOADED)
                    values = dict(session.execute(NAMES, [NOT_OURS]).fetchall())
                self._options = " ".join(f"-c {name}={_escaped(value)}" for name, value in (values | FIXED).items())
            return self._options


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
