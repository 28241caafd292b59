"""A database is closed from its first moment on, and who was in it without a right to be is not any more."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
import pytest

DECLARED = {
    "database": "clone",
    "owner": "clone",
    "logins": ["clone_a", "clone_b"],
    "statementTimeout": 30,
    "idleTimeout": 60,
    "connectionLimit": 5,
}


def login(server, name: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user=name, password=name, dbname="clone", sslmode="disable", autocommit=True
    )


@pytest.fixture
def neighbour(admin) -> Generator[str]:
    admin.execute("CREATE ROLE neighbour LOGIN PASSWORD 'neighbour'")
    yield "neighbour"
    admin.execute("DROP ROLE neighbour")


@contextmanager
def knocking(server) -> Generator[list[psycopg.Connection]]:
    """The neighbour asks for a session all the time, and keeps each."""
    got, over = list[psycopg.Connection](), threading.Event()

    def knock() -> None:
        while not over.is_set():
            try:
                got.append(login(server, "neighbour"))
            except psycopg.OperationalError:
                time.sleep(0.002)

    threads = [threading.Thread(target=knock) for _ in range(3)]
    for thread in threads:
        thread.start()
    yield got
    over.set()
    for thread in threads:
        thread.join()
    for session in got:
        session.close()


def test_a_database_that_is_made_closed_is_opened_to_its_own_alone(plugin, server, admin, roles, neighbour) -> None:
    with knocking(server) as got:
        admin.execute("CREATE DATABASE clone OWNER clone TEMPLATE kargerdensales ALLOW_CONNECTIONS false")
        try:
            made = plugin.create("CloneRights", DECLARED)
            assert plugin.read("CloneRights", made).outputs["drift"] == []
            with login(server, "clone_a") as session:
                session.execute("SELECT count(*) FROM students")
            time.sleep(0.2)
        finally:
            admin.execute("DROP DATABASE clone WITH (FORCE)")
    assert got == []


def test_who_is_in_it_without_a_right_to_be_is_told_and_ended(plugin, server, admin, clone: str, neighbour) -> None:
    """The database is one that an earlier release made: more sessions than its limit lets in."""
    sessions = [login(server, "neighbour") for _ in range(8)]
    made = plugin.create("CloneRights", DECLARED)
    for session in sessions:
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    admin.execute("GRANT CONNECT ON DATABASE clone TO neighbour")
    late = login(server, "neighbour")
    admin.execute("REVOKE CONNECT ON DATABASE clone FROM neighbour")
    with login(server, "clone_a") as own:
        state = plugin.read("CloneRights", made)
        assert state.outputs["drift"] == ["a session of neighbour runs in it"]
        assert plugin.update("CloneRights", state, DECLARED).outputs["drift"] == []
        own.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        late.execute("SELECT 1")
