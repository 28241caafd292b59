"""`pulumi destroy` is refused while tenants live; told twice, it leaves the three systems as they were before the first
up.

It follows the main job on its instance: thirteen tenants, one more that was opened beside them, a plan that changed.
"""

from typing import Any

from local.instances.throwaway import World
from tests.e2e.conftest import FILES, Life
from tests.e2e.whole.conftest import holdings


def test_by_hand_it_is_refused_and_takes_nothing(world: World, pristine: dict[str, Any]) -> None:
    held = holdings(world)
    refused = world.run("pulumi", "destroy", "--stack", "local", "--yes", "--skip-preview", ok=None)
    assert refused.returncode != 0
    assert "protect" in refused.stdout + refused.stderr
    assert holdings(world) == held


def test_told_once_it_is_refused(world: World, pristine: dict[str, Any]) -> None:
    held = holdings(world)
    refused = world.run("tenantry", "destroy", "--stack", "local", "--yes-destroy", "local", ok=None)
    assert refused.returncode == 1
    assert "allowDestroy" in refused.stdout + refused.stderr
    assert holdings(world) == held


def _remove_what_the_main_job_left(world: World) -> None:
    """A bucket with a tenant's objects in it is not removed, whoever asks: not even with what was deleted in it."""
    bucket = Life(world).bucket(FILES)
    listed = bucket.list_object_versions(prefix="kindergarten/rent/13800138001/uploads/images/a.png")
    left = [*listed.versions, *listed.delete_marker]
    assert left
    for version in left:
        bucket.delete_object(version.key, params={"versionId": version.versionid})


def test_told_twice_it_leaves_everything_as_it_was(world: World, pristine: dict[str, Any]) -> None:
    world.run("pulumi", "config", "set", "tenantry:allowDestroy", "local", "--stack", "local")
    world.up()
    _remove_what_the_main_job_left(world)
    world.run("tenantry", "destroy", "--stack", "local", "--yes-destroy", "local")
    assert holdings(world) == pristine
    assert world.resources() == []
