"""Gives everything in a database to its owner, whoever made it: a clone keeps the owners of its template."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, LiteralString

from provider.resources.database.correction import Repair
from tenantry.database.foreign_owners import FOREIGN

if TYPE_CHECKING:
    from provider.systems.postgresql import Session


def faults(session: "Session", owner: str) -> Iterator[Repair]:
    """Over a session in the database. Schemas come first: without a superuser a new owner must have CREATE in them."""
    from psycopg import sql

    # Names as PostgreSQL itself quotes them, qualified because nothing is on this session's search path.
    rows: list[tuple[LiteralString, LiteralString, str]] = session.execute(
        FOREIGN, [sql.Identifier(owner).as_string(session)]
    ).fetchall()
    for kind, quoted, _ in rows:
        statement = sql.SQL("ALTER {} {} OWNER TO {}").format(sql.SQL(kind), sql.SQL(quoted), sql.Identifier(owner))
        yield Repair(f"{kind.lower()} {quoted} does not belong to {owner}", statement)
