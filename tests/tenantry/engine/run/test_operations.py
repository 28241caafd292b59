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

from tenantry.cli.stack_status import status
from tenantry.engine.errors import CommandError, ExitCode, StackLocked
from tenantry.engine.process.engine_starts import folder_of
from tenantry.engine.run.operations import Operation, Outcome
from tenantry.engine.state.stack_state import NoStack
from tenantry.parsing.faults import Faults
from tests.tenantry.engine.runs import PENDING, ROLE

USER = pwd.getpwuid(os.getuid()).pw_name  # as the engine finds it


def lock_of(pid: int, host: str | None = None) -> str:
    fields = {"pid": pid, "username": USER, "hostname": host or socket.gethostname()}
    return json.dumps({**fields, "timestamp": datetime.now(UTC).isoformat()})


def test_a_first_run_makes_the_stack_and_ends_well(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays(outputs={"tenants": {"k001": {"phase": "active", "cell": "main"}}})
    outcome = up()
    assert outcome.code == ExitCode.OK
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
    with pytest.raises(CommandError, match="make up"):
        up()


def test_a_failed_run_tells_tenant_step_and_what_converged(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays("failed", code=1)
    outcome = up()
    assert outcome.code == ExitCode.FAILED
    assert outcome.as_json()["failed"] == {"k002": ["database"]}


def test_an_engine_that_fails_before_its_first_event_is_quoted_without_secrets(
    up: Callable[[], Outcome], scene: Any
) -> None:
    scene.engine.plays("", code=1, says=f"error: wrong passphrase {scene.environment['PULUMI_CONFIG_PASSPHRASE']}")
    outcome = up()
    assert outcome.code == ExitCode.FAILED
    assert "wrong passphrase" in outcome.remark
    assert "battery" not in json.dumps(outcome.as_json())
    assert outcome.log is not None
    assert "battery" not in outcome.log.read_text()


def test_the_lock_of_a_dead_engine_is_broken_and_told(
    up: Callable[[], Outcome], scene: Any, listener: Any, dead_pid: int
) -> None:
    scene.started(dead_pid)
    path = scene.lock(lock_of(dead_pid))
    assert up().code == ExitCode.OK
    assert not path.exists()
    assert any("dead engine" in line and str(dead_pid) in line for line in listener.said)


def test_the_lock_of_a_living_engine_stops_it(up: Callable[[], Outcome], scene: Any, spawn: Any) -> None:
    engine = spawn(["pulumi", "60"], executable="/bin/sleep")
    scene.started(engine.pid)
    path = scene.lock(lock_of(engine.pid))
    with pytest.raises(StackLocked, match=rf"process {engine.pid}(.|\n)*pulumi cancel"):
        up()
    assert path.exists()
    assert scene.engine.calls == []


def test_the_lock_of_another_host_stops_it(up: Callable[[], Outcome], scene: Any, dead_pid: int) -> None:
    scene.started(dead_pid)
    path = scene.lock(lock_of(dead_pid, "another-host"))
    with pytest.raises(StackLocked, match="another-host"):
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
    assert outcome.code == ExitCode.OK
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
    assert up().code == ExitCode.OK
    assert any("restored from test.json.bak" in line for line in listener.said)


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
    assert up().code == ExitCode.INTERRUPTED
    assert any(line.startswith("stopping") for line in listener.said)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_engine_that_is_killed_is_told_as_such(up: Callable[[], Outcome], scene: Any) -> None:
    scene.engine.plays(waits=True)

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not (scene.engine.folder / "waiting").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        from tenantry.engine.process.process_table import own_processes, process

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
    assert outcome.code == ExitCode.FAILED
    assert "killed (signal 9)" in outcome.remark
    (start,) = folder_of(scene.environment).glob("*.json")  # its lock may be left: this proves later that it is dead
    path = scene.lock(lock_of(json.loads(start.read_text())["pid"]))
    scene.engine.plays()
    assert up().code == ExitCode.OK
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
