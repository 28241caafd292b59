"""Applies a set of migrations to one database, and tells which of them it has."""

import re
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.database import migration_record
from tenantry.database.migrations import BASELINE, Migration, MigrationSetInvalid, pending
from tenantry.database.owner_login import CATALOG_ALONE
from tenantry.database.sessions.watch import Watch, watched
from tenantry.engine.clients.postgresql import Server
from tenantry.maintenance.rollout.targets import TEMPLATE, MigrationTarget, connect
from tenantry.parsing.faults import printable

if TYPE_CHECKING:
    import psycopg

    from tenantry.engine.clients.postgresql import Session

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
    f"it has no record of its migrations in {migration_record.TABLE}: the table was dropped or emptied; "
    "bring it back as it was (`tenantry restore` does), then run again"
)
COMES_OVER: Final = f"the record, from {migration_record.FORMER}"
LOCKED_OUT: Final = ("55P03", "40P01")  # lock timeout, deadlock


class MigrationFailed(Exception):
    """A migration that this database does not take (nothing of it is left), or a session that was lost.

    `migration` names the one whose own words failed: another database's migration may fail in the same way. Without it
    the cause is this database's alone: who holds a lock, what became of the record.
    """

    def __init__(self, message: str, migration: str = "") -> None:
        super().__init__(message)
        self.migration = migration


@dataclass(frozen=True, slots=True)
class Standing:
    """The standing of one database. `is_former`: its record is still its tenant's own table."""

    version: int
    rest: Sequence[Migration]
    is_former: bool = False

    @property
    def lacks(self) -> tuple[str, ...]:
        names = tuple(migration.label for migration in self.rest)
        return (COMES_OVER, *names) if self.is_former else names


def pending_migrations(server: Server, site: MigrationTarget, wanted: Sequence[Migration], to: int) -> Standing:
    """Its version, and what it lacks up to the version `to`; changes nothing. Raises Unfit for another past, Broken."""
    with _explained():
        with _looking(server, site) as session, _at_work(server, session, LOOK_S):
            if site.label == TEMPLATE or migration_record.is_there(session):
                return _standing(session, session, site, wanted, to)
        with _looking(server, site) as session, connect(server, site) as inside, _at_work(server, inside, LOOK_S):
            return _standing(session, inside, site, wanted, to)


def migrate(
    server: Server, site: MigrationTarget, wanted: Sequence[Migration], to: int, limit_s: float
) -> tuple[int, int]:
    """Its version before and after: one transaction a migration, nobody else at it meanwhile. Raises Broken, Unfit."""
    with _explained(), connect(server, site) as inside, ExitStack() as stack:
        is_template = site.label == TEMPLATE  # whose only session is the provisioner's
        session = inside if is_template else stack.enter_context(_looking(server, site))
        watch = stack.enter_context(_at_work(server, inside, limit_s))
        standing = _standing(session, inside, site, wanted, to)
        if standing.is_former or is_template:
            migration_record.make(session, migration_record.former(inside) if standing.is_former else ())
        after = standing.version
        for migration in standing.rest:
            _run(session, inside, migration, watch)
            after = migration.version
        return standing.version, after


@contextmanager
def _looking(server: Server, site: MigrationTarget) -> "Generator[Session, None, None]":
    """The provisioner's session, for the record alone."""
    if site.label == TEMPLATE:
        with connect(server, site) as session:
            yield session
        return
    with server.session(site.database, options=CATALOG_ALONE) as session:
        _wait_briefly(session)
        yield session


@contextmanager
def _at_work(server: Server, session: "Session", limit_s: float) -> Generator[Watch, None, None]:
    """The session waits for nobody for long."""
    with watched(server.session, session, limit_s) as watch:
        _wait_briefly(session)
        yield watch


def _wait_briefly(session: "Session") -> None:
    from psycopg import sql

    session.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_S}s")))


def _standing(
    session: "Session", inside: "Session", site: MigrationTarget, wanted: Sequence[Migration], to: int
) -> Standing:
    """`inside` has the rights of the database's owner alone."""
    is_former = not migration_record.is_there(session)
    if is_former:
        applied = {version: checksum for version, _, checksum, _ in migration_record.former(inside)}
    else:
        applied = migration_record.applied(session)
    if not applied and site.label != TEMPLATE:
        raise MigrationFailed(NO_RECORD)
    rest = [migration for migration in pending(wanted, applied) if migration.version <= to]
    refuse_own_transactions(rest)
    return Standing(max(applied, default=BASELINE), rest, is_former and bool(applied))


def _run(session: "Session", inside: "Session", migration: Migration, watch: Watch) -> None:
    import psycopg

    for attempt in range(1, TRIES + 1):
        try:
            return _once(session, inside, migration)
        except psycopg.Error as error:
            if inside.broken or error.sqlstate not in LOCKED_OUT:
                own = inside.broken  # lost, or ended because its time was up
                words = f"{_words(error)}{watch.words()}" if own else _words(error)
                raise MigrationFailed(f"{migration.label}: {words}", "" if own else migration.label) from None
            if attempt == TRIES:
                raise MigrationFailed(f"{migration.label}: {_words(error)}{watch.words()}") from None
            time.sleep(PAUSE_S * attempt)
    return None


@contextmanager
def _explained() -> Generator[None, None, None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise MigrationFailed(_words(error)) from None


def _words(error: "psycopg.Error") -> str:
    """The primary message alone: details may quote a row."""
    primary, _, added = (error.diag.message_primary or str(error)).partition("; ")
    words = f"{printable(' '.join(primary.split()))} (SQLSTATE {error.sqlstate or 'none'})"
    return f"{words}; {added}" if added else words


def _once(session: "Session", inside: "Session", migration: Migration) -> None:
    with inside.transaction():
        begun = inside.execute(TRANSACTION).fetchone()
        inside.execute(migration.text)
        if inside.execute(TRANSACTION).fetchone() != begun:
            raise MigrationFailed(
                f"{migration.label}: it has ended its own transaction: see what of it is there, and complete it",
                migration.label,
            )
        migration_record.remember(session, inside, migration)


def refuse_own_transactions(wanted: Iterable[Migration]) -> None:
    """Raises Unfit: a file that ends the transaction it runs in would be half applied when it fails."""
    for migration in wanted:
        number = 1
        for statement in QUOTED.sub(_lines_of, migration.text.decode(errors="replace")).split(";"):
            words = statement.upper().split()
            if (words[:1] and words[0] in OF_TRANSACTIONS) or words[:2] == ["PREPARE", "TRANSACTION"]:
                number += statement[: len(statement) - len(statement.lstrip())].count("\n")
                raise MigrationSetInvalid(
                    f"{migration.label}:{number}: {words[0]} in a migration",
                    "leave transactions to `tenantry migrate`: each file is one",
                )
            number += statement.count("\n")


def _lines_of(quoted: re.Match[str]) -> str:
    return " " + "\n" * quoted[0].count("\n")
