"""The server's own databases: shut to everybody, told when reopened, and as PostgreSQL makes them afterwards.

And the provisioner's sessions end a wait for what a tenant holds.
"""

from collections.abc import Generator

import psycopg
import pytest

DECLARED = {"databases": ["postgres", "template1", "no_such_database"]}


@pytest.fixture
def closed(plugin) -> Generator:
    made = plugin.create("ClosedDatabases", DECLARED)
    yield made
    plugin.delete("ClosedDatabases", made)


def everybody_may(admin, database: str) -> bool:
    return admin.execute("SELECT has_database_privilege('public', %s, 'CONNECT')", [database]).fetchone()[0]


def test_nobody_but_the_administrator_gets_in(plugin, server, admin, roles, closed) -> None:
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(
                host="127.0.0.1",
                port=server.port,
                user="clone_a",
                password="clone_a",
                dbname=database,
                sslmode="disable",
            )
    assert plugin.create("ClosedDatabases", DECLARED).outputs == closed.outputs
    assert plugin.diff("ClosedDatabases", closed, DECLARED) == ([], [])


def test_an_opened_one_is_told_and_closed_again(plugin, admin, closed) -> None:
    admin.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
    state = plugin.read("ClosedDatabases", closed)
    assert state.outputs["drift"] == ["postgres is open to all"]
    assert plugin.diff("ClosedDatabases", state, DECLARED) == (["drift"], [])
    plugin.update("ClosedDatabases", state, DECLARED)
    assert not everybody_may(admin, "postgres")


def test_what_is_left_out_or_removed_is_open_as_before(plugin, admin, closed) -> None:
    plugin.update("ClosedDatabases", closed, {"databases": ["postgres"]})
    assert everybody_may(admin, "template1")
    plugin.delete("ClosedDatabases", closed)
    assert everybody_may(admin, "postgres")


WAITS = "the provisioner waits for locks of tenants without end"


def test_a_session_of_the_provisioner_that_brings_no_setting_ends_its_wait(plugin, server, closed) -> None:
    with server.connect() as session:
        assert session.execute("SHOW lock_timeout").fetchone() == ("10s",)
    plugin.delete("ClosedDatabases", closed)
    with server.connect() as session:
        assert session.execute("SHOW lock_timeout").fetchone() == ("0",)


@pytest.mark.parametrize("statement", ["RESET lock_timeout", "SET lock_timeout = 0", "SET lock_timeout = '1h'"])
def test_waits_without_end_are_told_and_ended(plugin, admin, closed, statement: str) -> None:
    admin.execute(f"ALTER ROLE CURRENT_USER {statement}".encode())
    state = plugin.read("ClosedDatabases", closed)
    assert state.outputs["drift"] == [WAITS]
    plugin.update("ClosedDatabases", state, DECLARED)
    assert plugin.read("ClosedDatabases", closed).outputs["drift"] == []
