"""One instance for what a plan gives and for what changes within it: quotas, services, keys."""

from collections.abc import Iterator

import pytest
from kubernetes import client, config

from local.throwaway import World, throwaway


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="package")
def api(world: World) -> client.ApiClient:
    """As the administrator, who is under every quota as everybody else."""
    return config.new_client_from_config(world.env["KUBECONFIG"])
