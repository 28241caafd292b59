"""A real server with an admin database, and runs whose pages are written into it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Run
from tenantry.database.history.origin import Origin
from tenantry.engine.clients.postgresql import Server
from tenantry.names import ADMIN_DATABASE

ORIGIN = Origin("zhang", "0123456789abcdef0123456789abcdef01234567", False, "https://forge.test/runs/7", "runner-1")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE}".encode())
        migrate(one)
        yield one


def migrate(running: TemporaryServer) -> None:
    settings = {"host": "127.0.0.1", "port": running.port, "username": "tenantry", "sslmode": "disable"}
    at = Connections({**settings, "password": running.password})
    Migrations().apply(at, {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})


@pytest.fixture
def server(running: TemporaryServer) -> Server:
    return Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")


@pytest.fixture
def clean(running: TemporaryServer) -> None:
    """The history is empty."""
    with running.connect(ADMIN_DATABASE) as session, unlocked(session):
        session.execute("TRUNCATE operation_runs, operation_changes, operation_ends")


@pytest.fixture
def admin(running: TemporaryServer, clean: None) -> Generator[Connection]:
    """The administrator's session in the admin database."""
    with running.connect(ADMIN_DATABASE) as session:
        yield session


@contextmanager
def unlocked(session: Connection) -> Generator[None]:
    """A session without triggers, which only a superuser can have."""
    session.execute("SET session_replication_role = replica")
    yield
    session.execute("RESET session_replication_role")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def journal(server: Server, clean: None, said: list[str]) -> Callable[..., Journal]:
    def make(command: str = "up", connect: Any = None, **fields: Any) -> Journal:
        run = Run(command, "test", fields.pop("origin", ORIGIN), **fields)
        return Journal(run, connect or server.session, said.append)

    return make
