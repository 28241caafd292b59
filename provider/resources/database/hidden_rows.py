"""Rows and things that a tenant hides from their own owner: by FORCE ROW LEVEL SECURITY, or by taking its own rights.

An owner reads past the policies of its tables unless it forces them on itself, and has all rights unless it takes them
from itself. The platform acts as that owner, and as a provisioner that may be no superuser: its migrations, seeds and
backups would see a part of the rows, fail, or not even get in (`REVOKE CONNECT ON DATABASE rent001 FROM rent001`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, LiteralString

from provider.resources.database.correction import Repair

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

FORCED: Final = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relforcerowsecurity ORDER BY 1, 2
"""
# Each kind of which the server gives its owner rights, with the letter of acldefault; a column has none by default. A
# right that was never given or taken is not written down: then there is no list. A superuser needs none.
TAKEN: Final = """
WITH things (sort, letter, name, owner, acl) AS (
    SELECT 'DATABASE', 'd', quote_ident(datname), datdba, datacl FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT 'SCHEMA', 'n', quote_ident(nspname), nspowner, nspacl FROM pg_namespace
    UNION ALL SELECT 'SEQUENCE', 's', oid::regclass::text, relowner, relacl FROM pg_class WHERE relkind = 'S'
    UNION ALL SELECT 'TABLE', 'r', oid::regclass::text, relowner, relacl FROM pg_class WHERE relkind <> 'S'
    UNION ALL SELECT 'ROUTINE', 'f', oid::regprocedure::text, proowner, proacl FROM pg_proc
    UNION ALL SELECT 'TYPE', 'T', oid::regtype::text, typowner, typacl FROM pg_type
    UNION ALL SELECT 'LARGE OBJECT', 'L', oid::text, lomowner, lomacl FROM pg_largeobject_metadata
)
SELECT sort, name, rolname, array_agg(initial.privilege_type ORDER BY initial.privilege_type)
FROM things JOIN pg_roles ON pg_roles.oid = owner, aclexplode(acldefault(letter::"char", owner)) AS initial
WHERE acl IS NOT NULL AND NOT rolsuper AND initial.grantee = owner AND NOT EXISTS (SELECT FROM aclexplode(acl) AS held
    WHERE held.grantee = owner AND held.privilege_type = initial.privilege_type)
GROUP BY 1, 2, 3 ORDER BY sort <> 'DATABASE', sort <> 'SCHEMA', 1, 2
"""


def faults(session: "Session") -> Iterator[Repair]:
    """Over a session in the database."""
    from psycopg import sql

    for schema, name in session.execute(FORCED).fetchall():
        statement = sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(schema, name))
        yield Repair(f"table {schema}.{name} hides rows from its owner", statement)
    # Names as PostgreSQL itself quotes them, qualified because nothing is on this session's search path.
    rows: list[tuple[LiteralString, LiteralString, str, list[str]]] = session.execute(TAKEN).fetchall()
    for sort, quoted, owner, rights in rows:
        statement = sql.SQL("GRANT ALL ON {} {} TO {}").format(sql.SQL(sort), sql.SQL(quoted), sql.Identifier(owner))
        yield Repair(f"{sort.lower()} {quoted} keeps {', '.join(rights)} from its owner", statement)
