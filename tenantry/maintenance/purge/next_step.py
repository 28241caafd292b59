"""The next step for each tenant that is being removed: a function of its file, the day and the stack's memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tenantry.fleet.load import Fleet
from tenantry.maintenance.purge.stack_memory import StackMemory
from tenantry.model.lifecycle import RETENTION, Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.spec.tenant import Tombstone


class Step(StrEnum):
    WAIT = "wait"  # its days are not over
    UP = "up"  # the next run of the stack does the next thing
    PROVE = "prove"  # restore and compare its backup, then write `purged`
    BURY = "bury"  # protection is lifted: write the tombstone, which the next run removes it for
    FINISH = "finish"  # it is removed: look, record, and take what is personal off the tombstone
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Next:
    """The next step, and the reason."""

    code: str
    step: Step
    why: str
    due_on: date | None = None
    name: str = ""


def plan(fleet: Fleet, memory: Mapping[str, StackMemory], today: date) -> list[Next]:
    """The next steps of all tenants that are being removed or were."""
    steps = [
        *(_deleted(tenant, memory.get(tenant.code), today) for tenant in fleet.tenants if tenant.phase.is_backed_up),
        *(_purging(tenant, memory.get(tenant.code)) for tenant in fleet.purging),
        *(_gone(tombstone, memory.get(tombstone.code)) for tombstone in fleet.tombstones),
    ]
    return sorted(steps, key=lambda one: int(one.code[1:]))


def within(steps: Iterable[Next], today: date, days: int) -> Iterator[Next]:
    """Those that are due, or fall due in so many days."""
    limit = today + timedelta(days=days)
    return (tenant for tenant in steps if tenant.due_on is not None and tenant.due_on <= limit)


def _deleted(tenant: ResolvedTenant, last: StackMemory | None, today: date) -> Next:
    written = tenant.spec.deleted_at
    first = last.deletion_seen if last else None
    if first is None or written is None:
        return Next(tenant.code, Step.UP, "no run has seen its deletion yet", None, tenant.spec.name)
    due = max(written, first) + RETENTION
    if today < due:
        days = (due - today).days
        return Next(tenant.code, Step.WAIT, f"due on {due}, in {days} day(s)", due, tenant.spec.name)
    if last is None or last.phase != Phase.DUE:
        return Next(tenant.code, Step.UP, f"due since {due}, but no run has seen that yet", due, tenant.spec.name)
    return Next(tenant.code, Step.PROVE, f"due since {due}", due, tenant.spec.name)


def _purging(tenant: ResolvedTenant, last: StackMemory | None) -> Next:
    name = tenant.spec.name
    if last is None or last.phase != Phase.PURGING or last.protected or last.proof != tenant.spec.proof:
        return Next(tenant.code, Step.UP, "its protection is not lifted yet", None, name)
    return Next(tenant.code, Step.BURY, f"protection is lifted, proof {tenant.spec.proof}", None, name)


def _gone(tombstone: Tombstone, last: StackMemory | None) -> Next:
    if last is not None:
        return Next(tombstone.code, Step.UP, f"{last.resources} resources are still there", None, tombstone.name or "")
    if not tombstone.is_bare:
        return Next(tombstone.code, Step.FINISH, "it is removed", None, tombstone.name or "")
    return Next(tombstone.code, Step.DONE, "gone")
