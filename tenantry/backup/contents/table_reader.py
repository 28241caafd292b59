"""A session that reads a tenant's tables: with its owner's rights, never the provisioner's.

To plan a query PostgreSQL computes what is constant in the expressions of a table's indexes and statistics, and runs
the functions in them as whoever asks, also where no row is read by them. They are the tenant's own. pg_dump's COPY plans nothing.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from psycopg import sql

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents import fingerprint
from tenantry.database.owner_login import CATALOG_ALONE, owner_login

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@contextmanager
def table_reader(systems: BackupClients, database: str, snapshot: str | None = None) -> Generator[Session]:
    """As of the snapshot, or of now. A database of the provisioner's own is read by the provisioner."""
    with (
        owner_login(systems.session, database, is_reader=True) as login,
        systems.session(database, CATALOG_ALONE, login) as session,
    ):
        fingerprint.prepare(session)
        session.execute(BEGIN)
        if snapshot is not None:
            session.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        yield session
        session.execute("COMMIT")
