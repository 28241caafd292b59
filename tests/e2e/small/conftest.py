"""One instance, two tenants at first, for runs that are refused and for what goes over them from outside.

In the order of their names: commands of the pages, changes by hand, files that vanish, rules that are broken, changes of the schema,
a whole request.
"""

from collections.abc import Callable
from typing import Any

import pytest

from local.instances.throwaway import World
from tests.support.worlds import of_package

FIRST = ("k001", "k002")


world = of_package()


@pytest.fixture(scope="package")
def life(world: World, open_life: Callable[..., Any]) -> Any:
    """Two tenants live, the first with data."""
    return open_life(world, *FIRST)
