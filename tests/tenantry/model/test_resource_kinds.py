"""The table of resource kinds is what its readers take it for."""

import re

import pytest

from tenantry.model.resource_kinds import KINDS, Owner, data_kinds, kind_name, kinds_of


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("postgresql:index/role:Role", "postgresql:index:Role"),
        ("alicloud:ram/role:Role", "alicloud:ram:Role"),
        ("kubernetes:core/v1:Secret", "kubernetes:core:Secret"),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "kubernetes:gateway.networking.k8s.io:HTTPRoute"),
        ("tenantry:index:Opened", "tenantry:index:Opened"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
    ],
)
def test_a_type_has_one_name(token: str, name: str) -> None:
    assert kind_name(token) == name


@pytest.mark.parametrize("name", KINDS)
def test_a_row_is_whole(name: str) -> None:
    kind = KINDS[name]
    assert kind_name(name) == name
    assert kind.mark is None or kind.mark in kind.claims
    assert all(re.findall(r"\{\w+\}", template) for template in kind.ids)
    assert not kind.is_base or kind.owners == {Owner.FOUNDATION}


def test_whoever_may_declare_something_is_told_apart() -> None:
    tenants, platforms, foundations = map(kinds_of, Owner)
    assert "kubernetes:networking.k8s.io:NetworkPolicy" in tenants - platforms
    assert "alicloud:oss:Bucket" in platforms - tenants
    assert foundations
    assert not foundations & (tenants | platforms)
    assert set(data_kinds()) == {"postgresql:index:Database", "alicloud:oss:Bucket", "tenantry:index:Directories"}
