"""The database server as commands reach it beside the engine: for an opening's record, and to roll a schema out."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.database.owner_login import OwnerLogin, as_owner
from tenantry.database.sessions.reserved_connection import connected
from tenantry.database.sessions.settings import OwnSettings
from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack.stack_connection import given

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS: Final = 5
VARIABLES: Final = {
    "databaseHost": "PGHOST",
    "databasePort": "PGPORT",
    "databaseUser": "PGUSER",
    "databasePassword": "PGPASSWORD",
    "databaseSslmode": "PGSSLMODE",
}


class DatabaseUnavailable(Exception):
    """The server or the database cannot be reached. Holds no password: neither does libpq's message."""


@dataclass(frozen=True, slots=True)
class Server:
    """The database server, reached as the provisioner, who owns everything made here."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    sslmode: str
    _settings: OwnSettings = field(default_factory=OwnSettings, repr=False, compare=False)

    @contextmanager
    def session(
        self, database: str, login: OwnerLogin | None = None, options: str = ""
    ) -> "Generator[Session, None, None]":
        """A session of its own, every statement committed at once. Raises NoAnswer when there is none to be had."""
        import psycopg  # 0.3 s that a run which changes nothing need not wait

        chosen = self._settings.options(self.session, database, options)
        try:
            connection = connected(lambda: self._attempt(database, login, chosen), self.session, database)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(" ".join(str(error).split())) from None
        with connection:
            yield connection

    @contextmanager
    def plain_session(self, database: str, options: str = "") -> "Generator[Session, None, None]":
        """A session with what the server and the database say, for a login that may connect to that database alone.

        For databases that are no tenant's: a tenant's own settings would count in it. Raises NoAnswer like `session`.
        """
        import psycopg

        try:
            connection = self._attempt(database, None, options)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(" ".join(str(error).split())) from None
        with connection:
            yield connection

    def _attempt(self, database: str, login: OwnerLogin | None, options: str) -> "Session":
        import psycopg

        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=login.name if login else self.user,
            password=login.password if login else self.password,
            dbname=database,
            sslmode=self.sslmode,
            connect_timeout=CONNECT_SECONDS,
            application_name="tenantry",
            options=options,
            prepare_threshold=None,  # by its name the tenant's code could put another in a statement's place
            autocommit=True,
        )

    def as_owner(self, database: str) -> "AbstractContextManager[Session]":
        """For what is in its tables. Raises NoAnswer like `session`."""
        return as_owner(self.session, database)


def server_of(cli: Cli, stack: str) -> Server:
    """The server that the stack's program uses. Raises CommandError when the stack does not say it."""
    settings = given(cli, stack, VARIABLES)
    settings["databaseSslmode"] = settings["databaseSslmode"] or "require"
    if missing := [key for key, value in settings.items() if not value]:
        raise CommandError(
            f"the stack `{stack}` does not say how its database server is reached: {', '.join(missing)}",
            f"`pulumi config set tenantry:{missing[0]} --stack {stack}` (with --secret for a password)",
        )
    return Server(
        host=settings["databaseHost"],
        port=settings["databasePort"],
        user=settings["databaseUser"],
        password=settings["databasePassword"],
        sslmode=settings["databaseSslmode"],
    )
