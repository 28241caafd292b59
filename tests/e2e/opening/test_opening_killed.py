"""SIGKILL of the engine at operations of an opening; the next `tenantry up` converges: no duplicate, no orphan, no
manual step.

`make test` kills at the seed's part of the operations, `make test-all` at every one, before it and after it.
"""

from base64 import b64decode
from collections import Counter

import pytest

from local.instances.throwaway import World
from tests.e2e.opening.conftest import declare
from tests.support.killed_runs.held_calls import Operation
from tests.support.killed_runs.kills import hold_plugins, kill_at_each

CODE = "k401"
PARTS = 30  # of some 45 operations, each of which can be killed at two moments


def _is_of_the_opening(operation: Operation) -> bool:
    return operation.method == "Create" and operation.name.startswith(f"{CODE}-")


@pytest.fixture(scope="module")
def kills(opened: World, seed: int | None) -> list[Operation]:
    """The engine is killed again and again while one tenant is opened, and the last up ends it."""
    hold_plugins(opened)
    declare(opened, CODE)
    return kill_at_each(opened, _is_of_the_opening, PARTS, seed, lambda _: None)


def test_every_resource_met_a_kill(opened: World, kills: list[Operation], seed: int | None) -> None:
    """Without a seed; a part has some of them."""
    made = {
        resource["urn"] for resource in opened.resources() if resource["custom"] and f"::{CODE}-" in resource["urn"]
    }
    assert {operation.urn for operation in kills} <= made
    assert seed is not None or {operation.urn for operation in kills} == made


def test_everything_converged(opened: World, kills: list[Operation]) -> None:
    assert CODE in opened.stack_outputs()["tenants"]
    assert not opened.state().get("pending_operations")
    again = opened.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))


def test_nothing_is_there_twice_and_nothing_is_left_over(opened: World, kills: list[Operation]) -> None:
    tenants = opened.stack_outputs()["tenants"]
    snapshot = opened.alibaba()
    records = [record["rr"] for record in snapshot["domains"]["yyup.cc"]["records"]]
    roles = {facts["role"] for facts in tenants.values()}
    platform = {"tenantry-credential-broker", "tenantry-backup"}
    assert snapshot["roles"].keys() - platform == roles
    assert snapshot["policies"].keys() - platform == roles
    assert Counter(records) == Counter(tenants.keys())
    spaces = opened.kubectl("get", "namespaces", "-l", "tenantry.io/tenant")["items"]
    assert {space["metadata"]["name"] for space in spaces} == {facts["namespace"] for facts in tenants.values()}
    with opened.connect() as connection:
        databases = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^rent[0-9]+'").fetchall()
        logins = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^rent[0-9]+'").fetchall()
    assert {name for (name,) in databases} == {facts["database"] for facts in tenants.values()}
    assert len(logins) == 3 * len(tenants)


def test_the_interrupted_tenant_can_log_in(opened: World, kills: list[Operation]) -> None:
    data = opened.kubectl("get", "secret", "business-app", "-n", f"tenant-{CODE}")["data"]
    login, password = (b64decode(data[key]).decode() for key in ("DB_USER", "DB_PASSWORD"))
    with opened.connect(f"rent{CODE[1:]}", login, password) as connection:
        assert connection.execute("SELECT count(*) FROM roles").fetchone() != (0,)
