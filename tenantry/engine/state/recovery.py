"""Plans the recovery of each operation that a dead engine had begun, from its record alone.

`pulumi refresh --import-pending-creates` would be the tool for it, but in the engine's version 3.250 it only
forgets the operation: nothing is read, nothing enters the state, and the next run fails on the thing that exists.
So an interrupted creation whose id is known is entered into the state here, marked as unread, and a refresh looks
whether it is there. The engine keeps such a mark until it has read the resource, so that being killed during the
recovery loses nothing either.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.engine.clients.dns_records import FoundRecord, find_record
from tenantry.engine.stack.urns import describe, place_of
from tenantry.engine.state.deployment import CREATING, Deployment, Record, errors_of
from tenantry.engine.state.lost_access_keys import remove_lost_keys
from tenantry.engine.state.resource_ids import (
    ACCESS_KEY,
    DNS_RECORD,
    carries_our_mark,
    derived_id,
    is_kubernetes,
    is_repeatable,
)
from tenantry.parsing.json_narrowing import mapping

# Plugins made of Terraform providers.
BRIDGED = ("alicloud:", "postgresql:", "random:")
# Both stand in the state as errors of initialisation. A refresh removes the first when it can read the resource; the
# second makes the engine update the resource once more and wait until it is ready.
UNREAD_CREATION = "tenantry: its creation was interrupted, and it has not been read since"
UNREAD = "tenantry: it was interrupted, and it has not been read since"
UNPROVED = "tenantry: it was interrupted: whether it became ready is not known"


@dataclass(frozen=True, slots=True)
class ExternalLookups:
    """Questions to the systems while a recovery is planned."""

    keys: Callable[[], Mapping[str, str]]  # asked for only when there is something to look up
    find_record: Callable[[Mapping[str, Any], Mapping[str, str]], FoundRecord | None] = find_record
    remove_lost_keys: Callable[[str, Collection[str], str, Mapping[str, str]], list[str]] = remove_lost_keys


@dataclass
class Recovery:
    """The plan for one stack, and what came of it in one line each."""

    adopted: dict[str, Record] = field(default_factory=dict[str, Record])  # URN -> what it was asked to be
    missing: dict[str, Record] = field(default_factory=dict[str, Record])  # what was asked for, and is not there
    reread: list[str] = field(default_factory=list[str])  # URNs in the state whose truth is to be read
    notes: list[str] = field(default_factory=list[str])

    @property
    def targets(self) -> list[str]:
        """The resources that the refresh reads."""
        return [*self.adopted, *self.reread]


def interrupted(deployment: Deployment) -> list[str]:
    """`creating URN` for everything that an engine, or a recovery, died over."""
    marked = [f"recovering {record['urn']}" for record in deployment.resources if _is_to_be_read(record)]
    return [f"{kind} {record['urn']}" for kind, record in deployment.pending] + marked


def plan(deployment: Deployment, outside: ExternalLookups) -> Recovery:
    """Enters the adoptions into `deployment`, marks what is to be read, and drops the pending operations."""
    recovery = Recovery()
    parents = deployment.parents

    def note(urn: str, text: str) -> None:
        recovery.notes.append(f"{place_of(urn, parents)}: {describe(urn)}: {text}")

    for record in deployment.resources:
        if UNREAD_CREATION in errors_of(record):
            recovery.adopted[record["urn"]] = record
        elif _is_to_be_read(record):
            record["initErrors"] = [UNREAD]
            recovery.reread.append(record["urn"])
    for kind, record in deployment.pending:
        urn = record["urn"]
        known = deployment.living(urn)
        if urn in recovery.targets:
            continue
        if kind == CREATING and (known is None or known.get("pendingReplacement")):
            _creation(deployment, recovery, record, outside, note)
        elif known is not None and known.get("custom") and kind != "reading":
            known["initErrors"] = [UNREAD]
            recovery.reread.append(urn)
            note(urn, f"was interrupted while {kind}: reading what is there")
    deployment.forget_pending()
    return recovery


def finish(deployment: Deployment, recovery: Recovery, failures: Mapping[str, str]) -> bool:
    """After the refresh: keeps what was found and is ours; says whether `deployment` was changed.

    `failures` maps URNs that could not be read to the reason.
    """
    was_changed = False
    parents = {
        **{urn: str(record.get("parent") or "") for urn, record in recovery.adopted.items()},
        **deployment.parents,
    }
    for urn, asked in recovery.adopted.items():
        recorded = deployment.living(urn)
        label = f"{place_of(urn, parents)}: {describe(urn)}: its creation was interrupted"
        if recorded is None:
            recovery.missing[urn] = asked
            recovery.notes.append(f"{label} before anything was made")
        elif _is_unread(recorded):
            recovery.notes.append(f"{label}, and it cannot be read now: {failures.get(urn, 'no reason was given')}")
        elif not carries_our_mark(mapping(asked.get("inputs")), mapping(recorded.get("outputs"))):
            deployment.drop(urn)
            was_changed = True
            recovery.notes.append(f"{label}; what is there has not our mark: left alone")
        else:
            recovery.notes.append(f"{label}; it exists ({recorded['id']}): adopted")
    for urn in recovery.targets:
        recorded = deployment.living(urn)
        if recorded is not None and is_kubernetes(recorded["type"]) and not errors_of(recorded):
            recorded["initErrors"] = [UNPROVED]  # also after an update: the roll-out was not waited for
            was_changed = True
    return was_changed


def suspect(deployment: Deployment, missing: Mapping[str, Record], outside: ExternalLookups) -> bool:
    """Enters creations that were found unmade once more as unread: what was asked for last may have come late.

    Says whether there was any to enter. Raises OSError when AliDNS does not answer.
    """
    was_changed = False
    for urn, record in missing.items():
        if deployment.living(urn) is None and (identified := _identified(record, outside)) is not None:
            deployment.adopt(*identified)["initErrors"] = [UNREAD_CREATION]
            was_changed = True
    return was_changed


def _creation(
    deployment: Deployment,
    recovery: Recovery,
    record: Record,
    outside: ExternalLookups,
    note: Callable[[str, str], None],
) -> None:
    urn = record["urn"]
    if is_repeatable(record["type"]) or not record.get("custom"):
        note(urn, "its creation was interrupted: it is simply made again")
        return
    if record["type"] == ACCESS_KEY:
        note(urn, _lost_keys(deployment, str(mapping(record.get("inputs")).get("userName")), outside))
        return
    identified = _identified(record, outside)
    if identified is not None:
        deployment.adopt(*identified)["initErrors"] = [UNREAD_CREATION]
        recovery.adopted[urn] = identified[0]
    elif record["type"] == DNS_RECORD:
        recovery.missing[urn] = record
        note(urn, "its creation was interrupted before anything was made")
    else:
        note(urn, "its creation was interrupted, and its id cannot be known: it is made again")


def _identified(record: Record, outside: ExternalLookups) -> tuple[Record, str] | None:
    """The state to enter for an interrupted creation, with its id; None when that cannot be known or is not there."""
    if record["type"] != DNS_RECORD:
        identity = derived_id(record)
        return (record, identity) if identity is not None else None
    inputs = mapping(record.get("inputs"))
    existing = outside.find_record(inputs, outside.keys())
    if existing is None:
        return None
    if not existing.has_remark:  # asked for in the second call, which did not come: the next run sets it
        record = {**record, "inputs": {name: value for name, value in inputs.items() if name != "remark"}}
    return record, existing.identity


def _is_unread(record: Record) -> bool:
    return UNREAD_CREATION in errors_of(record) or UNREAD in errors_of(record)


def _is_to_be_read(record: Record) -> bool:
    """Also what a bridged plugin failed to change: it has recorded all that was asked for, and changes by difference.

    So the update that the engine makes anew does nothing, and calls a login role changed that still has no LOGIN.
    """
    is_bridged = record["type"].startswith(BRIDGED) and bool(record.get("id"))
    return _is_unread(record) or (is_bridged and bool(errors_of(record)))


def _lost_keys(deployment: Deployment, user: str, outside: ExternalLookups) -> str:
    known = {str(record.get("id")) for record in deployment.resources if record["type"] == ACCESS_KEY}
    lost = outside.remove_lost_keys(user, known, deployment.changed_at, outside.keys())
    removed = f"removed {', '.join(lost)}, whose secret nobody knows; " if lost else ""
    return f"its creation was interrupted: {removed}it is made again"
