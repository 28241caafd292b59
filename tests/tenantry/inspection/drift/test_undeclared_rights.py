"""Undeclared rights in PostgreSQL, on a real server; and each is taken away by its own statement."""

from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.database.owner_login import owner_login
from tenantry.engine.clients.postgresql import Server
from tenantry.inspection.drift.model import Gravity, Mending
from tenantry.inspection.drift.undeclared.postgresql import look
from tenantry.inspection.drift.undeclared.removal import Undeclared
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of

MADE = """
CREATE ROLE rent001; CREATE ROLE rent001_a LOGIN IN ROLE rent001; CREATE ROLE rent001_b LOGIN IN ROLE rent001;
CREATE ROLE rent0010_a LOGIN; CREATE ROLE auditor LOGIN;
"""
INSIDE = """
SET ROLE rent001; CREATE TABLE students (id int, name text); CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int
LANGUAGE sql RETURN 1; GRANT SELECT ON students TO rent001_a
"""
REMOVED, LEFT = Mending.REMOVAL, Mending.PERSON
# What is done, in which database; what is found of it.
CASES: list[tuple[str, str, str, Gravity, Mending]] = [
    ("CREATE ROLE rent001_c LOGIN", "postgres", "this role, which may log in", Gravity.ACCESS, REMOVED),
    ("CREATE ROLE rent001_c", "postgres", "nobody declared this role", Gravity.ACCESS, REMOVED),
    ("GRANT rent001 TO auditor", "postgres", "auditor is a member of it", Gravity.ISOLATION, REMOVED),
    ("GRANT rent001_b TO rent001_a", "postgres", "rent001_a is a member of it", Gravity.ISOLATION, REMOVED),
    ("CREATE DATABASE rent001_copy", "postgres", "this database of tenantry", Gravity.DATA, LEFT),
    ("GRANT SELECT ON students TO auditor", "rent001", "SELECT on table public.students", Gravity.ISOLATION, REMOVED),
    (
        "GRANT UPDATE (name) ON students TO auditor",
        "rent001",
        "UPDATE on table public.students",
        Gravity.ISOLATION,
        REMOVED,
    ),
    ("GRANT USAGE ON SEQUENCE s TO auditor", "rent001", "USAGE on sequence public.s", Gravity.ISOLATION, REMOVED),
    ("GRANT USAGE ON SCHEMA public TO auditor", "rent001", "USAGE on schema public", Gravity.ISOLATION, REMOVED),
    ("GRANT EXECUTE ON FUNCTION f() TO auditor", "rent001", "on routine public.f()", Gravity.ISOLATION, REMOVED),
    ("GRANT SELECT ON students TO PUBLIC", "rent001", "PUBLIC holds SELECT", Gravity.ACCESS, REMOVED),
    ("GRANT SELECT ON pg_authid TO auditor", "rent001", "SELECT on table pg_authid", Gravity.ISOLATION, REMOVED),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE rent001 IN SCHEMA public GRANT SELECT ON TABLES TO auditor",
        "rent001",
        "auditor gets rights on all tables that rent001 will make",
        Gravity.ISOLATION,
        REMOVED,
    ),
    (
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        " CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION e()",
        "rent001",
        "of tenantry",
        Gravity.ISOLATION,
        REMOVED,
    ),
    ("CREATE EXTENSION vector", "rent001", "of tenantry", Gravity.ISOLATION, LEFT),
    ("CREATE PUBLICATION p FOR ALL TABLES", "rent001", "of tenantry", Gravity.ISOLATION, REMOVED),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(MADE.encode())
        yield one


@pytest.fixture
def stack(running: TemporaryServer) -> Iterator[Any]:
    """A tenant's database as it is declared; what a test leaves behind goes."""
    with running.connect() as session:
        session.execute(b"CREATE DATABASE rent001 OWNER rent001")
    with running.connect("rent001") as session:
        session.execute(INSIDE.encode())
    server = Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")
    yield SimpleNamespace(server=server, tenants=[(names_of("k001", "13800138001"), Phase.ACTIVE)])
    with running.connect() as session:
        for statement in ("DROP DATABASE rent001", "DROP DATABASE IF EXISTS rent001_copy",
                          "DROP ROLE IF EXISTS rent001_c"):  # fmt: skip
            session.execute(statement.encode())


def looked(stack: Any) -> list[Undeclared]:
    unseen: list[str] = []
    undeclared = list(look(stack, unseen))
    assert unseen == []
    return undeclared


def test_what_is_declared_is_none(stack: Any) -> None:
    assert [item.finding for item in looked(stack)] == []


@pytest.mark.parametrize(("do", "database", "said", "gravity", "mending"), CASES, ids=lambda value: str(value)[:60])
def test_it_is_found_and_taken_away(
    running: TemporaryServer, stack: Any, do: str, database: str, said: str, gravity: Gravity, mending: Mending
) -> None:
    with running.connect(database) as session:
        session.execute(do.encode())
    (item,) = looked(stack)
    assert said in item.finding.said
    assert (item.finding.gravity, item.finding.mending, item.finding.tenant) == (gravity, mending, "k001")
    assert (item.remove is not None) is (mending is REMOVED)
    if item.remove is not None:
        item.remove()
        assert looked(stack) == []
        with running.connect("rent001") as session:
            rights = session.execute("SELECT has_table_privilege('rent001_a', 'students', 'SELECT')").fetchone()
            assert rights == (True,), "what is declared stays"


def test_the_platforms_own_logins_at_work_are_no_strangers(stack: Any) -> None:
    """A migration, a measurement, a nightly backup; one that a killed run has left behind is told."""
    connect = stack.server.session
    with owner_login(connect, "rent001") as login, owner_login(connect, "rent001", is_reader=True) as reader:
        assert login is not None
        assert reader is not None
        assert looked(stack) == []
        with connect("postgres") as session:
            session.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            told = {(item.finding.subject, item.finding.said.split(",")[0]) for item in looked(stack)}
            assert ("role rent001_m", "nobody declared this role") in told
            assert ("role rent001", "rent001_r is a member of it") in told
            session.execute(f"DROP ROLE {login.name}; DROP ROLE {reader.name}".encode())


def test_a_role_that_owns_something_is_left(running: TemporaryServer, stack: Any) -> None:
    with running.connect("rent001") as session:
        session.execute(b"CREATE ROLE rent001_c; GRANT CREATE ON SCHEMA public TO rent001_c")
        session.execute(b"SET ROLE rent001_c; CREATE TABLE data (id int); INSERT INTO data VALUES (1)")
    (role,) = (item for item in looked(stack) if item.finding.subject == "role rent001_c")
    assert role.remove is not None
    with pytest.raises(Exception, match="cannot be dropped because some objects depend on it"):
        role.remove()
    with running.connect("rent001") as session:
        assert session.execute("SELECT id FROM data").fetchall() == [(1,)]
        session.execute(b"DROP TABLE data; REVOKE ALL ON SCHEMA public FROM rent001_c")


def test_a_database_that_does_not_answer_is_said(running: TemporaryServer, stack: Any) -> None:
    with running.connect() as session:
        session.execute(b"ALTER DATABASE rent001 ALLOW_CONNECTIONS false")
    unseen: list[str] = []
    assert list(look(stack, unseen)) == []
    assert [text.startswith("PostgreSQL, rent001: ") for text in unseen] == [True]
