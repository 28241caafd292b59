"""The whole of a tenant: how much of it there is, who provides it, and that nothing is left to chance."""

from datetime import date
from importlib.metadata import version

import pytest

MOST_RESOURCES = 35
STEPS = {"k001-sessions", "k001-backup"}  # of a deletion: removing them removes nothing
PROVIDERS = {
    "kubernetes": {"kubernetes"},
    "postgresql": {"postgresql"},
    "alicloud": {"alicloud-system"},
    "random": {"random"},
    "tenantry": {"steps"},
}


def test_a_tenant_is_few_resources_each_of_its_own_name(parts, tenant) -> None:
    resources = parts(tenant()).descendants("k001")
    assert 20 < len(resources) <= MOST_RESOURCES
    assert len({result.name for result in resources}) == len(resources)


def test_every_child_has_an_explicit_provider_of_its_package(parts, tenant) -> None:
    children = [resource for resource in parts(tenant()).descendants("k001") if resource.custom]
    assert children
    for child in children:
        assert child.provider in PROVIDERS[child.type.partition(":")[0]], child.name


def test_every_child_lies_within_a_component(parts, tenant) -> None:
    recording = parts(tenant())
    components = {resource.name for resource in recording.resources if resource.type.startswith("tenantry:components:")}
    outside = [
        resource.name
        for resource in recording.resources
        if resource.custom and not resource.type.startswith("pulumi:providers:")
    ]
    inside = [resource.name for resource in recording.resources if resource.parent in components]
    assert set(outside) <= set(inside)
    assert [
        resource.name for resource in recording.resources if resource.name in components and not resource.parent
    ] == ["k001"]


def test_every_component_says_when_it_is_done(parts, tenant) -> None:
    recording = parts(tenant())
    components = {resource.name for resource in recording.resources if resource.type.startswith("tenantry:components:")}
    assert components <= recording.finished.keys()
    assert recording.finished["k001"]["domain"] == "k001.yyup.cc"


def test_only_what_holds_data_or_access_is_protected(parts, tenant) -> None:
    recording = parts(tenant())
    assert {resource.name for resource in recording.resources if resource.protect} == {
        "k001-opened",
        "k001-db-owner",
        "k001-db-database",
        "k001-files-directories",
        "k001-files-role",
        "k001-files-policy",
    }
    assert not any(resource.protect for resource in parts(tenant(), protect=False).resources)


@pytest.mark.parametrize(
    "changes", [{}, {"status": "suspended"}, {"status": "deleted", "deleted_at": date(2026, 10, 10)}]
)
def test_the_seal_stands_on_everything_else(parts, tenant, changes) -> None:
    """A destroy deletes it first, cannot, and so leaves the tenant whole."""
    recording = parts(tenant(**changes))
    rest = {
        resource.name
        for resource in recording.descendants("k001")
        if resource.custom and resource.name != "k001-opened"
    }
    assert rest - STEPS <= set(recording.named("k001-opened").after)


def test_a_step_that_fails_does_not_hold_the_seal(parts, tenant) -> None:
    """Skipped, it would still name the domain that goes in the same run, and the engine refuses such a record."""
    recording = parts(tenant(status="deleted", deleted_at=date(2026, 10, 10)))
    assert {resource.name for resource in recording.resources} >= STEPS
    assert not STEPS & set(recording.named("k001-opened").after)


def test_kubernetes_objects_ask_for_the_plugin_of_the_installed_sdk(parts, tenant) -> None:
    objects = [resource for resource in parts(tenant()).resources if resource.provider == "kubernetes"]
    assert {obj.version for obj in objects} == {version("pulumi-kubernetes")}


def test_no_deletion_in_the_cluster_is_waited_for_without_end(parts, tenant) -> None:
    objects = [resource for resource in parts(tenant()).resources if resource.provider == "kubernetes"]
    assert {obj.delete_timeout for obj in objects} == {"300s"}


PHYSICAL = ("name", "roleName", "policyName", "rr", "databaseName", "tenantId")


def names(recording, code: str) -> set[str]:
    """By which the tenant's resources are known to Pulumi, and to the systems they are in."""
    resources = {resource.name for resource in recording.descendants(code)}
    for resource in recording.descendants(code):
        resources |= {f"{resource.type} {resource.inputs[key]}" for key in PHYSICAL if key in resource.inputs}
        if metadata := resource.inputs.get("metadata"):
            resources.add(f"{resource.type} {metadata.get('namespace')}/{metadata['name']}")
    return resources


def test_two_tenants_share_no_name(parts, tenant) -> None:
    first = names(parts(tenant()), "k001")
    second = names(parts(tenant(code="k0011", phone="13800138002", name="另一个幼儿园")), "k0011")
    assert {"k001-app-secret", "kubernetes:core/v1:Secret tenant-k001/business-app"} <= first
    assert not first & second


def test_everything_is_marked_as_ours(parts, tenant) -> None:
    recording = parts(tenant())
    for resource in recording.resources:
        if resource.provider == "kubernetes":
            labels = resource.inputs["metadata"]["labels"]
            assert labels["app.kubernetes.io/managed-by"] == "tenantry"
            assert labels["tenantry.io/tenant"] == "k001"
    assert recording.one("AlidnsRecord").inputs["remark"] == "tenantry-k001"
    assert recording.named("k001-files-role").inputs["description"] == "tenantry-k001"
    assert recording.named("k001-files-policy").inputs["description"] == "tenantry-k001"


def test_nothing_is_replaced_by_itself(parts, tenant) -> None:
    """Two Kubernetes objects of one name are one object: the old one goes first, but no Namespace with all it holds."""
    objects = [resource for resource in parts(tenant()).resources if resource.provider == "kubernetes"]
    assert {obj.inputs["kind"]: obj.delete_first for obj in objects if obj.delete_first is not True} == {
        "Namespace": None
    }
