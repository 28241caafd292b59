"""The platform's sessions in a tenant's database have the server's settings, whatever that database was given."""

import subprocess
from typing import Any

import psycopg
import pytest
from psycopg import sql

from provider.systems.connections import Connections
from tenantry.backup.clients import BackupClients
from tenantry.backup.contents import pg_dump
from tenantry.database.sessions.settings import OwnSettings
from tenantry.engine.clients.postgresql import Server
from tests.support.harmful import ALIKE, TEXTS, harmful, spoil

DECLARED = {"database": "clone", "owner": "clone", "logins": ["clone_a", "clone_b"], "connectionLimit": 50}
RIGHTS = {**DECLARED, "statementTimeout": 30, "idleTimeout": 60}
KINDERGARTEN = {"code": "k001", "name": "幼儿园", "phone": "13900139001"}


def login(server: Any) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user="clone_a", password="clone_a", dbname="clone", autocommit=True
    )


@pytest.fixture
def made(plugin: Any, clone: str) -> Any:
    return plugin.create("CloneRights", RIGHTS)


@pytest.fixture
def spoilt(server: Any, made: Any) -> dict[str, str]:
    """The database after its tenant has given it every setting that harms."""
    with login(server) as session:
        given = spoil(session, "clone")
    with pytest.raises(psycopg.Error):
        login(server)
    return given


def servers_own(server: Any) -> dict[str, str]:
    with server.connect() as session:
        session.execute("DO 'BEGIN END'")
        return dict(session.execute("SELECT name, current_setting(name) FROM pg_settings WHERE context = 'user'"))


# What we say ourselves, after all others.
SAID = {
    "search_path",
    "statement_timeout",
    "lock_timeout",
    "client_min_messages",
    "application_name",
    "client_encoding",
    "row_security",
}


def differing(session: Any, own: dict[str, str]) -> dict[str, str]:
    session.execute("DO 'BEGIN END'")
    assert session.execute("SELECT current_setting('client_encoding')").fetchone() == ("UTF8",)
    assert session.execute("SELECT FROM pg_settings WHERE source LIKE '%database%'").fetchall() == []
    return {
        name: value
        for name, value in session.execute("SELECT name, current_setting(name) FROM pg_settings WHERE context = 'user'")
        if name not in SAID and own[name] != value
    }


def test_every_parameter_is_tried(server: Any) -> None:
    with server.connect() as session:
        rows = session.execute("SELECT name FROM pg_settings WHERE context = 'user' AND vartype = 'string'").fetchall()
        assert {name for (name,) in rows} - set(TEXTS) - ALIKE == set()
        assert len(dict(harmful(session))) > 120


def test_no_session_of_the_platform_takes_one(settings: Any, server: Any, spoilt: dict[str, str]) -> None:
    own = servers_own(server)
    at, engine = Connections(settings()), Server("127.0.0.1", str(server.port), "tenantry", server.password, "disable")
    backups = BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", "k", "s")
    as_owner = (at.as_owner, engine.as_owner)
    for session_of in (at.catalogs, engine.session, backups.session, *as_owner):
        with session_of("clone") as session:
            assert differing(session, own) == {}
            rows = session.execute("SELECT current_setting('row_security')").fetchone()
            assert rows == ("off" if session_of in as_owner else "on",)
    who = subprocess.run(
        [pg_dump.program("psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--dbname=clone"],
        input="SELECT current_user, current_setting('client_encoding'), current_setting('quote_all_identifiers')",
        env=backups.client_environment({}, options=backups.options("clone")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert who.stdout.strip() == "tenantry|UTF8|off"


def test_an_opening_goes_on_as_if_nothing_were_set(plugin: Any, server: Any, spoilt: dict[str, str]) -> None:
    plugin.create("Seed", {"database": "clone", "kindergarten": KINDERGARTEN})
    with server.connect() as outside:
        outside.execute("ALTER DATABASE clone RESET ALL")
    with server.connect("clone") as session:
        assert session.execute("SELECT name FROM kindergartens").fetchall() == [(KINDERGARTEN["name"],)]


def test_they_are_told_and_taken_back(plugin: Any, server: Any, made: Any, spoilt: dict[str, str]) -> None:
    state = plugin.read("CloneRights", made)
    names = ", ".join(sorted(spoilt))
    assert state.outputs["drift"] == [f"the database has settings of its own: {names}"]
    assert plugin.update("CloneRights", state, RIGHTS).outputs["drift"] == []
    assert plugin.read("CloneRights", state).outputs["drift"] == []
    with login(server) as session:
        assert session.execute("SELECT current_user").fetchone() == ("clone",)


@pytest.mark.parametrize("value", ["a b", "a\tb", "a\nb", "a\\b", "a\\ b", "'a'", '"a, b"'])
def test_a_value_of_the_servers_comes_as_it_is(server: Any, value: str) -> None:
    """The value is one that an administrator may have given: what ends a word there is not the value's end."""
    with server.connect() as session:
        session.execute(sql.SQL("ALTER ROLE tenantry SET search_path = {}").format(sql.Literal(value)))
    try:
        own = OwnSettings()
        engine = Server("127.0.0.1", str(server.port), "tenantry", server.password, "disable", own)
        with engine.session("template1") as inside:
            row = inside.execute("SHOW search_path").fetchone()
        with server.connect() as session:
            assert session.execute("SHOW search_path").fetchone() == row
    finally:
        with server.connect() as session:
            session.execute("ALTER ROLE tenantry RESET ALL")
