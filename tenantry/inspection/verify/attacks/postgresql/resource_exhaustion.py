"""Attacks on what others need: their sessions, their data, the server itself; and logins that must be shut."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from tenantry.inspection.verify.attacks.postgresql.logins import DENIED, connection, denial, in_session, statement
from tenantry.inspection.verify.core.attack import Attack, Attempt, State, Verdict, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import TEMPLATE_DATABASE, Names

# Statements that open a way to another server or touch what all share. Those that cannot stand in a transaction are
# below; each is harmless should it be done.
OUTWARD: Final = (
    "CREATE SUBSCRIPTION tenantry_verify CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
    "SELECT pg_create_physical_replication_slot('tenantry_verify', false, true)",
    "CREATE FOREIGN DATA WRAPPER tenantry_verify",
    "CREATE EVENT TRIGGER tenantry_verify ON ddl_command_end EXECUTE FUNCTION tenantry_verify()",
    "CREATE FUNCTION tenantry_verify(int) RETURNS int LANGUAGE internal AS 'int4abs'",
    "LOAD '/nowhere/tenantry_verify'",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_stat_reset()",
    "SET ROLE pg_read_all_data",
    "SET ROLE pg_monitor",
    "SET ROLE pg_signal_backend",
)
UNBOUND: Final = ("SET ROLE NONE; ALTER ROLE SESSION_USER CONNECTION LIMIT -1",
                  "SET ROLE NONE; ALTER ROLE SESSION_USER BYPASSRLS",
                  "SET ROLE NONE; ALTER ROLE SESSION_USER SUPERUSER")  # fmt: skip


def _signals(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs():
        if context.target.tenants[other.code][1].has_access:
            for verb in ("pg_cancel_backend", "pg_terminate_backend"):
                yield Attempt(attacker.code, f"{verb} {other.code}", partial(_signal, context, attacker, other, verb))


def _signal(context: VerifyContext, names: Names, other: Names, verb: str) -> Verdict:
    """A session of the victim's own, opened for it."""
    with connection(context, other) as theirs:
        return statement(context, names, f"SELECT {verb}({theirs.info.backend_pid})")()


def _copies(context: VerifyContext) -> Iterator[Attempt]:
    """CREATE DATABASE copies whatever it may read; its right is asked for before the template is looked at."""
    for attacker, other in context.pairs():
        yield Attempt(attacker.code, other.database, _copy(context, attacker, other.database))
    for names in context.with_access:
        yield Attempt(names.code, TEMPLATE_DATABASE, _copy(context, names, TEMPLATE_DATABASE))


def _copy(context: VerifyContext, names: Names, template: str) -> Callable[[], Verdict]:
    made = f"tenantry_verify_{names.code}_{context.mark}"

    def run() -> Verdict:
        verdict = _outside(context, names, f"CREATE DATABASE {made} TEMPLATE {template}")
        if verdict.state is State.HOLE:
            _outside(context, names, f"DROP DATABASE {made}")
        return verdict

    return run


def _outside(context: VerifyContext, names: Names, sql: str) -> Verdict:
    """A statement that PostgreSQL refuses within a transaction."""
    import psycopg

    with connection(context, names) as opened:
        opened.autocommit = True
        try:
            opened.execute(sql.encode())
        except psycopg.Error as error:
            return denial(error, DENIED)
    return vulnerable(f"PostgreSQL did it: {sql}")


def _servers(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for sql in ("ALTER SYSTEM RESET application_name", "CREATE TABLESPACE tenantry_verify LOCATION '/nowhere'"):
            yield Attempt(names.code, sql.partition(" tenantry")[0], partial(_outside, context, names, sql))


def _shut(context: VerifyContext) -> Iterator[Attempt]:
    """Tenants without access that still have a namespace, and in it the password of before."""
    for names in context.with_namespace:
        if not context.target.tenants[names.code][1].has_access:
            yield Attempt(names.code, names.database, partial(_login, context, names))


def _login(context: VerifyContext, names: Names) -> Verdict:
    import psycopg

    try:
        connection(context, names).close()
    except psycopg.OperationalError as error:
        shut = "is not permitted to log in" in str(error)
        return passed() if shut else inconclusive(str(error).strip()[:300])
    return vulnerable("a tenant without access logged in")


ATTACKS: Final = (
    Attack("database.signal", "not in pg_signal_backend", "cancel another's statement, end another's session",
           _signals),
    Attack("database.copy", "no CREATEDB, no right on another's database", "clone another's database, the template",
           _copies),
    Attack("database.outward", "no predefined role, no superuser", "reach other servers, load code, act as a monitor",
           in_session(*OUTWARD)),
    Attack("database.server", "no superuser", "change the server's settings and places", _servers),
    Attack("database.unbound", "no CREATEROLE", "lift the limits of its own login role", in_session(*UNBOUND)),
    Attack("database.shut", "roles without LOGIN while a tenant has no access", "log in with the password of before",
           _shut),
)  # fmt: skip
