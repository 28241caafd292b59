"""Outputs that this run leaves to the next: for each tenant what was done, not what was asked for.

A resource may fail, be skipped behind one that did, or not be among the run's `--target`. So a tenant's seal, which
stands on all else that it has (components/tenant.py), is handed what is to be remembered, and tells it back once it was
reached; of any other tenant the memory of the run before stays. What only shields is remembered at once: that a
tombstone was seen, that a code was used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import get_root_resource

from components.shared.installation import Installation
from components.tenant import Tenant, facts
from stacks.last_run import OPENING, PLATFORM, LastTenant
from tenantry.model.credential_rotation import rotation_state as remembered_turns
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.spec.tenant import Tombstone

if TYPE_CHECKING:
    from components.platform import Platform

BEING_DELETED: Final = (Phase.RETAINED, Phase.DUE, Phase.PURGING)
DELETION, SERVICES, SCALED = "deletionSeen", "services", "scaled"
GIVEN: Final = ("rotations", DELETION)  # what begins to count once it was done
NAMES: Final = ("domain", "database", "namespace", "prefix", "role")

Memory = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mine:
    """A tenant of this stack in this run."""

    code: str
    wanted: Memory  # to be remembered when all of it is done
    last: LastTenant | None
    part: Tenant | None = None  # None: a preview does without it


def wanted(tenant: ResolvedTenant, last: LastTenant | None, at: Installation, today: date) -> Memory:
    """The record of a tenant once all is done: known values, and none of them secret."""
    memory = facts(tenant, at, last.given if last else None)
    if tenant.phase in BEING_DELETED:
        seen = last.deletion_seen if last and last.deletion_seen else today
        memory[DELETION] = seen.isoformat()
    return memory


def kept(wanted: Memory, last: LastTenant | None, done: Mapping[str, Any] | None, *, begun: bool) -> Memory | None:
    """The record of a tenant after a run; None when nothing of it was ever made.

    `done` is what its seal told, `begun` whether more of it than nothing may be there. What a run that stopped on its
    way may have added counts as there. A deletion that the file takes back is forgotten whatever became of the run: a
    later one counts its days from its own first run.
    """
    if done:
        memory = dict(done)
    elif last is not None:
        memory = {key: wanted[key] for key in NAMES} | dict(last.facts)
        memory |= {key: both for key in (SERVICES, SCALED) if (both := _either(key, memory, wanted))}
    elif begun:
        memory = {key: value for key, value in wanted.items() if key not in GIVEN} | {OPENING: True}
    else:
        return None
    if DELETION not in wanted:
        memory.pop(DELETION, None)
    if is_returned(last):
        memory["buried"] = (last.buried if last else None) or ""
    return memory


def _either(key: str, one: Memory, other: Memory) -> Any:
    if key == SCALED:
        return bool(one.get(key) or other.get(key))
    return list(dict.fromkeys([*one.get(key, ()), *other.get(key, ())])) if key in one else None


def is_returned(last: LastTenant | None) -> bool:
    """Codes whose removal may have started; kept until the tombstone is finished, because a run can fail half-way."""
    return last is not None and (last.leaving or last.buried is not None)


def pending_tombstones(stones: Iterable[Tombstone], held: Mapping[str, LastTenant]) -> dict[str, Memory]:
    """Those whose removal has been asked for, until `tenantry purge` has seen that nothing is left of them."""
    memory: dict[str, Memory] = {}
    for stone in stones:
        last = held.get(stone.code)
        if last is not None and not stone.is_bare:
            seen = {DELETION: last.deletion_seen.isoformat()} if last.deletion_seen else {}
            rotations = remembered_turns({}, last.given.rotations)
            turned = {"rotations": rotations} if rotations else {}
            place = {"prefix": last.prefix} if last.prefix else {}
            phase = str(Phase.PURGING)  # also after runs with another file than the tombstone, which were refused
            known = {"phase": phase, "cell": last.cell, "buried": stone.proof}
            memory[stone.code] = {**known, **seen, **turned, **place}
    return memory


def note(outputs: Mapping[str, Any], mine: Sequence[Mine]) -> None:
    """For a run that does not come to its end: plain `pulumi up` stops at its first failure, anybody presses Ctrl-C.

    The engine records the outputs that it was told last, when the run ends: those of the end take the place of these.
    """
    root = get_root_resource()
    if isinstance(root, pulumi.ComponentResource) and not pulumi.runtime.is_dry_run():
        told = {
            **outputs,
            "tenants": {tenant.code: kept(tenant.wanted, tenant.last, None, begun=True) for tenant in mine},
        }
        for name, value in told.items():
            pulumi.export(name, value)  # what the SDK tells the engine when this program ends with an error
        root.register_outputs(told)


async def tenants_after(mine: Sequence[Mine]) -> dict[str, Memory]:
    """Waits for all of them. A preview tells what there will be."""
    if pulumi.runtime.is_dry_run():
        return {tenant.code: tenant.wanted for tenant in mine}
    found = {tenant.code: await _after(tenant, tenant.part) for tenant in mine if tenant.part is not None}
    return {code: memory for code, memory in found.items() if memory is not None}


async def _after(one: Mine, part: Tenant) -> Memory | None:
    done = await part.remembered.future()
    return kept(one.wanted, one.last, done, begun=await part.first.id.is_known())


def platform_after(platform: "Platform", last: Mapping[str, Any]) -> dict[str, Any]:
    """Its facts once all of it is there, and those of its secrets that are known; else as they were."""
    secrets = {name: _known(secret, last.get(name)) for name, secret in platform.secrets.items()}
    return {PLATFORM: _whole(platform, last.get(PLATFORM)), **secrets}


async def _known(one: pulumi.Output[Any], last: Any) -> Any:
    return one if pulumi.runtime.is_dry_run() or await one.is_known() else last


async def _whole(platform: "Platform", last: Any) -> Any:
    return platform.facts if pulumi.runtime.is_dry_run() or await platform.seal.id.is_known() else last
