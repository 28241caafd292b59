"""A tenant of two pods loses one while requests come, and no request is lost."""

import pytest

from bench.load import through, under_load
from local.instances.throwaway import World
from tenantry.names import names_of
from tests.support.clients.gateway_requests import endpoint_of
from tests.support.four import TENANTS, open_four, running, until

CODE = TENANTS["enterprise"]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def opened(world: World) -> World:
    return open_four(world)


def names_of_pods(world: World) -> list[str]:
    listed = world.kubectl("get", "pods", "-n", f"tenant-{CODE}", "-l", "app.kubernetes.io/name=business-app")["items"]
    return [pod["metadata"]["name"] for pod in listed if "deletionTimestamp" not in pod["metadata"]]


def test_no_request_fails_when_one_of_two_pods_is_deleted(opened: World) -> None:
    until(lambda: running(opened, CODE) == 2, "the autoscaler has not begun")
    opened.local("await-gateway")
    endpoint, names, (first, *others) = endpoint_of(opened), names_of(CODE, "13800138000"), names_of_pods(opened)
    assert others

    def delete() -> None:
        opened.run("kubectl", "delete", "pod", first, "-n", f"tenant-{CODE}")

    load = under_load(lambda: through(endpoint, names), delete)
    assert first not in names_of_pods(opened)
    assert load.failed == []
    assert len(load.seconds) > 100
