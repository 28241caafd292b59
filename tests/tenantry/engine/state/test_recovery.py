"""After any death the next run knows what exists: nothing made twice, nothing foreign taken, nothing forgotten."""

import copy
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from tenantry.engine.clients.dns_records import FoundRecord
from tenantry.engine.state.deployment import Deployment, errors_of
from tenantry.engine.state.recovery import (
    UNPROVED,
    UNREAD,
    UNREAD_CREATION,
    ExternalLookups,
    Recovery,
    finish,
    interrupted,
    plan,
    suspect,
)

Raw = dict[str, Any]
ROLE, DEPLOYMENT = "postgresql:index/role:Role", "kubernetes:apps/v1:Deployment"
DNS, KEY = "alicloud:dns/alidnsRecord:AlidnsRecord", "alicloud:ram/accessKey:AccessKey"
LABELS = {"app.kubernetes.io/managed-by": "tenantry"}
INPUTS: Mapping[str, Raw] = {
    ROLE: {"name": "rent001", "__defaults": ["login"], "roles": [{"__defaults": [], "name": "x"}]},
    DEPLOYMENT: {"metadata": {"name": "app", "namespace": "tenant-k001", "labels": LABELS}},
    DNS: {"domainName": "yyup.cc", "rr": "k001", "type": "A", "value": "192.0.2.10", "remark": "tenantry-k001"},
    KEY: {"userName": "broker"},
}


def record(token: str, name: str = "x", **more: Any) -> Raw:
    inputs = copy.deepcopy(INPUTS.get(token, {}))
    return {"urn": f"urn:pulumi:test::shop::{token}::{name}", "type": token, "custom": True, "inputs": inputs, **more}


def deployment(*resources: Raw, **pending: Raw) -> Deployment:
    operations = [{"type": kind.rstrip("_"), "resource": operation} for kind, operation in pending.items()]
    time = {"time": "2026-11-23T09:19:06.123456789Z"}
    return Deployment({"manifest": time, "resources": list(resources), "pending_operations": operations})


def nothing_outside(**answers: Any) -> ExternalLookups:
    def find(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> FoundRecord | None:
        return answers.get("record")

    def remove(user: str, known: Collection[str], changed_at: str, environment: Mapping[str, str]) -> list[str]:
        asked.append((user, set(known)))
        return answers.get("keys", [])

    asked: list[tuple[str, set[str]]] = answers.get("asked", [])
    return ExternalLookups(dict, find, remove)


def read(which: Deployment, recovery: Recovery, world: Mapping[str, Raw | None]) -> None:
    """Acts like a refresh: removes what is not there, takes the marks off what it could read."""
    for urn in recovery.targets:
        found = which.living(urn)
        assert found is not None
        if world.get(urn) is None:
            which.drop(urn)
        else:
            found["outputs"] = world[urn]
            found.pop("initErrors", None)


def test_what_a_bridged_plugin_failed_to_change_is_read_before_it_changes_it_again() -> None:
    """It has recorded what was asked for, as if it were so, and would find nothing to do: a login stays shut."""
    failed = ["1 error occurred: Error updating role password: canceling statement due to lock timeout"]
    role, pods = (
        record(ROLE, "login", id="rent001_a", initErrors=failed),
        record(DEPLOYMENT, "app", id="x", initErrors=failed),
    )
    state = deployment(role, pods, record(DNS, "fine", id="1"))
    assert interrupted(state) == [f"recovering {role['urn']}"]
    recovery = plan(state, nothing_outside())
    assert recovery.targets == [role["urn"]]
    assert (errors_of(role), errors_of(pods)) == ([UNREAD], failed)  # the engine waits for a roll-out again by itself
    read(state, recovery, {role["urn"]: {"login": False}})
    finish(state, recovery, {})
    assert interrupted(state) == []


def test_an_interrupted_creation_enters_the_state_unread() -> None:
    state = deployment(creating=record(ROLE))
    recovery = plan(state, nothing_outside())
    entered = state.living(record(ROLE)["urn"])
    assert entered is not None
    assert entered["id"] == "rent001"
    assert entered["outputs"] == {"name": "rent001", "roles": [{"name": "x"}]}
    assert errors_of(entered) == [UNREAD_CREATION]
    assert recovery.targets == [entered["urn"]]
    assert state.pending == []


def test_what_exists_is_adopted_and_what_does_not_is_made_by_the_next_run() -> None:
    made, not_made = record(ROLE, "made"), record(ROLE, "not-made")
    state = deployment(creating=made, creating_=not_made)
    recovery = plan(state, nothing_outside())
    read(state, recovery, {made["urn"]: {"name": "rent001"}})
    finish(state, recovery, {})
    assert [resource["urn"] for resource in state.resources] == [made["urn"]]
    assert not interrupted(state)
    assert len(recovery.notes) == 2


def test_dying_during_the_recovery_repeats_it() -> None:
    state = deployment(record(ROLE, "updated"), creating=record(ROLE), updating=record(ROLE, "updated"))
    first = plan(state, nothing_outside())
    survivor = Deployment(copy.deepcopy(state.raw))  # the process died before the refresh
    assert interrupted(survivor)
    second = plan(survivor, nothing_outside())
    assert second.targets == first.targets
    assert set(second.adopted) == set(first.adopted)


def test_what_cannot_be_read_now_stays_unread_for_the_next_run() -> None:
    one = record(ROLE)
    state = deployment(creating=one)
    recovery = plan(state, nothing_outside())
    assert not finish(state, recovery, {one["urn"]: "no connection"})
    assert interrupted(state)
    assert "no connection" in recovery.notes[-1]


def test_what_does_not_bear_our_mark_is_not_taken() -> None:
    one = record(DEPLOYMENT)
    state = deployment(creating=one)
    recovery = plan(state, nothing_outside())
    read(state, recovery, {one["urn"]: {"metadata": {"labels": {"app.kubernetes.io/managed-by": "helm"}}}})
    assert finish(state, recovery, {})
    assert state.resources == []


@pytest.mark.parametrize("kind", ["creating", "updating"])
def test_readiness_of_what_the_cluster_holds_is_waited_for_again(kind: str) -> None:
    one = record(DEPLOYMENT)
    state = deployment(*([] if kind == "creating" else [copy.deepcopy(one)]), **{kind: one})
    recovery = plan(state, nothing_outside())
    read(state, recovery, {one["urn"]: one["inputs"]})
    assert finish(state, recovery, {})
    found = state.living(one["urn"])
    assert found is not None
    assert errors_of(found) == [UNPROVED]
    assert not interrupted(state)


@pytest.mark.parametrize("kind", ["updating", "deleting"])
def test_other_interrupted_operations_are_read_again(kind: str) -> None:
    state = deployment(record(ROLE, id="rent001"), **{kind: record(ROLE)})
    recovery = plan(state, nothing_outside())
    found = state.living(record(ROLE)["urn"])
    assert found is not None
    assert recovery.reread == [found["urn"]]
    assert errors_of(found) == [UNREAD]


def test_an_interrupted_reading_needs_nothing() -> None:
    state = deployment(record(ROLE), reading=record(ROLE))
    assert plan(state, nothing_outside()).targets == []


def test_an_operation_on_what_the_state_does_not_hold_needs_nothing() -> None:
    state = deployment(deleting=record(ROLE))
    assert plan(state, nothing_outside()).targets == []
    assert not interrupted(state)


@pytest.mark.parametrize("token", ["random:index/randomPassword:RandomPassword", "tenantry:index:Seed"])
def test_what_can_be_repeated_is_left_to_the_next_run(token: str) -> None:
    state = deployment(creating=record(token))
    recovery = plan(state, nothing_outside())
    assert state.resources == []
    assert recovery.targets == []
    assert len(recovery.notes) == 1


def test_a_component_is_left_to_the_next_run() -> None:
    state = deployment(creating=record("tenantry:components:Tenant", custom=False))
    assert plan(state, nothing_outside()).targets == []
    assert state.resources == []


def test_a_creation_that_was_recorded_after_all_is_read_once() -> None:
    state = deployment(record(ROLE, id="rent001"), creating=record(ROLE))
    recovery = plan(state, nothing_outside())
    assert recovery.targets == [record(ROLE)["urn"]]
    assert len(state.resources) == 1


def test_the_second_half_of_a_replacement_takes_the_place_of_the_first() -> None:
    follower = record(ROLE, "follower", dependencies=[record(ROLE)["urn"]])
    state = deployment(record(ROLE, id="old", pendingReplacement=True), follower, creating=record(ROLE))
    plan(state, nothing_outside())
    assert [resource.get("id") for resource in state.resources] == ["rent001", None]


def test_one_waiting_to_be_deleted_stays_beside_the_adopted() -> None:
    state = deployment(record(ROLE, id="old", delete=True), creating=record(ROLE))
    plan(state, nothing_outside())
    assert sorted((resource["id"], bool(resource.get("delete"))) for resource in state.resources) == [
        ("old", True),
        ("rent001", False),
    ]


def test_a_dns_record_is_found_by_our_remark() -> None:
    state = deployment(creating=record(DNS))
    plan(state, nothing_outside(record=FoundRecord("269", has_remark=True)))
    found = state.living(record(DNS)["urn"])
    assert found is not None
    assert found["id"] == "269"
    assert found["inputs"]["remark"] == "tenantry-k001"


def test_a_dns_record_without_its_remark_gets_it_from_the_next_run() -> None:
    state = deployment(creating=record(DNS))
    plan(state, nothing_outside(record=FoundRecord("269", has_remark=False)))
    found = state.living(record(DNS)["urn"])
    assert found is not None
    assert "remark" not in found["inputs"]
    assert "remark" not in found["outputs"]


def test_a_dns_record_that_is_not_there_is_made_by_the_next_run() -> None:
    state = deployment(creating=record(DNS))
    recovery = plan(state, nothing_outside())
    assert recovery.targets == []
    assert state.resources == []
    assert list(recovery.missing) == [record(DNS)["urn"]]


def test_a_dns_record_that_came_late_is_taken_by_the_second_look() -> None:
    """The dead engine's request was still under way when the recovery asked, and then the next run met a duplicate."""
    state = deployment()
    late = {record(DNS)["urn"]: record(DNS)}
    assert suspect(state, late, nothing_outside(record=FoundRecord("269", has_remark=True)))
    assert interrupted(state)
    assert plan(state, nothing_outside()).targets == list(late)


@pytest.mark.parametrize(
    ("token", "found", "is_entered"),
    [(ROLE, None, True), (DNS, None, False), (DNS, FoundRecord("269", has_remark=False), True)],
)
def test_only_what_may_be_there_is_looked_at_once_more(token: str, found: FoundRecord | None, is_entered: bool) -> None:
    state = deployment()
    assert suspect(state, {record(token)["urn"]: record(token)}, nothing_outside(record=found)) is is_entered
    assert bool(interrupted(state)) is is_entered


def test_what_was_made_meanwhile_is_not_suspected() -> None:
    state = deployment(record(ROLE, id="rent001"))
    assert not suspect(state, {record(ROLE)["urn"]: record(ROLE)}, nothing_outside())
    assert not interrupted(state)


def test_keys_that_nobody_knows_are_removed_but_never_the_recorded_one() -> None:
    asked: list[tuple[str, set[str]]] = []
    state = deployment(record(KEY, "other", id="LTAI-known"), creating=record(KEY))
    recovery = plan(state, nothing_outside(keys=["LTAI-lost"], asked=asked))
    assert asked == [("broker", {"LTAI-known"})]
    assert "LTAI-lost" in recovery.notes[0]
    assert recovery.targets == []


def test_a_state_at_rest_needs_no_recovery() -> None:
    assert not interrupted(deployment(record(DEPLOYMENT, id="x", initErrors=["not ready"])))


@pytest.mark.parametrize("change", [lambda raw: raw.pop("resources"), lambda raw: raw.update(resources=None)])
def test_a_state_without_resources_is_recovered_too(change: Callable[[Raw], Any]) -> None:
    state = deployment(creating=record(ROLE))
    change(state.raw)
    plan(state, nothing_outside())
    assert len(state.resources) == 1


def test_references_to_what_is_gone_are_taken_out_and_nothing_else() -> None:
    """An engine that deletes what a skipped resource still names dies, and refuses its own record from then on."""
    gone = f"urn:pulumi:test::shop::{DNS}::gone"
    role = record(ROLE, "role", id="rent001")
    seal = record("random:index/randomUuid:RandomUuid", "seal", dependencies=[role["urn"], gone])
    seal["propertyDependencies"] = {"keepers": [gone, role["urn"]]}
    which = deployment(role, seal)
    assert which.dangling() == [seal["urn"]]
    which.mend()
    assert which.dangling() == []
    assert seal["dependencies"] == [role["urn"]]
    assert seal["propertyDependencies"] == {"keepers": [role["urn"]]}
    assert role == record(ROLE, "role", id="rent001")
