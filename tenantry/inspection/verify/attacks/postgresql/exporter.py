"""Attacks with the login of the exporter of metrics, which its pod holds, and on that login."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import Any, Final

from tenantry.inspection.verify.attacks.postgresql.logins import (
    CONNECT_SECONDS,
    DENIED,
    STATEMENT_MS,
    WRONG_PASSWORD,
    connection,
    denial,
)
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import (
    ADMIN_DATABASE,
    EXPORTER,
    EXPORTER_LOGIN,
    MAINTENANCE_DATABASE,
    PLATFORM_NAMESPACE,
    TEST_DATABASE,
    Names,
)
from tenantry.parsing.json_narrowing import mapping

SECRET: Final = f"/api/v1/namespaces/{PLATFORM_NAMESPACE}/secrets/{EXPORTER}"
# It may lift what makes its sessions read-only: what it may write must be nothing all the same.
WRITING: Final = "SET default_transaction_read_only = off; SET transaction_read_only = off"
REFUSED: Final = (
    "SELECT contact_phone FROM tenants",
    "SELECT name FROM tenants",
    "SELECT settings FROM tenants",
    "SELECT password FROM admin_users",
    "SELECT key_hash FROM tenant_api_keys",
    "SELECT recipient FROM notification_logs",
    "SELECT config_value FROM system_config",
    "SELECT actor FROM operation_runs",
    "SELECT error_message FROM operation_changes",
    "UPDATE tenants SET plan_type = 'basic'",  # that it may not read the column must not be what refuses it
    "INSERT INTO billing_records (tenant_id, item, quantity, period_start, period_end)"
    " VALUES ('k001', 'verify', 0, current_date, current_date)",
    "DELETE FROM tenant_user_statistics",
    "INSERT INTO system_config (config_key, config_value) VALUES ('verify', '0')",
    "CREATE TABLE public.tenantry_verify (id int)",
    "CREATE TEMPORARY TABLE tenantry_verify (id int)",
    "CREATE SCHEMA tenantry_verify",
    f"SET ROLE {ADMIN_DATABASE}",
    "SET ROLE pg_read_all_data",
    "SET ROLE pg_monitor",
    "CREATE ROLE tenantry_verify",
)
# The login takes few connections, and the exporter needs one of them meanwhile.
ONE_AT_A_TIME: Final = Lock()
READS: Final = ("SELECT tenant_id, plan_type, phase FROM tenant_figures", "SELECT count(id) FROM operation_runs")


def _is_deployed(context: VerifyContext) -> bool:
    things = context.target.declared.things.get(PLATFORM_NAMESPACE, ())
    return any((thing.kind, thing.name) == ("Deployment", EXPORTER) for thing in things)


def _password(context: VerifyContext) -> str:
    """The one in the Secret that its pod gets. Raises LookupError when that holds none."""

    def read() -> str:
        data = mapping(context.admin.read(SECRET).get("data"))
        password = b64decode(str(data.get("PGPASSWORD", ""))).decode()
        if not password:
            raise LookupError(f"{SECRET} holds no PGPASSWORD")
        return password

    return context.cached("exporter's password", read)


def _session(context: VerifyContext, database: str) -> Any:
    import psycopg

    host, port, sslmode = context.target.postgresql
    return psycopg.connect(
        host=host,
        port=port,
        sslmode=sslmode,
        dbname=database,
        user=EXPORTER_LOGIN,
        password=_password(context),
        connect_timeout=CONNECT_SECONDS,
        application_name="tenantry-verify",
        options=f"-c statement_timeout={STATEMENT_MS}",
    )


def _tried(context: VerifyContext, sql: str) -> Verdict:
    """In a transaction that is rolled back whatever comes of it."""
    import psycopg

    with ONE_AT_A_TIME, _session(context, ADMIN_DATABASE) as opened:
        try:
            opened.execute(WRITING.encode())
            opened.execute(sql.encode())
        except psycopg.Error as error:
            return denial(error, DENIED)
        finally:
            opened.rollback()
    return vulnerable(f"PostgreSQL did it: {sql}")


def _connected(context: VerifyContext, connect: Callable[[], Any], database: str, states: frozenset[str]) -> Verdict:
    import psycopg

    try:
        with ONE_AT_A_TIME:
            connect().close()
    except psycopg.Error as error:
        return denial(error, states)
    return vulnerable(f"connected to {database} as {EXPORTER_LOGIN}")


def _reads(context: VerifyContext) -> Verdict:
    import psycopg

    with ONE_AT_A_TIME, _session(context, ADMIN_DATABASE) as opened:
        try:
            for sql in READS:
                opened.execute(sql.encode())
        except psycopg.Error as error:
            return broken(f"{error.sqlstate} {str(error).splitlines()[0]}")
        finally:
            opened.rollback()
    return passed()


def _trials(context: VerifyContext) -> Iterator[Attempt]:
    if not _is_deployed(context):
        return
    for sql in REFUSED:
        yield Attempt("", sql.partition(" (")[0], partial(_tried, context, sql))
    databases = (MAINTENANCE_DATABASE, "template1", TEST_DATABASE, *(names.database for names in context.selected))
    for database in databases:
        connect = partial(_session, context, database)
        yield Attempt("", database, partial(_connected, context, connect, database, DENIED))
    for names in context.with_access:
        connect = partial(_as_exporter, context, names)
        yield Attempt(names.code, EXPORTER_LOGIN, partial(_connected, context, connect, ADMIN_DATABASE, WRONG_PASSWORD))
    yield Attempt("", "reading what metrics need", partial(_reads, context))


def _as_exporter(context: VerifyContext, names: Names) -> Any:
    """A tenant's password, in the exporter's name."""
    return connection(context, names, ADMIN_DATABASE, EXPORTER_LOGIN)


ATTACKS: Final = (
    Attack("database.exporter", "the exporter's login reads the columns of the metrics, and nothing else anywhere",
           "read about people, write, make something, connect elsewhere; log in as it with a tenant's password",
           _trials),
)  # fmt: skip
