"""Checks on the change between two runs, such as a rotation number that skips one, before anything is touched."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from tenantry.model.credential_rotation import ALL_CREDENTIALS, of_key, overlap_of
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.faults import Fault
from tenantry.parsing.yaml_document import FieldPath
from tenantry.spec.loader import Source
from tenantry.spec.tenant import TenantSpec

FIRST_ROTATION: Final = 1  # the number of what was never rotated, which is not remembered


def rotation_faults(source: Source, spec: TenantSpec, today: date, before: PreviousRun) -> Iterator[Fault]:
    """A number that skips one changes the password of pods that run, and one that falls revives what was given up."""
    for place, (name, number) in _numbers(spec).items():
        known, since = before.rotations.get(name, (FIRST_ROTATION, None))
        if number == known:
            continue
        if number != known + 1:
            remedy = f"write {known}, or {known + 1} to rotate"
            yield source.fault(place, f"is {number}, and was {known} in the last run", remedy)
        elif since is not None and today < (until := overlap_of(spec, since)):
            problem = f"rises to {number} while those before {known} still work, until {until}"
            remedy = f"write {known} until then, or credentials: overlap_days: 0 to end them at once"
            yield source.fault(place, problem, remedy)


def _numbers(spec: TenantSpec) -> Mapping[FieldPath, tuple[str, int]]:
    keys = {
        ("api_keys", place, "rotation"): (of_key(key.name), key.rotation) for place, key in enumerate(spec.api_keys)
    }
    return {("credentials", "rotation"): (ALL_CREDENTIALS, spec.credentials.rotation), **keys}
