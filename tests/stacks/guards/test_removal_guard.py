"""A tenant's file that is gone, renamed or moved never takes the tenant with it: the run stops first."""

from datetime import date
from pathlib import Path
from typing import Any

import pulumi
import pytest

from stacks.config import StackScope
from stacks.guards.removal_guard import refuse_vanished, vanished
from stacks.last_run import LastTenant, parsed
from tenantry.fleet.load import load_fleet

TODAY = date(2026, 10, 20)
FOLDER = "people"
EVERYTHING = StackScope(platform=True, cells=None)
PROOF = "k002-20260901T000000Z-0123456789abcdef"
PURGING = {"status": "purged", "proof": PROOF, "deleted_at": date(2026, 8, 1)}


def held(phase: str = "active", cell: str = "main", phone: str | None = None) -> LastTenant:
    return LastTenant(phase, cell, None, prefix=f"kindergarten/rent/{phone}/" if phone else None)


def load(folder: Path) -> Any:
    return load_fleet(folder, today=TODAY)


def test_nothing_is_wrong_on_the_first_run(tenants) -> None:
    refuse_vanished({}, load(tenants(k001={}, k002={})), EVERYTHING, FOLDER)


def test_nothing_is_wrong_when_everybody_is_there(tenants) -> None:
    refuse_vanished({"k001": held(), "k002": held()}, load(tenants(k001={}, k002={}, k003={})), EVERYTHING, FOLDER)


def test_a_file_that_is_gone_stops_the_run(tenants) -> None:
    with pytest.raises(pulumi.RunError, match="k002") as error:
        refuse_vanished({"k001": held(), "k002": held()}, load(tenants(k001={})), EVERYTHING, FOLDER)
    assert "people/k002.yaml is gone" in str(error.value)
    assert "status: deleted" in str(error.value)
    assert "k001" not in str(error.value)


def test_a_renamed_tenant_stops_the_run(tenants) -> None:
    faults = list(vanished({"k002": held()}, load(tenants(k099={})), EVERYTHING, FOLDER))
    assert [fault.partition(":")[0] for fault in faults] == ["k002"]


def test_a_deleted_tenant_whose_file_is_gone_stops_the_run_too(tenants) -> None:
    for phase in ("retained", "due", "purging"):
        assert list(vanished({"k002": held(phase)}, load(tenants(k001={})), EVERYTHING, FOLDER))


def test_a_tombstone_accounts_for_a_tenant_whose_protection_was_lifted(tenants) -> None:
    folder = tenants(k001={})
    tombstone = f"code: k002\nstatus: purged\nproof: {PROOF}\n"
    (folder / "k002.yaml").write_text(tombstone + 'phone: "13800000002"\n', encoding="utf-8")
    assert not list(vanished({"k001": held(), "k002": held("purging")}, load(folder), EVERYTHING, FOLDER))
    (folder / "k002.yaml").write_text(tombstone, encoding="utf-8")
    assert not list(
        vanished({"k002": LastTenant("purging", "main", None, leaving=True)}, load(folder), EVERYTHING, FOLDER)
    )


@pytest.mark.parametrize("phase", ["active", "retained", "due", "purging"])
def test_the_tombstone_that_got_lost_can_be_brought_back(tenants, phase: str) -> None:
    folder, tombstone = tenants(k001={}), f"code: k002\nstatus: purged\nproof: {PROOF}\n"
    (folder / "k002.yaml").write_text(tombstone + "name: x\n", encoding="utf-8")
    last = LastTenant(phase, "main", None, buried=PROOF)
    assert not list(vanished({"k002": last}, load(folder), EVERYTHING, FOLDER))
    if phase != "purging":
        assert list(
            vanished({"k002": LastTenant(phase, "main", None, buried="another")}, load(folder), EVERYTHING, FOLDER)
        )
    (folder / "k002.yaml").write_text(tombstone, encoding="utf-8")
    assert list(vanished({"k002": last}, load(folder), EVERYTHING, FOLDER))


def test_a_tombstone_that_no_purge_wrote_stops_the_run(tenants) -> None:
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text(f"code: k002\nstatus: purged\nproof: {PROOF}\n", encoding="utf-8")
    with pytest.raises(pulumi.RunError, match="bring the file back"):
        refuse_vanished({"k002": held("purging")}, load(folder), EVERYTHING, FOLDER)


def test_a_tombstone_for_a_tenant_whose_protection_was_not_lifted_stops_the_run(tenants) -> None:
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text(f"code: k002\nstatus: purged\nproof: {PROOF}\n", encoding="utf-8")
    with pytest.raises(pulumi.RunError, match="bring the file back"):
        refuse_vanished({"k002": held("due")}, load(folder), EVERYTHING, FOLDER)


@pytest.mark.parametrize("phase", ["active", "asleep", "suspended", "retained"])
def test_a_tombstone_for_a_tenant_that_was_not_due_stops_the_run(tenants, phase: str) -> None:
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text(f"code: k002\nstatus: purged\nproof: {PROOF}\n", encoding="utf-8")
    with pytest.raises(pulumi.RunError, match="only `tenantry purge` writes purged"):
        refuse_vanished({"k002": held(phase)}, load(folder), EVERYTHING, FOLDER)


def test_a_full_file_that_says_purged_too_soon_stops_the_run(tenants) -> None:
    fleet = load(tenants(k002=PURGING))
    assert list(vanished({"k002": held("active")}, fleet, EVERYTHING, FOLDER))
    assert not list(vanished({"k002": held("due")}, fleet, EVERYTHING, FOLDER))


def test_a_changed_cell_stops_the_run_and_says_what_to_do(tenants) -> None:
    fleet = load(tenants(k001={"cell": "c02"}))
    with pytest.raises(pulumi.RunError, match="from main to c02") as error:
        refuse_vanished({"k001": held()}, fleet, EVERYTHING, FOLDER)
    assert "write `cell: main` back" in str(error.value)


@pytest.mark.parametrize("status", ["active", "suspended", "deleted", "purged"])
def test_a_changed_phone_would_abandon_the_files_and_stops_the_run(tenants, status: str) -> None:
    deletion = {"deleted_at": date(2026, 8, 1)} if status in ("deleted", "purged") else {}
    proof = {"proof": PROOF} if status == "purged" else {}
    changes = {"status": status, **deletion, **proof}
    last = {"k002": held("due", phone="13800000002")}
    assert not list(vanished(last, load(tenants(k002=changes)), EVERYTHING, FOLDER))
    with pytest.raises(pulumi.RunError, match=r"the phone in people/k002\.yaml changed") as error:
        refuse_vanished(last, load(tenants(k002={**changes, "phone": "13911112222"})), EVERYTHING, FOLDER)
    assert 'write `phone: "13800000002"` back' in str(error.value)


def test_a_first_opening_takes_any_phone_that_is_free(tenants) -> None:
    fleet = load(tenants(k001={}, k002={"phone": "13911112222"}))
    assert not list(vanished({"k001": held(phone="13800000001")}, fleet, EVERYTHING, FOLDER))


def test_a_tombstone_keeps_the_number_until_its_files_are_gone(tenants) -> None:
    """Else the number could open another tenant over them."""
    folder, last = tenants(k001={"phone": "13800000002"}), {"k002": held("purging", phone="13800000002")}
    tombstone = f"code: k002\nstatus: purged\nproof: {PROOF}\n"
    (folder / "k002.yaml").write_text(tombstone + 'phone: "13911112222"\n', encoding="utf-8")
    with pytest.raises(pulumi.RunError, match='write `phone: "13800000002"` back'):
        refuse_vanished(last, load(folder), EVERYTHING, FOLDER)


def test_a_cell_that_the_stack_no_longer_holds_stops_the_run(tenants) -> None:
    only = StackScope(platform=False, cells=frozenset({"c02"}))
    (fault,) = vanished({"k001": held()}, load(tenants(k001={})), only, FOLDER)
    assert "tenantry:holds" in fault


@pytest.mark.parametrize("phase", ["due", "purging"])
def test_a_purging_tenant_without_its_cell_would_be_removed_and_stops_the_run(tenants, phase: str) -> None:
    """Its seal may have no protection any more: a run that leaves it out empties its prefixes and drops its
    database."""
    only, fleet = StackScope(platform=False, cells=frozenset({"c02"})), load(tenants(k001=PURGING))
    assert not list(vanished({"k001": held(phase)}, fleet, EVERYTHING, FOLDER))
    with pytest.raises(pulumi.RunError, match="add cell/main"):
        refuse_vanished({"k001": held(phase)}, fleet, only, FOLDER)


@pytest.mark.parametrize("cells", [None, frozenset({"c02"}), frozenset({"main"})])
def test_a_purging_tenant_that_changes_its_cell_stops_the_run(tenants, cells: frozenset[str] | None) -> None:
    fleet = load(tenants(k001={**PURGING, "cell": "c02"}))
    with pytest.raises(pulumi.RunError, match="write `cell: main` back"):
        refuse_vanished({"k001": held("purging")}, fleet, StackScope(platform=False, cells=cells), FOLDER)


def test_every_tenant_that_is_not_accounted_for_is_named(tenants) -> None:
    faults = list(
        vanished({"k001": held(), "k002": held(), "k003": held()}, load(tenants(k002={})), EVERYTHING, FOLDER)
    )
    assert [fault[:4] for fault in faults] == ["k001", "k003"]


def test_outputs_are_read_back_as_they_were_written() -> None:
    facts = {"phase": "retained", "cell": "main", "deletionSeen": "2026-10-01", "domain": "k001.yyup.cc"}
    assert parsed({"k001": facts}) == {"k001": LastTenant("retained", "main", date(2026, 10, 1), domain="k001.yyup.cc")}
    prefix = "kindergarten/rent/13800000001/"
    assert parsed({"k001": {**facts, "prefix": prefix}})["k001"].prefix == prefix
    assert parsed(None) == {}


@pytest.mark.parametrize("broken", [["k001"], {"k001": None}, {"k001": {}}, {"k001": {"phase": "active"}}, "k001"])
def test_outputs_of_another_shape_stop_the_run(broken: Any) -> None:
    with pytest.raises(pulumi.RunError, match="cannot be read"):
        parsed(broken)
