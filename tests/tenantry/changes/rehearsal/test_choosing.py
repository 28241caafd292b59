"""The tenants that take part in a rehearsal, by the project's own tenants and what a request changes of them."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tenantry.changes.rehearsal.choosing import BYSTANDERS, MOST, Choice, Sides, choose
from tenantry.changes.report.rehearsal_result import Role
from tenantry.changes.request_facts import compare
from tenantry.fleet.load import PROJECT_TENANTS, load_fleet
from tests.support.requests.prepared_requests import NEW, TODAY, Edit, fleet_of_200, rate, replace, write

PURGED = "status: purged\ndeleted_at: 2026-09-01\nproof: k003-20261001T000000Z-0123456789abcdef"


@pytest.fixture
def chosen(tmp_path: Path) -> Callable[..., Choice]:
    def of(
        *edits: Edit, changed: Sequence[str] = (), before: Sequence[Edit] = (), is_data: bool = True, **more: object
    ) -> Choice:
        base = Path(shutil.copytree(PROJECT_TENANTS, Path(tempfile.mkdtemp(dir=tmp_path), "base")))
        for edit in before:
            edit(base)
        head = Path(shutil.copytree(base, base.with_name("head")))
        for edit in edits:
            edit(head)
        fleets = [load_fleet(folder, today=TODAY) for folder in (base, head)]
        facts = compare(fleets[0], fleets[1], None, is_data_only=is_data)
        sides = [{tenant.code: tenant for tenant in fleet.all} for fleet in fleets]
        return choose(Sides(sides[0], sides[1], frozenset(changed), facts), **more)  # pyright: ignore[reportArgumentType]  (options of the test)

    return of


def test_a_new_tenant_and_two_who_must_stay_as_they_are(chosen: Callable[..., Choice]) -> None:
    found = chosen(write("k023.yaml", NEW), changed=["k023"])
    assert found.codes(Role.AFFECTED) == ("k023",)
    assert len(found.codes(Role.BYSTANDER)) == BYSTANDERS
    assert found.left_out == ()
    assert {tenant.code: tenant.why for tenant in found.tenants}["k023"] == "opened by the request"


def test_a_file_that_changes_in_what_nobody_is_told_affects_its_tenant(chosen: Callable[..., Choice]) -> None:
    assert chosen(changed=["k005"]).codes(Role.AFFECTED) == ("k005",)


def test_bystanders_are_not_alike(chosen: Callable[..., Choice]) -> None:
    found = chosen(changed=["k001"], bystanders=3)
    assert len({tenant.why for tenant in found.tenants if tenant.role is Role.BYSTANDER}) == 3


def test_of_200_alike_a_few_stand_for_all(chosen: Callable[..., Choice]) -> None:
    found = chosen(rate, before=[fleet_of_200])
    assert len(found.codes(Role.AFFECTED)) == MOST
    assert len(found.left_out) > 150
    assert not {*found.codes()} & {*found.left_out}


def test_other_code_affects_one_of_each_plan_and_phase_first(chosen: Callable[..., Choice]) -> None:
    found, chosen_of_all = chosen(is_data=False), chosen(is_data=False, most=25)
    assert found.codes(Role.BYSTANDER) == ()
    assert len(found.tenants) == MOST
    whys = {tenant.why for tenant in found.tenants}
    assert len(whys) == len({tenant.why for tenant in chosen_of_all.tenants}) > 3


def test_who_is_named_takes_part_beyond_the_most(chosen: Callable[..., Choice]) -> None:
    named = ["k001", "k003", "k005"]
    assert chosen(is_data=False, named=named, most=1).codes(Role.AFFECTED) == tuple(named)


def test_nobody_of_that_name(chosen: Callable[..., Choice]) -> None:
    with pytest.raises(KeyError, match="k999"):
        chosen(named=["k999"])


def test_who_is_being_purged_is_left_out(chosen: Callable[..., Choice]) -> None:
    edit = replace("k003", "status: active", PURGED)
    found = chosen(edit, changed=["k003"])
    assert "k003" not in found.codes()
    assert found.left_out == ("k003",)
