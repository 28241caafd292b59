"""The facts of a request's files against where its branch left the reference."""

from datetime import date
from pathlib import Path

import pytest

from tenantry.changes.request_facts import RequestFacts, request_facts
from tenantry.engine.stack.fleet_location import FleetLocation
from tenantry.model.lifecycle import Phase
from tenantry.names import DEFAULT_ZONE
from tenantry.reports.baseline import BaselineUnavailable
from tests.support.requests.repository import Clone


def facts(clone: Clone, base: str = "origin/main", cells: frozenset[str] | None = None) -> RequestFacts:
    return request_facts(base, FleetLocation("prod", clone.tenants, DEFAULT_ZONE, cells, date(2026, 11, 1)))


def test_nothing_changed(clone: Clone) -> None:
    found = facts(clone)
    assert (found.tenants, found.is_data_only) == ({}, True)
    assert found.base == found.head != ""


def test_one_tenant(clone: Clone) -> None:
    clone.replace("k001.yaml", "status: active", "status: suspended")
    (fact,) = facts(clone).tenants.values()
    assert (fact.code, fact.phases) == ("k001", (Phase.ACTIVE, Phase.SUSPENDED))


def test_a_branch_that_is_behind_has_changed_nothing_of_what_came_since(clone: Clone) -> None:
    other = Clone.of(clone.root.parent / "origin.git", clone.root.parent / "other")
    other.replace("k001.yaml", "status: active", "status: suspended")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:main")
    clone.git("fetch", "-q")
    assert facts(clone).tenants == {}


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("path", ["components/manifests/network_policy.py", "Pulumi.prod.yaml", "x.yaml"])
def test_a_file_beside_the_tenants_is_no_data(clone: Clone, path: str, is_committed: bool) -> None:
    file = clone.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x: 1\n")
    if is_committed:
        clone.commit()
    assert not facts(clone).is_data_only


def test_other_cells_are_not_of_the_stack(clone: Clone) -> None:
    clone.replace("k001.yaml", "status: active", "status: suspended")
    assert facts(clone, cells=frozenset({"elsewhere"})).tenants == {}


def test_a_rotation_of_one_key_and_of_all(clone: Clone) -> None:
    clone.replace("k002.yaml", "rotation: 3}", "rotation: 4}")
    clone.replace("k002.yaml", "credentials: {rotation: 2}", "credentials: {rotation: 3}")
    (fact,) = facts(clone).tenants.values()
    assert sorted(fact.rotated) == ["API key crm", "all passwords and keys"]


def test_a_directory_is_a_base_too(clone: Clone, prepared: Path) -> None:
    clone.replace("k001.yaml", "status: active", "status: suspended")
    found = facts(clone, str(prepared / "clone" / "tenants"))
    assert (list(found.tenants), found.is_data_only) == (["k001"], False)


@pytest.mark.parametrize("base", ["nothing-of-that-name", "--output=x"])
def test_a_base_that_is_none(clone: Clone, base: str) -> None:
    with pytest.raises(BaselineUnavailable):
        facts(clone, base)
