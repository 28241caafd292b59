"""SIGKILL of the engine at ten points; the next `tenantry up` converges: no duplicate, no orphan, no manual step."""

from base64 import b64decode
from collections import Counter

import pytest

from local.throwaway import World
from tests.e2e.killing import kill_when

POINTS = 10
CODES = [f"k{number:03}" for number in range(201, 201 + POINTS)]


def _declare(world: World, code: str) -> None:
    text = world.tenant_file("k001").read_text()
    world.tenant_file(code).write_text(text.replace("k001", code).replace("13800138001", f"13700137{code[1:]}"))


@pytest.fixture(scope="module")
def kills(converged: World) -> list[bool]:
    """One tenant a point, each opening interrupted a little later than the one before, and the last up undisturbed."""
    done: list[bool] = []
    for number, code in enumerate(CODES):
        _declare(converged, code)
        mentions = 1 + 7 * number  # of the tenant's resources in the state: the clock by which the moment is chosen
        done.append(
            kill_when(converged, lambda text, code=code, mentions=mentions: text.count(f"::{code}-") >= mentions)
        )
    converged.up()
    return done


def test_the_engine_was_killed_at_most_points(kills: list[bool]) -> None:
    assert sum(kills) >= POINTS - 2


def test_everything_converged(converged: World, kills: list[bool]) -> None:
    assert set(CODES) <= converged.stack_outputs()["tenants"].keys()
    state = converged.state()
    assert not state.get("pending_operations")
    again = converged.up()
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))


def test_nothing_is_there_twice_and_nothing_is_left_over(converged: World, kills: list[bool]) -> None:
    tenants = converged.stack_outputs()["tenants"]
    snapshot = converged.alibaba()
    records = [record["rr"] for record in snapshot["domains"]["yyup.cc"]["records"]]
    roles = {facts["role"] for facts in tenants.values()}
    assert snapshot["roles"].keys() == roles
    assert snapshot["policies"].keys() - {"tenantry-credential-broker"} == roles
    assert Counter(records) == Counter(tenants.keys())
    spaces = converged.kubectl("get", "namespaces", "-l", "tenantry.io/tenant")["items"]
    assert {space["metadata"]["name"] for space in spaces} == {facts["namespace"] for facts in tenants.values()}
    with converged.connect() as connection:
        databases = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^rent[0-9]+'").fetchall()
        logins = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^rent[0-9]+'").fetchall()
    assert {name for (name,) in databases} == {facts["database"] for facts in tenants.values()}
    assert len(logins) == 3 * len(tenants)


def test_every_interrupted_tenant_can_log_in(converged: World, kills: list[bool]) -> None:
    for code in CODES:
        data = converged.kubectl("get", "secret", "business-app", "-n", f"tenant-{code}")["data"]
        login, password = (b64decode(data[key]).decode() for key in ("DB_USER", "DB_PASSWORD"))
        with converged.connect(f"rent{code[1:]}", login, password) as connection:
            assert connection.execute("SELECT count(*) FROM roles").fetchone() != (0,)
