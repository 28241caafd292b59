"""What to do about each operation that a dead engine had begun, decided from its record alone.

`pulumi refresh --import-pending-creates` would be the tool for it, but in the engine's version 3.250 it only forgets the
operation: nothing is read, nothing enters the state, and the next run fails on the thing that exists. So an interrupted creation
whose id is known is entered into the state here and a refresh looks whether it is there. Its pending operation stays recorded
until then, so that being killed during the recovery loses nothing either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.engine.alidns import FoundRecord, find_record
from tenantry.engine.deployment import CREATING, Deployment, Record
from tenantry.engine.identity import (
    ACCESS_KEY,
    DNS_RECORD,
    carries_our_mark,
    derived_id,
    is_kubernetes,
    is_repeatable,
)
from tenantry.engine.urns import describe, place_of

# Recorded as an error of initialisation, so that the engine updates the thing once more and waits until it is ready.
UNPROVED = "its creation was interrupted: whether it became ready is not known"


@dataclass
class Recovery:
    """The plan for one stack, and what came of it in one line each."""

    adopted: dict[str, Record] = field(default_factory=dict[str, Record])  # URN -> what it was asked to be
    reread: list[str] = field(default_factory=list[str])  # URNs in the state whose truth is to be read
    notes: list[str] = field(default_factory=list[str])

    @property
    def targets(self) -> list[str]:
        """What the refresh reads."""
        return [*self.adopted, *self.reread]


def plan(
    deployment: Deployment,
    environment: Mapping[str, str],
    look_up: Callable[[Mapping[str, Any], Mapping[str, str]], FoundRecord | None] = find_record,
) -> Recovery:
    """Enters the adoptions into `deployment` and drops the operations that need nothing; the rest waits for `conclude`."""
    recovery = Recovery()
    parents = deployment.parents

    def note(urn: str, text: str) -> None:
        recovery.notes.append(f"{place_of(urn, parents)}: {describe(urn)}: {text}")

    for kind, record in deployment.pending:
        urn = record["urn"]
        known = deployment.living(urn)
        if kind != CREATING:
            if known is not None and kind != "reading" and urn not in recovery.targets:
                recovery.reread.append(urn)
                note(urn, f"was interrupted while {kind}: reading what is there")
        elif known is not None and not known.get("pendingReplacement"):
            if known.get("custom"):
                recovery.reread.append(urn)
                note(urn, "was made after all: reading what is there")
        elif is_repeatable(record["type"]) or not record.get("custom"):
            note(urn, "its creation was interrupted: it is simply made again")
        elif record["type"] == DNS_RECORD:
            _adopt_dns_record(deployment, recovery, record, look_up(record.get("inputs") or {}, environment), note)
        elif identity := derived_id(record):
            deployment.adopt(record, identity)
            recovery.adopted[urn] = record
        else:
            note(urn, _unknown(record))
    deployment.keep_pending(lambda kind, record: kind == CREATING and record["urn"] in recovery.targets)
    return recovery


def conclude(deployment: Deployment, recovery: Recovery, unread: Mapping[str, str]) -> None:
    """After the refresh: keeps what was found and is ours. `unread` maps URNs that could not be read to the reason."""
    parents = {
        **deployment.parents,
        **{urn: str(record.get("parent") or "") for urn, record in recovery.adopted.items()},
    }
    for urn, asked in recovery.adopted.items():
        found = deployment.living(urn)
        label = f"{place_of(urn, parents)}: {describe(urn)}"
        if urn in unread:
            deployment.drop(urn)
            recovery.notes.append(f"{label}: its creation was interrupted, and it cannot be read now: {unread[urn]}")
        elif found is None:
            recovery.notes.append(f"{label}: its creation was interrupted before anything was made")
        elif not carries_our_mark(asked.get("inputs") or {}, found.get("outputs") or {}):
            deployment.drop(urn)
            recovery.notes.append(f"{label}: exists, but without our mark: left alone")
        else:
            recovery.notes.append(f"{label}: its creation was interrupted; it exists ({found['id']}): adopted")
            if is_kubernetes(found["type"]) and not found.get("initErrors"):
                found["initErrors"] = [UNPROVED]
    deployment.keep_pending(lambda kind, record: kind == CREATING and record["urn"] in unread)


def _adopt_dns_record(
    deployment: Deployment,
    recovery: Recovery,
    record: Record,
    found: FoundRecord | None,
    note: Callable[[str, str], None],
) -> None:
    if found is None:
        note(record["urn"], "its creation was interrupted before anything was made")
        return
    if not found.has_remark:  # asked for in the second call, which did not come: the next run sets it
        inputs = {name: value for name, value in (record.get("inputs") or {}).items() if name != "remark"}
        record = {**record, "inputs": inputs}
    deployment.adopt(record, found.identity)
    recovery.adopted[record["urn"]] = record


def _unknown(record: Record) -> str:
    if record["type"] == ACCESS_KEY:
        user = (record.get("inputs") or {}).get("userName")
        return f"its creation was interrupted: a key that was made is lost, remove keys of the user {user} that nobody uses"
    return "its creation was interrupted, and its id cannot be known: it is made again"
