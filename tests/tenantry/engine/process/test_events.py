"""Event logs are read while they grow, and only what means something is kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.engine.process.events import Message, Step, Summary, Tail, Violation, failures_by_urn, parse, read_all
from tenantry.engine.run.progress import Progress


def test_a_recorded_run_is_read_to_its_end(recorded: Callable[[str], Path]) -> None:
    events = read_all(recorded("failed"))
    assert isinstance(events[-1], Summary)
    assert events[-1].result == "failed"
    assert {event.stage for event in events if isinstance(event, Step)} == {"begun", "done", "failed"}


def test_debugging_is_not_kept(recorded: Callable[[str], Path]) -> None:
    severities = {event.severity for event in read_all(recorded("failed")) if isinstance(event, Message)}
    assert severities == {"error"}


@pytest.mark.parametrize("line", ["", "{", "[1]"[:1], '{"cancelEvent":{}}', '{"preludeEvent":{"config":{}}}'])
def test_other_lines_mean_nothing(line: str) -> None:
    assert parse(line) is None


def test_ephemeral_messages_are_not_kept() -> None:
    assert parse('{"diagnosticEvent":{"message":"x","severity":"info","ephemeral":true}}') is None


@pytest.mark.parametrize(("level", "mandatory"), [("mandatory", True), ("advisory", False), ("remediate", False)])
def test_a_policy_stops_a_run_only_when_it_is_mandatory(level: str, mandatory: bool) -> None:
    raw = {"resourceUrn": "u", "message": "no\n", "policyName": "p", "enforcementLevel": level}
    assert parse(json.dumps({"policyEvent": raw})) == Violation("u", "p", "no", mandatory)


def test_a_line_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "events"
    tail = Tail(path)
    assert list(tail.new()) == []
    whole = '{"diagnosticEvent":{"message":"园","severity":"error"}}\n'.encode()
    path.write_bytes(whole[:40])
    assert list(tail.new()) == []
    with path.open("ab") as handle:
        handle.write(whole[40:] + whole[:10])
    assert list(tail.new()) == [Message("error", "", "园")]
    with path.open("ab") as handle:
        handle.write(whole[10:])
    assert list(tail.new()) == [Message("error", "", "园")]


def test_failures_are_told_with_their_reasons(recorded: Callable[[str], Path]) -> None:
    failures = failures_by_urn(read_all(recorded("failed")))
    assert [(urn.rpartition("::")[2], why) for urn, why in failures.items()] == [("k002-db", "told to fail: boom")]


def test_a_failure_without_a_reason_is_told_too() -> None:
    assert failures_by_urn([Step("failed", "refresh", "u", "", True)]) == {"u": "no reason was given"}


def test_a_failed_creation_tells_what_it_was_to_make() -> None:
    new = {"urn": "u", "type": "t:m:T", "custom": True, "parent": "p", "inputs": {"rr": "k001"}, "outputs": {"x": 1}}
    failed = parse(json.dumps({"resOpFailedEvent": {"metadata": {"op": "create", "urn": "u", "new": new}}}))
    assert isinstance(failed, Step)
    assert failed.asked == {"urn": "u", "type": "t:m:T", "custom": True, "parent": "p", "inputs": {"rr": "k001"}}
    begun = parse(json.dumps({"resourcePreEvent": {"metadata": {"op": "create", "urn": "u", "new": new}}}))
    assert isinstance(begun, Step)
    assert begun.asked is None
    progress = Progress()
    progress.take(failed)
    assert progress.unmade == {"u": failed.asked}
