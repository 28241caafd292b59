"""Attacks on the server's disk: temporary files beyond what the plan gives, and ways around that limit."""

from collections.abc import Iterator
from functools import partial
from threading import Lock
from typing import Final

from tenantry.inspection.verify.attacks.postgresql.logins import DENIED, connection, denial, statement
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import Names

FULL: Final = frozenset({"53400"})  # configuration_limit_exceeded
TRIED_MB: Final = 4096  # of a larger limit only the figure is read: who tries it would fill the disk himself
MORE_MB: Final = 16
OWN_SETTING: Final = "SELECT setting::bigint FROM pg_settings WHERE name = 'temp_file_limit'"
# The tenant may give itself all of these; no memory for the sort, a megabyte a row.
PATIENCE: Final = "SET statement_timeout = '120s'; SET work_mem = '64kB'"
SPILL: Final = """
SELECT count(*) FROM (
    SELECT repeat('x', 1048576) AS wide FROM generate_series(1, %s) AS row (number) ORDER BY number DESC OFFSET 0
) AS sorted WHERE wide <> ''
"""
AROUND: Final = (
    "SET temp_file_limit = -1",
    "SELECT set_config('temp_file_limit', '-1', false)",
    "SET ROLE NONE; ALTER ROLE SESSION_USER SET temp_file_limit = -1",
    "SET ROLE NONE; ALTER ROLE SESSION_USER IN DATABASE {database} SET temp_file_limit = -1",
    "SET ROLE NONE; ALTER ROLE SESSION_USER IN DATABASE {database} RESET temp_file_limit",
    "ALTER DATABASE {database} SET temp_file_limit = -1",
)
_one_at_a_time = Lock()


def _spill(context: VerifyContext, names: Names) -> Verdict:
    """Sorts more than fits; only where the session itself tells that it would be stopped."""
    import psycopg

    given = context.target.declared.temp_files.get(context.login(names)[0])
    if given is None:
        return vulnerable("its sessions were given no limit of temporary files")
    with connection(context, names) as opened:
        row = opened.execute(OWN_SETTING).fetchone()
        own = int(row[0]) if row else -1
        if not 0 <= own <= given:
            return vulnerable(f"one session may fill {own} kB with temporary files, and {given} were given (-1: any)")
        if (megabytes := own // 1024) > TRIED_MB:
            return passed()
        with _one_at_a_time:
            try:
                opened.execute(PATIENCE)
                opened.execute(SPILL, [megabytes + MORE_MB])
            except psycopg.Error as error:
                return denial(error, FULL)
            finally:
                opened.rollback()
    return vulnerable(f"a sort of {megabytes + MORE_MB} MB, {own} kB of temporary files were given")


def _attempts(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        yield Attempt(names.code, "a sort beyond it", partial(_spill, context, names))
        for text in AROUND:
            sql = text.format(database=names.database)
            yield Attempt(
                names.code, sql.removeprefix("SET ROLE NONE; "), statement(context, names, sql, states=DENIED)
            )


ATTACKS: Final = (
    Attack("database.temp-files", "temporary files as the plan gives", "fill the disk by a sort, lift that limit",
           _attempts),
)  # fmt: skip
