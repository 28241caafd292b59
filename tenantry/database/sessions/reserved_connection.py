"""A place in a database that takes no more connections: its tenant holds them all, or has lowered the limit.

Only a superuser gets in beyond a database's limit; a login of the owner does not. The limit counts when a session
begins, and the tenant's own logins are held to their plan by their roles, whose limits they cannot change. So the
database's limit is raised for the moment in which we connect, and the places that this makes are the platform's alone.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenantry.names import MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

T = TypeVar("T")

PLACES: Final = 8  # more than the platform uses at once in one database
# The server counts a session that is just beginning or ending too.
FULL: Final = """
SELECT datconnlimit, used FROM pg_database,
    LATERAL (SELECT count(*) FROM pg_stat_activity WHERE datid = pg_database.oid) AS sessions (used)
WHERE datname = %s AND datconnlimit >= 0 AND used >= datconnlimit
"""


@contextmanager
def reserve_connection(
    connect: "Callable[[str], AbstractContextManager[Session]]", database: str
) -> Generator[int | None, None, None]:
    """The number of sessions that used the database up, with places for ours; None where it is not full, or not ours to
    change.

    The limit is as it was afterwards.
    """
    from psycopg import errors, sql

    statement = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}")
    with connect(MAINTENANCE_DATABASE) as session:
        row = session.execute(FULL, [database]).fetchone()
        if row is None:
            yield None
            return
        limit, used = row
        try:
            session.execute(statement.format(sql.Identifier(database), sql.Literal(used + PLACES)))
        except errors.InsufficientPrivilege:
            session.rollback()
            used = None
        session.commit()
        if used is None:
            yield None
            return
        try:
            yield int(used)
        finally:
            session.execute(statement.format(sql.Identifier(database), sql.Literal(limit)))
            session.commit()


def connected(
    attempt: Callable[[], T], connect: "Callable[[str], AbstractContextManager[Session]]", database: str
) -> T:
    """The attempt's result; an attempt that finds no connection left is made again where there is one.

    Raises psycopg.OperationalError.
    """
    import psycopg

    try:
        return attempt()
    except psycopg.OperationalError:
        if database == MAINTENANCE_DATABASE:
            raise
        with reserve_connection(connect, database) as used:
            if used is None:
                raise
            return attempt()
