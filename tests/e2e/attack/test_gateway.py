"""The real gateway of an instance: what Envoy may connect to, who answers, and what its services do when told to."""

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from bench.crowd import crowd
from components.manifests import autoscaler
from local.gateway.choice import APPLICATIONS, GATEWAY
from local.instances.throwaway import World
from tenantry.inspection.verify.attacks.gateway import wire
from tenantry.inspection.verify.attacks.gateway.wire import Arrived
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of
from tenantry.notices import notice
from tests.e2e.attack.conftest import SUSPENDED
from tests.support.clients.gateway_requests import endpoint_of

K1, K2, K3, SHUT = (names_of(code, "13800138000") for code in ("k001", "k002", "k003", SUSPENDED))
SERVED_SECONDS = 30


@pytest.fixture(scope="module")
def endpoint(small: World) -> Endpoint:
    small.local("await-gateway")
    return endpoint_of(small)


def service(world: World, name: str) -> psutil.Process:
    record = json.loads((world.folder / ".local" / "run" / f"{name}.json").read_text())
    return psutil.Process(record["pid"])


def envoy(world: World) -> psutil.Process:
    (process,) = service(world, GATEWAY).children()
    return process


def admin(world: World, endpoint: Endpoint, path: str) -> Any:
    """Envoy's own view of itself, at the one port of its that no listener has."""
    listening = {
        connection.laddr.port for connection in envoy(world).net_connections("tcp") if is_listening(connection)
    }
    (port,) = listening - {endpoint.port, endpoint.plain_port}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    return json.loads(text) if text.startswith("{") else text


def is_listening(connection: Any) -> bool:
    return connection.status == psutil.CONN_LISTEN


def addresses(document: Any) -> Iterator[dict[str, Any]]:
    """Every address anywhere in a document of Envoy's."""
    if isinstance(document, dict):
        for kind in ("socket_address", "pipe", "envoy_internal_address"):
            if kind in document:
                yield {kind: document[kind]}
        for value in document.values():  # pyright: ignore[reportUnknownVariableType]  (JSON)
            yield from addresses(value)
    elif isinstance(document, list):
        for value in document:  # pyright: ignore[reportUnknownVariableType]  (JSON)
            yield from addresses(value)


def test_nothing_that_envoy_knows_leads_off_this_machine(small: World, endpoint: Endpoint) -> None:
    known = list(addresses(admin(small, endpoint, "/config_dump?include_eds")))
    known += list(addresses(admin(small, endpoint, "/clusters?format=json")))
    hosts = {address["socket_address"]["address"] for address in known if "socket_address" in address}
    pipes = {address["pipe"]["path"] for address in known if "pipe" in address}
    assert hosts == {"127.0.0.1"}
    assert not [address for address in known if "envoy_internal_address" in address]
    running = {
        pod["status"]["podIP"]
        for code in ("k001", "k002")
        for pod in small.kubectl("get", "pods", "-n", f"tenant-{code}")["items"]
    }
    assert {path.rpartition("/")[2].partition(":")[0] for path in pipes} >= running
    assert all(path.startswith("@tenantry-") for path in pipes)
    bootstrap = json.dumps(admin(small, endpoint, "/config_dump?resource=&mask=bootstrap"))
    assert '"upstream_bind_config": {"source_address": {"address": "127.0.0.1"' in bootstrap


def test_all_of_it_listens_on_the_loopback_interface_alone(small: World, endpoint: Endpoint) -> None:
    for process in (service(small, GATEWAY), service(small, APPLICATIONS), envoy(small)):
        connections = process.net_connections("inet")
        assert {connection.laddr.ip for connection in connections if is_listening(connection)} <= {"127.0.0.1"}
        assert {connection.raddr.ip for connection in connections if connection.raddr} <= {"127.0.0.1"}


def test_a_request_reaches_the_tenant_of_its_host_and_a_forged_header_changes_nothing(endpoint: Endpoint) -> None:
    for headers in ((), (("X-Tenant-Code", "k002"),)):
        arrived = wire.ask(endpoint, K1.domain, "/a?b=c", headers)
        assert (arrived.status, arrived.tenant, arrived.believed) == (200, "k001", ["k001"])
        assert arrived.seen["namespace"] == "tenant-k001"
        assert arrived.seen["path"] == "/a?b=c"
    assert wire.ask(endpoint, K2.domain).tenant == "k002"


def test_curl_finds_it_as_the_readme_says(small: World, endpoint: Endpoint) -> None:
    def curl(*options: str) -> str:
        command = ["sh", "-c", 'curl -sS -K "$TENANTRY_CURL" "$@"', "sh", *options]
        return subprocess.run(command, env=small.env, capture_output=True, text=True, check=True, timeout=30).stdout

    assert json.loads(curl("https://k001.yyup.cc/", "-H", "X-Tenant-Code: k002"))["tenant"] == "k001"
    assert curl("-o", "/dev/null", "-w", "%{http_code}", "https://k999.yyup.cc/") == "404"


def test_a_suspended_tenant_answers_with_its_notice_and_nobody_else(endpoint: Endpoint) -> None:
    for path in ("/", "/health", "/services/posters"):
        arrived = wire.ask(endpoint, SHUT.domain, path)
        assert (arrived.status, arrived.tenant) == (503, "")
        assert arrived.body.decode() == notice(Phase.SUSPENDED)
        assert arrived.headers["content-type"] == "text/html; charset=utf-8"


def metrics(world: World, endpoint: Endpoint) -> dict[str, float]:
    """What Prometheus scrapes of Envoy: series -> value."""
    text = admin(world, endpoint, "/stats/prometheus")
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def counted(world: World, endpoint: Endpoint) -> float:
    """The sum of the series that would wake k002, as its ScaledObject asks for them."""
    names = "|".join((autoscaler.REQUESTS, autoscaler.UNANSWERED))
    wanted = re.compile(rf'({names}){{.*envoy_cluster_name="httproute/{K2.namespace}/.*"}}')
    found = [value for series, value in metrics(world, endpoint).items() if wanted.fullmatch(series)]
    assert found, "a counter that appears with the first request has no rate"
    return sum(found)


def answered(endpoint: Endpoint, status: int) -> bool:
    return until(lambda: wire.ask(endpoint, K2.domain).status == status)


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SERVED_SECONDS
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return holds


def test_a_request_to_a_sleeping_tenant_is_counted_and_it_wakes(small: World, endpoint: Endpoint) -> None:
    """KEDA does not run here: the test takes the pods away and brings them back, as it would."""
    space, policies = ("-n", K2.namespace), small.kubectl("get", "backendtrafficpolicies", "-n", K2.namespace)["items"]
    names = [
        policy["metadata"]["name"] for policy in policies if policy["metadata"]["name"] in ("business-app", "realtime")
    ]

    def patch(value: str | None) -> None:
        for name in names:
            patch = json.dumps({"spec": {"routingType": value}})
            small.run("kubectl", "patch", "backendtrafficpolicy", name, *space, "--type", "merge", "-p", patch)

    def scale(number: int) -> None:
        small.run("kubectl", "scale", "deployment/business-app", *space, f"--replicas={number}")

    def is_refused_and_counted() -> bool:
        """Not at once: for a moment one of Envoy's threads still knows the pods."""
        before = counted(small, endpoint)
        return wire.ask(endpoint, K2.domain).status == 503 and counted(small, endpoint) > before

    patch("Service")
    try:
        assert until(lambda: any(f"{K2.namespace}/business-app" in series for series in metrics(small, endpoint)))
        assert answered(endpoint, 200)
        scale(0)
        assert until(is_refused_and_counted)
        scale(1)
        assert answered(endpoint, 200)
    finally:
        scale(1)
        patch(None)
    assert answered(endpoint, 200)


def test_who_is_put_to_sleep_says_so_and_wakes_with_its_file(small: World, endpoint: Endpoint) -> None:
    file = small.tenant_file("k002")
    text = file.read_text()
    file.write_text(text.replace("status: active", "status: active\nhibernated: true"))
    try:
        small.up()
        assert until(lambda: wire.ask(endpoint, K2.domain).body.decode() == notice(Phase.ASLEEP))
    finally:
        file.write_text(text)
        small.up()
    assert answered(endpoint, 200)


def test_a_failing_application_is_told_as_it_is(endpoint: Endpoint) -> None:
    assert wire.ask(endpoint, K1.domain, "/?tenantry-status=418").status == 418
    assert len(wire.ask(endpoint, K1.domain, "/?tenantry-bytes=3000000").body) == 3_000_000


def test_no_request_fails_while_pods_are_replaced(small: World, endpoint: Endpoint) -> None:
    """Each pod goes on for its time to drain, in which Envoy learns that it goes."""
    small.run("kubectl", "rollout", "restart", "deployment/business-app", "-n", "tenant-k001")
    answers: list[Arrived] = []
    pods: set[str] = set()
    with wire.Wire(endpoint, K1.domain) as connection:
        end = time.monotonic() + SERVED_SECONDS
        while time.monotonic() < end and len(pods) < 2:
            answers.append(connection.ask(K1.domain))
            pods.add(str(answers[-1].seen.get("pod")))
            time.sleep(0.02)
    assert {answer.status for answer in answers} == {200}
    assert len(pods) >= 2


def test_a_flood_of_one_leaves_the_others_alone(endpoint: Endpoint) -> None:
    """`python -m bench.gateway --minutes 10` does so with all tenants, and says how long their requests take."""
    seen = crowd(endpoint, K3, [K1, K2], calm_seconds=2, seconds=12)
    assert seen.flood[429] > 0
    assert (seen.calm.failed, seen.beside.failed) == ([], [])
    assert len(seen.beside.seconds) >= 20


@pytest.mark.parametrize("name", [GATEWAY, APPLICATIONS])
def test_a_killed_one_is_started_again_and_serves(small: World, endpoint: Endpoint, name: str) -> None:
    process, below = service(small, name), envoy(small)
    process.kill()
    process.wait(30)
    if name == GATEWAY:
        psutil.wait_procs([below], 30)
        assert not below.is_running()  # Envoy ends with the one that leads it
    assert f"{name} had ended by itself" in small.local("start").stdout
    small.local("await-gateway")
    assert wire.ask(endpoint, K1.domain).tenant == "k001"
