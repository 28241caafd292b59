"""Whether what a file says now can follow upon what the last run gave the tenant: said before anything is touched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tenantry.document import Path as FieldPath
from tenantry.faults import Fault
from tenantry.reading import Source
from tenantry.rotation import ALL, Seen, of_key, overlap_of
from tenantry.spec import PlanName, TenantSpec

FIRST: Final = 1  # the number of what was never rotated, which is not remembered


@dataclass(frozen=True, slots=True)
class Before:
    """What a stack remembers of a tenant's last run; other tenants had none."""

    rotations: Seen = field(default_factory=dict[str, tuple[int, date]])
    plan: PlanName | None = None  # of what ran; None: nothing did
    services: tuple[str, ...] = ()
    scaled: bool = False  # by another than the run: it is not to be without one until its workload goes


def out_of_turn(source: Source, spec: TenantSpec, today: date, before: Before) -> Iterator[Fault]:
    """A number that skips one changes the password of pods that run, and one that falls revives what was given up."""
    for place, (name, number) in _numbers(spec).items():
        known, since = before.rotations.get(name, (FIRST, None))
        if number == known:
            continue
        if number != known + 1:
            remedy = f"write {known}, or {known + 1} to rotate"
            yield source.fault(place, f"is {number}, and was {known} in the last run", remedy)
        elif since is not None and today < (until := overlap_of(spec, since)):
            wrong = f"rises to {number} while those before {known} still work, until {until}"
            remedy = f"write {known} until then, or credentials: overlap_days: 0 to end them at once"
            yield source.fault(place, wrong, remedy)


def _numbers(spec: TenantSpec) -> Mapping[FieldPath, tuple[str, int]]:
    keys = {
        ("api_keys", place, "rotation"): (of_key(key.name), key.rotation) for place, key in enumerate(spec.api_keys)
    }
    return {("credentials", "rotation"): (ALL, spec.credentials.rotation), **keys}
