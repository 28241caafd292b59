"""Ids are derived as the providers make them, marks of ownership are believed only when they are there."""

from typing import Any

import pytest

from tenantry.engine.state.resource_ids import carries_our_mark, derived_id, is_repeatable

LABELS = {"app.kubernetes.io/managed-by": "tenantry", "tenantry.io/tenant": "k001", "other": "x"}


def record(token: str, **inputs: Any) -> dict[str, Any]:
    return {"type": token, "urn": f"urn:pulumi:test::shop::{token}::x", "inputs": inputs, "custom": True}


@pytest.mark.parametrize(
    ("token", "inputs", "identity"),
    [
        ("postgresql:index/role:Role", {"name": "rent001"}, "rent001"),
        ("postgresql:index/database:Database", {"name": "rent001"}, "rent001"),
        ("alicloud:ram/role:Role", {"roleName": "tenant-k001"}, "tenant-k001"),
        ("alicloud:ram/role:Role", {"name": "tenant-k001"}, "tenant-k001"),
        ("alicloud:ram/policy:Policy", {"policyName": "tenant-k001"}, "tenant-k001"),
        (
            "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment",
            {"policyName": "p", "policyType": "Custom", "roleName": "r"},
            "role:p:Custom:r",
        ),
        (
            "alicloud:ram/userPolicyAttachment:UserPolicyAttachment",
            {"policyName": "p", "policyType": "System", "userName": "u"},
            "user:p:System:u",
        ),
        ("alicloud:ram/user:User", {"name": "broker"}, "broker"),
        ("alicloud:oss/bucket:Bucket", {"bucket": "systemkarder"}, "systemkarder"),
        ("alicloud:ims/oidcProvider:OidcProvider", {"oidcProviderName": "tenantry"}, "tenantry"),
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "tenant-k001"}}, "tenant-k001"),
        ("kubernetes:apps/v1:Deployment", {"metadata": {"name": "app", "namespace": "n"}}, "n/app"),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", {"metadata": {"name": "a", "namespace": "n"}}, "n/a"),
    ],
)
def test_the_id_follows_from_the_name(token: str, inputs: dict[str, Any], identity: str) -> None:
    assert derived_id(record(token, **inputs)) == identity
    assert not is_repeatable(token)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("postgresql:index/role:Role", {}),
        ("postgresql:index/role:Role", {"name": ""}),
        ("postgresql:index/role:Role", {"name": {"ciphertext": "x"}}),
        ("alicloud:ram/rolePolicyAttachment:RolePolicyAttachment", {"policyName": "p", "roleName": "r"}),
        ("kubernetes:core/v1:Namespace", {"metadata": {"generateName": "x-"}}),
        ("kubernetes:apps/v1:DeploymentPatch", {"metadata": {"name": "app"}}),
        ("alicloud:ram/accessKey:AccessKey", {"userName": "u"}),
        ("aws:s3/bucket:Bucket", {"bucket": "x"}),
    ],
)
def test_no_id_is_made_up(token: str, inputs: dict[str, Any]) -> None:
    assert derived_id(record(token, **inputs)) is None


@pytest.mark.parametrize(
    "token",
    [
        "random:index/randomPassword:RandomPassword",
        "tenantry:index:TenantRow",
        "postgresql:index/grant:Grant",
        "alicloud:oss/bucketAcl:BucketAcl",
        "pulumi:providers:postgresql",
    ],
)
def test_what_states_a_wish_is_simply_made_again(token: str) -> None:
    assert is_repeatable(token)


@pytest.mark.parametrize("token", ["alicloud:ram/accessKey:AccessKey", "alicloud:dns/alidnsRecord:AlidnsRecord"])
def test_what_would_be_made_twice_is_not(token: str) -> None:
    assert not is_repeatable(token)


def test_labels_of_ours_are_our_mark() -> None:
    assert carries_our_mark({"metadata": {"labels": LABELS}}, {"metadata": {"labels": {**LABELS, "other": "y"}}})


@pytest.mark.parametrize("missing", ["app.kubernetes.io/managed-by", "tenantry.io/tenant"])
def test_without_one_of_the_labels_it_is_not_ours(missing: str) -> None:
    found = {name: value for name, value in LABELS.items() if name != missing}
    assert not carries_our_mark({"metadata": {"labels": LABELS}}, {"metadata": {"labels": found}})


def test_another_tenants_label_is_not_ours() -> None:
    other = {**LABELS, "tenantry.io/tenant": "k002"}
    assert not carries_our_mark({"metadata": {"labels": LABELS}}, {"metadata": {"labels": other}})


@pytest.mark.parametrize("found", [{"description": "somebody's"}, {}])
def test_a_description_must_be_the_one_asked_for(found: dict[str, str]) -> None:
    assert not carries_our_mark({"description": "tenantry-k001"}, found)
    assert carries_our_mark({"description": "tenantry-k001"}, {"description": "tenantry-k001"})


def test_what_has_no_place_for_a_mark_needs_none() -> None:
    assert carries_our_mark({"name": "rent001"}, {"name": "rent001"})
