"""Attacks on PostgreSQL, with the login that each tenant's application has."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, Final

from tenantry.inspection.verify.core.attack import (
    Attack,
    Attempt,
    State,
    Verdict,
    broken,
    inconclusive,
    passed,
    verdict_on_faults,
    vulnerable,
)
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import ADMIN_DATABASE, MAINTENANCE_DATABASE, TEMPLATE_DATABASE, TEST_DATABASE, Names

CONNECT_SECONDS: Final = 10
STATEMENT_MS: Final = 5000
DENIED: Final = frozenset({"42501"})  # insufficient_privilege
WRONG_PASSWORD: Final = frozenset({"28P01"})
CLOSED: Final = DENIED | {"55000"}  # the template accepts no connections from anybody


def connection(context: VerifyContext, names: Names, database: str = "", user: str = "") -> Any:
    """With the tenant's own password, as its own login role unless another is named."""
    import psycopg

    host, port, sslmode = context.target.postgresql
    login, password = context.login(names)
    return psycopg.connect(
        host=host,
        port=port,
        sslmode=sslmode,
        dbname=database or names.database,
        user=user or login,
        password=password,
        connect_timeout=CONNECT_SECONDS,
        application_name="tenantry-verify",
        options=f"-c statement_timeout={STATEMENT_MS}",
    )


def denial(error: Any, states: Collection[str]) -> Verdict:
    """Held for the right SQLSTATE; libpq tells none for a failed connection, so its words are taken then."""
    state, said = str(error.sqlstate or ""), str(error).strip().splitlines()[-1][:200]
    if not state:
        said = str(error).strip()[:300]
        words = {
            "42501": "permission denied for database",
            "28P01": "password authentication failed",
            "55000": "not currently accepting connections",
        }
        state = next((code for code, text in words.items() if text in said), "")
    return passed() if state in states else inconclusive(f"refused for another reason: {state} {said}")


def _connects(
    context: VerifyContext, names: Names, database: str, user: str = "", *, states: Collection[str] = DENIED
) -> Callable[[], Verdict]:
    def run() -> Verdict:
        import psycopg

        try:
            connection(context, names, database, user).close()
        except psycopg.Error as error:
            return denial(error, states)
        return vulnerable(f"connected to {database} as {user or names.database}")

    return run


def statement(
    context: VerifyContext, names: Names, sql: str, *, states: Collection[str] = DENIED
) -> Callable[[], Verdict]:
    """In the tenant's own database, in a transaction that is rolled back whatever comes of it."""

    def run() -> Verdict:
        import psycopg

        with connection(context, names) as opened:
            try:
                opened.execute(sql.encode())  # bytes: composed here from names that hold letters and digits alone
            except psycopg.Error as error:
                return denial(error, states)
            finally:
                opened.rollback()
        return vulnerable(f"PostgreSQL did it: {sql}")

    return run


def across(text: str) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """A statement against every other tenant: {database}, {owner}, {login}."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for attacker, other in context.pairs():
            sql = text.format(database=other.database, owner=other.owner_role, login=other.login_roles[0])
            yield Attempt(attacker.code, other.code, statement(context, attacker, sql))

    return trials


def in_session(*texts: str, states: Collection[str] = DENIED) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """Statements that concern the server."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for names in context.with_access:
            for text in texts:
                yield Attempt(names.code, text.partition("(")[0][:40], statement(context, names, text, states=states))

    return trials


def _other_databases(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs():
        yield Attempt(attacker.code, other.code, _connects(context, attacker, other.database))


def _other_logins(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs():
        for role in other.login_roles:
            run = _connects(context, attacker, other.database, role, states=WRONG_PASSWORD)
            yield Attempt(attacker.code, other.code, run)


def _shared_databases(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for database in (ADMIN_DATABASE, TEST_DATABASE, MAINTENANCE_DATABASE, "template1"):
            yield Attempt(names.code, database, _connects(context, names, database))
        for database in (TEMPLATE_DATABASE, "template0"):
            yield Attempt(names.code, database, _connects(context, names, database, states=CLOSED))


def rows(context: VerifyContext, names: Names, sql: str) -> list[tuple[Any, ...]]:
    """Rows of PostgreSQL's own catalogs: nothing of the tenant's is taken for theirs."""
    with connection(context, names) as opened:
        opened.execute("SET search_path = ''")
        return opened.execute(sql.encode()).fetchall()


def reads(
    sql: str, judge: Callable[[Names, list[tuple[Any, ...]]], list[str]]
) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """A question that PostgreSQL answers to anybody, whose answer shows a fault."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for names in context.with_access:
            yield Attempt(
                names.code,
                names.database,
                lambda names=names: verdict_on_faults(judge(names, rows(context, names, sql))),
            )

    return trials


def _works(context: VerifyContext, names: Names) -> Callable[[], Verdict]:
    def run() -> Verdict:
        import psycopg

        with connection(context, names) as opened:
            try:
                tables = opened.execute(
                    "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
                ).fetchone()
                opened.execute("CREATE TABLE tenantry_verify (id int)")
                opened.execute("INSERT INTO tenantry_verify VALUES (1)")
            except psycopg.Error as error:
                return broken(f"{error.sqlstate} {str(error).splitlines()[0]}")
            finally:
                opened.rollback()
        return passed() if tables and tables[0] else broken("no table in its own database")

    return run


def _own(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        yield Attempt(names.code, names.database, _works(context, names))


def _logs_in(context: VerifyContext, names: Names) -> Verdict:
    import psycopg

    try:
        connection(context, names).close()
    except psycopg.OperationalError as error:
        verdict = denial(error, WRONG_PASSWORD)
        return broken("the server calls the password of its Secret wrong") if verdict.state is State.HELD else verdict
    return passed()


def _secrets(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        yield Attempt(names.code, names.database, partial(_logs_in, context, names))


CONNECT: Final = (
    Attack("database.connect", "CONNECT is revoked from PUBLIC on every clone", "connect to another's database",
           _other_databases),
    Attack("database.password", "a password of its own for each login role", "log in as another's role",
           _other_logins),
    Attack("database.login", "a login has the password of its Secret", "log in with what the application is given",
           _secrets),
    Attack("database.shared", "no CONNECT on template, admin, test and maintenance databases",
           "connect to a database of the platform", _shared_databases),
    Attack("database.own", "the tenant's own rights", "read its tables, make one and fill it (rolled back)", _own),
)  # fmt: skip
