"""One instance for what a plan gives and for what changes within it: quotas, services, keys."""

import pytest
from kubernetes import client, config

from local.instances.throwaway import World
from tests.support.worlds import of_package

world = of_package(gateway=True)


@pytest.fixture(scope="package")
def api(world: World) -> client.ApiClient:
    """A client of the administrator, who is under every quota as everybody else."""
    return config.new_client_from_config(world.env["KUBECONFIG"])
