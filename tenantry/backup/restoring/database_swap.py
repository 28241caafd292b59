"""One database in another's place, at one moment: whatever stops it, a kill too, nothing of it has happened."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final, cast

from psycopg import sql

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.errors import BackupError

FACTS: Final = """
SELECT pg_get_userbyid(datdba), datconnlimit, rolname, setconfig FROM pg_database
LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid LEFT JOIN pg_roles ON pg_roles.oid = setrole
WHERE datname = %s
"""
# The server ends its own workers in a database that is renamed; not everybody may.
SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s) AND backend_type = 'client backend'
"""
# Of the roles' settings those that the platform gives (provider/resources/database/clone_rights.py). All others are the
# tenant's doing, and so is every setting of the database itself.
OURS: Final = {"role", "statement_timeout", "idle_in_transaction_session_timeout", "temp_file_limit"}
AGAIN_S: Final = 0.05


def swap(systems: BackupClients, database: str, fresh: str) -> str:
    """`fresh` takes the place of `database`, which is kept, closed, under the name that is returned.

    Both names change in one transaction; rights, limits and the roles' settings go with the name. Nobody can be in a
    database that is renamed: the server lets nobody new in while it waits for that (5 s), and those who are in are
    ended meanwhile, once more each moment. Raises BackupError when there is no such database, psycopg.Error.
    """
    before = f"{database}_before_{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    with systems.session() as session, session.transaction():
        facts = session.execute(FACTS, [database]).fetchall()
        if not facts:
            raise BackupError(f"there is no database {database} to take the place of", "run `tenantry up` first")
        with _emptied(systems, database, fresh):
            _rename(session, database, before)
            _rename(session, fresh, database)
        _like(session, facts, database, before)
        _close(session, before)
    return before


@contextmanager
def _emptied(systems: BackupClients, *databases: str) -> Generator[None]:
    """Ends the sessions in the databases until the block is left."""
    left = Event()

    def end() -> None:
        with systems.session() as session:
            while not left.wait(AGAIN_S):
                session.execute(SESSIONS, [list(databases)])

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        try:
            yield
        finally:
            left.set()
    ending.result()


def _close(session: Session, database: str) -> None:
    """Its owner could open or drop it: it is the way back, and may be a proof of what somebody has done."""
    name = sql.Identifier(database)
    session.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
    session.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(name))


def _rename(session: Session, name: str, other: str) -> None:
    session.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other)))


def _like(session: Session, facts: list[Any], database: str, before: str) -> None:
    owner, limit, _, _ = facts[0]
    name = sql.Identifier(database)
    session.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(owner)))
    session.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, sql.Literal(limit)))
    for role, rights in _grants(session, before):
        session.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                sql.SQL(", ").join(sql.SQL(right) for right in rights), name, sql.Identifier(role)
            )
        )
    for _, _, role, settings in facts:
        for setting in cast("list[str]", settings or []):
            parameter, _, value = setting.partition("=")
            if role is None or parameter not in OURS:
                continue
            session.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    sql.Identifier(role), name, sql.Identifier(parameter), sql.Literal(value)
                )
            )


def _grants(session: Session, database: str) -> list[Any]:
    return session.execute(
        "SELECT pg_get_userbyid(grantee), array_agg(privilege_type) FROM pg_database, aclexplode(datacl)"
        " WHERE datname = %s AND grantee <> 0 AND grantee <> datdba GROUP BY 1",
        [database],
    ).fetchall()
