"""Lets the provisioner act as a database's owner: without superuser rights it may not, even for a role that it made.

Since PostgreSQL 16 who makes a role may give it to anybody, and has to give it to itself; who makes a database for its
owner takes the membership back afterwards. Without it nobody but the owner corrects what is the owner's.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from provider.resources.database.correction import Repair

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

APART: Final = 160000  # the version from which on inheriting a role and setting it are two things
HAS: Final = "SELECT pg_has_role(%s::name, %s)"


def faults(session: "Session", owner: str) -> Iterator[Repair]:
    """Missing membership of this session's role. The statement fails for a role that may not grant it."""
    from psycopg import sql

    apart = session.info.server_version >= APART
    kinds = ("USAGE", "SET") if apart else ("USAGE",)
    if all((session.execute(HAS, [owner, kind]).fetchone() or [False])[0] for kind in kinds):
        return
    grant = "GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE" if apart else "GRANT {} TO CURRENT_USER"
    yield Repair(f"the provisioner may not act as {owner}", sql.SQL(grant).format(sql.Identifier(owner)))
