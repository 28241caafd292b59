"""`up` from the first check to the last line, with an engine that plays recorded runs."""

import json
import os
import pwd
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.engine.operations import Operation, Outcome
from tenantry.engine.records import NoStack
from tenantry.engine.refusal import Exit, Locked, Refusal
from tenantry.engine.starts import folder_of
from tenantry.engine.status import status
from tenantry.faults import Faults

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it
ROLE = "urn:pulumi:test::shop::tenantry:components:Tenant$postgresql:index/role:Role::k001-owner"
PENDING = {
    "type": "creating",
    "resource": {
        "urn": ROLE,
        "type": "postgresql:index/role:Role",
        "custom": True,
        "inputs": {"name": "rent001"},
        "parent": "urn:pulumi:test::shop::tenantry:components:Tenant::k001",
    },
}


@pytest.fixture
def operation(scene: Any, listener: Any) -> Callable[[], Operation]:
    return lambda: Operation(scene.project, "test", listener, scene.environment)


@pytest.fixture
def up(operation: Callable[[], Operation]) -> Callable[[], Outcome]:
    return lambda: operation().up()


def lock_of(pid: int, host: str | None = None) -> str:
    fields = {"pid": pid, "username": USER, "hostname": host or socket.gethostname()}
    return json.dumps({**fields, "timestamp": datetime.now(UTC).isoformat()})


def test_a_first_run_makes_the_stack_and_ends_well(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays(outputs={"tenants": {"k001": {"phase": "active"}}})
    outcome = up()
    assert outcome.code == Exit.OK
    assert scene.engine.commands == ["stack init", "up"]
    assert [(row.code, row.name, row.plan, row.phase) for row in outcome.tenants] == [
        ("k001", "示例幼儿园", "standard", "active")
    ]


def test_the_engine_is_never_given_a_chance_to_ask(up: Callable[[], Outcome], scene: Any) -> None:
    up()
    call = scene.engine.calls[-1]
    assert {"--yes", "--skip-preview", "--non-interactive", "--continue-on-error", "--suppress-outputs"} <= set(call)
    assert call[call.index("--stack") + 1] == "test"


def test_the_policy_pack_is_used_where_there_is_one(up: Callable[[], Outcome], scene: Any, listener: Any) -> None:
    up()
    assert "--policy-pack" not in scene.engine.calls[-1]
    assert "nothing is checked" in str(listener.__dict__)
    folder = scene.project.root / "policies"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "test.json").write_text("{}")
    up()
    call = scene.engine.calls[-1]
    assert call[call.index("--policy-pack") + 1] == "policies"
    assert call[call.index("--policy-pack-config") + 1] == "policies/test.json"


def test_faults_in_a_tenants_file_stop_it_before_any_call(up: Callable[[], Outcome], scene: Any) -> None:
    (scene.project.root / "tenants" / "k002.yaml").write_text("code: k002\n")
    with pytest.raises(Faults):
        up()
    assert scene.engine.calls == []


def test_without_an_engine_it_says_how_to_get_one(up: Callable[[], Outcome], scene: Any) -> None:
    scene.environment["PATH"] = str(scene.state)
    with pytest.raises(Refusal, match="make up"):
        up()


def test_a_failed_run_tells_tenant_step_and_what_converged(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays("failed", code=1)
    outcome = up()
    assert outcome.code == Exit.FAILED
    assert outcome.as_json()["failed"] == {"k002": ["database"]}


def test_an_engine_that_fails_before_its_first_event_is_quoted_without_secrets(
    up: Callable[[], Outcome], scene: Any
) -> None:
    scene.engine.plays("", code=1, says=f"error: wrong passphrase {scene.environment['PULUMI_CONFIG_PASSPHRASE']}")
    outcome = up()
    assert outcome.code == Exit.FAILED
    assert "wrong passphrase" in outcome.remark
    assert "battery" not in json.dumps(outcome.as_json())
    assert outcome.log is not None
    assert "battery" not in outcome.log.read_text()


def test_the_lock_of_a_dead_engine_is_broken_and_told(
    up: Callable[[], Outcome], scene: Any, listener: Any, dead_pid: int
) -> None:
    scene.started(dead_pid)
    path = scene.lock(lock_of(dead_pid))
    assert up().code == Exit.OK
    assert not path.exists()
    assert any("dead engine" in line and str(dead_pid) in line for line in listener.said)


def test_the_lock_of_a_living_engine_stops_it(up: Callable[[], Outcome], scene: Any, spawn: Any) -> None:
    engine = spawn(["pulumi", "60"], executable="/bin/sleep")
    scene.started(engine.pid)
    path = scene.lock(lock_of(engine.pid))
    with pytest.raises(Locked, match=rf"process {engine.pid}(.|\n)*pulumi cancel"):
        up()
    assert path.exists()
    assert scene.engine.calls == []


def test_the_lock_of_another_host_stops_it(up: Callable[[], Outcome], scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid)
    path = scene.lock(lock_of(dead_pid, "another-host"))
    with pytest.raises(Locked, match="another-host"):
        up()
    assert path.exists()


def test_an_interrupted_creation_is_recovered_before_the_run(up: Callable[[], Outcome], scene: Any) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.engine.plays(world={ROLE: {"name": "rent001"}})
    outcome = up()
    assert scene.engine.commands == ["stack export", "stack import", "refresh", "stack export", "up"]
    assert [record["id"] for record in scene.stored()["resources"]] == ["rent001"]
    assert len(outcome.recovered) == 1
    assert outcome.recovered[0].startswith("k001 owner")


def test_a_recovery_that_cannot_read_is_repeated_by_the_next_run(up: Callable[[], Outcome], scene: Any) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.engine.plays(world={ROLE: "unreachable"})
    assert "no connection" in up().recovered[0]
    scene.engine.plays(world={})
    assert "before anything was made" in up().recovered[0]
    assert scene.stored()["resources"] == []
    assert up().recovered == []


def test_a_creation_that_comes_late_is_adopted_by_the_same_run(up: Callable[[], Outcome], scene: Any) -> None:
    """The killed engine's CREATE DATABASE still ran when the recovery looked; the run then fails on what is there."""
    scene.store({"resources": [], "pending_operations": [PENDING]})
    events = scene.engine.folder / "taken.jsonl"
    metadata = {"op": "create", "urn": ROLE, "new": {"custom": True}}
    events.write_text(json.dumps({"resOpFailedEvent": {"metadata": metadata}}) + "\n")
    later = {"events": "", "code": 0, "world": {ROLE: {"name": "rent001"}}}
    scene.engine.plays(code=1, world={}, then=later)
    plan = json.loads((scene.engine.folder / "plan.json").read_text())
    (scene.engine.folder / "plan.json").write_text(json.dumps({**plan, "events": str(events)}))
    outcome = up()
    assert outcome.code == Exit.OK
    assert [record["id"] for record in scene.stored()["resources"]] == ["rent001"]
    assert scene.engine.commands.count("up") == 2


def test_another_failure_does_not_run_twice(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays("failed", code=1)
    up()
    assert scene.engine.commands.count("up") == 1


def test_a_torn_state_is_restored_on_the_way(up: Callable[[], Outcome], scene: Any, listener: Any) -> None:
    scene.store({"resources": []})
    scene.state_file.with_name("test.json.bak").write_bytes(scene.state_file.read_bytes())
    scene.state_file.write_bytes(scene.state_file.read_bytes()[:20])
    assert up().code == Exit.OK
    assert any("restored from test.json.bak" in line for line in listener.said)


def test_a_preview_applies_nothing_and_leaves_interrupted_operations(
    operation: Callable[[], Operation], scene: Any
) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.engine.plays("failed", code=0)
    outcome = operation().preview()
    assert scene.engine.commands == ["preview"]
    assert "--yes" not in scene.engine.calls[0]
    assert outcome.progress.changes
    assert scene.stored()["pending_operations"]


TENANT = "urn:pulumi:test::shop::tenantry:components:Tenant"


def urn_of(tenant: str, kind: str) -> str:
    return f"{TENANT}${kind}::{tenant}-{kind.rpartition(':')[2].lower()}"


NAMESPACE, OPENED = "kubernetes:core/v1:Namespace", "tenantry:index:Opened"


def step(stage: str, tenant: str, kind: str, operation: str = "update") -> dict[str, Any]:
    record = {"custom": True, "parent": f"{TENANT}::{tenant}"}
    return {stage: {"metadata": {"op": operation, "urn": urn_of(tenant, kind), "new": record, "old": record}}}


def fails(tenant: str, kind: str, text: str, operation: str = "update") -> list[dict[str, Any]]:
    said = {"urn": urn_of(tenant, kind), "severity": "error", "message": text}
    begun = step("resourcePreEvent", tenant, kind, operation)
    return [begun, {"diagnosticEvent": said}, step("resOpFailedEvent", tenant, kind, operation)]


def held(tenant: str, kind: str, **more: Any) -> dict[str, Any]:
    urn = urn_of(tenant, kind)
    return {"urn": urn, "type": kind, "custom": True, "id": "x", "parent": f"{TENANT}::{tenant}", "outputs": {}, **more}


def good_file(scene: Any, code: str, phone: str) -> None:
    text = (scene.project.root / "tenants" / "k001.yaml").read_text()
    text = text.replace("k001", code).replace("13800138001", phone)
    (scene.project.root / "tenants" / f"{code}.yaml").write_text(text)


def test_a_preview_looks_behind_the_first_fault(operation: Any, scene: Any) -> None:
    good_file(scene, "k002", "13800138002")
    good_file(scene, "k003", "13800138003")
    scene.store({"resources": []})
    first = scene.engine.says(
        "first", *fails("k001", NAMESPACE, "a fault"), *fails("k002", NAMESPACE, "context canceled")
    )
    # Without k001 the engine speaks of its removal; k002 has a fault of its own.
    removal = fails("k001", NAMESPACE, "it is protected", "delete")
    second = scene.engine.says("second", *removal, *fails("k002", NAMESPACE, "another fault"))
    third = scene.engine.says("third", step("resOutputsEvent", "k003", OPENED))
    scene.engine.plays(first, code=1, then={"events": second, "then": {"events": third, "code": 0}})
    outcome = operation().preview()
    assert outcome.code == Exit.FAILED
    assert [finding.text for finding in outcome.progress.errors] == ["a fault", "another fault"]
    assert outcome.as_json()["failed"] == {"k001": ["namespace"], "k002": ["namespace"]}
    assert (outcome.as_json()["converged"], outcome.as_json()["unfinished"]) == (["k003"], [])
    assert scene.engine.commands == ["preview"] * 3


def test_who_was_not_reached_is_not_said_to_have_converged(up: Any, scene: Any) -> None:
    good_file(scene, "k002", "13800138002")
    good_file(scene, "k003", "13800138003")
    done = [step("resOutputsEvent", "k003", NAMESPACE), step("resOutputsEvent", "k002", OPENED)]
    scene.engine.plays(scene.engine.says("run", *fails("k001", NAMESPACE, "boom"), *done), code=1)
    document = up().as_json()
    assert (list(document["failed"]), document["converged"], document["unfinished"]) == (["k001"], ["k002"], ["k003"])


def test_a_refresh_reads_everything_before_the_run_and_tells_what_differs(
    operation: Any, scene: Any, listener: Any
) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE)]})
    world = {urn_of("k001", NAMESPACE): None, urn_of("k001", ROLE_TYPE): {"login": True}}
    scene.engine.plays(world=world)
    outcome = operation().up(refresh=True)
    assert scene.engine.commands == ["stack export", "refresh", "up"]
    assert "--target" not in scene.engine.calls[1]
    assert [(one["operation"], one["tenant"]) for one in outcome.as_json()["drift"]] == [
        ("is gone", "k001"),
        ("differs", "k001"),
    ]
    assert any("drift: k001 namespace" in line and "is gone" in line for line in listener.said)


def test_a_resource_that_cannot_be_read_does_not_stop_the_others(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(world={urn_of("k001", NAMESPACE): "unreachable"})
    outcome = operation().up(refresh=True)
    assert outcome.code == Exit.FAILED
    assert [finding.text for finding in outcome.progress.errors] == ["no connection"]
    assert scene.engine.commands[-1] == "up"


def test_data_that_is_gone_is_never_made_anew_and_empty(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE, protect=True)]})
    before = scene.stored()
    scene.engine.plays(world={urn_of("k001", NAMESPACE): None, urn_of("k001", ROLE_TYPE): None})
    with pytest.raises(Refusal, match=r"holds data is gone(.|\n)*k001-role(.|\n)*right server") as refusal:
        operation().up(refresh=True)
    assert refusal.value.code == Exit.REFUSED
    assert scene.stored() == before
    assert "up" not in scene.engine.commands


@pytest.mark.parametrize(
    "text",
    [
        'namespaces "tenant-k001" not found',
        'pq: role "rent001" does not exist',
        "EntityNotExist.Role: The role not exists: tenant-k001",
        "giving rights: there is no database rent001: create it first (the step must depend on it)",
    ],
)
def test_something_that_is_gone_is_read_and_made_again_by_the_same_run(up: Any, scene: Any, text: str) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    events = scene.engine.says("run", *fails("k001", DEPLOYMENT, text))
    again = scene.engine.says("again", step("resOutputsEvent", "k001", OPENED))
    scene.engine.plays(events, code=1, world={urn_of("k001", NAMESPACE): None}, then={"events": again, "code": 0})
    outcome = up()
    assert outcome.code == Exit.OK
    assert outcome.progress.converged == ["k001"]
    assert [one for one in scene.engine.commands if one != "config"] == ["up", "stack export", "refresh", "up"]


def test_where_nothing_is_gone_the_run_is_not_repeated(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(scene.engine.says("run", *fails("k001", DEPLOYMENT, "image not found")), code=1)
    outcome = up()
    assert outcome.code == Exit.FAILED
    assert [one for one in scene.engine.commands if one != "config"] == ["up", "stack export", "refresh"]


def test_lost_data_found_after_a_failure_is_told_with_it(up: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", ROLE_TYPE, protect=True)]})
    events = scene.engine.says("run", *fails("k001", DEPLOYMENT, "there is no database rent001"))
    scene.engine.plays(events, code=1, world={urn_of("k001", ROLE_TYPE): None})
    outcome = up()
    assert outcome.code == Exit.FAILED
    assert "holds data is gone" in outcome.remark
    assert scene.engine.commands.count("up") == 1


def test_a_deletion_that_failed_is_read_by_the_next_run(up: Any, scene: Any, listener: Any) -> None:
    """It was accepted and timed out: what the record still holds may go at any time."""
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE, protect=True)]})
    gone = [*fails("k001", NAMESPACE, "timed out", "delete"), *fails("k001", ROLE_TYPE, "it is protected", "delete")]
    scene.engine.plays(scene.engine.says("run", *gone), code=1)
    up()
    assert any("1 deletion(s)" in line for line in listener.said)
    assert [bool(record.get("initErrors")) for record in scene.stored()["resources"]] == [True, False]
    scene.engine.plays(world={urn_of("k001", NAMESPACE): None})
    up()
    assert [record["urn"] for record in scene.stored()["resources"]] == [urn_of("k001", ROLE_TYPE)]


ROLE_TYPE, DEPLOYMENT = "postgresql:index/role:Role", "kubernetes:apps/v1:Deployment"


def interrupt(scene: Any, times: int) -> None:
    def press() -> None:
        deadline = time.monotonic() + 60
        while not (scene.engine.folder / "waiting").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    threading.Thread(target=press, daemon=True).start()


def test_ctrl_c_lets_the_engine_end_in_order(up: Callable[[], Outcome], scene: Any, listener: Any) -> None:
    before = signal.getsignal(signal.SIGINT)
    scene.engine.plays(waits=True)
    interrupt(scene, 1)
    assert up().code == Exit.INTERRUPTED
    assert any(line.startswith("stopping") for line in listener.said)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_engine_that_is_killed_is_told_as_such(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays(waits=True)

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not (scene.engine.folder / "waiting").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        from tenantry.engine.processes import own_processes, process

        for pid in own_processes():
            found = process(pid)
            if (
                found is not None
                and found.parent == os.getpid()
                and str(scene.engine.folder) in " ".join(found.arguments)
            ):
                os.kill(pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    outcome = up()
    assert outcome.code == Exit.FAILED
    assert "killed (signal 9)" in outcome.remark
    (start,) = folder_of(scene.environment).glob("*.json")  # its lock may be left: this proves later that it is dead
    path = scene.lock(lock_of(json.loads(start.read_text())["pid"]))
    scene.engine.plays()
    assert up().code == Exit.OK
    assert not path.exists()
    assert not list(folder_of(scene.environment).iterdir())


def test_status_changes_nothing_and_tells_what_was_interrupted(
    operation: Callable[[], Operation], scene: Any, dead_pid: int
) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.lock(lock_of(dead_pid))
    before = scene.state_file.read_bytes()
    found = status(operation())
    assert found.pending == [f"creating {ROLE}"]
    assert (found.last_kind, found.last_result) == ("update", "succeeded")
    assert len(found.locks) == 1
    assert scene.state_file.read_bytes() == before


def test_the_status_of_a_stack_that_was_never_made_is_refused(operation: Callable[[], Operation]) -> None:
    with pytest.raises(NoStack, match="there is no stack `test`"):
        status(operation())


def test_a_preview_makes_no_stack(operation: Callable[[], Operation], scene: Any) -> None:
    with pytest.raises(NoStack, match="`tenantry up --stack test` makes it"):
        operation().preview()
    assert scene.engine.calls == []
    assert not scene.state_file.exists()


def test_a_preview_gives_the_engine_a_copy_of_the_settings(operation: Callable[[], Operation], scene: Any) -> None:
    """What it writes there, such as another secrets provider's key, changes nothing."""
    scene.store({"resources": []})
    file = scene.project.root / "Pulumi.test.yaml"
    file.write_text("secretsprovider: hashivault://tenants\nconfig: {}\n")
    del scene.environment["PULUMI_CONFIG_PASSPHRASE"]  # a passphrase is not what decrypts this stack's secrets
    operation().preview()
    call = scene.engine.calls[-1]
    given = call[call.index("--config-file") + 1]
    assert given != str(file)
    assert given.endswith("/Pulumi.test.yaml")


@pytest.mark.parametrize(
    ("named", "chosen"),
    [
        ("secretsprovider: hashivault://tenants", ["--secrets-provider", "hashivault://tenants"]),
        (
            "secretsprovider: awskms://alias/x?region=cn-north-1",
            ["--secrets-provider", "awskms://alias/x?region=cn-north-1"],
        ),
        ("secretsprovider: passphrase", []),
        ("encryptionsalt: v1:abc", []),
    ],
)
def test_a_stack_is_made_with_the_secrets_provider_of_its_file(
    up: Callable[[], Outcome], scene: Any, named: str, chosen: list[str]
) -> None:
    (scene.project.root / "Pulumi.test.yaml").write_text(f"{named}\nconfig: {{}}\n")
    if chosen:
        del scene.environment["PULUMI_CONFIG_PASSPHRASE"]
    up()
    made = scene.engine.calls[0]
    assert made[:3] == ["stack", "init", "test"]
    assert ("--secrets-provider" in made) == bool(chosen)
    assert [word for word in made if word in chosen] == chosen


def test_without_a_provider_a_passphrase_is_needed(up: Callable[[], Outcome], scene: Any) -> None:
    (scene.project.root / "Pulumi.test.yaml").write_text("secretsprovider: passphrase\nconfig: {}\n")
    del scene.environment["PULUMI_CONFIG_PASSPHRASE"]
    with pytest.raises(Refusal, match="no PULUMI_CONFIG_PASSPHRASE"):
        up()
