"""Names, defaults and replacements, all decided without asking a cluster."""

import time
from collections.abc import Callable

import pytest

from tests.local.kubernetes.conftest import SECRET_MARK, UNKNOWN, Json, Plugin, RefusedError, Resource, secret


@pytest.fixture(scope="module")
def offline(start_plugin: Callable[[Json], Plugin]) -> Plugin:
    """A plugin whose cluster does not answer: any question to it would fail."""
    return start_plugin({"kubeconfig": UNREACHABLE})


def held(plugin: Plugin, type_: str, inputs: Json, id_: str) -> Resource:
    """A resource as after its creation."""
    resource = plugin.resource(type_)
    resource.inputs = resource.check(inputs)
    resource.outputs, resource.id = resource.inputs, id_
    return resource


def named(inputs: Json) -> Json:
    return {**inputs, "metadata": {"name": "x", **inputs.get("metadata", {})}}


def test_names_are_made_and_kept(offline: Plugin) -> None:
    resource = offline.resource("core/v1:ConfigMap", "settings")
    first = resource.check({"data": {"a": "1"}}, b"seed")
    name = first["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert resource.check({"data": {"a": "1"}}, b"seed") == first
    resource.inputs = first
    assert resource.check({"data": {"a": "2"}}, b"other")["metadata"]["name"] == name


def test_a_given_name_is_left_alone(offline: Plugin) -> None:
    checked = offline.resource("core/v1:ConfigMap").check({"metadata": {"name": "mine", "labels": {}}})
    assert checked == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "labels": {}}}
    unknown = offline.resource("core/v1:ConfigMap").check({"metadata": {"name": UNKNOWN}})
    assert unknown["metadata"]["name"] == UNKNOWN


def test_nulls_are_not_given(offline: Plugin) -> None:
    checked = offline.resource("core/v1:ConfigMap").check({"metadata": {"name": "a", "labels": None}, "data": None})
    assert checked == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_secret_data_is_always_secret(offline: Plugin, key: str) -> None:
    checked = offline.resource("core/v1:Secret").check({"metadata": {"name": "a"}, key: {"k": "djE="}})
    assert SECRET_MARK in checked[key]


@pytest.mark.parametrize(
    ("type_", "inputs", "word"),
    [
        ("apps/v1:DeploymentPatch", {}, "Patch"),
        ("core/v1:ConfigMapList", {}, "List"),
        ("helm.sh/v3:Release", {}, "resources"),
        ("core/v1:ConfigMap", {"metadata": {"generateName": "a-"}}, "generateName"),
        ("core/v1:ConfigMap", {"kind": "Secret"}, "kind"),
        ("apps/v1:Deployment", {"apiVersion": "batch/v1"}, "apiVersion"),
    ],
)
def test_what_is_not_served_is_refused(offline: Plugin, type_: str, inputs: Json, word: str) -> None:
    with pytest.raises(RefusedError, match=word):
        offline.resource(type_).check(inputs)


WORKLOAD: Json = {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"spec": {"containers": [{"name": "c", "image": "i:1"}]}},
}


@pytest.mark.parametrize(
    ("type_", "before", "after", "replaces"),
    [
        ("core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, ["data.a"]),
        ("core/v1:ConfigMap", {"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"a": "2"}}}, []),
        ("core/v1:ConfigMap", {"metadata": {"name": "x"}}, {"metadata": {"name": "y"}}, ["metadata.name"]),
        ("core/v1:Secret", {"type": "a/b"}, {"type": "a/c"}, ["type"]),
        ("core/v1:Service", {"spec": {"clusterIP": "None"}}, {"spec": {"clusterIP": "10.96.0.9"}}, ["spec.clusterIP"]),
        ("core/v1:Service", {"spec": {"type": "ClusterIP"}}, {"spec": {"type": "NodePort"}}, []),
        (
            "apps/v1:Deployment",
            {"spec": WORKLOAD},
            {"spec": {**WORKLOAD, "selector": {"matchLabels": {"a": "c"}}}},
            ["spec.selector.matchLabels.a"],
        ),
        ("apps/v1:Deployment", {"spec": WORKLOAD}, {"spec": {**WORKLOAD, "replicas": 2}}, []),
        ("apps/v1:StatefulSet", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, ["spec.serviceName"]),
        ("apps/v1:StatefulSet", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, []),
        (
            "batch/v1:Job",
            {"spec": WORKLOAD},
            {"spec": {**WORKLOAD, "template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}},
            ["spec.template.spec.containers[0].image"],
        ),
        ("core/v1:Pod", {"spec": {"containers": [{"image": "i:1"}]}}, {"spec": {"containers": [{"image": "i:2"}]}}, []),
        ("core/v1:Pod", {"spec": {"nodeName": "a"}}, {"spec": {"nodeName": "b"}}, ["spec.nodeName"]),
        (
            "core/v1:PersistentVolumeClaim",
            {"spec": {"storageClassName": "a"}},
            {"spec": {"storageClassName": "b"}},
            ["spec.storageClassName"],
        ),
        (
            "core/v1:PersistentVolumeClaim",
            {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
            {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
            [],
        ),
        (
            "rbac.authorization.k8s.io/v1:RoleBinding",
            {"roleRef": {"name": "a"}},
            {"roleRef": {"name": "b"}},
            ["roleRef.name"],
        ),
        ("storage.k8s.io/v1:StorageClass", {"parameters": {"a": "b"}}, {"parameters": {}}, ["parameters.a"]),
    ],
)
def test_replacements(offline: Plugin, type_: str, before: Json, after: Json, replaces: list[str]) -> None:
    resource = held(offline, type_, named(before), "ns/x")
    difference = resource.diff(named(after))
    assert difference.changes
    assert difference.replaces == replaces
    assert difference.delete_first == (replaces != ["metadata.name"])  # also where the engine alone wants to replace


def test_another_namespace_is_another_object(offline: Plugin) -> None:
    resource = held(offline, "core/v1:ServiceAccount", {"metadata": {"name": "x", "namespace": "a"}}, "a/x")
    difference = resource.diff({"metadata": {"name": "x", "namespace": "b"}})
    assert difference.replaces == ["metadata.namespace"]
    assert not difference.delete_first


def test_a_made_name_is_replaced_before_it_is_deleted(offline: Plugin) -> None:
    resource = held(offline, "core/v1:ConfigMap", {"data": {"a": "1"}}, "ns/x")
    difference = resource.diff({"data": {"a": "2"}})
    assert difference.replaces
    assert not difference.delete_first


@pytest.mark.parametrize(
    ("kind", "setting"), [("ConfigMap", "enableConfigMapMutable"), ("Secret", "enableSecretMutable")]
)
def test_contents_change_in_place_when_told_so(start_plugin: Callable[[Json], Plugin], kind: str, setting: str) -> None:
    plugin = start_plugin({"kubeconfig": UNREACHABLE, setting: "true"})  # the SDK sends JSON text
    before = {"metadata": {"name": "x"}, "data": {"a": "MQ=="}}
    resource = held(plugin, f"core/v1:{kind}", before, "ns/x")
    assert not resource.diff({**before, "data": {"a": "Mg=="}}).replaces
    frozen = held(plugin, f"core/v1:{kind}", {**before, "immutable": True}, "ns/x")
    assert frozen.diff({**before, "immutable": True, "data": {"a": "Mg=="}}).replaces


def test_paths_with_dots_are_quoted(offline: Plugin) -> None:
    resource = held(offline, "core/v1:ServiceAccount", {"metadata": {"name": "x", "labels": {"a.b/c": "1"}}}, "ns/x")
    paths = resource.diff({"metadata": {"name": "x", "labels": {"a.b/c": "2"}}}).paths
    assert paths == {'metadata.labels["a.b/c"]': "UPDATE"}


def test_a_value_that_becomes_secret_is_a_change(offline: Plugin) -> None:
    resource = held(
        offline, "core/v1:ServiceAccount", {"metadata": {"name": "x", "annotations": {"a": "value"}}}, "ns/x"
    )
    assert resource.diff({"metadata": {"name": "x", "annotations": {"a": secret("value")}}}).changes


def test_unchanged_costs_next_to_nothing(offline: Plugin) -> None:
    """The engine asks this for every resource of the stack at every update; two calls must stay below 10 ms.

    The quickest of many: a busy machine delays some of them.
    """
    inputs = {"metadata": {"name": "x", "namespace": "ns"}, "spec": WORKLOAD}
    resource = held(offline, "apps/v1:Deployment", inputs, "ns/x")
    rounds: list[float] = []
    for _ in range(200):
        began = time.perf_counter()
        assert not resource.diff(inputs).changes
        rounds.append(time.perf_counter() - began)
    assert min(rounds) < 0.010


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"enableServerSideApply": "false"}, "server-side"),
        ({"renderYamlToDirectory": "out"}, "render"),
        ({"kubeconfg": "typing error"}, "kubeconfg"),
        ({"enableSecretMutable": "perhaps"}, "true or false"),
        ({"kubeClientSettings": '{"qps": "fast"}'}, "qps"),
    ],
)
def test_settings_without_effect_are_refused(start_plugin: Callable[[Json], Plugin], settings: Json, word: str) -> None:
    (failure,) = start_plugin(settings).failures
    assert word in failure


def test_settings_of_the_sdk_are_accepted(start_plugin: Callable[[Json], Plugin]) -> None:
    names = ["cluster", "clusterIdentifier", "context", "kubeconfig", "namespace"]
    switches = [
        "deleteUnreachable",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "skipUpdateUnreachable",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "upsertExistingObjects",
    ]
    settings = (
        dict.fromkeys(names, "a") | dict.fromkeys(switches, "true") | {"kubeClientSettings": '{"qps": 10, "burst": 20}'}
    )
    assert start_plugin(settings).failures == []


UNREACHABLE = """
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
users: [{name: a, user: {token: a}}]
current-context: a
"""
