"""The last look for drift, in the admin database; and the reminder once it is long ago."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.postgresql.temporary import TemporaryServer
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.engine.clients.postgresql import Server
from tenantry.engine.errors import CommandError
from tenantry.inspection.drift.last_look import LastLook, read_last_look, record_look
from tenantry.inspection.drift.model import Drift
from tenantry.names import ADMIN_DATABASE

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
DRIFT = Drift("prod", NOW.isoformat(), 10, 1.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one:
        yield Server("127.0.0.1", str(one.port), "tenantry", one.password, "disable")


def admin_database(server: Server) -> None:
    settings = {
        "host": server.host,
        "port": int(server.port),
        "username": server.user,
        "password": server.password,
        "sslmode": "disable",
    }
    Migrations().apply(Connections(settings), {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})


def refuses() -> Server:
    raise CommandError("the stack does not say how its database server is reached", "")


def test_it_is_known_once_there_is_an_admin_database(server: Server) -> None:
    assert read_last_look(lambda: server, "prod") is None, "there is no such database"
    assert "cannot be recorded" in record_look(lambda: server, DRIFT)
    with server.session("postgres") as session:
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE}".encode())
    assert read_last_look(lambda: server, "prod") is None, "it has no tables"
    admin_database(server)
    assert read_last_look(lambda: server, "prod") == LastLook(None)
    assert record_look(lambda: server, DRIFT) == ""
    later = replace(DRIFT, looked_at=(NOW + timedelta(hours=5)).isoformat())
    assert record_look(lambda: server, later) == ""
    assert read_last_look(lambda: server, "prod") == LastLook(NOW + timedelta(hours=5))
    assert read_last_look(lambda: server, "prod-c02") == LastLook(None), "each stack has its own"


def test_where_nobody_can_be_asked_nothing_is_said() -> None:
    assert read_last_look(refuses, "prod") is None
    assert record_look(refuses, DRIFT).startswith("that it was looked at cannot be recorded: the stack does not say")


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(hours=23), ""),
        (timedelta(days=1), ""),
        (timedelta(hours=25), "more than a day ago (2026-11-29 02:00 UTC): `tenantry drift`"),
        (timedelta(days=12, hours=3), "12 days ago (2026-11-18 00:00 UTC): `tenantry drift`"),
    ],
)
def test_after_a_day_somebody_is_reminded(age: timedelta, said: str) -> None:
    assert LastLook(NOW - age).reminder(NOW).removeprefix("the last look for drift was ") == said


def test_who_never_looked_is_told_so() -> None:
    assert "nobody has looked for drift yet" in LastLook(None).reminder(NOW)
