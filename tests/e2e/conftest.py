"""One throw-away instance a module: its tests share it and run in the order of the file."""

from collections.abc import Iterator

import pytest

from local.throwaway import World, throwaway


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as one:
        yield one


@pytest.fixture(scope="module")
def converged(world: World) -> World:
    """The thirteen tenants opened."""
    world.up()
    return world
