"""A change that ended by its lock timeout: the error says who holds what it waited for, and how to end that."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.engine.run.lock_holders import explain
from tenantry.engine.run.progress import Finding
from tenantry.engine.stack.urns import ResourceOwner

TIMEOUT = "1 error occurred: * could not set password for role: pq: canceling statement due to lock timeout"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        with running.connect() as session:
            for name in ("rent001", "rent002"):
                session.execute(f"CREATE ROLE {name}; CREATE ROLE {name}_a LOGIN PASSWORD 'a' IN ROLE {name}".encode())
                session.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
        yield running


@contextmanager
def tenant(server: TemporaryServer, name: str, statement: str) -> Generator[psycopg.Connection]:
    """A session of the tenant's, which has done this and not committed."""
    login = f"host=127.0.0.1 port={server.port} dbname={name} user={name}_a password=a sslmode=disable"
    with closing(psycopg.connect(login)) as session:
        number = session.info.backend_pid
        session.execute(statement.encode())
        yield session
    gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
    with server.connect() as admin:
        while admin.execute(gone, [number]).fetchone() != (0,):
            pass


def explanation(server: TemporaryServer, text: str = TIMEOUT, code: str = "k002") -> str:
    (said,) = explain([Finding(ResourceOwner(code, "db"), "urn", text)], lambda _: server.connect())
    return said.text


@pytest.mark.parametrize(
    "statement", ["ALTER ROLE rent002_a PASSWORD 'x'", "ALTER DATABASE rent002 CONNECTION LIMIT 5"]
)
def test_it_names_the_tenants_session_and_its_end(server: TemporaryServer, statement: str) -> None:
    with (
        tenant(server, "rent001", "ALTER ROLE rent001_a PASSWORD 'x'"),
        tenant(server, "rent002", statement) as holder,
        server.connect() as waiting,
    ):
        waiting.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            waiting.execute(statement.encode())
        number = holder.info.backend_pid
        said = explanation(server)
        assert said.startswith(f"{TIMEOUT}: held by rent002_a (process {number}, its transaction began ")
        assert said.endswith(f"end it (`SELECT pg_terminate_backend({number});`), then run again")
        waiting.execute(said.split("`")[1].encode())
        assert "held by rent001_a" in explanation(server, code="k001")
    assert explanation(server).endswith("who held it has let go of it meanwhile: run again")


def test_somebody_elses_is_named_with_a_doubt(server: TemporaryServer) -> None:
    with tenant(server, "rent001", "ALTER ROLE rent001_a PASSWORD 'x'"):
        assert "perhaps held by rent001_a" in explanation(server)


@pytest.mark.parametrize("text", ["pq: permission denied", f"{TIMEOUT}; held by rent002_a (process 1): end it"])
def test_of_other_errors_nobody_is_asked(text: str) -> None:
    def connect(_: str) -> Any:
        raise AssertionError("asked")

    (said,) = explain([Finding(ResourceOwner("k002", "db"), "urn", text)], connect)
    assert said.text == text


def test_a_server_that_does_not_answer_takes_nothing_from_the_error() -> None:
    def connect(_: str) -> Any:
        raise psycopg.OperationalError("no route")

    (said,) = explain([Finding(ResourceOwner("k002", "db"), "urn", TIMEOUT)], connect)
    assert (
        said.text == f"{TIMEOUT}: who holds it cannot be read (OperationalError): pg_locks and pg_stat_activity show it"
    )
