"""Real servers: one with the template for reading tests, a new one for each test that crashes its server."""

from collections.abc import Generator
from pathlib import Path

import pytest

from local.postgresql.temporary import TemporaryServer


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    """With the template; tests leave it as they found it."""
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        running.make_template()
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Generator[TemporaryServer]:
    """Without the template, for one test."""
    with TemporaryServer(tmp_path) as running:
        yield running
