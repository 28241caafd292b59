"""A login of a database's owner: within its rights, alone, and gone afterwards; also for a provisioner without all
rights."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.database.owner_login import OwnerLogin, owner_login

Session = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[[str], AbstractContextManager[Session]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        yield running


def session(server: TemporaryServer, database: str, user: str, password: str) -> Session:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, dbname=database, user=user, password=password, sslmode="disable"
    )


@pytest.fixture
def connect(server: TemporaryServer) -> Generator[Connect]:
    """A session of a provisioner that is no superuser and has made a database for an owner, `rent`."""
    with server.connect() as admin:
        admin.execute("CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD 'p'")

    @contextmanager
    def connect(database: str) -> Generator[Session]:
        with session(server, database, "provisioner", "p") as one:
            yield one

    with session(server, "postgres", "provisioner", "p") as one:
        one.autocommit = True
        one.execute("CREATE ROLE rent")
        one.execute("GRANT rent TO provisioner WITH INHERIT TRUE, SET TRUE")
        one.execute("CREATE DATABASE rent OWNER rent")
        one.execute("REVOKE rent FROM provisioner")  # as who makes a database for its owner does
        one.execute("CREATE DATABASE own")
    yield connect
    with server.connect() as admin:
        for database in ("rent", "own"):
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
        admin.execute("DROP OWNED BY rent, provisioner; DROP ROLE rent, provisioner")


def roles(server: TemporaryServer) -> list[str]:
    with server.connect() as admin:
        return [name for (name,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'rent%' ORDER BY 1")]


def inside(server: TemporaryServer, login: OwnerLogin | None) -> Session:
    assert login is not None
    return session(server, "rent", login.name, login.password)


def test_it_has_the_owners_rights_and_no_others(server: TemporaryServer, connect: Connect) -> None:
    with owner_login(connect, "rent") as login:
        assert roles(server) == ["rent", "rent_m"]
        with inside(server, login) as one:
            one.execute("CREATE TABLE made (x int)")
            for wall in ("SET ROLE provisioner", "CREATE ROLE other", "ALTER ROLE provisioner PASSWORD 'x'"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), one.transaction():
                    one.execute(wall.encode())
    assert roles(server) == ["rent"]


def test_it_finds_a_place_in_the_reserve_where_the_provisioner_may_give_that(
    server: TemporaryServer, connect: Connect
) -> None:
    def may() -> object:
        with owner_login(connect, "rent") as login, inside(server, login) as one:
            return one.execute("SELECT pg_has_role('pg_use_reserved_connections', 'USAGE')").fetchone()

    assert may() == (False,)
    with server.connect() as admin:
        admin.execute("GRANT pg_use_reserved_connections TO provisioner")
        assert may() == (False,)  # who is in it and may not give it goes on as before
        admin.execute("GRANT pg_use_reserved_connections TO provisioner WITH ADMIN OPTION")
        assert may() == (True,)
        admin.execute("REVOKE pg_use_reserved_connections FROM provisioner")
    assert roles(server) == ["rent"]


def test_what_it_made_stays_with_the_owner_and_its_sessions_end(server: TemporaryServer, connect: Connect) -> None:
    with owner_login(connect, "rent") as login:
        left = inside(server, login)
        left.execute("CREATE TABLE made (x int)")
        left.commit()
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    with server.connect("rent") as admin:
        assert admin.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'made'").fetchone() == ("rent",)
    assert roles(server) == ["rent"]


def test_one_that_was_left_behind_goes_first(server: TemporaryServer, connect: Connect) -> None:
    with session(server, "postgres", "provisioner", "p") as one:
        one.execute("CREATE ROLE rent_m LOGIN PASSWORD 'left' IN ROLE rent ROLE CURRENT_USER")
    with owner_login(connect, "rent") as login, inside(server, login) as one:
        assert one.execute("SELECT 1").fetchone() == (1,)
    assert roles(server) == ["rent"]


def test_it_goes_when_what_it_was_for_fails(server: TemporaryServer, connect: Connect) -> None:
    with pytest.raises(ZeroDivisionError), owner_login(connect, "rent"):
        _ = 1 / 0
    assert roles(server) == ["rent"]


@pytest.mark.parametrize("database", ["own", "missing"])
def test_none_where_nobody_else_is_the_owner(connect: Connect, database: str) -> None:
    with owner_login(connect, database) as login:
        assert login is None


def test_its_password_is_told_nowhere(server: TemporaryServer, connect: Connect) -> None:
    with owner_login(connect, "rent") as login, server.connect() as admin:
        assert login is not None
        assert login.password not in repr(login)
        kept = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'rent_m'").fetchone()
        assert kept is not None
        assert kept[0].startswith("SCRAM-SHA-256$")
