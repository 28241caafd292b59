"""One instance for all tests of a folder: its conftest says `world = of_package()`."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.instances.throwaway import World, throwaway


def of_package(*, gateway: bool = False) -> Any:
    """A fixture `world`: services started, nothing converged yet; gone after the last test of the folder."""

    @pytest.fixture(scope="package", name="world")
    def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
        with throwaway(tmp_path_factory.mktemp("world"), gateway=gateway) as instance:
            yield instance

    return made
