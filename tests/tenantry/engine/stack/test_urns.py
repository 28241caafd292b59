"""A resource is told with its tenant and its step."""

import pytest

from tenantry.engine.stack.urns import ResourceOwner, describe, name_of, place_of, type_of

BASE = "urn:pulumi:test::shop::"
STACK = f"{BASE}pulumi:pulumi:Stack::shop-test"
TENANT = f"{BASE}tenantry:components:Tenant::k001"
DATABASE = f"{BASE}tenantry:components:Tenant$tenantry:components:Database::k001-db"
ROLE = f"{BASE}tenantry:components:Tenant$tenantry:components:Database$postgresql:index/role:Role::k001-db-owner"
RECORD = f"{BASE}tenantry:components:Tenant$alicloud:dns/alidnsRecord:AlidnsRecord::k001-dns"
PLATFORM = f"{BASE}tenantry:components:Platform::platform"
BUCKET = f"{BASE}tenantry:components:Platform$tenantry:components:Bucket::platform-system"
OBJECT = f"{BASE}tenantry:components:Platform$tenantry:components:Bucket$alicloud:oss/bucket:Bucket::b::c"
NAMESPACE = f"{BASE}tenantry:components:Platform$kubernetes:core/v1:Namespace::platform-namespace"
PROVIDER = f"{BASE}pulumi:providers:postgresql::main"
PARENTS = {
    TENANT: STACK,
    DATABASE: TENANT,
    ROLE: DATABASE,
    RECORD: TENANT,
    PLATFORM: STACK,
    BUCKET: PLATFORM,
    OBJECT: BUCKET,
    NAMESPACE: PLATFORM,
    PROVIDER: STACK,
}


@pytest.mark.parametrize(
    ("urn", "place"),
    [
        (TENANT, ResourceOwner("k001", "")),
        (DATABASE, ResourceOwner("k001", "database")),
        (ROLE, ResourceOwner("k001", "database")),
        (RECORD, ResourceOwner("k001", "dns")),
        (PLATFORM, ResourceOwner("", "")),
        (OBJECT, ResourceOwner("", "bucket")),
        (NAMESPACE, ResourceOwner("", "namespace")),
        (PROVIDER, ResourceOwner("", "")),
        (STACK, ResourceOwner("", "")),
        ("", ResourceOwner("", "")),
    ],
)
def test_tenant_and_step_follow_from_the_parents(urn: str, place: ResourceOwner) -> None:
    assert place_of(urn, PARENTS) == place


def test_parents_that_run_in_a_circle_end() -> None:
    assert place_of(ROLE, {ROLE: DATABASE, DATABASE: ROLE}).tenant == ""


def test_names_may_hold_colons() -> None:
    assert name_of(OBJECT) == "b::c"
    assert type_of(OBJECT) == "alicloud:oss/bucket:Bucket"
    assert describe(ROLE) == "k001-db-owner (postgresql:index/role:Role)"
