"""The tenants that the next run changes though no request says so: removals, and dates that are over.

A date counts where the file is as the last run had it, as far as the stack remembers: what somebody has written since
is a request's to announce.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from tenantry.fleet.load import Fleet
from tenantry.maintenance.purge.next_step import Next, Step
from tenantry.maintenance.purge.stack_memory import StackMemory
from tenantry.model.credential_rotation import rotations_of
from tenantry.model.due_change import DueChange, DueKind
from tenantry.model.lifecycle import Phase, phase_of
from tenantry.model.resolved import ResolvedTenant

_FIRST: Final = 1  # the number of a rotation of which there was none


def due_changes(
    fleet: Fleet,
    steps: Iterable[Next],
    memory: Mapping[str, StackMemory],
    last_run: date | None,
    today: date,
    ruled: Collection[str],
) -> list[DueChange]:
    """By code. `steps` are those of the stack's own tenants; `last_run`: the day of the stack's last change.

    `ruled`: codes that the stack's shared buckets have rules of. The stack with the platform has them of every cell's
    tenants, and keeps them until its own next run, whatever has become of the tenant by then.
    """
    due = [_of_removal(fleet, step) for step in steps if step.step is Step.UP and step.code in memory]
    known = [change for change in due if change is not None]
    known += [
        DueChange(tombstone.code, DueKind.RULES, ("a lifecycle rule",))
        for tombstone in fleet.tombstones
        if tombstone.code in ruled and tombstone.code not in memory
    ]
    if last_run is not None and last_run < today:
        for tenant in fleet.tenants:
            last = memory.get(tenant.code)
            if last is not None and (reasons := tuple(_dates(tenant, last, last_run, today))):
                known.append(DueChange(tenant.code, DueKind.DATE, reasons))
    return sorted(known, key=lambda change: int(change.code[1:]))


def _of_removal(fleet: Fleet, step: Next) -> DueChange | None:
    if any(tombstone.code == step.code for tombstone in fleet.tombstones):
        return DueChange(step.code, DueKind.REMOVED, (step.why,))
    if any(tenant.code == step.code for tenant in fleet.purging):
        return DueChange(step.code, DueKind.LIFTED, (step.why,))
    is_due = fleet[step.code].phase is Phase.DUE and step.due_on is not None
    return DueChange(step.code, DueKind.FELL_DUE, (f"due on {step.due_on}",)) if is_due else None


def _dates(tenant: ResolvedTenant, last: StackMemory, last_run: date, today: date) -> Iterator[str]:
    """Dates of the file that were not over at the last run and are today; none where the file has changed since."""
    spec = tenant.spec
    before = rotations_of(spec, last_run, last.given.rotations)
    if phase_of(spec, last_run, last.deletion_seen) != last.phase or not _is_as_run(tenant, last):
        return
    if not phase_of(spec, last_run).has_access:
        return
    if spec.expires_at is not None and last_run <= spec.expires_at < today:
        yield f"expires_at {spec.expires_at}"
    for name, rotation in rotations_of(spec, today, last.given.rotations).items():
        if before[name].overlaps and not rotation.overlaps:
            yield f"{name}: rotated {rotation.since}, those before end on {rotation.until}"
    for key in spec.api_keys:
        if last_run <= key.expires_at < today:
            yield f"API key {key.name}: expires_at {key.expires_at}"


def _is_as_run(tenant: ResolvedTenant, last: StackMemory) -> bool:
    given = last.given
    if given.plan is not None and (given.plan, {*given.services}) != (tenant.spec.plan, {*tenant.services}):
        return False
    numbers = rotations_of(tenant.spec, date.min, None)
    return all(given.rotations.get(name, (_FIRST, None))[0] == numbers[name].number for name in numbers)
