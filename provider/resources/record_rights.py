"""Nobody has a right to the platform's record of migrations in a tenant's database:
tenantry/database/migration_record.py."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, LiteralString

from provider.resources.database.correction import Repair
from tenantry.database.owner_login import SUFFIX

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

# The login of a migration has a right for a moment. What is the tenant's own is none of ours.
HELD: Final = """
SELECT kind, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, grantee = 0, array_agg(privilege_type)
FROM (
    SELECT 'SCHEMA tenantry_platform' AS kind, nspowner AS owner, nspacl AS acl
    FROM pg_namespace WHERE nspname = 'tenantry_platform'
    UNION ALL SELECT 'TABLE tenantry_platform.schema_migrations', relowner, relacl
    FROM pg_class WHERE relnamespace = to_regnamespace('tenantry_platform') AND relname = 'schema_migrations'
) AS records, aclexplode(acl)
WHERE grantee <> owner AND owner <> to_regrole(%(owner)s) AND grantee IS DISTINCT FROM to_regrole(%(login)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2
"""


def faults(session: "Session", owner: str) -> Iterator[Repair]:
    """Over a session in the database."""
    from psycopg import sql

    roles = {"owner": owner, "login": f"{owner}{SUFFIX}"}
    quoted = {key: sql.Identifier(name).as_string(session) for key, name in roles.items()}
    rows: list[tuple[LiteralString, str, bool, list[str]]] = session.execute(HELD, quoted).fetchall()
    for kind, name, is_public, rights in rows:
        grantee = sql.SQL("PUBLIC") if is_public else sql.Identifier(name)
        statement = sql.SQL("REVOKE ALL ON {} FROM {} CASCADE").format(sql.SQL(kind), grantee)
        yield Repair(f"{name} holds {', '.join(sorted(rights))} on {kind.lower()}", statement)
