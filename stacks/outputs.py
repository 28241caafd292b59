"""Outputs that this run leaves to the next: for each tenant what was done, not what was asked for.

A resource may fail, be skipped behind one that did, or not be among the run's `--target`. So a tenant's seal, which
stands on all else that it has (components/tenant.py), is handed what is to be remembered, and tells it back once it was
reached; of any other tenant the memory of the run before stays. A run that leaves resources out may reach a seal and
not what it stands on: it records nothing as done, the next whole run does. What only shields is remembered at once:
that a tombstone was seen, that a code was used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import get_root_resource

from components.shared.installation import Installation
from components.tenant import Tenant, record_of
from stacks.last_run import PLATFORM, LastTenant
from tenantry.model.lifecycle import Phase
from tenantry.model.previous_run import PreviousRun
from tenantry.model.resolved import ResolvedTenant
from tenantry.model.tenant_record import NAMES, TenantRecord
from tenantry.spec.tenant import Tombstone

if TYPE_CHECKING:
    from components.platform import Platform

BEING_DELETED: Final = (Phase.RETAINED, Phase.DUE, Phase.PURGING)

Memory = dict[str, Any]  # a TenantRecord as the engine keeps it


@dataclass(frozen=True, slots=True)
class Mine:
    """A tenant of this stack in this run."""

    code: str
    wanted: Memory  # to be remembered when all of it is done
    last: LastTenant | None
    part: Tenant | None = None  # None: a preview does without it


def wanted(tenant: ResolvedTenant, last: LastTenant | None, at: Installation, today: date) -> Memory:
    """The record of a tenant once all is done."""
    record = record_of(tenant, at, last.given if last else None)
    if tenant.phase in BEING_DELETED:
        seen = last.deletion_seen if last and last.deletion_seen else today
        record = replace(record, deletion_seen=seen)
    return record.to_output()


def kept(wanted: Memory, last: LastTenant | None, done: Mapping[str, Any] | None, *, begun: bool) -> Memory | None:
    """The record of a tenant after a run; None when nothing of it was ever made.

    `done` is what its seal told, `begun` whether more of it than nothing may be there. What a run that stopped on its
    way may have added counts as there. A deletion that the file takes back is forgotten whatever became of the run: a
    later one counts its days from its own first run.
    """
    asked = TenantRecord.from_output(wanted)
    if done:
        record = TenantRecord.from_output(done)
    elif last is not None:
        record = _not_reached(last, asked)
    elif begun:  # what was asked for, but for what begins to count once it was done
        record = replace(asked, given=replace(asked.given, rotations={}), deletion_seen=None, opening=True)
    else:
        return None
    if asked.deletion_seen is None:
        record = replace(record, deletion_seen=None)
    if is_returned(last):
        record = replace(record, buried=(last.buried if last else None) or "")
    return record.to_output()


def _not_reached(last: TenantRecord, asked: TenantRecord) -> TenantRecord:
    """The record of the run before, with the names of this one where it had none, and what may run by either."""
    names = {name: getattr(last, name) or getattr(asked, name) for name in NAMES}
    services = last.given.services
    if last.given.plan is not None:
        services = tuple(dict.fromkeys([*services, *asked.given.services]))
    given = replace(last.given, services=services, scaled=last.given.scaled or asked.given.scaled)
    return replace(last, given=given, **names)


def is_returned(last: LastTenant | None) -> bool:
    """Codes whose removal may have started; kept until the tombstone is finished, because a run can fail half-way."""
    return last is not None and (last.leaving or last.buried is not None)


def pending_tombstones(tombstones: Iterable[Tombstone], held: Mapping[str, LastTenant]) -> dict[str, Memory]:
    """Those whose removal has been asked for, until `tenantry purge` has seen that nothing is left of them."""
    memory: dict[str, Memory] = {}
    for tombstone in tombstones:
        last = held.get(tombstone.code)
        if last is not None and not tombstone.is_bare:
            memory[tombstone.code] = TenantRecord(
                phase=Phase.PURGING,  # also after runs with another file than the tombstone, which were refused
                cell=last.cell,
                deletion_seen=last.deletion_seen,
                given=PreviousRun(rotations=last.given.rotations),
                prefix=last.prefix,
                buried=tombstone.proof,
            ).to_output()
    return memory


def note(outputs: Mapping[str, Any], tenants: Sequence[Mine]) -> None:
    """For a run that does not come to its end: plain `pulumi up` stops at its first failure, anybody presses Ctrl-C.

    The engine records the outputs that it was told last, when the run ends: those of the end take the place of these.
    """
    root = get_root_resource()
    if isinstance(root, pulumi.ComponentResource) and not pulumi.runtime.is_dry_run():
        values = {
            **outputs,
            "tenants": {tenant.code: kept(tenant.wanted, tenant.last, None, begun=True) for tenant in tenants},
        }
        for name, value in values.items():
            pulumi.export(name, value)  # what the SDK tells the engine when this program ends with an error
        root.register_outputs(values)


async def tenants_after(tenants: Sequence[Mine], *, is_partial: bool) -> dict[str, Memory]:
    """Waits for all of them. A preview tells what there will be."""
    if pulumi.runtime.is_dry_run():
        return {tenant.code: tenant.wanted for tenant in tenants}
    records = {
        tenant.code: await _after(tenant, tenant.part, is_partial=is_partial)
        for tenant in tenants
        if tenant.part is not None
    }
    return {code: memory for code, memory in records.items() if memory is not None}


async def _after(tenant: Mine, part: Tenant, *, is_partial: bool) -> Memory | None:
    done = await part.remembered.future()
    begun = await part.first.id.is_known()
    return kept(tenant.wanted, tenant.last, None if is_partial else done, begun=begun)


def platform_after(platform: "Platform", last: Mapping[str, Any], *, is_partial: bool) -> dict[str, Any]:
    """Its facts once all of it is there, and those of its secrets that are known; else as they were."""
    secrets = {name: _known(secret, last.get(name)) for name, secret in platform.secrets.items()}
    facts = whole_after(platform.facts, platform.seal, last.get(PLATFORM), is_partial=is_partial)
    return {PLATFORM: facts, **secrets}


async def _known(secret: pulumi.Output[Any], last: Any) -> Any:
    return secret if pulumi.runtime.is_dry_run() or await secret.is_known() else last


async def whole_after(facts: Any, seal: pulumi.CustomResource, last: Any, *, is_partial: bool) -> Any:
    """`facts` where all that the seal stands on is there and as it is declared, else those of the run before.

    A seal that this run left out is answered for as if it had been made: so such a run tells nothing new.
    """
    if pulumi.runtime.is_dry_run():
        return facts
    return facts if await seal.id.is_known() and not is_partial else last
