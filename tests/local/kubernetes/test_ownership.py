"""Objects that a killed run left are adopted; those of others are not touched."""

from collections.abc import Callable

import pytest

from tests.local.kubernetes.conftest import Json, Kubelite, Plugin, RefusedError


def wanted(namespace: str) -> Json:
    return {"metadata": {"name": "it", "namespace": namespace}, "data": {"colour": "red"}}


def test_the_same_resource_adopts_what_a_killed_run_made(plugin: Plugin, namespace: str) -> None:
    first = plugin.resource("core/v1:ConfigMap", "settings").create(wanted(namespace))
    again = plugin.resource("core/v1:ConfigMap", "settings").create(wanted(namespace))  # the state never heard of it
    assert again.outputs["metadata"]["uid"] == first.outputs["metadata"]["uid"]


def test_a_renamed_resource_does_not(plugin: Plugin, namespace: str) -> None:
    """The engine deletes the old name next: adopting first would lose the object."""
    plugin.resource("core/v1:ConfigMap", "settings").create(wanted(namespace))
    for preview in (True, False):
        with pytest.raises(RefusedError, match="alias"):
            plugin.resource("core/v1:ConfigMap", "renamed").create(wanted(namespace), preview=preview)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_objects_of_others_are_refused_with_the_way_to_import(
    plugin: Plugin, kubelite: Kubelite, namespace: str, preview: bool
) -> None:
    core = kubelite.core
    core.create_namespaced_config_map(
        namespace, {"metadata": {"name": "it"}, "data": {"colour": "blue"}}, field_manager="helm"
    )
    with pytest.raises(RefusedError) as refusal:
        plugin.resource("core/v1:ConfigMap", "settings").create(wanted(namespace), preview=preview)
    assert f"pulumi import kubernetes:core/v1:ConfigMap settings {namespace}/it" in str(refusal.value)
    assert "helm" in str(refusal.value)
    assert core.read_namespaced_config_map("it", namespace).data == {"colour": "blue"}


def test_a_preview_knows_what_is_replaced_in_its_place(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    """An imported object bears no mark of ours and is still there when its replacement is previewed."""
    kubelite.core.create_namespaced_config_map(namespace, {"metadata": {"name": "it"}, "data": {"colour": "blue"}})
    taken = plugin.resource("core/v1:ConfigMap", "settings").take(f"{namespace}/it")
    assert taken.diff(wanted(namespace)).replaces
    assert taken.create(wanted(namespace), preview=True).outputs["data"] == {"colour": "red"}


def test_a_preview_of_a_move_refuses_what_others_have_there(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    moved = plugin.resource("core/v1:ConfigMap", "moved").create(wanted(namespace))
    kubelite.core.create_namespaced_config_map("default", {"metadata": {"name": "it"}})
    try:
        assert moved.diff(wanted("default")).replaces
        with pytest.raises(RefusedError, match="pulumi import kubernetes:core/v1:ConfigMap moved default/it"):
            moved.create(wanted("default"), preview=True)
    finally:
        kubelite.core.delete_namespaced_config_map("it", "default")


def test_our_label_is_enough(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    labels = {"app.kubernetes.io/managed-by": "tenantry"}
    kubelite.core.create_namespaced_config_map(namespace, {"metadata": {"name": "it", "labels": labels}})
    assert plugin.resource("core/v1:ConfigMap").create(wanted(namespace)).id == f"{namespace}/it"


def test_the_control_planes_service_account_may_be_completed(plugin: Plugin, namespace: str) -> None:
    """Every namespace is born with it; a hardened one stops it from mounting its token."""
    metadata = {"name": "default", "namespace": namespace}
    wanted = {"metadata": metadata, "automountServiceAccountToken": False}
    resource = plugin.resource("core/v1:ServiceAccount").create(wanted)
    assert resource.outputs["automountServiceAccountToken"] is False


def test_what_completes_it_leaves_it_when_it_goes(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    """Official plugins do the same; these refuse to make the account as a whole."""
    metadata = {"name": "default", "namespace": namespace}
    wanted = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}
    resource = plugin.resource("core/v1:ServiceAccountPatch").create(wanted)
    assert resource.id == f"{namespace}/default"
    made = kubelite.core.read_namespaced_service_account("default", namespace)
    assert made.automount_service_account_token is False
    resource.update(wanted | {"metadata": metadata | {"labels": {"a": "b"}}})
    resource.delete()
    left = kubelite.core.read_namespaced_service_account("default", namespace)
    assert left.metadata.uid == made.metadata.uid


def test_upsert_when_told_so(start_plugin: Callable[[Json], Plugin], kubelite: Kubelite, namespace: str) -> None:
    plugin = start_plugin({"kubeconfig": kubelite.kubeconfig.read_text(), "upsertExistingObjects": "true"})
    kubelite.core.create_namespaced_config_map(namespace, {"metadata": {"name": "it"}})
    assert plugin.resource("core/v1:ConfigMap").create(wanted(namespace)).outputs["data"] == {"colour": "red"}


def test_an_object_that_is_being_deleted_is_waited_for(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    core = kubelite.core
    for number in range(3):
        resource = plugin.resource("apps/v1:Deployment", f"r{number}")
        labels = {"a": f"b{number}"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": "example.invalid/a:1"}]},
            },
        }
        resource.create({"metadata": {"name": "web", "namespace": namespace}, "spec": spec})
        kubelite.apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    assert core.read_namespace(namespace).status.phase == "Active"


def test_objects_without_a_namespace_go_to_the_providers(
    start_plugin: Callable[[Json], Plugin], kubelite: Kubelite, namespace: str
) -> None:
    plugin = start_plugin({"kubeconfig": kubelite.kubeconfig.read_text(), "namespace": namespace})
    resource = plugin.resource("core/v1:ConfigMap").create({"metadata": {"name": "it"}, "data": {"a": "b"}})
    assert resource.id == f"{namespace}/it"
    assert not resource.diff({"metadata": {"name": "it"}, "data": {"a": "b"}}).changes
