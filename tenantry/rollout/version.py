"""What one database has of a set of migrations, and bringing it further."""

import re
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tenantry.engine.database import Server
from tenantry.migrations import APPLIED, BASELINE, RECORD, REMEMBER, Migration, Unfit, pending
from tenantry.rollout.sites import TEMPLATE, Site, reached
from tenantry.sessions.watch import Watch, watched

if TYPE_CHECKING:
    import psycopg

    from tenantry.engine.database import Session

# A change that waits for a table lets everybody after it wait too: rather give way and come again.
LOCK_TIMEOUT_S: Final = 3
TRIES: Final = 5
PAUSE_S: Final = 1.0
LOOK_S: Final = 60.0  # for reading what was applied
TRANSACTION: Final = "SELECT pg_current_xact_id()::text"
OF_TRANSACTIONS: Final = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"}
# What holds words that are no statements: comments, strings, names, bodies of functions.
QUOTED: Final = re.compile(
    r"""--[^\n]*|/\*.*?\*/|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$(\w*)\$.*?\$\1\$"""
    r"""|\bBEGIN\s+ATOMIC\b.*?\bEND\b""",
    re.DOTALL | re.IGNORECASE,
)
# A template has the record from its first day, and so has every clone.
NO_RECORD: Final = (
    "it has no record of its migrations in public.schema_migrations: the table was dropped, renamed or emptied; "
    "bring it back as it was (its last backup has it), then run again"
)
LOCKED_OUT: Final = ("55P03", "40P01")  # lock timeout, deadlock


class Broken(Exception):
    """A migration that this database does not take (nothing of it is left), or a session that was lost.

    `migration` names the one whose own words failed: another database's migration may fail in the same way. Without it
    the cause is this database's alone: who holds a lock, what became of the record.
    """

    def __init__(self, message: str, migration: str = "") -> None:
        super().__init__(message)
        self.migration = migration


def lacking(server: Server, site: Site, wanted: Sequence[Migration], to: int) -> tuple[int, list[Migration]]:
    """Its version, and what it lacks up to the version `to`; changes nothing. Raises Unfit for another past, Broken."""
    with _explained(), _at_work(server, site, LOOK_S) as (session, _):
        return _lacking(session, site, wanted, to)


def bring(server: Server, site: Site, wanted: Sequence[Migration], to: int, limit_s: float) -> tuple[int, int]:
    """Its version before and after: one transaction a migration, nobody else at it meanwhile. Raises Broken, Unfit."""
    with _explained(), _at_work(server, site, limit_s) as (session, watch):
        before, rest = _lacking(session, site, wanted, to)
        after = before
        for migration in rest:
            _run(session, migration, watch)
            after = migration.version
        return before, after


@contextmanager
def _at_work(server: Server, site: Site, limit_s: float) -> "Generator[tuple[Session, Watch], None, None]":
    """A session in the database that waits for nobody for long."""
    from psycopg import sql

    with reached(server, site) as session, watched(server.session, session, limit_s) as watch:
        session.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_S}s")))
        yield session, watch


def _lacking(session: "Session", site: Site, wanted: Sequence[Migration], to: int) -> tuple[int, list[Migration]]:
    applied = _applied(session)
    if not applied and site.label != TEMPLATE:
        raise Broken(NO_RECORD)
    rest = [migration for migration in pending(wanted, applied) if migration.version <= to]
    refuse_own_transactions(rest)
    return max(applied, default=BASELINE), rest


def _applied(session: "Session") -> dict[int, str]:
    row = session.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
    return dict(session.execute(APPLIED).fetchall()) if row and row[0] else {}


def _run(session: "Session", migration: Migration, watch: Watch) -> None:
    import psycopg

    for attempt in range(1, TRIES + 1):
        try:
            return _once(session, migration)
        except psycopg.Error as error:
            if session.broken or error.sqlstate not in LOCKED_OUT:
                own = session.broken  # lost, or ended because its time was up
                words = f"{_words(error)}{watch.words()}" if own else _words(error)
                raise Broken(f"{migration.label}: {words}", "" if own else migration.label) from None
            if attempt == TRIES:
                raise Broken(f"{migration.label}: {_words(error)}{watch.words()}") from None
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
    primary, _, added = (error.diag.message_primary or str(error)).partition("; ")
    words = f"{' '.join(primary.split())} (SQLSTATE {error.sqlstate or 'none'})"
    return f"{words}; {added}" if added else words


def _once(session: "Session", migration: Migration) -> None:
    with session.transaction():
        session.execute(RECORD)
        begun = session.execute(TRANSACTION).fetchone()
        session.execute(migration.text)
        if session.execute(TRANSACTION).fetchone() != begun:
            raise Broken(
                f"{migration.label}: it has ended its own transaction: see what of it is there, and complete it",
                migration.label,
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
