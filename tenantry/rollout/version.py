"""What one database has of a set of migrations, and bringing it further."""

import re
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tenantry.engine.database import Server
from tenantry.migrations import APPLIED, BASELINE, LOCK, RECORD, REMEMBER, Migration, Unfit, pending
from tenantry.rollout.sites import Site, reached

if TYPE_CHECKING:
    import psycopg

    from tenantry.engine.database import Session

# A change that waits for a table lets everybody after it wait too: rather give way and come again.
LOCK_TIMEOUT_S: Final = 3
TRIES: Final = 5
PAUSE_S: Final = 1.0
TRANSACTION: Final = "SELECT pg_current_xact_id()::text"
OF_TRANSACTIONS: Final = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"}
# What holds words that are no statements: comments, strings, names, bodies of functions.
QUOTED: Final = re.compile(
    r"""--[^\n]*|/\*.*?\*/|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$(\w*)\$.*?\$\1\$"""
    r"""|\bBEGIN\s+ATOMIC\b.*?\bEND\b""",
    re.DOTALL | re.IGNORECASE,
)
LOCKED_OUT: Final = ("55P03", "40P01")  # lock timeout, deadlock


class Broken(Exception):
    """A migration that this database does not take (nothing of it is left), or a session that was lost."""


def lacking(server: Server, site: Site, wanted: Sequence[Migration], to: int) -> tuple[int, list[Migration]]:
    """Its version, and what it lacks up to the version `to`; changes nothing. Raises Unfit for another past."""
    with _explained(), reached(server, site) as session:
        return _lacking(session, wanted, to)


def bring(server: Server, site: Site, wanted: Sequence[Migration], to: int) -> tuple[int, int]:
    """Its version before and after: one transaction a migration, nobody else at it meanwhile. Raises Broken."""
    with _explained(), reached(server, site) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the session
        before, rest = _lacking(session, wanted, to)
        after = before
        for migration in rest:
            _run(session, migration)
            after = migration.version
        return before, after


def _lacking(session: "Session", wanted: Sequence[Migration], to: int) -> tuple[int, list[Migration]]:
    applied = _applied(session)
    rest = [migration for migration in pending(wanted, applied) if migration.version <= to]
    refuse_own_transactions(rest)
    return max(applied, default=BASELINE), rest


def _applied(session: "Session") -> dict[int, str]:
    row = session.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
    return dict(session.execute(APPLIED).fetchall()) if row and row[0] else {}


def _run(session: "Session", migration: Migration) -> None:
    import psycopg

    for attempt in range(1, TRIES + 1):
        try:
            return _once(session, migration)
        except psycopg.Error as error:
            if error.sqlstate not in LOCKED_OUT or attempt == TRIES:
                raise Broken(f"{migration.label}: {_words(error)}") from None
            time.sleep(PAUSE_S * attempt)
    return None


@contextmanager
def _explained() -> Generator[None, None, None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise Broken(_words(error)) from None


def _words(error: "psycopg.Error") -> str:
    """The primary message alone: details may quote a row."""
    message = " ".join((error.diag.message_primary or str(error)).split())
    return f"{message} (SQLSTATE {error.sqlstate or 'none'})"


def _once(session: "Session", migration: Migration) -> None:
    from psycopg import sql

    with session.transaction():
        session.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_S}s")))
        session.execute(RECORD)
        begun = session.execute(TRANSACTION).fetchone()
        session.execute(migration.text)
        if session.execute(TRANSACTION).fetchone() != begun:
            raise Broken(
                f"{migration.label}: it has ended its own transaction: see what of it is there, and complete it"
            )
        session.execute(REMEMBER, [migration.version, migration.name, migration.checksum])


def refuse_own_transactions(wanted: Iterable[Migration]) -> None:
    """Raises Unfit: a file that ends the transaction it runs in would be half applied when it fails."""
    for migration in wanted:
        number = 1
        for statement in QUOTED.sub(_lines_of, migration.text.decode(errors="replace")).split(";"):
            words = statement.upper().split()
            if (words[:1] and words[0] in OF_TRANSACTIONS) or words[:2] == ["PREPARE", "TRANSACTION"]:
                number += statement[: len(statement) - len(statement.lstrip())].count("\n")
                raise Unfit(
                    f"{migration.label}:{number}: {words[0]} in a migration",
                    "leave transactions to `tenantry migrate`: each file is one",
                )
            number += statement.count("\n")


def _lines_of(quoted: re.Match[str]) -> str:
    return " " + "\n" * quoted[0].count("\n")
