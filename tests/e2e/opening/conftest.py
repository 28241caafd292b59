"""One instance for all that is tried while tenants are opened."""

import pytest

from local.instances.throwaway import World
from tests.e2e.conftest import keep_only
from tests.support.worlds import of_package

FIRST = ("k001", "k002")


def declare(world: World, code: str) -> None:
    """A file for one more tenant, like that of k002."""
    text = world.tenant_file("k002").read_text()
    phone = next(line.split('"')[1] for line in text.splitlines() if line.startswith("phone:"))
    world.tenant_file(code).write_text(text.replace("k002", code).replace(phone, f"13700137{code[1:]}"))


world = of_package()


@pytest.fixture(scope="package")
def opened(world: World) -> World:
    """Two tenants live."""
    keep_only(world, *FIRST)
    world.up()
    return world
