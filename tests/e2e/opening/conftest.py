"""One instance for all that is tried while tenants are opened."""

from collections.abc import Iterator

import pytest

from local.throwaway import World, throwaway
from tests.e2e.conftest import keep_only

FIRST = ("k001", "k002")


def declare(world: World, code: str) -> None:
    """A file for one more tenant, like that of k002."""
    text = world.tenant_file("k002").read_text()
    phone = next(line.split('"')[1] for line in text.splitlines() if line.startswith("phone:"))
    world.tenant_file(code).write_text(text.replace("k002", code).replace(phone, f"13700137{code[1:]}"))


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="package")
def opened(world: World) -> World:
    """Two tenants live."""
    keep_only(world, *FIRST)
    world.up()
    return world
