"""Attacks on PostgreSQL from inside: what a login that is in may not do to the server and to the others."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tenantry.database.foreign_owners import FOREIGN
from tenantry.database.migration_record import TABLE as RECORD
from tenantry.inspection.verify.attacks.postgresql.logins import (
    CONNECT,
    DENIED,
    across,
    in_session,
    reads,
    rows,
    statement,
)
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, verdict_on_faults
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import ADMIN_DATABASE, PLATFORM_SCHEMA, Names

# An extension that the server does not have cannot be misused; its absence (feature_not_supported) is a denial too.
NO_EXTENSION: Final = DENIED | {"0A000"}
EXTENSIONS: Final = ("dblink", "postgres_fdw", "file_fdw", "adminpack", "plpython3u")
SHOWN: Final = 5  # of what is wrong in one database
POWERS: Final = "rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls"
MEMBERSHIPS: Final = """
SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles
WHERE pg_has_role(session_user, oid, 'MEMBER')
"""
ACLS: Final = """
SELECT datname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, privilege_type
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datallowconn
"""
LIMITS: Final = """
SELECT datconnlimit, (SELECT count(*) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole <> 0
    AND EXISTS (SELECT FROM unnest(s.setconfig) one WHERE one LIKE 'statement_timeout=%')),
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user), session_user::text
FROM pg_database d WHERE datname = current_database()
"""
SEEN: Final = """
SELECT DISTINCT usename FROM pg_stat_activity
WHERE NOT pg_has_role(session_user, usesysid, 'MEMBER') AND query NOT IN ('', '<insufficient privilege>')
"""


def _powers(names: Names, rows: list[tuple[Any, ...]]) -> list[str]:
    own = {names.owner_role, *names.login_roles, "pg_database_owner"}  # of the database that one is in, its own
    faults = [f"member of {role[0]}" for role in rows if role[0] not in own]
    return faults + [
        f"{role[0]} has {power}" for role in rows for power, on in zip(POWERS, role[1:], strict=False) if on
    ]


def _acls(names: Names, rows: list[tuple[Any, ...]]) -> list[str]:
    """No door open to PUBLIC, none to strangers at home, and none of one's own elsewhere."""
    own = {names.owner_role, *names.login_roles}
    return [
        f"{who} has {right} on {database}"
        for database, who, right in rows
        if (database == names.database and who not in own)
        or (database != names.database and (who in own or (who == "PUBLIC" and right == "CONNECT")))
    ]


def _limited(context: VerifyContext) -> Iterator[Attempt]:
    given = context.target.declared.connections
    for names in context.with_access:
        run = partial(_limits, given, context, names)
        yield Attempt(names.code, names.database, run)


def _limits(given: Mapping[str, int], context: VerifyContext, names: Names) -> Verdict:
    """The database's limit is its owner's to lift, the login's is not."""
    limit, timeouts, own, login = rows(context, names, LIMITS)[0]
    faults = [
        f"{who} takes {most} connections, and {given.get(who, 'none')} were given"
        for who, most in ((names.database, limit), (login, own))
        if not 0 < most <= given.get(who, 0)
    ]
    return verdict_on_faults(
        faults if timeouts >= len(names.login_roles) else [*faults, "a login without statement_timeout"]
    )


def _owned(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        yield Attempt(names.code, names.database, partial(_foreign, context, names))


def _foreign(context: VerifyContext, names: Names) -> Verdict:
    foreign = rows(context, names, FOREIGN.replace("%s", f"'{names.owner_role}'"))
    faults = [f"{kind.lower()} {name} belongs to {owner}" for kind, name, owner in foreign[:SHOWN]]
    return verdict_on_faults([*faults, f"{len(foreign) - SHOWN} more"] if len(foreign) > SHOWN else faults)


def _seen(names: Names, rows: list[tuple[Any, ...]]) -> list[str]:
    return [f"sees what {who} asks" for (who,) in rows]


def _extensions(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for name in EXTENSIONS:
            run = statement(context, names, f"CREATE EXTENSION {name}", states=NO_EXTENSION | {"58P01"})
            yield Attempt(names.code, name, run)


SERVER_FILES: Final = (
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "COPY (SELECT 1) TO '/tmp/tenantry-verify'",
)
SECRETS: Final = (
    "SELECT rolpassword FROM pg_authid LIMIT 1",
    "SELECT passwd FROM pg_shadow LIMIT 1",
    "SELECT * FROM pg_user_mapping LIMIT 1",
    "SELECT subconninfo FROM pg_subscription LIMIT 1",
    "SELECT * FROM pg_hba_file_rules LIMIT 1",
)

# A prepared statement takes its locks before anybody asks whether it may be executed.
ON_THE_RECORD: Final = (
    f"TABLE {RECORD}",
    f"INSERT INTO {RECORD} VALUES (9999)",  # noqa: S608 - no input
    f"PREPARE tenantry_verify AS TABLE {RECORD}",
    f"LOCK TABLE {RECORD} IN ACCESS SHARE MODE",
    f"DROP TABLE {RECORD}",
    f"ALTER SCHEMA {PLATFORM_SCHEMA} RENAME TO tenantry_verify",
    f"DROP SCHEMA {PLATFORM_SCHEMA} CASCADE",
    f"CREATE TABLE {PLATFORM_SCHEMA}.tenantry_verify ()",
)

# A session begins as the owner (`role` is set for the login); what it may become goes by the login itself.
ATTACKS: Final = (
    *CONNECT,
    Attack("database.set-role", "no membership in another's roles", "SET ROLE to another's owner",
           across("SET ROLE {owner}")),
    Attack("database.set-login", "no membership in another's roles", "SET ROLE to another's login",
           across("SET ROLE {login}")),
    Attack("database.grant-role", "no CREATEROLE, no admin option", "make itself a member of another's owner role",
           across("GRANT {owner} TO SESSION_USER")),
    Attack("database.alter-role", "no CREATEROLE", "give another's login a password of one's own",
           across("ALTER ROLE {login} PASSWORD NULL")),
    Attack("database.alter-other", "each database has its own owner", "take another's connections away",
           across("ALTER DATABASE {database} CONNECTION LIMIT 1")),
    Attack("database.grant-other", "each database has its own owner", "open another's database to PUBLIC",
           across("ALTER DATABASE {database} OWNER TO SESSION_USER")),
    Attack("database.create-role", "no CREATEROLE", "make a role", in_session("CREATE ROLE tenantry_verify SUPERUSER")),
    Attack("database.program", "not in pg_execute_server_program", "run a program on the server",
           in_session("COPY (SELECT 1) TO PROGRAM 'true'")),
    Attack("database.files", "not in pg_read_server_files", "read and write files of the server",
           in_session(*SERVER_FILES)),
    Attack("database.secrets", "system catalogues keep their secrets", "read passwords and connections of all",
           in_session(*SECRETS)),
    Attack("database.language", "no superuser", "make a function in C",
           in_session("CREATE FUNCTION tenantry_verify() RETURNS int LANGUAGE c AS 'libc', 'getpid'")),
    Attack("database.settings", "no superuser", "switch off what protects all",
           in_session("SET session_replication_role = replica", "SET log_statement = 'none'")),
    Attack("database.extensions", "no untrusted extension", "create dblink and the like", _extensions),
    Attack("database.powers", "powerless roles, members of their owner alone", "look for a power or a membership",
           reads(MEMBERSHIPS, _powers)),
    Attack("database.rights", "nothing for PUBLIC on any database", f"look for a right on {ADMIN_DATABASE} and others",
           reads(ACLS, _acls)),
    Attack("database.owners", "all in a tenant's database belongs to its owner", "look for what is another role's",
           _owned),
    Attack("database.record", "the record of migrations is the platform's", "read, forge, hold or remove it",
           in_session(*ON_THE_RECORD)),
    Attack("database.own-limit", "the login's limit is not the login's to lift", "lift one's own connection limit",
           in_session("ALTER ROLE SESSION_USER CONNECTION LIMIT -1")),
    Attack("database.limits", "connection limit and statement timeout",
           "look for a limit that is missing or beyond what was given", _limited),
    Attack("database.activity", "statistics hide others' statements", "read what others are asking",
           reads(SEEN, _seen)),
)  # fmt: skip
