"""One instance for the attacks of `tenantry verify` and for the controls that are taken away under them."""

import pytest

from local.instances.throwaway import World
from tests.e2e.conftest import keep_only
from tests.support.worlds import of_package

KEPT = ("k001", "k002", "k003", "k007")  # the phones of the first and the third differ in the last two digits alone
SUSPENDED = "k007"  # it has a namespace, and no access


world = of_package(gateway=True)


@pytest.fixture(scope="package")
def small(world: World) -> World:
    """Three tenants that live, and one that is suspended."""
    keep_only(world, *KEPT)
    file = world.tenant_file(SUSPENDED)
    file.write_text(file.read_text().replace("status: active", "status: suspended"))
    assert "status: suspended" in file.read_text()
    world.up()
    return world
