"""`pulumi destroy` is refused while tenants live; told twice, it leaves the three systems as they were before."""

from typing import Any

import pytest

from local.throwaway import World


def _holdings(world: World) -> dict[str, Any]:
    """What the three systems hold, apart from what a run of the services alone changes."""
    with world.connect() as connection:
        databases = connection.execute(
            "SELECT datname, datistemplate, datallowconn,"
            " array_agg(privilege_type ORDER BY privilege_type) FILTER (WHERE grantee = 0)"
            " FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) GROUP BY 1, 2, 3 ORDER BY 1"
        ).fetchall()
        roles = connection.execute("SELECT rolname FROM pg_roles ORDER BY 1").fetchall()
    kinds = "namespaces,clusterroles,clusterrolebindings,validatingadmissionpolicies,gatewayclasses,persistentvolumes"
    cluster = sorted((item["kind"], item["metadata"]["name"]) for item in world.kubectl("get", kinds, "-A")["items"])
    alibaba = world.alibaba()
    alibaba.pop("sessions")
    domains = {name: domain["records"] for name, domain in alibaba.pop("domains").items()}
    return {"databases": databases, "roles": roles, "cluster": cluster, "alibaba": alibaba, "records": domains}


@pytest.fixture(scope="module")
def before(world: World) -> dict[str, Any]:
    found = _holdings(world)
    world.up()
    return found


def test_by_hand_it_is_refused_and_takes_nothing(world: World, before: dict[str, Any]) -> None:
    held = _holdings(world)
    refused = world.run("pulumi", "destroy", "--stack", "local", "--yes", "--skip-preview", ok=None)
    assert refused.returncode != 0
    assert "protect" in refused.stdout + refused.stderr
    assert _holdings(world) == held


def test_told_once_it_is_refused(world: World, before: dict[str, Any]) -> None:
    held = _holdings(world)
    refused = world.run("tenantry", "destroy", "--stack", "local", "--yes-destroy", "local", ok=None)
    assert refused.returncode == 1
    assert "allowDestroy" in refused.stdout + refused.stderr
    assert _holdings(world) == held


def test_told_twice_it_leaves_everything_as_it_was(world: World, before: dict[str, Any]) -> None:
    world.run("pulumi", "config", "set", "tenantry:allowDestroy", "local", "--stack", "local")
    world.up()
    world.run("tenantry", "destroy", "--stack", "local", "--yes-destroy", "local")
    assert _holdings(world) == before
    assert world.resources() == []
