"""A login that is a member of one database's owner and of nothing else, for as long as something is done there.

In a tenant's database its owner's code runs with whoever touches a table: triggers, defaults, views, casts. SET ROLE in
the provisioner's session is no wall against it, since that code may say SET ROLE NONE and be the provisioner. So
whatever reads or writes a tenant's tables does it over a login of its own, which has nowhere to go back to.
"""

import secrets
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from tenantry.database.sessions.watch import watched
from tenantry.names import LOGIN_SUFFIXES, MAINTENANCE_DATABASE

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

SUFFIX: Final = "_m"
READER_SUFFIX: Final = "_r"  # of who reads for long, as a backup does, and keeps nobody from a change meanwhile
PLATFORM_SUFFIXES: Final = (SUFFIX, READER_SUFFIX)
CONNECTIONS: Final = 4
LOCK_TIMEOUT: Final = "SET lock_timeout = '60s'"  # another step's turn; or what the tenant holds of the login
TURN_S: Final = 120.0
VALID: Final = "10 minutes"  # in which it may begin a session; one that has begun goes on

# Settings that a database's owner may give it reach every session that does not bring its own.
CATALOG_ALONE: Final = "-c search_path= -c statement_timeout=0"  # nothing of the tenant's is taken for PostgreSQL's
# A table whose owner has forced its policies on itself ends what we do there; with them, we would miss rows in silence.
AS_OWNER: Final = "-c search_path=public -c statement_timeout=0 -c row_security=off"


@dataclass(frozen=True, slots=True)
class OwnerLogin:
    """`name` and `password` get in; `owner` is the role to act as."""

    name: str
    password: str = field(repr=False)
    owner: str


class SessionOf(Protocol):
    """Opens a session in a database: as who has the login, as the provisioner without one."""

    def __call__(
        self, database: str, login: OwnerLogin | None = None, options: str = ""
    ) -> "AbstractContextManager[Session]": ...


OWNER_OF: Final = """
SELECT rolname, rolsuper OR rolname = current_user FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba
WHERE datname = %s
"""
SEPARATE_BYPASS: Final = 160000  # the version from which on who has BYPASSRLS may give it
MAY_BYPASS: Final = """
SELECT FROM pg_roles WHERE rolname = current_user
    AND (rolsuper OR rolbypassrls AND current_setting('server_version_num')::int >= %s)
"""
MAY_CONNECT: Final = "SELECT WHERE has_database_privilege(%s, %s, 'CONNECT')"
OWN_ROLES: Final = """
SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND EXISTS (SELECT FROM pg_shdepend
    WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid AND deptype = 'o'
        AND dbid = (SELECT oid FROM pg_database WHERE datname = %s))
ORDER BY 1
"""
EXPIRY: Final = "SELECT (now() + %s::interval)::text"
ROLE_EXISTS: Final = "SELECT FROM pg_roles WHERE rolname = %s"
TERMINATE_SESSIONS: Final = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
LOCK: Final = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"  # ends with the session
CREATE_ROLE: Final = (
    "CREATE ROLE {name} LOGIN INHERIT NOCREATEROLE NOCREATEDB {bypass} CONNECTION LIMIT {limit} PASSWORD {verifier}"
    " VALID UNTIL {expiry} IN ROLE {roles} ROLE CURRENT_USER"  # who is in it may end its sessions
)
# Whoever is in it finds a connection where tenants have used all others up; PostgreSQL has it since 16.
RESERVE_ROLE: Final = "pg_use_reserved_connections"
MAY_RESERVE: Final = "SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')"


@contextmanager
def owner_login(
    connect: "Callable[[str], AbstractContextManager[Session]]", database: str, *, is_reader: bool = False
) -> Generator[OwnerLogin | None, None, None]:
    """None where the provisioner itself is the owner or the database is missing: there is nobody to be told apart.

    `connect` opens a provisioner's session in a database. One user of a database at a time: the next waits a minute for
    it. The lock is one of the maintenance database, where no tenant gets in. A login that a killed run has left behind
    goes first; it cannot be used any more by then. Raises psycopg.errors.LockNotAvailable.

    A reader has a login of its own, and waits for no other use. It reads also what the owner's logins have made for
    themselves, and rows that the owner hides from itself, where the provisioner may give that.
    """
    import psycopg
    from psycopg import sql

    with connect(MAINTENANCE_DATABASE) as entrance:
        entrance.execute(LOCK_TIMEOUT)
        row = entrance.execute(OWNER_OF, [database]).fetchone()
        if row is None:
            yield None
            return
        suffix = READER_SUFFIX if is_reader else SUFFIX
        login = OwnerLogin(f"{row[0]}{suffix}", secrets.token_urlsafe(32), str(row[0]))
        with watched(connect, entrance, TURN_S):
            entrance.execute(LOCK, [f"{database}{suffix}" if row[1] else login.name])
            entrance.commit()
        if row[1]:
            yield None
            return
        _remove(entrance, connect, database, login)
        reserve = entrance.execute(MAY_RESERVE, [RESERVE_ROLE]).fetchone() is not None
        roles = [login.owner, *([RESERVE_ROLE] if reserve else [])]
        if is_reader:
            logins = [f"{login.owner}{suffix}" for suffix in LOGIN_SUFFIXES]
            own = entrance.execute(OWN_ROLES, [logins, database]).fetchall()
            roles += [str(name) for (name,) in own]
        sees_all = is_reader and entrance.execute(MAY_BYPASS, [SEPARATE_BYPASS]).fetchone() is not None
        expiry = entrance.execute(EXPIRY, [VALID]).fetchone()
        entrance.execute(
            sql.SQL(CREATE_ROLE).format(
                name=sql.Identifier(login.name),
                limit=sql.Literal(CONNECTIONS),
                verifier=sql.Literal(verifier(entrance, login.name, login.password)),
                expiry=sql.Literal(expiry[0] if expiry else None),
                bypass=sql.SQL("BYPASSRLS" if sees_all else "NOBYPASSRLS"),
                roles=sql.SQL(", ").join(map(sql.Identifier, roles)),
            )
        )
        if entrance.execute(MAY_CONNECT, [login.name, database]).fetchone() is None:  # its owner may not either
            grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            entrance.execute(grant.format(sql.Identifier(database), sql.Identifier(login.name)))
        entrance.commit()
        try:
            yield login
        finally:
            with suppress(psycopg.OperationalError):  # the server went away: the next one removes it
                entrance.rollback()
                _remove(entrance, connect, database, login)


@contextmanager
def as_owner(session: "SessionOf", database: str) -> "Generator[Session, None, None]":
    """A session with the rights of the database's owner and no others: what it makes belongs to that role."""
    from psycopg import sql

    with owner_login(session, database) as login, session(database, login, AS_OWNER) as inside:
        if login:
            inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(login.owner)))
            inside.commit()
        yield inside


def verifier(session: "Session", login: str, password: str) -> str:
    """The SCRAM verifier of the password, as the server keeps it: no log of statements can hold more."""
    return session.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()


def _remove(
    entrance: "Session", connect: "Callable[[str], AbstractContextManager[Session]]", database: str, login: OwnerLogin
) -> None:
    from psycopg import errors, sql

    name, owner = sql.Identifier(login.name), sql.Identifier(login.owner)
    if entrance.execute(ROLE_EXISTS, [login.name]).fetchone() is None:
        return
    entrance.execute(TERMINATE_SESSIONS, [login.name])
    entrance.commit()
    with watched(connect, entrance, TURN_S):  # a tenant's transaction may hold any role: by granting it something
        try:
            entrance.execute(sql.SQL("DROP ROLE {}").format(name))
        except errors.DependentObjectsStillExist:  # it was given a right, or the tenant's code made something as it
            entrance.rollback()
            with connect(database) as inside:
                inside.execute(LOCK_TIMEOUT)
                inside.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(name, owner))
                inside.execute(sql.SQL("DROP OWNED BY {}").format(name))
            entrance.execute(sql.SQL("DROP ROLE {}").format(name))
    entrance.commit()
