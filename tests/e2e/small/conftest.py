"""One instance, two tenants at first, for runs that are refused and for what goes over them from outside.

In the order of their names: files that vanish, rules that are broken, changes of the schema.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.throwaway import World, throwaway

FIRST = ("k001", "k002")


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="package")
def life(world: World, open_life: Callable[..., Any]) -> Any:
    """Two tenants live, the first with data."""
    return open_life(world, *FIRST)
