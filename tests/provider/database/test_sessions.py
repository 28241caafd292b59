"""Sessions of the login roles are closed where access has ended, and only theirs; and none can begin any more."""

from collections.abc import Generator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

DECLARED = {"database": "clone", "logins": ["clone_a", "clone_b"]}


@pytest.fixture(autouse=True)
def access(admin, clone: str) -> Generator[None]:
    give = "GRANT CONNECT ON DATABASE clone TO clone_a, clone_b; ALTER ROLE clone_a LOGIN; ALTER ROLE clone_b LOGIN"
    admin.execute(give)
    yield
    admin.execute("ALTER ROLE clone_a LOGIN; ALTER ROLE clone_b LOGIN")


def connected(server: Any, clone: str, login: str) -> Any:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, dbname=clone, user=login, password=login, autocommit=True
    )


def test_closed_closes_both_logins_sessions_and_no_others(plugin, server, clone: str) -> None:
    with server.connect(clone) as other:
        sessions = [connected(server, clone, login) for login in ("clone_a", "clone_b")]
        busy = connected(server, clone, "clone_a")
        busy.execute("BEGIN")
        plugin.create("Sessions", DECLARED)
        for session in (*sessions, busy):
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_one_that_came_back_is_drift_and_is_closed(plugin, server, clone: str) -> None:
    state = plugin.create("Sessions", DECLARED)
    assert plugin.read("Sessions", state).outputs["drift"] == []
    with server.connect() as admin:
        admin.execute("ALTER ROLE clone_b LOGIN")
    session = connected(server, clone, "clone_b")
    state_ = plugin.read("Sessions", state)
    assert plugin.diff("Sessions", state_, DECLARED)[0] == ["drift"]
    plugin.update("Sessions", state_, DECLARED)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")


def test_taken_away_it_closes_nothing(plugin, server, clone: str) -> None:
    state = plugin.create("Sessions", DECLARED)
    with server.connect() as admin:
        admin.execute("ALTER ROLE clone_a LOGIN")
    with connected(server, clone, "clone_a") as session:
        plugin.delete("Sessions", state)
        assert session.execute("SELECT 1").fetchone() == (1,)


def able(server) -> set[str]:
    with server.connect() as admin:
        return {name for (name,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()}


def test_what_its_sessions_hold_of_roles_and_database_keeps_access_for_nobody(
    plugin, server, admin, clone: str
) -> None:
    """The holder comes back as often as it is ended: it must not be in time to take the lock again."""
    admin.execute("ALTER DATABASE clone OWNER TO clone")
    over, held = Event(), Event()

    def hold() -> None:
        while not over.is_set():
            with suppress(psycopg.Error), connected(server, clone, "clone_a") as session:
                session.execute("SET ROLE NONE; BEGIN; ALTER ROLE clone_a PASSWORD 'clone_a'")
                session.execute(f"ALTER DATABASE {clone} CONNECTION LIMIT 40".encode())
                held.set()
                over.wait()

    holders = [Thread(target=hold) for _ in range(3)]
    for holder in holders:
        holder.start()
    try:
        assert held.wait(10)
        plugin.create("Sessions", DECLARED)
        assert not {"clone_a", "clone_b"} & able(server)
        with server.connect() as admin:
            admin.execute("SET lock_timeout = '2s'")
            admin.execute(f"ALTER DATABASE {clone} CONNECTION LIMIT 30".encode())
            admin.execute("ALTER ROLE clone_a PASSWORD 'clone_a'")
    finally:
        over.set()
        for holder in holders:
            holder.join()


def test_logins_that_are_not_made_yet_are_passed_over(plugin, server, clone: str) -> None:
    made = plugin.create("Sessions", {"database": clone, "logins": ["nobody_a", "nobody_b"]})
    assert made.outputs["drift"] == []
