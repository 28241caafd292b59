"""Tables whose rows a tenant hides from their own owner: FORCE ROW LEVEL SECURITY.

The owner reads past the policies of its tables unless it forces them on itself. The platform acts as that owner, and as
a provisioner that may lack BYPASSRLS: its migrations, seeds and backups would see a part of the rows, or fail.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from provider.resources.database.correction import Repair

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

FORCED: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relforcerowsecurity ORDER BY 1, 2
"""


def faults(session: "Session") -> Iterator[Repair]:
    from psycopg import sql

    for schema, name in session.execute(FORCED).fetchall():
        statement = sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(schema, name))
        yield Repair(f"table {schema}.{name} hides rows from its owner", statement)
