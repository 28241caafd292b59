"""A login that gave itself another password: told by a refresh, set again by an update; no other refusal is one."""

from typing import Any

import psycopg
import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto

from local.shared.ports import free
from provider.systems.postgresql import Server
from tests.provider.conftest import struct

LOGINS = ["clone_a", "clone_b"]
GIVEN = {"clone_a": "clone_a", "clone_b": "clone_b"}
DECLARED: dict[str, Any] = {
    "database": "clone",
    "owner": "clone",
    "logins": LOGINS,
    "statementTimeout": 30,
    "idleTimeout": 60,
    "passwords": GIVEN,
}
OTHER = "clone_a has another password than it was given"


def login(server: Any, name: str, password: str) -> psycopg.Connection:
    at = {"host": "127.0.0.1", "port": server.port, "sslmode": "disable", "dbname": "clone"}
    return psycopg.connect(**at, user=name, password=password, autocommit=True)


@pytest.fixture
def given(plugin, clone: str):
    return plugin.create("CloneRights", DECLARED)


@pytest.mark.parametrize("word", ["'mine'", "NULL"])
def test_a_password_that_a_tenant_gave_itself_is_told_and_set_again(plugin, server, given, word: str) -> None:
    with login(server, "clone_a", "clone_a") as session:
        session.execute(f"SET ROLE NONE; ALTER ROLE clone_a PASSWORD {word}".encode())
    state = plugin.read("CloneRights", given)
    assert state.outputs["drift"] == [OTHER]
    assert plugin.diff("CloneRights", state, DECLARED) == (["drift"], [])
    repaired = plugin.update("CloneRights", state, DECLARED)
    login(server, "clone_a", "clone_a").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(server, "clone_a", "mine")
    assert plugin.read("CloneRights", repaired).outputs["drift"] == []


# What keeps a login out while its password is as it was, and how it gets in again.
KEPT_OUT = {
    "a role without connections": ("ALTER ROLE clone_a CONNECTION LIMIT 0", "ALTER ROLE clone_a CONNECTION LIMIT -1"),
    "a full database": ("ALTER DATABASE clone CONNECTION LIMIT 0", "ALTER DATABASE clone CONNECTION LIMIT -1"),
    "a tenant without access": ("ALTER ROLE clone_a NOLOGIN", "ALTER ROLE clone_a LOGIN"),
    "an overlap that is over": (
        "ALTER ROLE clone_a VALID UNTIL '2020-01-01'",
        "ALTER ROLE clone_a VALID UNTIL 'infinity'",
    ),
    "a database that lets nobody in": (
        "ALTER DATABASE clone ALLOW_CONNECTIONS false",
        "ALTER DATABASE clone ALLOW_CONNECTIONS true",
    ),
}


@pytest.mark.parametrize(("shut", "opened"), KEPT_OUT.values(), ids=KEPT_OUT)
def test_any_other_refusal_says_nothing_of_the_password(plugin, server, admin, given, shut: str, opened: str) -> None:
    admin.execute(shut)
    with pytest.raises(psycopg.OperationalError):
        login(server, "clone_a", "clone_a")
    assert OTHER not in plugin.read("CloneRights", given).outputs["drift"]
    admin.execute("ALTER ROLE clone_a PASSWORD 'mine'")
    admin.execute(opened)
    assert plugin.read("CloneRights", given).outputs["drift"] == [OTHER]


def test_a_server_that_does_not_answer_calls_no_password_wrong() -> None:
    server = Server("127.0.0.1", str(free()), "tenantry", "x", "disable")
    assert server.is_wrong_password("clone", "clone_a", "clone_a") is False


def test_a_password_stays_out_of_what_is_told_and_secret_in_the_state(plugin, admin, given) -> None:
    secret = {**DECLARED, "passwords": PropertyValue({"clone_a": PropertyValue("other")}).with_secret(True)}
    admin.execute("ALTER ROLE clone_a PASSWORD 'mine'")
    request = proto.UpdateRequest(
        urn=plugin.urn("CloneRights"), id="clone", olds=struct(given.outputs), news=struct(secret)
    )
    answer = plugin.raw("Update", request)
    assert answer.properties.fields["passwords"] == struct(secret).fields["passwords"]
