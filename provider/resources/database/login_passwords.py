"""Keeps the declared password of each login role: a session of the role may have changed its own.

Only a connection shows it: what the server keeps of a password is for superusers alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from provider.resources.base import Inputs
from provider.resources.database.correction import Repair
from provider.systems.connections import Connections
from tenantry.database.owner_login import verifier

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# A role that may not log in is refused whatever its password; one whose time is over, as if that were wrong.
TRIED: Final = """
SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND rolcanlogin AND coalesce(rolvaliduntil > now(), true)
ORDER BY 1
"""


def faults(at: Connections, outside: "Session", inputs: Inputs) -> Iterator[Repair]:
    """Over a session in another database; it is tried in the roles' own. What else the server says is no fault."""
    from psycopg import sql

    passwords: dict[str, str] = inputs.get("passwords") or {}
    wanted = sorted(set(passwords).intersection([*inputs["logins"], *(inputs.get("readers") or ())]))
    if not wanted:
        return
    for (login,) in outside.execute(TRIED, [wanted]).fetchall():
        if at.is_wrong_password(inputs["database"], login, passwords[login]):
            yield Repair(
                f"{login} has another password than it was given",
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(login), sql.Literal(verifier(outside, login, passwords[login]))
                ),
            )
