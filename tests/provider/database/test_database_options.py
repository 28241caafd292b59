"""A tenant's changes of its database as a whole, as its owner, are told, taken back, and no obstacle to a purge."""

import psycopg
import pytest

DECLARED = {
    "database": "clone",
    "owner": "clone",
    "logins": ["clone_a", "clone_b"],
    "statementTimeout": 30,
    "idleTimeout": 60,
    "connectionLimit": 50,
}


@pytest.fixture
def given(plugin, clone: str):
    return plugin.create("CloneRights", DECLARED)


def as_tenant(server, statement: str) -> None:
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="clone_a", password="clone_a", dbname="clone", sslmode="disable"
    ) as session:
        session.execute(statement.encode())


DRIFTS = {
    "template": ("ALTER DATABASE clone IS_TEMPLATE true", "it is a template"),
    "none": ("ALTER DATABASE clone CONNECTION LIMIT 0", "it takes 0 connections instead of 50"),
    "any": ("ALTER DATABASE clone CONNECTION LIMIT -1", "it takes -1 connections instead of 50"),
}


def flags(admin) -> tuple[bool, bool, int]:
    query = "SELECT datallowconn, datistemplate, datconnlimit FROM pg_database WHERE datname = 'clone'"
    return admin.execute(query).fetchone()


@pytest.mark.parametrize(("statement", "told"), DRIFTS.values(), ids=DRIFTS)
def test_what_the_tenant_changed_is_told_and_taken_back(
    plugin, server, admin, given, statement: str, told: str
) -> None:
    as_tenant(server, statement)
    state = plugin.read("CloneRights", given)
    assert state.outputs["drift"] == [told]
    repaired = plugin.update("CloneRights", state, DECLARED)
    assert repaired.outputs["drift"] == []
    assert flags(admin) == (True, False, 50)


def test_a_database_that_takes_no_connections_is_repaired_all_the_same(plugin, admin, clone: str) -> None:
    made = plugin.create("CloneRights", DECLARED)
    admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'clone'")
    admin.execute("ALTER DATABASE clone ALLOW_CONNECTIONS false; GRANT CONNECT ON DATABASE clone TO PUBLIC")
    state = plugin.read("CloneRights", made)
    assert state.outputs["drift"] == ["it takes no connections"]
    plugin.update("CloneRights", state, DECLARED)
    assert flags(admin) == (True, False, 50)
    assert plugin.read("CloneRights", made).outputs["drift"] == []


def test_a_state_without_the_limit_gets_it_in_place(plugin, server, admin, clone: str) -> None:
    former = {key: value for key, value in DECLARED.items() if key != "connectionLimit"}
    made = plugin.create("CloneRights", former)
    as_tenant(server, "ALTER DATABASE clone CONNECTION LIMIT 3")
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    assert plugin.diff("CloneRights", made, DECLARED) == (["connectionLimit"], [])
    plugin.update("CloneRights", made, DECLARED)
    assert flags(admin) == (True, False, 50)
