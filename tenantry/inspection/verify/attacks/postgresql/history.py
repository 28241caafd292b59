"""Attacks on the history of operations, with the login that the admin service has."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tenantry.inspection.verify.attacks.postgresql.logins import CONNECT_SECONDS, DENIED, STATEMENT_MS, denial
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import ADMIN_DATABASE

TABLES: Final = ("operation_runs", "operation_changes", "operation_ends")
FORGED: Final = """
INSERT INTO operation_runs (id, command, stack, actor, host, version, started_at)
VALUES (gen_random_uuid(), 'up', 'verify', 'somebody', 'nowhere', '0', now())
"""
CHANGES: Final = (
    "UPDATE {} SET created_at = created_at",
    "DELETE FROM {}",
    "TRUNCATE {} CASCADE",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "DROP TRIGGER refuse_change ON {}",
    "DROP TABLE {}",
)


def _session(context: VerifyContext) -> Any:
    import psycopg

    host, port, sslmode = context.target.postgresql
    login, password = context.target.admin_login
    return psycopg.connect(
        host=host,
        port=port,
        sslmode=sslmode,
        dbname=ADMIN_DATABASE,
        user=login,
        password=password,
        connect_timeout=CONNECT_SECONDS,
        application_name="tenantry-verify",
        options=f"-c statement_timeout={STATEMENT_MS}",
    )


def _tried(context: VerifyContext, judge: Callable[[Any], Verdict]) -> Verdict:
    """In a transaction that is rolled back whatever comes of it."""
    if not context.target.admin_login[0]:
        return inconclusive("the stack's output adminDatabase names no login")
    with _session(context) as opened:
        try:
            return judge(opened)
        finally:
            opened.rollback()


def _statement(sql: str, opened: Any) -> Verdict:
    import psycopg

    try:
        opened.execute(sql.encode())
    except psycopg.Error as error:
        return denial(error, DENIED)
    return vulnerable(f"PostgreSQL did it: {sql.strip()}")


def _reads(opened: Any) -> Verdict:
    import psycopg

    try:
        for table in TABLES:
            opened.execute(f"SELECT count(*) FROM {table}".encode())  # noqa: S608 (a name of this file)
    except psycopg.Error as error:
        return broken(f"{error.sqlstate} {str(error).splitlines()[0]}")
    return passed()


def _trials(context: VerifyContext) -> Iterator[Attempt]:
    statements = [FORGED, *(text.format(table) for table in TABLES for text in CHANGES)]
    for sql in statements:
        target = " ".join(sql.split("(")[0].split())
        yield Attempt("", target, partial(_tried, context, partial(_statement, sql)))
    yield Attempt("", "reading it", partial(_tried, context, _reads))


ATTACKS: Final = (
    Attack("database.history", "the admin service only reads the history of operations",
           "add, change, remove and forge what runs have written down", _trials),
)  # fmt: skip
