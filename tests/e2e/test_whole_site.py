"""A site in two stacks: what is made from the same is passed by, and the gate keeps shut behind a tenant that is not well.

On an instance of its own: what its stack holds becomes less.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from local.instances.throwaway import World

CODE, PHONE, CELL = "k302", "13700137302", "local-c02"

Up = Callable[..., dict[str, tuple[str, str]]]


@pytest.fixture(scope="module")
def site(world: World, open_life: Callable[..., Any]) -> World:
    """The platform with the cell `main`, and a stack for the cell `c02` with one tenant that nobody has opened yet."""
    open_life(world, "k001", "k002")
    file = world.folder / "Pulumi.local.yaml"
    document = yaml.safe_load(file.read_text())
    own = {"tenantry:holds": ["platform", "cell/main"], "tenantry:allowChange": "holds=platform,cell/main"}
    cell = {"tenantry:holds": ["cell/c02"], "tenantry:platformStack": "organization/tenantry/local"}
    for path, changes in ((file, own), (world.folder / f"Pulumi.{CELL}.yaml", cell)):
        path.write_text(yaml.safe_dump(document | {"config": document["config"] | changes}))
    text = world.tenant_file("k002").read_text()
    phone = next(line.split('"')[1] for line in text.splitlines() if line.startswith("phone:"))
    text = text.replace("k002", CODE).replace(phone, PHONE).replace("cell: main", "cell: c02")
    world.tenant_file(CODE).write_text(text)
    return world


@pytest.fixture
def up(site: World) -> Up:
    """Stack -> how it ended, and what was told of it."""

    def run(*options: str, ok: int = 0) -> dict[str, tuple[str, str]]:
        done = site.run("tenantry", "up", "--stack", "local", "--all-stacks", "--json", *options, ok=ok)
        return {result["stack"]: (result["end"], result["told"]) for result in json.loads(done.stdout)["stacks"]}

    return run


def test_the_platform_first_then_the_cell(site: World, up: Up) -> None:
    ends = up()
    assert [end for end, _ in ends.values()] == ["ran", "ran"]
    assert "created" in ends[CELL][1]
    assert site.kubectl("get", "deployment", "-n", f"tenant-{CODE}")["items"]


def test_a_change_runs_the_stack_of_its_tenant_alone(site: World, up: Up) -> None:
    """What is made from the same is passed by, and after the run so is this."""
    with site.tenant_file(CODE).open("a") as file:
        file.write("labels: {region: south}\n")
    ends = up()
    assert (ends["local"][0], ends[CELL][0]) == ("unchanged", "ran")
    assert "updated" in ends[CELL][1]


def test_the_gate_stays_shut_behind_a_tenant_without_pods(site: World, up: Up) -> None:
    """What others did to it is in no file: the cell is passed by, and looked at all the same."""
    name = site.kubectl("get", "deployment", "-n", f"tenant-{CODE}")["items"][0]["metadata"]["name"]
    site.run("kubectl", "delete", "deployment", name, "-n", f"tenant-{CODE}")
    ends = up(ok=3)
    assert (ends["local"][0], ends[CELL][0]) == ("unchanged", "unhealthy")
    assert CODE in ends[CELL][1]
    ends = up("--all", "--refresh", "--resume", ok=0)
    assert (ends["local"][0], ends[CELL][0]) == ("unchanged", "ran")
    assert "created" in ends[CELL][1]
