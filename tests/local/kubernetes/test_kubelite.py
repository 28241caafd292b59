"""The control plane itself: who gets in, what it refuses, what survives."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.utils.quantity import parse_quantity

from tests.local.kubernetes.conftest import Json, Kubelite


@pytest.fixture
def own(binary: Callable[[str], Path], definitions: Path, tmp_path: Path) -> Iterator[Kubelite]:
    """A control plane that a test may kill."""
    server = Kubelite(binary("kubelite"), tmp_path / "kubernetes", definitions)
    server.start()
    yield server
    if server.process and server.process.poll() is None:
        server.stop(signal.SIGKILL)


def pod(**security: object) -> Json:
    container = {"name": "a", "image": "example.invalid/a:1", "securityContext": security}
    return {"metadata": {"name": "a"}, "spec": {"containers": [container]}}


def test_killed_it_comes_back_with_everything(own: Kubelite) -> None:
    core = own.core
    core.create_namespace({"metadata": {"name": "kept"}})
    core.create_namespaced_config_map("kept", {"metadata": {"name": "it"}, "data": {"a": "b"}})
    token = own.kubeconfig.read_text()
    own.stop(signal.SIGKILL)
    own.start()
    assert own.core.read_namespaced_config_map("it", "kept").data == {"a": "b"}
    assert own.kubeconfig.read_text() == token
    assert own.stop() < 10
    assert own.process
    assert own.process.returncode == 0
    assert not (own.directory / "ready").exists()


def test_pods_run_at_once_after_a_restart(own: Kubelite) -> None:
    """The process that played the kubelets before left nothing behind that its successor would have to wait for."""
    own.core.create_namespace({"metadata": {"name": "busy"}})
    own.stop(signal.SIGKILL)
    own.start()
    for number in range(12):
        spec = {**pod(), "metadata": {"name": f"p{number}"}}
        _eventually(lambda spec=spec: own.core.create_namespaced_pod("busy", spec), 10)
        time.sleep(0.3)
    _eventually(lambda: _all_run(own), 10)


def _all_run(own: Kubelite) -> None:
    phases = [item.status.phase for item in own.core.list_namespaced_pod("busy").items]
    assert phases == ["Running"] * 12, phases


def _eventually(attempt: Callable[[], object], seconds: float) -> None:
    """Runs it until it does not fail, or fails as it did when the time was up."""
    end = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except (ApiException, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def test_a_second_one_keeps_out(kubelite: Kubelite) -> None:
    command = [kubelite.binary, f"--dir={kubelite.directory}", "--port=1", "--etcd-port=2"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "another kubelite" in second.stderr
    assert (kubelite.directory / "ready").exists()


def test_nobody_gets_in_without_a_token(kubelite: Kubelite) -> None:
    for token in ("wrong",):
        with pytest.raises(ApiException, match="401"):
            client.CoreV1Api(kubelite.api(token)).list_namespace()
    anonymous = kubelite.api()
    anonymous.configuration.api_key = {}
    with pytest.raises(ApiException, match="401"):
        client.CoreV1Api(anonymous).list_namespace()


@pytest.mark.parametrize("which", ["etcd_port", "peer_port"])
def test_etcd_answers_only_its_own(kubelite: Kubelite, which: str) -> None:
    """Whoever reads etcd reads every Secret."""
    with socket.create_connection(("127.0.0.1", getattr(kubelite, which)), 5) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.settimeout(5)
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert b"200" not in answer


def test_files_are_the_owners(kubelite: Kubelite) -> None:
    for name in ("kubeconfig", "tokens.csv", "sa.key", "jwks.json"):
        assert (kubelite.directory / name).stat().st_mode & 0o077 == 0, name


def test_the_key_set_is_that_of_the_tokens(kubelite: Kubelite, namespace: str) -> None:
    (key,) = json.loads((kubelite.directory / "jwks.json").read_text())["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    assert "d" not in key


def test_three_nodes_have_room(kubelite: Kubelite) -> None:
    nodes = kubelite.core.list_node().items
    assert len(nodes) == 3
    assert all(parse_quantity(node.status.allocatable["pods"]) >= 1000 for node in nodes)
    assert len({node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes}) == 3


def test_a_service_account_is_who_it_is_and_may_do_only_that(kubelite: Kubelite, namespace: str) -> None:
    core = kubelite.core
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "app"}})
    request = {"spec": {"expirationSeconds": 600, "audiences": ["https://kubernetes.default.svc"]}}
    token = core.create_namespaced_service_account_token("app", namespace, request).status.token
    own = kubelite.api(token)
    authentication: Any = client.AuthenticationV1Api(own)
    who = authentication.create_self_subject_review({}).status.user_info.username
    assert who == f"system:serviceaccount:{namespace}:app"
    with pytest.raises(ApiException, match="403"):
        client.CoreV1Api(own).list_namespaced_secret(namespace)


@pytest.mark.parametrize("by", ["pod security", "admission policy", "quota", "limit range"])
def test_admission_refuses(kubelite: Kubelite, namespace: str, by: str) -> None:
    api = kubelite.api()
    core = kubelite.core
    wanted = pod(privileged=True)
    match by:
        case "pod security":
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            core.patch_namespace(namespace, {"metadata": {"labels": labels}})
            word = "PodSecurity"
        case "admission policy":
            core.patch_namespace(namespace, {"metadata": {"labels": {"guarded": namespace}}})
            _guard(api, namespace)
            word = "not here"
        case "quota":
            core.create_namespaced_resource_quota(
                namespace, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
            )
            word = "exceeded quota"
        case _:
            limit = {"type": "Container", "max": {"memory": "64Mi"}}
            core.create_namespaced_limit_range(namespace, {"metadata": {"name": "l"}, "spec": {"limits": [limit]}})
            wanted["spec"]["containers"][0]["resources"] = {"limits": {"memory": "1Gi"}}
            word = "maximum memory usage"
    refusal = _refusal(core, namespace, wanted)
    assert word in refusal


def _refusal(core: Any, namespace: str, wanted: Json) -> str:
    """The API server's words; a new policy or quota takes a moment to count."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            core.create_namespaced_pod(namespace, wanted)
        except ApiException as error:
            said = str(error.body)
            if "status unknown for quota" not in said and "error looking up service account" not in said:
                return said
        else:
            core.delete_namespaced_pod("a", namespace, grace_period_seconds=0)
        time.sleep(0.2)
    pytest.fail("the pod was let in")


def _guard(api: client.ApiClient, name: str) -> None:
    admission: Any = client.AdmissionregistrationV1Api(api)
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    admission.create_validating_admission_policy(
        {
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": "false", "message": "not here"}],
            },
        }
    )
    selected = {"namespaceSelector": {"matchLabels": {"guarded": name}}}
    admission.create_validating_admission_policy_binding(
        {
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": selected},
        }
    )


def test_many_namespaces_go_quickly(kubelite: Kubelite) -> None:
    """Upstream's controller would take 15 s for one with pods, and longer for each more."""
    core, apps = kubelite.core, kubelite.apps
    names = [f"gone-{number}" for number in range(20)]
    labels = {"a": "b"}
    container = {"name": "a", "image": "example.invalid/a:1"}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    for name in names:
        core.create_namespace({"metadata": {"name": name}})
        apps.create_namespaced_deployment(name, {"metadata": {"name": "a"}, "spec": spec})
    while not all(apps.read_namespaced_deployment("a", name).status.available_replicas for name in names):
        time.sleep(0.2)
    began = time.monotonic()
    for name in names:
        core.delete_namespace(name)
    while {namespace.metadata.name for namespace in core.list_namespace().items} & set(names):
        assert time.monotonic() - began < 30
        time.sleep(0.1)
