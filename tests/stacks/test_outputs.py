"""Only what was done is remembered: of a tenant that a run did not reach, what the run before knew stays."""

import json
from datetime import date
from typing import Any

import pulumi
import pytest

from stacks import outputs, program
from stacks.guards.engine_command import EngineCommand
from stacks.last_run import FOUNDATION, PLATFORM, SECRETS
from tests.components.foundation.conftest import ADOPTED
from tests.stacks.conftest import ME, tenants_of

OLD = {"k001": {"phase": "active", "cell": "main", "plan": "basic", "services": []}}
DELETED = {"status": "deleted", "deleted_at": date(2026, 8, 1)}
SUSPENDED = {"status": "suspended"}
PASSWORD = "platform-admin-tenant-management-password-a"  # the active login's
FAILED: Any = {"k001-opened": False}
LEFT_OUT: Any = {"k001-opened": {"opening": {}}}  # by a run with --target; its state is from before it told anything
NOTHING: Any = {"k001-row": None, "k001-opened": None}
# How a run passes a tenant by that it holds.
PASSED_BY = {"failed": FAILED, "left out": LEFT_OUT, "left out, known": {"k001-opened": {"remembered": OLD["k001"]}}}
# What a file may ask for that is remembered -> where it must not be found when nothing was done.
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a rotation": ({"credentials": {"rotation": 2}}, "rotations"),
    "a deletion": (DELETED, "deletionSeen"),
}


def memory(run: Any, folder: Any, last: Any = None, reached: Any = None, **changes: Any) -> dict[str, Any]:
    return run(folder, last, options={"reached": reached or {}}, **changes).result["tenants"]


@pytest.mark.parametrize("way", PASSED_BY)
@pytest.mark.parametrize("what", ASKED)
def test_what_was_not_done_is_not_remembered(run, tenants, what: str, way: str) -> None:
    fields, key = ASKED[what]
    folder = tenants(k001=fields)
    after = memory(run, folder, OLD, PASSED_BY[way])["k001"]
    assert key not in after
    assert (after["phase"], after["plan"]) == ("active", "basic")
    assert key in memory(run, folder, {"k001": after})["k001"]


@pytest.mark.parametrize("way", PASSED_BY)
def test_a_phase_that_was_not_reached_is_none(run, tenants, way: str) -> None:
    last = OLD
    for fields in (SUSPENDED, DELETED):
        last = memory(run, tenants(k001=fields), last, PASSED_BY[way])
        assert last["k001"]["phase"] == "active"
    assert memory(run, tenants(k001=SUSPENDED), last)["k001"]["phase"] == "suspended"


@pytest.mark.parametrize("way", PASSED_BY)
def test_the_login_before_works_for_its_whole_overlap_after_a_run_that_did_not_rotate(run, tenants, way: str) -> None:
    folder = tenants(k001={"credentials": {"rotation": 2}})
    last = memory(run, folder, OLD, PASSED_BY[way])
    recording = run(folder, last, today="2026-10-29")  # nine days later
    assert recording.result["tenants"]["k001"]["rotations"] == [["credentials", 2, "2026-10-29"]]
    assert recording.named("k001-db-login-a").inputs["login"] is True
    assert recording.named("k001-db-login-a").inputs["validUntil"] == "2026-11-06 00:00:00+00"


def test_the_thirty_days_count_from_the_run_that_ended_the_access(run, tenants) -> None:
    folder = tenants(k001=DELETED)
    last = memory(run, folder, OLD, FAILED)
    done = memory(run, folder, last, today="2026-12-01")["k001"]
    assert (done["phase"], done["deletionSeen"]) == ("retained", "2026-12-01")


@pytest.mark.parametrize("way", PASSED_BY)
def test_a_deletion_that_is_taken_back_is_forgotten_whatever_became_of_the_run(run, tenants, way: str) -> None:
    """It may be half alive: who deletes it once more begins the 30 days anew."""
    last = memory(run, tenants(k001=DELETED), OLD)
    assert last["k001"]["deletionSeen"] == "2026-10-20"
    untouched: Any = {"k001-opened": {"remembered": last["k001"]}}
    after = memory(run, tenants(k001={}), last, PASSED_BY[way] if "known" not in way else untouched)["k001"]
    assert (after["phase"], after.get("deletionSeen")) == ("retained", None)


def test_a_new_tenant_of_which_nothing_was_made_is_not_held(run, tenants) -> None:
    """Its phone may still be corrected, and its file taken out again."""
    for reached in (NOTHING, {"k001-row": False, "k001-opened": False}):
        assert memory(run, tenants(k001={}, k002={}), None, reached).keys() == {"k002"}


def test_a_new_tenant_that_stopped_on_its_way_is_held(run, refused, tenants) -> None:
    last = memory(run, tenants(k001={"credentials": {"rotation": 3}}), None, FAILED)
    assert last["k001"] == {
        "domain": "k001.yyup.cc",
        "database": "rent001",
        "namespace": "tenant-k001",
        "prefix": "kindergarten/rent/13800000001/",
        "role": "tenant-k001",
        "phase": "active",
        "cell": "main",
        "plan": "basic",
        "services": [],
        "opening": True,
    }
    assert "k001.yaml is gone" in refused(tenants(k002={}), last)
    assert "its files lie below the former number" in refused(tenants(k001={"phone": "13911112222"}), last)
    done = memory(run, tenants(k001={"credentials": {"rotation": 3}}), last, today="2026-10-22")["k001"]
    assert "opening" not in done
    assert done["rotations"] == [["credentials", 3, "2026-10-22"]]


def test_what_may_run_counts_after_a_run_that_stopped_on_its_way(run, tenants) -> None:
    last = memory(run, tenants(k001={"plan": "standard", "enabled_services": ["enrollment"]}))
    folder = tenants(k001={"plan": "enterprise", "enabled_services": ["posters"]})
    after = memory(run, folder, last, FAILED)["k001"]
    assert (after["plan"], after["services"], after["scaled"]) == ("standard", ["enrollment", "posters"], True)
    assert memory(run, folder, last, {"k001-opened": {"remembered": last["k001"]}}) == last


def test_the_seal_is_told_what_the_outputs_are(run, tenants) -> None:
    recording = run(tenants(k001=DELETED), OLD)
    assert recording.named("k001-opened").inputs["memory"] == recording.result["tenants"]["k001"]
    assert "remembered" not in recording.named("k001-opened").inputs


def test_a_preview_tells_what_will_be_remembered(run, tenants) -> None:
    """The stack holds cells alone: a platform's secrets are not known before."""
    other = "organization/tenantry/base"
    others = {ME: {"tenants": OLD}, other: {PLATFORM: run(tenants()).result[PLATFORM]}}
    cells: Any = {"others": others, "holds": ["cells"], "platformStack": other}
    folder = tenants(k001=DELETED)
    told = run(folder, options={"preview": True}, **cells).result["tenants"]
    assert told == run(folder, **cells).result["tenants"]
    assert told["k001"]["deletionSeen"] == "2026-10-20"


def test_who_was_seen_leaving_stays_so_when_the_way_back_fails(run, tenants) -> None:
    leaving = {"k001": {"phase": "purging", "cell": "main", "buried": "", "prefix": "kindergarten/rent/13800000001/"}}
    result = run(tenants(k001={}), others={ME: {"leaving": leaving}}, options={"reached": FAILED}).result
    after = result["tenants"]["k001"]
    assert (after["phase"], after["buried"], after["database"]) == ("purging", "", "rent001")


def test_a_platform_that_is_not_whole_is_none_to_stand_on(run, tenants) -> None:
    reached = {"platform-seal": False, PASSWORD: False}
    first = run(tenants(), options={"reached": reached}).result
    assert first[PLATFORM] is None
    assert first["adminDatabase"] is None
    whole = run(tenants()).result
    assert whole[PLATFORM]
    again = run(tenants(), others={ME: whole}, options={"reached": reached}).result
    assert (again[PLATFORM], again["adminDatabase"]) == (whole[PLATFORM], whole["adminDatabase"])


@pytest.fixture
def partial(monkeypatch: pytest.MonkeyPatch) -> None:
    command = EngineCommand(("pulumi", "up", "--target", "urn"))
    monkeypatch.setattr(program, "engine_command", lambda: command)


@pytest.mark.usefixtures("partial")
def test_a_run_with_targets_records_nothing_of_the_platform_as_done(run, tenants) -> None:
    """The engine answers for a seal that it leaves out as if it had been made."""
    assert run(tenants()).result[PLATFORM] is None
    before = {PLATFORM: {"gateway": "of the run before"}}
    assert run(tenants(), others={ME: before}).result[PLATFORM] == before[PLATFORM]


@pytest.mark.usefixtures("partial")
def test_a_run_with_targets_records_nothing_of_the_foundation_as_done(run, tenants) -> None:
    own: Any = {"holds": ["foundation"], "foundation": json.dumps(ADOPTED)}
    assert run(tenants(), **own).result[FOUNDATION] is None
    before = {FOUNDATION: {"cluster": "of the run before"}}
    assert run(tenants(), others={ME: before}, **own).result[FOUNDATION] == before[FOUNDATION]


@pytest.mark.usefixtures("partial")
@pytest.mark.parametrize("what", ASKED)
def test_a_run_with_targets_does_not_take_a_seal_at_its_word(run, tenants, what: str) -> None:
    """It may be the only one among them, without what it stands on."""
    fields, key = ASKED[what]
    after = memory(run, tenants(k001=fields), OLD)["k001"]
    assert key not in after
    assert (after["phase"], after["plan"]) == ("active", "basic")


@pytest.mark.usefixtures("partial")
def test_a_tenant_that_a_run_with_targets_opened_is_held(run, tenants) -> None:
    assert memory(run, tenants(k001={}))["k001"]["opening"] is True


def test_nothing_else_is_remembered(run, tenants) -> None:
    """Each of these has its test; a new one needs its own."""
    result = run(tenants(k001={"plan": "enterprise", "credentials": {"rotation": 2}, "enabled_services": ["posters"]}))
    told = result.result
    assert told.keys() == {PLATFORM, *SECRETS, "tenants", "leaving", "purged", "settings", "madeFrom"}
    names = {"domain", "database", "namespace", "prefix", "role", "cell", "phase"}
    assert told["tenants"]["k001"].keys() == names | {"rotations", "plan", "services", "scaled"}


def test_a_run_that_does_not_come_to_its_end_has_noted_who_may_be_there(run, tenants, monkeypatch) -> None:
    noted: list[Any] = []
    note = outputs.note

    def seen(told: Any, mine: Any) -> None:
        with monkeypatch.context() as alone:
            alone.setattr(pulumi.ComponentResource, "register_outputs", lambda _, one: noted.append(one))
            note(told, mine)

    monkeypatch.setattr(outputs, "note", seen)
    run(tenants(k001={"credentials": {"rotation": 2}}, k002=DELETED), OLD)
    (told,) = noted
    monkeypatch.setattr(outputs, "note", note)
    assert told["tenants"]["k001"]["phase"] == "active"
    assert "rotations" not in told["tenants"]["k001"]
    assert told["tenants"]["k002"]["opening"] is True
    assert "deletionSeen" not in told["tenants"]["k002"]
    assert told.keys() == {*SECRETS, "tenants", "leaving", "purged", "settings"}
    assert tenants_of(run(tenants(k001={}, k002=DELETED), told["tenants"])) == ["k001", "k002"]
