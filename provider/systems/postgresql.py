"""Sessions with the databases of one server, and PostgreSQL's errors in our words."""

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, LiteralString, Self

import psycopg
from psycopg import sql

from provider.errors import ResourceFailure
from provider.systems.settings import required
from tenantry.database.owner_login import OwnerLogin, as_owner
from tenantry.database.sessions.reserved_connection import connected
from tenantry.database.sessions.settings import OwnSettings
from tenantry.database.sessions.watch import ADVICE, Watch, watched
from tenantry.engine.run.remedies import remedy_of
from tenantry.names import MAINTENANCE_DATABASE
from tenantry.parsing.faults import printable

CONNECT_TIMEOUT_S: Final = 10
OWNER_LIMIT_S: Final = 900  # for all that one step does in a tenant's tables, whose code runs as long as it likes
LOCK_TIMEOUT_S: Final = 60  # long enough for a neighbour's step, short enough to be told of a forgotten session

Session = psycopg.Connection[tuple[Any, ...]]
Query = LiteralString | sql.Composed | sql.SQL

# Worth another try: deadlock, serialization, too many connections, starting up, connection lost.
PASSING: Final = {"40P01", "40001", "53300", "57P03", "08000", "08003", "08006", "08001", "08004"}
REMEDIES: Final = {
    "42501": "let the provisioner act as the owner role (GRANT owner TO provisioner), or use a more powerful one",
    "55P03": "end the session that holds the lock (see pg_stat_activity and pg_locks) and run again",
    "42P01": "the schema is older than this step: run the migrations of this database first",
    "42703": "the schema is older than this step: run the migrations of this database first",
    "42704": "create the role first (the step must depend on it)",
    "23505": "another row holds this value, which must be unique: give this one another, or correct the other row",
    "23503": "other rows refer to this one: settle or remove those first",
    "23514": "the value is not one of those that the column allows",
    "57014": "the run was cancelled: run again",
}
HIDDEN: Final = "row-level security"
SHOW: Final = "its tenant hides rows from its owner: `tenantry up --refresh` ends that (NO FORCE ROW LEVEL SECURITY)"
UNREACHED: Final = "check that the server answers at the provider's host and port"
USED_UP: Final = ("too many connections", "too many clients", "connection slots")  # of a database or role, the server
FULL: Final = "end sessions of those who hold them all (see pg_stat_activity), or raise max_connections, and run again"
REFUSED: Final = "set the provider's username, password and sslmode to what the server accepts"


@dataclass
class Server:
    """Every step opens a session of its own (about 10 ms) and closes it: an idle one would stop a DROP DATABASE."""

    host: str
    port: str
    username: str
    password: str = field(repr=False)
    sslmode: str
    _settings: OwnSettings = field(default_factory=OwnSettings, repr=False)
    _open: set[Session] = field(default_factory=set["Session"], repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        host, port, username, password = required(settings, "postgresql", "host", "port", "username", "password")
        return cls(host, port, username, password, str(settings.get("sslmode") or "require"))

    @contextmanager
    def session(
        self, database: str, login: OwnerLogin | None = None, options: str = ""
    ) -> Generator[Session, None, None]:
        """A session as the provisioner, or as the given login.

        In a database that others use too, such as the administration's, an error of a lock says who held it.
        """
        connection = self._connect(database, login, self._settings.options(self.session, database, options))
        with self._lock:
            self._open.add(connection)
        try:
            connection.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_S}s")))
            connection.execute("SET client_min_messages = warning")
            connection.commit()
            is_own = database == MAINTENANCE_DATABASE or login is not None  # there, who waits has itself watched
            with nullcontext() if is_own else self._named_holder(connection):
                yield connection
                connection.commit()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    @contextmanager
    def as_owner(self, database: str) -> Generator[Session, None, None]:
        with as_owner(self.session, database) as session, watched(self.session, session, OWNER_LIMIT_S):
            yield session

    def is_wrong_password(self, database: str, user: str, password: str) -> bool:
        """Tells whether the server says of it what it says of one that nobody has.

        libpq passes no code on, and the words depend on the server's language. Any other refusal (no connection left, a
        role that may not log in, no answer) comes before a password is asked for, or only after the right one.
        """
        said = self._refusal(database, user, password)
        return said is not None and said == self._refusal(database, user, secrets.token_urlsafe(32))

    @contextmanager
    def _named_holder(self, connection: Session) -> Generator[None, None, None]:
        """An error of a lock says who held it, also where a step inside has put it into words already."""
        watch = Watch(self.session, connection)
        watch.start()
        try:
            yield
        except ResourceFailure as failure:
            watch.stop()
            if isinstance(failure.__cause__, psycopg.errors.LockNotAvailable) and (holder := watch.words()):
                failure.reason, failure.remedy = failure.reason + holder, ""  # which says what to do as well
            raise
        finally:
            watch.stop()

    def cancel(self) -> None:
        with self._lock:
            running = list(self._open)
        for connection in running:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=2)

    def _connect(self, database: str, login: OwnerLogin | None, options: str) -> Session:
        try:
            return connected(lambda: self._attempt(database, login, options), self.session, database)
        except psycopg.OperationalError as error:
            # The server's words for this depend on its language, and libpq passes no code on: hence the second look.
            if database != MAINTENANCE_DATABASE and not self._exists(database):
                raise DatabaseMissing(database) from error
            raise

    def _attempt(self, database: str, login: OwnerLogin | None = None, options: str = "") -> Session:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=login.name if login else self.username,
            password=login.password if login else self.password,
            dbname=database,
            sslmode=self.sslmode,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="tenantry",
            options=options,
            prepare_threshold=None,  # by its name the tenant's code could put another in a statement's place
        )

    def _refusal(self, database: str, user: str, password: str) -> str | None:
        """The server's words, where it refuses after it has asked for the password."""
        try:
            self._attempt(database, OwnerLogin(user, password, user)).close()
        except psycopg.OperationalError as error:
            return str(error) if error.pgconn and error.pgconn.used_password else None
        return None

    def _exists(self, database: str) -> bool:
        with self._attempt(MAINTENANCE_DATABASE) as connection:
            row = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone()
            return row is not None


class DatabaseMissing(ResourceFailure):
    def __init__(self, database: str) -> None:
        super().__init__(f"there is no database {database}", "create it first (the step must depend on it)")


def explain(error: Exception) -> ResourceFailure | None:
    """PostgreSQL's errors; only the primary message, since details may quote a row."""
    if not isinstance(error, psycopg.Error):
        return None
    code = error.sqlstate
    if code == "42501" and HIDDEN in (error.diag.message_primary or ""):
        return ResourceFailure(printable(error.diag.message_primary or ""), SHOW)
    if code is None:  # no session came about, or it was lost: libpq's own words, which hold no password
        refused = any(word in str(error) for word in ("authentication failed", "pg_hba.conf", "SSL"))
        remedy = REFUSED if refused else FULL if any(word in str(error) for word in USED_UP) else UNREACHED
        remedy = remedy_of(str(error)) or remedy
        return ResourceFailure(str(error), remedy, passing=not refused)
    message = error.diag.message_primary or str(error) or f"error {code}"  # the first is missing where we raised it
    if error.diag.constraint_name and error.diag.constraint_name not in message:
        message += f" (constraint {error.diag.constraint_name})"
    message = printable(" ".join(message.split()))  # what a tenant's code raises, and what it calls its tables
    # Two sessions that alter the same role or grant on the same database; PostgreSQL has no code of its own for it.
    passing = code in PASSING or (code == "XX000" and "concurrently updated" in message)
    own = "" if message.endswith(ADVICE) else REMEDIES.get(code, f"correct this and run again (SQLSTATE {code})")
    remedy = remedy_of(message) or own
    return ResourceFailure(message, remedy, passing=passing)
