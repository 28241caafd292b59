"""The record of a tenant's schema: a table in the tenant's database that is the platform's, in a schema of its own.

A database's owner does as it likes with what it owns. So both are the provisioner's, and nobody else has a right to
either: whoever may as much as name a table can hold a lock on it (`PREPARE` asks for no right).

The version has to change in one transaction with the migration, which runs as the tenant's owner with the tenant's code
in it. Its session is let in for one statement, in a moment in which nothing of the tenant's can run, and no longer.

All sessions here are the provisioner's, with nothing on their search path, unless it says otherwise; where rights are
given, what they do is committed at once.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.migrations import APPLIED, RECORD, REMEMBER, Migration, MigrationSetInvalid
from tenantry.names import PLATFORM_SCHEMA

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

Row = tuple[int, str, str, datetime]  # version, name, checksum, applied at

NAME: Final = "schema_migrations"
TABLE: Final = f"{PLATFORM_SCHEMA}.{NAME}"
FORMER: Final = f"public.{NAME}"  # where a tenant could write it

# A tenant makes nothing that belongs to a superuser or to the provisioner.
OWNERS: Final = """
SELECT pg_get_userbyid(nspowner)::text, pg_get_userbyid(relowner)::text,
    (SELECT bool_and(rolsuper OR rolname = current_user) FROM pg_roles WHERE oid IN (nspowner, relowner))
FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = %s AND relkind = 'r'
WHERE nspname = %s
"""
ROWS: Final = f"SELECT version, name, checksum, applied_at FROM {TABLE} ORDER BY version"  # noqa: S608 - no input
FORMER_ROWS: Final = f"SELECT version, name, checksum, applied_at FROM {FORMER} ORDER BY version"  # noqa: S608
FILL: Final = f"INSERT INTO {TABLE} (version, name, checksum, applied_at) VALUES (%s, %s, %s, %s)"  # noqa: S608
MAKE: Final = (
    f"CREATE SCHEMA IF NOT EXISTS {PLATFORM_SCHEMA}; REVOKE ALL ON SCHEMA {PLATFORM_SCHEMA} FROM PUBLIC;"
    f"{RECORD.replace(NAME, TABLE)}; REVOKE ALL ON TABLE {TABLE} FROM PUBLIC"
)
GRANT: Final = f"GRANT USAGE ON SCHEMA {PLATFORM_SCHEMA} TO {{0}}; GRANT INSERT ON TABLE {TABLE} TO {{0}}"
REVOKE: Final = f"REVOKE INSERT ON TABLE {TABLE} FROM {{0}}; REVOKE USAGE ON SCHEMA {PLATFORM_SCHEMA} FROM {{0}}"
ROLE: Final = "SELECT pg_catalog.current_setting('role')"
SET_ROLE: Final = "SELECT pg_catalog.set_config('role', %s, false)"


def is_there(session: "Session") -> bool:
    """Raises Unfit where something of these names is somebody else's: then nothing of it is read."""
    owners = session.execute(OWNERS, [NAME, PLATFORM_SCHEMA]).fetchone()
    if owners is None:
        return False
    schema, table, is_ours = owners
    if not is_ours:
        what, owner = (f"schema {PLATFORM_SCHEMA}", schema) if table in (None, schema) else (f"table {TABLE}", table)
        raise MigrationSetInvalid(
            f"{what} belongs to {owner}",
            f"the name is the platform's: if a tenant has made it, let the tenant rename it; if it is of another "
            f"provisioner, `ALTER {what} OWNER TO {session.info.user}`",
        )
    return table is not None


def is_ours(session: "Session") -> bool:
    """Tells what `is_there` does; False where it is somebody else's."""
    try:
        return is_there(session)
    except MigrationSetInvalid:
        return False


def applied(session: "Session") -> dict[int, str]:
    """The checksums by version. Only after `is_there`."""
    return dict(session.execute(APPLIED.replace(NAME, TABLE)).fetchall())


def rows(session: "Session") -> list[Row]:
    """All of it. Only after `is_there`."""
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(ROWS).fetchall()]


def former(session: "Session") -> list[Row]:
    """The rows of the former layout, in the tenant's own table: over a session with its owner's rights."""
    place = session.execute("SELECT to_regclass(%s)", [FORMER]).fetchone()
    if not place or place[0] is None:
        return []
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(FORMER_ROWS).fetchall()]


def make(session: "Session", given: Sequence[Row] = ()) -> None:
    """The table with these rows, in one transaction. Raises Unfit as `is_there`."""
    with session.transaction():
        is_there(session)
        session.execute(MAKE)
        with session.cursor() as cursor:
            cursor.executemany(FILL, given)


def remember(session: "Session", as_owner: "Session", migration: Migration) -> None:
    """Within the transaction of the migration that `as_owner` has just run.

    No statement is a prepared one: under its name the tenant's code may have left another.
    """
    role = as_owner.execute(ROLE, prepare=False).fetchone()
    with _let_in(session, as_owner.info.user):
        as_owner.execute("SET ROLE NONE", prepare=False)
        values = [migration.version, migration.name, migration.checksum]
        as_owner.execute(REMEMBER.replace(NAME, TABLE), values, prepare=False)
    as_owner.execute(SET_ROLE, [role[0] if role else "none"], prepare=False)


@contextmanager
def _let_in(session: "Session", login: str) -> Generator[None, None, None]:
    """Lets the login read the record. What a killed run leaves goes with it: its password is valid for ten minutes."""
    from psycopg import sql

    if login == session.info.user:
        yield
        return
    with session.transaction():
        session.execute(sql.SQL(GRANT).format(sql.Identifier(login)))
    try:
        yield
    finally:
        with session.transaction():
            session.execute(sql.SQL(REVOKE).format(sql.Identifier(login)))
