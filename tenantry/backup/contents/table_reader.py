"""A session that reads a tenant's tables: with its owner's rights, never the provisioner's.

To plan a query PostgreSQL computes what is constant in the expressions of a table's indexes and statistics, and runs
the functions in them as whoever asks, also where no row is read by them. They are the tenant's own. (pg_dump copies
tables whole, and plans nothing.)
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import sql

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents import fingerprint
from tenantry.database.owner_login import CATALOG_ALONE, owner_login

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# What somebody else has made there, and what the owner has taken from itself.
CLOSED: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
    AND NOT (has_schema_privilege(%(login)s, pg_namespace.oid, 'USAGE')
        AND has_table_privilege(%(login)s, pg_class.oid, 'SELECT'))
"""


@contextmanager
def table_reader(systems: BackupClients, database: str, snapshot: str | None = None) -> Generator[Session]:
    """A session as of the snapshot, or of now. A database of the provisioner's own is read by the provisioner."""
    with owner_login(systems.session, database, is_reader=True) as login:
        if login:
            _open_up(systems, database, login.name)
        with systems.session(database, CATALOG_ALONE, login) as session:
            fingerprint.prepare(session)
            session.execute(BEGIN)
            if snapshot is not None:
                session.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
            yield session
            session.execute("COMMIT")


def _open_up(systems: BackupClients, database: str, login: str) -> None:
    """Grants what the provisioner may give, until the login goes; the rest stays closed, and reading it says so."""
    with systems.session(database, CATALOG_ALONE) as session:
        ours = fingerprint.ours(session)
        for place in session.execute(CLOSED, {"login": login}).fetchall():
            if place in ours:
                continue
            schema, table, role = sql.Identifier(place[0]), sql.Identifier(*place), sql.Identifier(login)
            with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable), session.transaction():
                session.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
                session.execute(sql.SQL("GRANT SELECT ON TABLE {} TO {}").format(table, role))
