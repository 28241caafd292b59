"""One instance for the attacks of `tenantry verify` and for the controls that are taken away under them."""

from collections.abc import Iterator

import pytest

from local.throwaway import World, throwaway
from tests.e2e.conftest import keep_only

KEPT = ("k001", "k002", "k003", "k007")  # the phones of the first and the third differ in the last two digits alone
SUSPENDED = "k007"  # it has a namespace, and no access


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="package")
def small(world: World) -> World:
    """Three tenants that live, and one that is suspended."""
    keep_only(world, *KEPT)
    file = world.tenant_file(SUSPENDED)
    file.write_text(file.read_text().replace("status: active", "status: suspended"))
    assert "status: suspended" in file.read_text()
    world.up()
    return world
