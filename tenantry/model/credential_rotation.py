"""Credential rotation: the current generation and until when the previous one is accepted.

The day on which a rotation was first seen is the stack's to remember; here it is only counted from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tenantry.spec.tenant import TenantSpec

ALL_CREDENTIALS: Final = "credentials"  # every password and key of the tenant together

SeenRotations = Mapping[str, tuple[int, date]]  # what rotates -> its number, and the day of the run that first saw it


@dataclass(frozen=True, slots=True)
class Rotation:
    """`until` is the first day on which the credentials before these no longer work."""

    number: int
    since: date
    until: date
    overlaps: bool  # today, that is: those before still work

    @property
    def first(self) -> bool:
        """There were none before."""
        return self.number == 1

    @property
    def is_over(self) -> bool:
        """There were others before, and they no longer work."""
        return not self.first and not self.overlaps


def rotations_of(spec: TenantSpec, today: date, seen: SeenRotations | None = None) -> dict[str, Rotation]:
    """By what rotates: everything together, and each API key by itself."""
    return {name: _turn(name, number, spec, today, seen or {}) for name, number in _numbers(spec)}


def of_key(name: str) -> str:
    return f"api-key/{name}"


def overlap_of(spec: TenantSpec, since: date) -> date:
    """The first day on which what was rotated then no longer works: that day itself where nothing overlaps."""
    days = spec.credentials.overlap_days
    # A day more: days begin at midnight in UTC, and the run may have been a minute before.
    return since + timedelta(days=days + 1 if days else 0)


def rotation_state(rotations: Mapping[str, Rotation], seen: SeenRotations | None = None) -> SeenRotations:
    """The rotations that the next run must know; empty while nothing was ever rotated.

    Also what is gone since: an API key that comes back under its name must not be one that was rotated away.
    """
    known = {name: (rotation.number, rotation.since) for name, rotation in rotations.items() if not rotation.first}
    gone = {name: seen_rotation for name, seen_rotation in (seen or {}).items() if name not in rotations}
    return {**known, **gone}


def _numbers(spec: TenantSpec) -> Iterator[tuple[str, int]]:
    yield ALL_CREDENTIALS, spec.credentials.rotation
    yield from ((of_key(key.name), key.rotation) for key in spec.api_keys)


def _turn(name: str, number: int, spec: TenantSpec, today: date, seen: SeenRotations) -> Rotation:
    known, day = seen.get(name, (number, today))
    since = day if known == number else today
    until = overlap_of(spec, since)
    return Rotation(number, since, until, number > 1 and today < until)
