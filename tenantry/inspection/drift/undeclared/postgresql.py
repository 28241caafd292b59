"""Undeclared things in PostgreSQL: roles and databases under a tenant's name, memberships, rights in its database.

Rights on the database itself, owners, settings and passwords are told by CloneRights' refresh.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.owner_login import CATALOG_ALONE, PLATFORM_SUFFIXES
from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.inspection.drift.stack import LiveStack
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.names import MAINTENANCE_DATABASE, Names

if TYPE_CHECKING:
    from psycopg import sql

    from tenantry.engine.clients.postgresql import Server, Session

SYSTEM: Final = "PostgreSQL"
_SHOWN: Final = 5  # rights of one grantee
# The platform's own logins while a program of its works with them: a lock in the maintenance database, where no tenant
# gets in, tells it (tenantry/database/owner_login.py). What a killed run has left is told.
_AT_WORK: Final = """
SELECT name::name FROM unnest(%(platform)s::text[]) AS name WHERE EXISTS (SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32 | objid::bigint) = hashtextextended(name, 0))
"""
# The owner of a copy beside the tenant's is told with that (DATABASES).
ROLES: Final = f"""
SELECT rolname, rolcanlogin FROM pg_roles WHERE starts_with(rolname, %(prefix)s) AND rolname <> ALL(%(own)s)
    AND rolname <> ALL(ARRAY({_AT_WORK}))
    AND NOT EXISTS (SELECT FROM pg_database WHERE datname = rolname AND datdba = pg_roles.oid) ORDER BY 1
"""  # noqa: S608 - no input
DATABASES: Final = """
SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname <> %(database)s
    AND (starts_with(datname, %(prefix)s) OR pg_get_userbyid(datdba) = ANY(%(own)s)) ORDER BY 1
"""
# Who makes a role is a member of it, and the provisioner has to be one of the owner.
MEMBERS: Final = f"""
SELECT pg_get_userbyid(roleid), pg_get_userbyid(member) FROM pg_auth_members
WHERE pg_get_userbyid(roleid) = ANY(%(own)s) AND pg_get_userbyid(member) <> session_user
    AND pg_get_userbyid(member) <> ALL(ARRAY({_AT_WORK}))
    AND NOT (pg_get_userbyid(roleid) = %(owner)s AND pg_get_userbyid(member) = ANY(%(logins)s)) ORDER BY 1, 2
"""  # noqa: S608 - no input
# What the server was made with and what an extension has made are as they were then (pg_init_privs). PUBLIC may use
# every routine, type and language by default and reads the information schema; CloneRights tells of the schema public.
RIGHTS: Final = """
WITH things (sort, catalog, id, part, name, owner, acl) AS (
    SELECT 'SCHEMA', 'pg_namespace'::regclass, oid, 0, oid::regnamespace::text, nspowner, nspacl FROM pg_namespace
    UNION ALL SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, 'pg_class'::regclass, oid, 0,
        oid::regclass::text, relowner, relacl FROM pg_class
    UNION ALL SELECT 'TABLE', 'pg_class'::regclass, attrelid, attnum, attrelid::regclass::text, relowner, attacl
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    UNION ALL SELECT 'ROUTINE', 'pg_proc'::regclass, oid, 0, oid::regprocedure::text, proowner, proacl FROM pg_proc
    UNION ALL SELECT 'TYPE', 'pg_type'::regclass, oid, 0, oid::regtype::text, typowner, typacl FROM pg_type
    UNION ALL SELECT 'LANGUAGE', 'pg_language'::regclass, oid, 0, quote_ident(lanname), lanowner, lanacl
        FROM pg_language
    UNION ALL SELECT 'FOREIGN SERVER', 'pg_foreign_server'::regclass, oid, 0, quote_ident(srvname), srvowner, srvacl
        FROM pg_foreign_server
    UNION ALL SELECT 'FOREIGN DATA WRAPPER', 'pg_foreign_data_wrapper'::regclass, oid, 0, quote_ident(fdwname),
        fdwowner, fdwacl FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'LARGE OBJECT', 'pg_largeobject_metadata'::regclass, oid, 0, oid::text, lomowner, lomacl
        FROM pg_largeobject_metadata
)
SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, grantee = 0, sort, name,
    array_agg(DISTINCT privilege_type)
FROM things, aclexplode(acl) AS held
WHERE grantee <> owner AND pg_get_userbyid(grantee) <> ALL(%(own)s) AND pg_get_userbyid(grantee) <> 'pg_database_owner'
    AND NOT (grantee = 0 AND (sort IN ('ROUTINE', 'TYPE', 'LANGUAGE') OR name IN ('public', 'information_schema')
        OR starts_with(name, 'information_schema.')))
    AND NOT EXISTS (SELECT FROM pg_init_privs, aclexplode(initprivs) AS initial
        WHERE objoid = id AND classoid = catalog AND objsubid = part AND initial.grantee = held.grantee
            AND initial.privilege_type = held.privilege_type)
GROUP BY grantee, sort, name ORDER BY 1, 3, 4
"""
DEFAULTS: Final = """
SELECT pg_get_userbyid(grantee), pg_get_userbyid(defaclrole), nullif(defaclnamespace, 0)::regnamespace::text,
    CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES'
        WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END
FROM pg_default_acl, aclexplode(defaclacl)
WHERE grantee <> 0 AND grantee <> defaclrole AND pg_get_userbyid(grantee) <> ALL(%(own)s)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
# Only who is no owner of the database has made these: its owner may make some extensions itself.
PARTS: Final = """
SELECT 'EXTENSION', extname, pg_get_userbyid(extowner) FROM pg_extension
WHERE pg_get_userbyid(extowner) <> ALL(%(own)s) AND extname <> 'plpgsql'
UNION ALL SELECT 'EVENT TRIGGER', evtname, pg_get_userbyid(evtowner) FROM pg_event_trigger
UNION ALL SELECT 'PUBLICATION', pubname, pg_get_userbyid(pubowner) FROM pg_publication
UNION ALL SELECT 'SUBSCRIPTION', subname, pg_get_userbyid(subowner) FROM pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2
"""
_WITHOUT_DATA: Final = ("EVENT TRIGGER", "PUBLICATION")


def look(stack: LiveStack, unseen: list[str]) -> Iterator[Undeclared]:
    """Looks at every tenant's roles and database. What cannot be read is added to `unseen`."""
    import psycopg

    from tenantry.engine.clients.postgresql import DatabaseUnavailable

    for names, _ in stack.tenants:
        try:
            with stack.server.session(MAINTENANCE_DATABASE) as session:
                yield from _outside(names, session, stack.server)
            with stack.server.session(names.database, options=CATALOG_ALONE) as session:
                yield from _inside(names, session, stack.server)
        except (DatabaseUnavailable, psycopg.Error) as error:
            unseen.append(f"{SYSTEM}, {names.database}: {' '.join(str(error).split())}")


def _values(names: Names) -> dict[str, Any]:
    return {
        "database": names.database,
        "owner": names.owner_role,
        "logins": list(names.login_roles),
        "own": [names.owner_role, *names.login_roles],
        "platform": [f"{names.owner_role}{suffix}" for suffix in PLATFORM_SUFFIXES],
        "prefix": f"{names.database}_",
    }


def _outside(names: Names, session: "Session", server: "Server") -> Iterator[Undeclared]:
    from psycopg import sql

    values = _values(names)
    remove = partial(_executes, server, MAINTENANCE_DATABASE)
    for role, can_login in session.execute(ROLES, values).fetchall():
        said = f"nobody declared this role{', which may log in' if can_login else ''}"
        statement = sql.SQL("DROP ROLE {}").format(sql.Identifier(role))
        yield _removable(names, f"role {role}", said, Gravity.ACCESS, statement, remove)
    for role, member in session.execute(MEMBERS, values).fetchall():
        statement = sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), sql.Identifier(member))
        said = f"{member} is a member of it, and nobody declared that"
        yield _removable(names, f"role {role}", said, Gravity.ISOLATION, statement, remove)
    for database, owner in session.execute(DATABASES, values).fetchall():
        remedy = "whose is it? `tenantry backup` does not know it: keep a dump before anybody drops it"
        said = f"nobody declared this database of {owner}"
        yield Undeclared(_finding(names, f"database {database}", said, Gravity.DATA, Mending.PERSON, remedy))


def _inside(names: Names, session: "Session", server: "Server") -> Iterator[Undeclared]:
    from psycopg import sql

    values = _values(names)
    remove = partial(_executes, server, names.database)
    held: dict[tuple[str, bool], list[tuple[str, str, list[str]]]] = {}
    for grantee, is_public, sort, name, rights in session.execute(RIGHTS, values).fetchall():
        held.setdefault((grantee, is_public), []).append((sort, name, rights))
    for (grantee, is_public), things in held.items():
        who = sql.SQL("PUBLIC") if is_public else sql.Identifier(grantee)
        statement = sql.SQL(";\n").join(
            # As PostgreSQL itself has quoted the name.
            sql.SQL("REVOKE ALL ON {} FROM {} CASCADE").format(sql.SQL(f"{sort} {name}"), who)  # pyright: ignore[reportArgumentType]
            for sort, name, _ in things
        )
        shown = ", ".join(f"{'/'.join(rights)} on {sort.lower()} {name}" for sort, name, rights in things[:_SHOWN])
        more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
        gravity = Gravity.ACCESS if is_public else Gravity.ISOLATION
        said = f"{grantee} holds {shown}{more}, and nobody declared that"
        yield _removable(names, f"database {names.database}", said, gravity, statement, remove)
    for grantee, role, schema, sort in session.execute(DEFAULTS, values).fetchall():
        place = sql.SQL(f" IN SCHEMA {schema}" if schema else "")  # pyright: ignore[reportArgumentType]
        statement = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE ALL ON {} FROM {}").format(
            sql.Identifier(role), place, sql.SQL(sort), sql.Identifier(grantee)
        )
        said = f"{grantee} gets rights on all {sort.lower()} that {role} will make, and nobody declared that"
        yield _removable(names, f"database {names.database}", said, Gravity.ISOLATION, statement, remove)
    for sort, name, owner in session.execute(PARTS, values).fetchall():
        subject, said = f"{sort.lower()} {name}", f"nobody declared it, of {owner}"
        if sort in _WITHOUT_DATA:
            statement = sql.SQL("DROP {} {}").format(sql.SQL(sort), sql.Identifier(name))
            yield _removable(names, subject, said, Gravity.ISOLATION, statement, remove)
            continue
        remedy = f"does something use it? `psql {names.database} -c 'DROP {sort} {name}'` without CASCADE says so"
        yield Undeclared(_finding(names, subject, said, Gravity.ISOLATION, Mending.PERSON, remedy))


def _removable(
    names: Names,
    subject: str,
    said: str,
    gravity: Gravity,
    statement: "sql.Composed",
    remove: "Callable[[sql.Composed], None]",
) -> Undeclared:
    text = statement.as_string(None)
    shown = text if "\n" not in text else f"{text.splitlines()[0]} ..."
    remedy = f"`tenantry drift --repair` does `{shown.rstrip(';')}`"
    return Undeclared(_finding(names, subject, said, gravity, Mending.REMOVAL, remedy), partial(remove, statement))


def _finding(names: Names, subject: str, said: str, gravity: Gravity, mending: Mending, remedy: str) -> Finding:
    return Finding(names.code, SYSTEM, subject, said, gravity, mending, remedy, is_declared=False)


def _executes(server: "Server", database: str, statement: "sql.Composed") -> None:
    with server.session(database, options=CATALOG_ALONE) as session:
        session.execute(statement)
