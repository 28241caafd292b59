"""The database server as commands reach it beside the engine: for an opening's record, and to roll a schema out."""

import json
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from tenantry.engine.cli import Cli
from tenantry.engine.refusal import Refusal
from tenantry.engine.surroundings import EMBEDDED_STACKS
from tenantry.owner_login import OwnerLogin, as_owner

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS: Final = 5
_KEYS: Final = {
    "host": "databaseHost",
    "port": "databasePort",
    "user": "databaseUser",
    "password": "databasePassword",
    "sslmode": "databaseSslmode",
}
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
}


class NoAnswer(Exception):
    """The server or the database cannot be reached. Holds no password: neither does libpq's message."""


@dataclass(frozen=True, slots=True)
class Server:
    """As the provisioner, who owns what is made here."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    sslmode: str

    @contextmanager
    def session(
        self, database: str, login: OwnerLogin | None = None, options: str = ""
    ) -> "Generator[Session, None, None]":
        """A session of its own, every statement committed at once. Raises NoAnswer when there is none to be had."""
        import psycopg  # 0.3 s that a run which changes nothing need not wait

        try:
            connection = psycopg.connect(
                host=self.host,
                port=self.port,
                user=login.name if login else self.user,
                password=login.password if login else self.password,
                dbname=database,
                sslmode=self.sslmode,
                connect_timeout=CONNECT_SECONDS,
                application_name="tenantry",
                options=options,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            raise NoAnswer(" ".join(str(error).split())) from None
        with connection:
            yield connection

    def as_owner(self, database: str) -> "AbstractContextManager[Session]":
        """For what is in its tables. Raises NoAnswer like `session`."""
        return as_owner(self.session, database)


def server_of(cli: Cli, stack: str) -> Server:
    """What the stack's program uses: the environment in embedded stacks, the stack's configuration in all others."""
    environment: Mapping[str, str] = cli.environment if EMBEDDED_STACKS.fullmatch(stack) else {}
    given = {part: environment.get(variable, "") for part, variable in _VARIABLES.items()}
    if not given["host"] or not given["password"]:
        configured = _configured(cli, stack)
        given = {part: given[part] or configured.get(key, "") for part, key in _KEYS.items()}
    given["sslmode"] = given["sslmode"] or "require"
    if missing := [_KEYS[part] for part, value in given.items() if not value]:
        raise Refusal(
            f"the stack `{stack}` does not say how its database server is reached: {', '.join(missing)}",
            f"`pulumi config set tenantry:{missing[0]} --stack {stack}` (with --secret for a password)",
        )
    return Server(**given)


def _configured(cli: Cli, stack: str) -> Mapping[str, str]:
    """The stack's configuration, decrypted, with the defaults of Pulumi.yaml."""
    answer = cli.ask("config", "--stack", stack, "--show-secrets", "--json")
    try:
        entries = cast("dict[str, dict[str, Any]]", json.loads(answer.out))
    except ValueError:
        raise Refusal(f"the configuration of the stack `{stack}` cannot be read", answer.err.strip()) from None
    return {key.rpartition(":")[2]: str(entry.get("value", "")) for key, entry in entries.items()}
