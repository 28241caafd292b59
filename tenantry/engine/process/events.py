"""The engine's event log (`--event-log`, one JSON document a line), read while it grows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_QUIET = ("debug",)
_OF_A_RECORD = ("urn", "type", "custom", "parent", "provider", "protect", "inputs")


@dataclass(frozen=True, slots=True)
class Step:
    """An operation on one resource begins, ends or fails."""

    stage: str  # begun | done | failed
    operation: str  # create, update, delete, same, replace, create-replacement, delete-replaced, refresh, read, ...
    urn: str
    parent: str
    is_custom: bool
    changed: tuple[str, ...] = ()  # names of the properties that differ
    asked: Mapping[str, Any] | None = None  # of a failed operation: what it was to make, as the state would hold it
    states: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None  # of an update that is done: before and after it


@dataclass(frozen=True, slots=True)
class Message:
    """Something said: severity is error, warning, info or info#err (what the program wrote to its standard error)."""

    severity: str
    urn: str
    text: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A policy does not agree."""

    urn: str
    policy: str
    text: str
    is_mandatory: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """The end."""

    changes: dict[str, int]  # operation -> how many resources
    seconds: int
    result: str  # succeeded | failed | canceled, empty from older engines


Event = Step | Message | Violation | Summary

_STAGES = {"resourcePreEvent": "begun", "resOutputsEvent": "done", "resOpFailedEvent": "failed"}


def parse(line: str) -> Event | None:
    """The event in one line; None for what means nothing here, and for a line that is no JSON."""
    try:
        raw: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    for name, stage in _STAGES.items():
        if name in raw:
            return _step(stage, raw[name]["metadata"])
    if "diagnosticEvent" in raw:
        said: dict[str, Any] = raw["diagnosticEvent"]
        if said.get("ephemeral") or said["severity"] in _QUIET:
            return None
        return Message(said["severity"], said.get("urn", ""), said["message"].strip())
    if "policyEvent" in raw:
        event: dict[str, Any] = raw["policyEvent"]
        is_mandatory = event.get("enforcementLevel") == "mandatory"
        return Violation(event.get("resourceUrn", ""), event["policyName"], event["message"].strip(), is_mandatory)
    if "summaryEvent" in raw:
        end: dict[str, Any] = raw["summaryEvent"]
        return Summary(end.get("resourceChanges") or {}, end.get("durationSeconds", 0), end.get("result", ""))
    return None


class Tail:
    """A growing event log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def new(self) -> Iterator[Event]:
        """The lines added since the last call; one still being written waits for the next call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as handle:
            handle.seek(self._offset)
            added = handle.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            if (event := parse(line.decode(errors="replace"))) is not None:
                yield event


def read_all(path: Path) -> list[Event]:
    """A finished event log."""
    return list(Tail(path).new())


def failures_by_urn(events: Iterable[Event]) -> dict[str, str]:
    """URN -> the errors about it, of the resources whose operation failed."""
    said: dict[str, list[str]] = {}
    failed: set[str] = set()
    for event in events:
        if isinstance(event, Message) and event.severity == "error" and event.urn:
            said.setdefault(event.urn, []).append(event.text)
        elif isinstance(event, Step) and event.stage == "failed":
            failed.add(event.urn)
    return {urn: "; ".join(said.get(urn, ["no reason was given"])) for urn in failed | said.keys()}


def _step(stage: str, metadata: dict[str, Any]) -> Step:
    state: dict[str, Any] = metadata.get("new") or metadata.get("old") or {}
    changed = metadata.get("diffs") or metadata.get("keys") or ()
    return Step(
        stage,
        metadata["op"],
        metadata["urn"],
        state.get("parent", ""),
        bool(state.get("custom")),
        tuple(changed),
        {key: state[key] for key in _OF_A_RECORD if key in state}
        if stage == "failed" and metadata.get("new")
        else None,
        (metadata["old"], metadata["new"])
        if stage == "done" and metadata["op"] == "update" and metadata.get("old") and metadata.get("new")
        else None,
    )
