"""Forbidden changes of a tenant's file between a git reference and a request, one rule a function.

The engine refuses the same at run time, from what its last run has seen (`stacks/guards/removal_guard.py`,
`following.py`). Here the file of the target branch stands for the last run, so that the request fails instead of the
run after it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tenantry.fleet.capacity_checks import plan_change_faults
from tenantry.fleet.transitions import FIRST_ROTATION
from tenantry.model.lifecycle import phase_of
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.faults import Fault
from tenantry.parsing.yaml_document import FieldPath
from tenantry.spec.loader import Reading, Source
from tenantry.spec.plans import Plans
from tenantry.spec.services import Services
from tenantry.spec.tenant import TenantSpec, Tombstone

TenantFile = Reading[TenantSpec | Tombstone]


@dataclass(frozen=True, slots=True)
class Change:
    """One file at the reference and as the request has it. Where a side has faults, its good fields still count."""

    reference: str
    before: TenantFile
    after: TenantFile
    today: date
    plans: Plans | None  # None: their file has faults
    services: Services | None

    @property
    def source(self) -> Source:
        return self.after.source

    def both(self, field: str) -> tuple[Any, Any]:
        """The field's value before and after."""
        return self.before.source.valid(field), self.after.source.valid(field)

    def fault(self, path: FieldPath, problem: str, remedy: str) -> Fault:
        return self.source.fault(path, problem, remedy)


Rule = Callable[[Change], Iterator[Fault]]


def code(change: Change) -> Iterator[Fault]:
    """Every name is derived from the code: another one is another tenant, and this one would be gone."""
    before, after = change.both("code")
    if before and after and before != after:
        problem = f"is {after}, and was {before} in {change.reference}"
        yield change.fault(("code",), problem, f"write {before} back: a tenant keeps its code, a new one is a new file")


def phone(change: Change) -> Iterator[Fault]:
    """A tenant's objects lie below its phone."""
    before, after = change.both("phone")
    if before and after and before != after:
        remedy = f'write phone: "{before}" back: its files lie below it; people change theirs in the application'
        yield change.fault(("phone",), f"is not the one of {change.reference}", remedy)


def cell(change: Change) -> Iterator[Fault]:
    """Another stack would open the tenant anew and empty, and refuse the old one."""
    before, after = (side.value.cell if side.value else None for side in (change.before, change.after))
    if before and after and before != after:
        problem = f"is {after}, and was {before} in {change.reference}"
        yield change.fault(("cell",), problem, f"write cell: {before} back: a tenant stays in its cell")


def reused_code(change: Change) -> Iterator[Fault]:
    """A tombstone keeps its code from ever being used again. One whose tenant is taken back keeps its phone."""
    tombstone, tenant = change.before.value, change.after.value
    if isinstance(tombstone, Tombstone) and isinstance(tenant, TenantSpec) and tombstone.phone is None:
        problem = f"the tenant {tombstone.code} of {change.reference} is gone, and codes are never used again"
        yield change.fault(("code",), problem, "bring the tombstone back, and open this tenant with `tenantry new`")


def tombstone(change: Change) -> Iterator[Fault]:
    """A tombstone is written by `tenantry purge`. Name and phone may go, nothing else may change."""
    before, after = change.before.value, change.after.value
    if not isinstance(before, Tombstone) or not isinstance(after, Tombstone):
        return
    for field in ("name", "phone", "deleted_at", "proof"):
        old, new = getattr(before, field), getattr(after, field)
        may_go = field in ("name", "phone") and new is None
        has_own_rule = field == "phone" and old is not None  # by the rule of that name
        if old != new and not may_go and not has_own_rule:
            remedy = f"write it as in {change.reference}: only `tenantry purge` changes tombstones"
            yield change.fault((field,), "is changed by hand in a tombstone", remedy)


def purged(change: Change) -> Iterator[Fault]:
    """A removal follows upon a deletion that the target branch knows, or the 30 days were nobody's to object in."""
    before, after = change.before.value, change.after.value
    if isinstance(before, TenantSpec) and after and after.status == "purged" and before.status not in _LEAVING:
        problem = f"is purged, and was {before.status} in {change.reference}"
        remedy = "write `status: deleted` and its day; only `tenantry purge` writes purged, after 30 days and a backup"
        yield change.fault(("status",), problem, remedy)


def deletion(change: Change) -> Iterator[Fault]:
    """During a removal, the proof and the day stay as they were; to cancel, both go."""
    before, after = change.before.value, change.after.value
    if not isinstance(before, TenantSpec) or after is None or after.status != "purged":
        return
    for field in ("deleted_at", "proof"):
        was = getattr(before, field)
        if was is not None and getattr(after, field) != was:
            yield change.fault((field,), f"is not the one of {change.reference}", f"write {field}: {was} back")


def rotation(change: Change) -> Iterator[Fault]:
    """A number that skips one changes passwords in use, and one that falls revives what was given up."""
    before, after = change.before.value, change.after.value
    if not isinstance(before, TenantSpec) or not isinstance(after, TenantSpec):
        return
    known = {key.name: key.rotation for key in before.api_keys}
    numbers: dict[FieldPath, tuple[int, int]] = {
        ("credentials", "rotation"): (before.credentials.rotation, after.credentials.rotation)
    }
    for place, key in enumerate(after.api_keys):
        numbers["api_keys", place, "rotation"] = (known.get(key.name, FIRST_ROTATION), key.rotation)
    for path, (old, new) in numbers.items():
        if new not in (old, old + 1):
            problem, remedy = f"is {new}, and was {old} in {change.reference}", f"write {old}, or {old + 1} to rotate"
            yield change.fault(path, problem, remedy)


def smaller_plan(change: Change) -> Iterator[Fault]:
    """A smaller plan must have room for the services that still run while it takes effect."""
    before, after = change.before.value, change.after.value
    if not isinstance(before, TenantSpec) or not isinstance(after, TenantSpec):
        return
    if change.plans is None or change.services is None or not phase_of(before, change.today).has_workload:
        return
    last = PreviousRun(plan=before.plan, services=before.enabled_services)
    yield from plan_change_faults(change.source, after, change.plans, change.services, last)


_LEAVING: Final = ("deleted", "purged")
RULES: Final[tuple[Rule, ...]] = (
    code,
    phone,
    cell,
    reused_code,
    tombstone,
    purged,
    deletion,
    rotation,
    smaller_plan,
)
