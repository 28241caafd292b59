"""Database-level options an owner can change to lock others out (ALLOW_CONNECTIONS, IS_TEMPLATE, CONNECTION LIMIT).

A template cannot be dropped, so its tenant could not be purged; one that takes no connections cannot be repaired.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, LiteralString

from provider.resources.database.correction import Repair

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

FACTS: Final = "SELECT datallowconn, datistemplate, datconnlimit FROM pg_database WHERE datname = %s"
TEMPLATE: Final = "IS_TEMPLATE false"


def faults(session: "Session", database: str, limit: int | None) -> Iterator[Repair]:
    """Over a session in another database. Raises DatabaseMissing; without a limit any is right."""
    allows, is_template, current = facts(session, database)
    if not allows:
        yield repair(database, "it takes no connections", "ALLOW_CONNECTIONS true")
    if is_template:
        yield repair(database, "it is a template", TEMPLATE)
    if limit is not None and current != limit:
        yield repair(database, f"it takes {current} connections instead of {limit}", "CONNECTION LIMIT {}", limit)


def facts(session: "Session", database: str) -> tuple[bool, bool, int]:
    from provider.systems.postgresql import DatabaseMissing

    row = session.execute(FACTS, [database]).fetchone()
    if row is None:
        raise DatabaseMissing(database)
    return row[0], row[1], row[2]


def repair(database: str, what: str, change: LiteralString, *values: Any) -> Repair:
    from psycopg import sql

    setting = sql.SQL(change).format(*(sql.Literal(value) for value in values))
    return Repair(what, sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(database)) + setting)
