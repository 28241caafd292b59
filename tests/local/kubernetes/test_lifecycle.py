"""One resource from preview to deletion, as the engine drives it."""

import json

import pytest
from kubernetes.client.exceptions import ApiException

from tests.local.kubernetes.conftest import UNKNOWN, Json, Kubelite, Plugin, RefusedError


def config_map(namespace: str, name: str = "it", **data: str) -> Json:
    return {"metadata": {"name": name, "namespace": namespace}, "data": data or {"colour": "red"}}


def role(namespace: str, *verbs: str) -> Json:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
    return {"metadata": {"name": "reader", "namespace": namespace}, "rules": rules}


def test_create_read_update_delete(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    resource = plugin.resource("rbac.authorization.k8s.io/v1:Role").create(role(namespace, "get"))
    rbac = kubelite.rbac
    assert resource.id == f"{namespace}/reader"
    assert not resource.diff(role(namespace, "get")).changes
    difference = resource.diff(role(namespace, "get", "list"))
    assert difference.paths == {"rules[0].verbs[1]": "ADD"}
    assert not difference.replaces
    resource.update(role(namespace, "get", "list"))
    assert rbac.read_namespaced_role("reader", namespace).rules[0].verbs == ["get", "list"]
    resource.delete()
    with pytest.raises(ApiException, match="404"):
        rbac.read_namespaced_role("reader", namespace)
    resource.delete()  # what is gone is fine


def test_the_state_is_small_and_quiet(plugin: Plugin, namespace: str) -> None:
    resource = plugin.resource("core/v1:ConfigMap").create(config_map(namespace))
    noise = {"managedFields", "resourceVersion", "generation", "annotations"}
    assert not noise & resource.outputs["metadata"].keys()
    before = json.dumps(resource.outputs, sort_keys=True)
    assert json.dumps(resource.refresh().outputs, sort_keys=True) == before
    assert "tenantry.io" not in before


def test_a_removed_field_is_removed(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    wanted = config_map(namespace)
    resource = plugin.resource("core/v1:ConfigMap").create(
        {**wanted, "metadata": {**wanted["metadata"], "labels": {"a": "b"}}}
    )
    resource.update(wanted)
    assert not kubelite.core.read_namespaced_config_map("it", namespace).metadata.labels


def test_unchanged_things_do_not_drift(plugin: Plugin, namespace: str) -> None:
    """Servers fill in defaults and rewrite quantities; a refresh must not call that a change."""
    wanted = {
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "hostNetwork": False,
                    "securityContext": {},
                    "containers": [
                        {
                            "name": "web",
                            "image": "example.invalid/web:1",
                            "ports": [{"containerPort": 3000}],
                            "env": [{"name": "A", "value": ""}, {"name": "B", "value": "b"}],
                            "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"cpu": 1}},
                        }
                    ],
                },
            },
        },
    }
    resource = plugin.resource("apps/v1:Deployment").create(wanted)
    checked = resource.inputs
    resource.refresh()
    assert not resource.diff(checked, checked=True).changes


def test_drift_is_found_and_put_right(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    wanted = role(namespace, "get")
    resource = plugin.resource("rbac.authorization.k8s.io/v1:Role").create(wanted)
    rbac = kubelite.rbac
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    rbac.patch_namespaced_role("reader", namespace, {"rules": everything})
    assert any(path.startswith("rules") for path in resource.refresh().diff(wanted).paths)
    resource.update(wanted)
    assert rbac.read_namespaced_role("reader", namespace).rules[0].verbs == ["get"]
    assert not resource.refresh().diff(wanted).changes


@pytest.mark.parametrize("explicit", [True, False], ids=["empty-list", "left-out"])
def test_an_opened_network_policy_is_closed_again(
    plugin: Plugin, kubelite: Kubelite, namespace: str, explicit: bool
) -> None:
    """The attack that matters: somebody adds a rule to a policy that denies all."""
    wanted: Json = {
        "metadata": {"name": "deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    if explicit:
        wanted["spec"]["ingress"] = []
    resource = plugin.resource("networking.k8s.io/v1:NetworkPolicy").create(wanted)
    assert not resource.refresh().diff(wanted).changes
    networking = kubelite.networking
    networking.patch_namespaced_network_policy("deny", namespace, {"spec": {"ingress": [{}]}})
    difference = resource.refresh().diff(wanted)
    assert any(path.startswith("spec.ingress") for path in difference.paths)
    resource.update(wanted)
    assert not networking.read_namespaced_network_policy("deny", namespace).spec.ingress


def test_a_narrowed_selector_is_drift(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    wanted: Json = {
        "metadata": {"name": "deny", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    resource = plugin.resource("networking.k8s.io/v1:NetworkPolicy").create(wanted)
    networking = kubelite.networking
    networking.patch_namespaced_network_policy(
        "deny", namespace, {"spec": {"podSelector": {"matchLabels": {"a": "b"}}}}
    )
    assert resource.refresh().diff(wanted).changes
    resource.update(wanted)
    assert not networking.read_namespaced_network_policy("deny", namespace).spec.pod_selector.match_labels


def test_what_vanished_reads_as_gone(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    resource = plugin.resource("core/v1:ConfigMap").create(config_map(namespace))
    kubelite.core.delete_namespaced_config_map("it", namespace)
    assert resource.refresh().id == ""


def test_preview_asks_the_server(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    resource = plugin.resource("core/v1:ConfigMap").create(config_map(namespace), preview=True)
    assert resource.outputs["metadata"]["uid"] == UNKNOWN
    assert resource.outputs["data"] == {"colour": "red"}
    assert not [m for m in kubelite.core.list_namespaced_config_map(namespace).items if m.metadata.name == "it"]
    with pytest.raises(RefusedError, match=r"\.dota"):
        plugin.resource("core/v1:ConfigMap").create({**config_map(namespace), "dota": {}}, preview=True)


@pytest.mark.parametrize("missing", ["namespace", "kind"])
def test_preview_of_what_needs_another_resource(plugin: Plugin, namespace: str, missing: str) -> None:
    """A namespace or definition that the same update makes is not there at the preview."""
    if missing == "namespace":
        resource = plugin.resource("core/v1:ConfigMap").create(config_map("not-yet"), preview=True)
    else:
        wanted = {"metadata": {"name": "x", "namespace": namespace}, "spec": {"floor": 1}}
        resource = plugin.resource("later.example.org/v1:Later").create(wanted, preview=True)
    assert resource.outputs["metadata"]["uid"] == UNKNOWN


def test_preview_with_unknown_inputs(plugin: Plugin, namespace: str) -> None:
    resource = plugin.resource("core/v1:ConfigMap").create(config_map(namespace, colour=UNKNOWN), preview=True)
    assert resource.outputs["data"] == {"colour": UNKNOWN}


@pytest.mark.parametrize("kind", ["missing namespace", "missing kind", "bad field"])
def test_refusals_name_the_object_and_a_remedy(plugin: Plugin, namespace: str, kind: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        match kind:
            case "missing namespace":
                plugin.resource("core/v1:ConfigMap").create(config_map("nowhere"))
            case "missing kind":
                plugin.resource("later.example.org/v1:Later").create(
                    {"metadata": {"name": "it", "namespace": namespace}}
                )
            case _:
                plugin.resource("core/v1:ConfigMap").create({**config_map(namespace), "dota": {}})
    message = str(refusal.value)
    assert "/it" in message
    assert {
        "missing namespace": "make the namespace",
        "missing kind": "CustomResourceDefinition",
        "bad field": "correct",
    }[kind] in message
    assert "goroutine" not in message


def test_any_kind_also_our_own(plugin: Plugin, namespace: str) -> None:
    """Kinds are found by asking the server; what it declares immutable is found out by trying."""
    wanted: Json = {"metadata": {"name": "hall", "namespace": namespace}, "spec": {"floor": 1, "colour": "red"}}
    resource = plugin.resource("house.example.org/v1:Room").create(wanted)
    painted = {**wanted, "spec": {"floor": 1, "colour": "blue"}}
    assert not resource.diff(painted).replaces
    resource.update(painted)
    lifted = {**wanted, "spec": {"floor": 2, "colour": "blue"}}
    difference = resource.diff(lifted)
    assert difference.replaces
    assert difference.delete_first
    resource.delete()


def test_a_definition_made_in_the_same_update(plugin: Plugin, namespace: str) -> None:
    definition: Json = {
        "metadata": {"name": "doors.house.example.org"},
        "spec": {
            "group": "house.example.org",
            "scope": "Namespaced",
            "names": {"plural": "doors", "singular": "door", "kind": "Door"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }
    made = plugin.resource("apiextensions.k8s.io/v1:CustomResourceDefinition", "doors").create(definition)
    door = plugin.resource("house.example.org/v1:Door").create(
        {"metadata": {"name": "front", "namespace": namespace}, "spec": {"width": 90}}
    )
    door.delete()
    made.delete()
    assert door.refresh().id == ""  # with its definition a kind is gone


def test_import(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    """An object that was written without a trace comes in whole, and a program that says less agrees with it."""
    labels = {"app": "web"}
    body = {
        "metadata": {"name": "web"},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 3000}]},
    }
    kubelite.core.create_namespaced_service(namespace, body)
    resource = plugin.resource("core/v1:Service").take(f"{namespace}/web")
    assert resource.inputs["spec"]["selector"] == labels
    wanted: Json = {"metadata": {"name": "web", "namespace": namespace}, "spec": body["spec"]}
    assert not resource.diff(wanted).changes
    wanted["spec"] = {**body["spec"], "ports": [{"port": 81, "targetPort": 3000}]}
    assert resource.diff(wanted).paths == {"spec.ports[0].port": "UPDATE"}


def test_import_of_what_was_applied(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    """Server-side apply and kubectl leave a trace of what was set; an import takes just that."""
    rooms = kubelite.objects("house.example.org/v1", "Room")
    rooms.server_side_apply(
        body={"apiVersion": "house.example.org/v1", "kind": "Room", "metadata": {"name": "hall"}, "spec": {"floor": 3}},
        name="hall",
        namespace=namespace,
        field_manager="somebody",
    )
    rooms.patch(
        body={"spec": {"colour": "red"}}, name="hall", namespace=namespace, content_type="application/merge-patch+json"
    )
    resource = plugin.resource("house.example.org/v1:Room").take(f"{namespace}/hall")
    assert resource.inputs["spec"] == {"floor": 3}


def test_import_of_nothing(plugin: Plugin, namespace: str) -> None:
    assert plugin.resource("core/v1:ConfigMap").take(f"{namespace}/nothing").id == ""
