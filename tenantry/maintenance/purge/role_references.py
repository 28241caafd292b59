"""Objects outside their own database that a tenant's roles own or hold: such a role cannot be dropped."""

from typing import Any, Final

from tenantry.backup.clients import Session

# pg_shdepend is the server's own list of it, for all databases together; 0 stands for what belongs to none of them.
ELSEWHERE: Final = """
WITH own AS (SELECT max(oid) AS id FROM pg_database WHERE datname = %(database)s)
SELECT rolname, coalesce(datname, ''), count(*)
FROM own, pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid LEFT JOIN pg_database ON pg_database.oid = dbid
WHERE refclassid = 'pg_authid'::regclass AND rolname ~ %(roles)s AND dbid IS DISTINCT FROM own.id
    AND NOT (dbid = 0 AND classid = 'pg_database'::regclass AND objid IS NOT DISTINCT FROM own.id)
GROUP BY 1, 2 ORDER BY 1, 2
"""
REMEDY: Final = (
    "nothing was removed: look there what it is (`\\d`, `SELECT * FROM pg_largeobject_metadata`), then as the server's "
    "administrator `REASSIGN OWNED BY role TO owner` or `DROP OWNED BY role` in each, and run again"
)


def elsewhere(session: Session, database: str) -> list[str]:
    """In words, over a session in any database."""
    given: dict[str, Any] = {"database": database, "roles": f"^{database}(_[a-z])?$"}
    return [
        f"{role} owns or holds {count} things {f'in the database {name}' if name else 'of the whole server'}"
        for role, name, count in session.execute(ELSEWHERE, given).fetchall()
    ]
