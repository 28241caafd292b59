"""A run's memory for the next: who is leaving, since when, what was rotated and what ran."""

from datetime import date
from typing import Any

import pulumi
import pytest

from stacks import program
from tests.stacks.conftest import ME, tenants_of


def test_a_purged_tenant_is_registered_without_protection_and_stays_in_memory(run, tenants) -> None:
    folder = tenants(
        k001={},
        k002={
            "status": "purged",
            "proof": "k002-20260901T000000Z-0123456789abcdef",
            "deleted_at": date(2026, 8, 1),
        },
    )
    last = {"k001": {"phase": "active", "cell": "main"}, "k002": {"phase": "due", "cell": "main"}}
    recording = run(folder, last)
    assert tenants_of(recording) == ["k001", "k002"]
    assert {
        resource.name for resource in recording.resources if resource.protect and resource.name.startswith("k00")
    } == {resource.name for resource in recording.resources if resource.protect and resource.name.startswith("k001-")}
    assert recording.result["tenants"]["k002"]["phase"] == "purging"
    assert recording.result["tenants"]["k002"]["deletionSeen"] == "2026-10-20"


def test_a_tombstone_registers_nothing(run, tenants) -> None:
    folder = tenants(k001={})
    tombstone = "code: k002\nstatus: purged\nproof: k002-20260901T000000Z-0123456789abcdef\nphone: '13800000002'\n"
    (folder / "k002.yaml").write_text(tombstone, encoding="utf-8")
    last = {"k001": {"phase": "active", "cell": "main"}, "k002": {"phase": "purging", "cell": "main"}}
    recording = run(folder, last)
    assert tenants_of(recording) == ["k001"]
    assert "k002" not in recording.result["tenants"]
    assert recording.result["leaving"] == {
        "k002": {"phase": "purging", "cell": "main", "buried": "k002-20260901T000000Z-0123456789abcdef"}
    }
    assert recording.result["purged"] == []


def test_who_is_leaving_keeps_the_place_of_its_files(run, tenants) -> None:
    last = run(tenants(k001={}, k002={})).result["tenants"]
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text(
        "code: k002\nstatus: purged\nproof: k002-20260901T000000Z-0123456789abcdef\nphone: '13800000002'\n",
        encoding="utf-8",
    )
    outputs = run(folder, {**last, "k002": {**last["k002"], "phase": "purging"}}).result
    assert outputs["leaving"]["k002"]["prefix"] == "kindergarten/rent/13800000002/"
    with pytest.raises(pulumi.RunError, match="changed, and its files lie below the former number"):
        run(tenants(k001={}, k002={"phone": "13911112222"}), others={ME: outputs})


def test_a_tombstone_that_was_lost_meanwhile_ends_as_any_other(run, tenants) -> None:
    proof = "k002-20260901T000000Z-0123456789abcdef"
    folder, tombstone = tenants(k001={}), f"code: k002\nstatus: purged\nproof: {proof}\n"
    outputs: Any = {"tenants": {"k002": {"phase": "due", "cell": "main", "buried": proof}}}
    for personal in ("name: x\n", ""):
        (folder / "k002.yaml").write_text(tombstone + personal, encoding="utf-8")
        outputs = run(folder, others={ME: outputs}).result
    assert (outputs["leaving"], outputs["purged"]) == ({}, ["k002"])


def test_a_removal_that_failed_can_be_taken_back(run, tenants) -> None:
    """The run after a tombstone that could not be acted upon still knows the tenant."""
    outputs = {"tenants": {}, "leaving": {"k002": {"phase": "purging", "cell": "main"}}}
    recording = run(tenants(k001={}, k002={}), others={ME: outputs})
    assert tenants_of(recording) == ["k001", "k002"]
    assert "returned" not in recording.named("k001-row").inputs
    for _ in range(2):  # also when that run has failed where it looked
        assert recording.named("k002-row").inputs["returned"]
        assert "k002-row" in recording.all_before("k002-db-owner") & recording.all_before("k002-files-directories")
        recording = run(tenants(k001={}, k002={}), recording.result["tenants"])
    with pytest.raises(pulumi.RunError, match=r"tenants/k002.yaml is gone"):
        run(tenants(k001={}), others={ME: outputs})


def test_the_code_of_a_purged_tenant_opens_none(run, tenants) -> None:
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text(
        "code: k002\nstatus: purged\nproof: k002-20260901T000000Z-0123456789abcdef\n", encoding="utf-8"
    )
    recording = run(folder)
    assert recording.result["purged"] == ["k002"]
    others = {ME: {"tenants": recording.result["tenants"], "purged": recording.result["purged"]}}
    with pytest.raises(pulumi.RunError, match="never used again"):
        run(tenants(k001={}, k002={}), others=others)


DELETED = {"status": "deleted", "deleted_at": date(2026, 8, 1)}


def test_the_thirty_days_count_from_the_run_that_first_saw_the_deletion(run, tenants) -> None:
    folder = tenants(k001=DELETED)
    alive = {"k001": {"phase": "active", "cell": "main"}}
    first = run(folder, alive).result["tenants"]
    assert first["k001"]["deletionSeen"] == "2026-10-20"
    assert first["k001"]["phase"] == "retained"
    for today, phase in {"2026-10-21": "retained", "2026-11-18": "retained", "2026-11-19": "due"}.items():
        later = run(folder, first, today=today).result["tenants"]
        assert (later["k001"]["phase"], later["k001"]["deletionSeen"]) == (phase, "2026-10-20")


def test_a_cancelled_deletion_is_forgotten(run, tenants) -> None:
    last = {"k001": {"phase": "retained", "cell": "main", "deletionSeen": "2026-10-01"}}
    assert "deletionSeen" not in run(tenants(k001={}), last).result["tenants"]["k001"]


def test_a_rotation_is_remembered_from_the_run_that_first_saw_it(run, tenants) -> None:
    folder = tenants(k001={"credentials": {"rotation": 2}})
    alive = {"k001": {"phase": "active", "cell": "main"}}
    first = run(folder, alive).result["tenants"]
    assert first["k001"]["rotations"] == [["credentials", 2, "2026-10-20"]]
    for today, works in {"2026-10-27": True, "2026-10-28": False}.items():
        later = run(folder, first, today=today)
        assert later.result["tenants"]["k001"]["rotations"] == first["k001"]["rotations"]
        assert later.named("k001-db-login-a").inputs["login"] is works


BUS = {"name": "bus", "scopes": ["read"], "expires_at": date(2028, 1, 1)}
KEYS = {"plan": "standard", "features": {"apiAccess": True}}


@pytest.mark.parametrize("number", [1, 4])
def test_a_rotation_that_does_not_follow_stops_it_before_anything_is_registered(
    run, tenants, monkeypatch, number: int
) -> None:
    last = run(tenants(k001={"credentials": {"rotation": 2}})).result["tenants"]
    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))
    folder = tenants(k001={"credentials": {"rotation": number}})
    with pytest.raises(pulumi.RunError, match=rf"k001.yaml:\d+: credentials.rotation: is {number}, and was 2"):
        run(folder, last)


def test_a_key_that_comes_back_is_none_that_was_rotated_away(run, tenants) -> None:
    rotated = tenants(k001=KEYS | {"api_keys": [BUS | {"rotation": 2}]})
    last = run(rotated).result["tenants"]
    without = run(tenants(k001=KEYS), last).result["tenants"]
    assert without["k001"]["rotations"] == [["api-key/bus", 2, "2026-10-20"]]
    with pytest.raises(pulumi.RunError, match="is 1, and was 2 in the last run"):
        run(tenants(k001=KEYS | {"api_keys": [BUS]}), without)


def test_a_removal_that_is_taken_back_still_knows_the_rotations(run, tenants) -> None:
    folder = tenants(k001={})
    tombstone = "code: k002\nstatus: purged\nproof: k002-20260901T000000Z-0123456789abcdef\nphone: '13800000002'\n"
    (folder / "k002.yaml").write_text(tombstone, encoding="utf-8")
    last = {"k002": {"phase": "purging", "cell": "main", "rotations": [["credentials", 3, "2026-08-01"]]}}
    result = run(folder, last).result
    others = {ME: {"tenants": result["tenants"], "leaving": result["leaving"]}}
    assert tenants_of(run(tenants(k001={}, k002={"credentials": {"rotation": 3}}), others=others)) == ["k001", "k002"]


FIVE = ["enrollment", "activities", "posters", "messaging", "assessments"]


def test_what_ran_is_remembered_for_a_smaller_plan(run, refused, tenants) -> None:
    last = run(tenants(k001={"plan": "enterprise", "enabled_services": FIVE})).result["tenants"]
    assert last["k001"].items() >= {"plan": "enterprise", "services": FIVE, "scaled": True}.items()
    said = refused(tenants(k001={"plan": "basic", "enabled_services": FIVE[:2]}), last)
    assert "k001.yaml" in said
    assert "basic has no room while the services of plan enterprise are still there: 7 of 6 pods" in said
    assert "switch posters, messaging, assessments off in one run" in said
    gone = run(tenants(k001={"plan": "enterprise", "enabled_services": FIVE[:2]}), last).result["tenants"]
    assert run(tenants(k001={"plan": "basic", "enabled_services": FIVE[:2]}), gone)


def test_what_scaled_once_is_remembered_until_the_workload_goes(run, tenants) -> None:
    last = run(tenants(k001={"plan": "enterprise"})).result["tenants"]
    for _ in range(2):
        recording = run(tenants(k001={}), last)
        last = recording.result["tenants"]
        assert recording.one("HorizontalPodAutoscaler").inputs["spec"]["maxReplicas"] == 1
    deleted = run(tenants(k001=DELETED), last).result["tenants"]
    assert "scaled" not in deleted["k001"]
