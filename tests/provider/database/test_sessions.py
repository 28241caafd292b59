"""Sessions of the login roles are closed where access has ended, and only theirs."""

from typing import Any

import psycopg
import pytest

DECLARED = {"database": "clone", "logins": ["clone_a", "clone_b"]}


def connected(server: Any, clone: str, login: str) -> Any:
    with server.connect() as admin:
        admin.execute(f"GRANT CONNECT ON DATABASE {clone} TO {login}".encode())
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
    session = connected(server, clone, "clone_b")
    found = plugin.read("Sessions", state)
    assert plugin.diff("Sessions", found, DECLARED)[0] == ["drift"]
    plugin.update("Sessions", found, DECLARED)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")


def test_taken_away_it_closes_nothing(plugin, server, clone: str) -> None:
    state = plugin.create("Sessions", DECLARED)
    with connected(server, clone, "clone_a") as session:
        plugin.delete("Sessions", state)
        assert session.execute("SELECT 1").fetchone() == (1,)
