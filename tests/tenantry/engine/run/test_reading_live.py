"""A stack is read as it is now: nothing is written, and a run in between is noticed."""

from typing import Any

import pytest

from tenantry.engine.errors import CommandError, ExitCode, StackLocked
from tenantry.engine.run.refresh import DIFFERS, GONE
from tenantry.engine.state.stack_state import NoStack
from tests.tenantry.engine.runs import NAMESPACE, ROLE_TYPE, held, urn_of


def test_what_differs_comes_with_both_states_and_nothing_is_written(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE, outputs={"login": False})]})
    before = scene.state_file.read_bytes()
    scene.engine.plays(world={urn_of("k001", NAMESPACE): None, urn_of("k001", ROLE_TYPE): {"login": True}})
    record, reading = operation().read_live()
    assert [(change.place.tenant, change.operation) for change in reading.drift] == [("k001", GONE), ("k001", DIFFERS)]
    recorded, live = reading.states[urn_of("k001", ROLE_TYPE)]
    assert (recorded["outputs"], live["outputs"]) == ({"login": False}, {"login": True})
    assert record.custom_count() == 2
    assert scene.engine.commands == ["refresh"]
    assert "--preview-only" in scene.engine.calls[0]
    assert scene.state_file.read_bytes().strip() == before.strip()
    assert not list(scene.state.rglob("locks/**/*.json"))


def test_what_cannot_be_read_is_said_with_the_rest(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE), held("k001", ROLE_TYPE)]})
    scene.engine.plays(world={urn_of("k001", NAMESPACE): "unreachable", urn_of("k001", ROLE_TYPE): None})
    _, reading = operation().read_live()
    assert [error.text for error in reading.errors] == ["no connection"]
    assert [change.operation for change in reading.drift] == [GONE]


def test_a_run_that_changes_the_stack_meanwhile_is_noticed(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    scene.engine.plays(world={}, meanwhile="2026-11-30T01:02:03Z")
    with pytest.raises(StackLocked, match="a run has changed the stack while it was read") as locked:
        operation().read_live()
    assert locked.value.code == ExitCode.LOCKED


def test_without_a_stack_there_is_nothing_to_look_at(operation: Any, scene: Any) -> None:
    with pytest.raises(NoStack):
        operation().read_live()
    assert "refresh" not in scene.engine.commands


def test_an_engine_that_fails_is_no_clean_look(operation: Any, scene: Any) -> None:
    scene.store({"resources": [held("k001", NAMESPACE)]})
    (scene.engine.folder / "plan.json").unlink()
    with pytest.raises(CommandError, match="cannot be read"):
        operation().read_live()
