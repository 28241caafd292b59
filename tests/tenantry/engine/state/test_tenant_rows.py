"""The table shows what the stack says it holds."""

from typing import Any

import pytest

from tenantry.engine.state.deployment import Deployment
from tenantry.engine.state.tenant_rows import rows

BASE = "urn:pulumi:test::shop::"
TENANT = f"{BASE}tenantry:components:Tenant::"
FACTS = {"domain": "k001.yyup.cc", "database": "rent001", "namespace": "tenant-k001", "phase": "active", "cell": "main"}


def deployment(tenants: Any, *codes: str) -> Deployment:
    resources: list[dict[str, Any]] = [
        {"urn": f"{BASE}pulumi:pulumi:Stack::x", "type": "pulumi:pulumi:Stack", "outputs": {"tenants": tenants}}
    ]
    for code in codes:
        role = f"{BASE}tenantry:components:Tenant$postgresql:index/role:Role::{code}-owner"
        resources.append({"urn": f"{TENANT}{code}", "type": "tenantry:components:Tenant"})
        resources.append({"urn": role, "type": "x", "custom": True, "parent": f"{TENANT}{code}"})
    return Deployment({"resources": resources})


def test_facts_come_from_the_output() -> None:
    (row,) = rows(deployment({"k001": FACTS}, "k001"))
    assert (row.code, row.domain, row.phase, row.resources) == ("k001", "k001.yyup.cc", "active", 1)


def test_name_and_plan_come_from_the_file() -> None:
    (row,) = rows(deployment({"k001": FACTS}), {"k001": {"name": "示例", "plan": "basic"}, "k009": {"name": "x"}})
    assert (row.name, row.plan) == ("示例", "basic")


def test_a_tenant_that_a_failed_run_began_is_shown() -> None:
    listed = rows(deployment({"k001": FACTS}, "k002"))
    assert [(row.code, row.phase) for row in listed] == [("k001", "active"), ("k002", "")]


@pytest.mark.parametrize("tenants", [None, "x", 7, {"ciphertext": "v1"}, {"k001": {"domain": "x"}}])
def test_an_output_of_another_shape_shows_no_facts(tenants: Any) -> None:
    assert all(not row.domain for row in rows(deployment(tenants)))


def test_a_stack_that_was_never_made_has_no_tenants() -> None:
    assert rows(None) == []
    assert rows(Deployment({})) == []
