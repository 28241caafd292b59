"""PostgreSQL as a service of the embedded default: one server, its data and the template database.

The life of the service, as its manager drives it:

1. `prepare` makes the data directory once (before every start it only checks);
2. `command` is a foreground process that *becomes* the server: start it as the manager's own user, also as root,
   since it gives up root by itself, and send it `STOP_SIGNAL` to end it;
3. `ready` says whether the server answers; then `after_start` makes or repairs the template database.

`binary` finds the client programs (psql, pg_dump, pg_restore) of the same release as the server.
"""

from local.postgresql.baseline import after_start
from local.postgresql.binaries import binary
from local.postgresql.cluster import prepare
from local.postgresql.connection import ADMIN, PostgresqlError, ready
from local.postgresql.launch import STOP_SIGNAL, command, environment, user

__all__ = [
    "ADMIN",
    "STOP_SIGNAL",
    "PostgresqlError",
    "after_start",
    "binary",
    "command",
    "environment",
    "prepare",
    "ready",
    "user",
]
