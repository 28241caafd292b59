"""The lock timeout of every session of the provisioner: a tenant's session may hold a role or a database for ever.

`BEGIN; ALTER ROLE rent001_a PASSWORD 'x'` is enough. The postgresql plugin changes one thing of the server at a time,
so that its wait is everybody's. It takes no setting of ours, but what the role has reaches each of its sessions.
"""

from typing import TYPE_CHECKING, Final

from tenantry.database.sessions.settings import PROVISIONER_LOCK_TIMEOUT

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

SETTING: Final = """
SELECT split_part(entry, '=', 2)
FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole, unnest(setconfig) AS entry
WHERE setdatabase = 0 AND rolname = current_user AND starts_with(entry, 'lock_timeout=')
"""
WRONG: Final = "the provisioner waits for locks of tenants without end"


def faults(session: "Session") -> list[str]:
    """The faults as lines of drift."""
    row = session.execute(SETTING).fetchone()
    return [] if row == (PROVISIONER_LOCK_TIMEOUT,) else [WRONG]


def give(session: "Session") -> None:
    from psycopg import sql

    if faults(session):
        value = sql.Literal(PROVISIONER_LOCK_TIMEOUT)
        session.execute(sql.SQL("ALTER ROLE CURRENT_USER SET lock_timeout = {}").format(value))


def take_away(session: "Session") -> None:
    session.execute("ALTER ROLE CURRENT_USER RESET lock_timeout")
