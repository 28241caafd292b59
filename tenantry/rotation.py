"""Whose turn it is: credentials that were made anew, and until when the ones before them go on working.

The day on which a rotation was first seen is the stack's to remember; here it is only counted from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tenantry.spec import TenantSpec

ALL: Final = "credentials"  # every password and key of the tenant together

Seen = Mapping[str, tuple[int, date]]  # what rotates -> its number, and the day of the run that first saw it


@dataclass(frozen=True, slots=True)
class Turn:
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


def turns_of(spec: TenantSpec, today: date, seen: Seen | None = None) -> dict[str, Turn]:
    """By what rotates: everything together, and each API key by itself."""
    return {name: _turn(name, number, spec, today, seen or {}) for name, number in _numbers(spec)}


def of_key(name: str) -> str:
    return f"api-key/{name}"


def overlap_of(spec: TenantSpec, since: date) -> date:
    """The first day on which what was rotated then no longer works: that day itself where nothing overlaps."""
    days = spec.credentials.overlap_days
    # A day more: days begin at midnight in UTC, and the run may have been a minute before.
    return since + timedelta(days=days + 1 if days else 0)


def remembered(turns: Mapping[str, Turn], seen: Seen | None = None) -> list[list[object]]:
    """What the next run must know, as plain values; nothing while nothing was ever rotated.

    Also what is gone since: an API key that comes back under its name must not be one that was rotated away.
    No mapping: what stands under a name such as `credentials` is taken for one by whoever looks for secrets.
    """
    known = {name: (turn.number, turn.since) for name, turn in turns.items() if not turn.first}
    gone = {name: one for name, one in (seen or {}).items() if name not in turns}
    return [[name, number, since.isoformat()] for name, (number, since) in {**known, **gone}.items()]


def _numbers(spec: TenantSpec) -> Iterator[tuple[str, int]]:
    yield ALL, spec.credentials.rotation
    yield from ((of_key(key.name), key.rotation) for key in spec.api_keys)


def _turn(name: str, number: int, spec: TenantSpec, today: date, seen: Seen) -> Turn:
    known, day = seen.get(name, (number, today))
    since = day if known == number else today
    until = overlap_of(spec, since)
    return Turn(number, since, until, number > 1 and today < until)
