"""A change that no request shows: the next step of a removal, or what a date in a tenant's file brings."""

from dataclasses import dataclass
from enum import StrEnum


class DueKind(StrEnum):
    """The reason for which the next run changes a tenant."""

    REMOVED = "removed"  # its file is a tombstone: the run removes it
    RULES = "rules"  # it is a tombstone, and not this stack's own: its rules leave the shared buckets
    LIFTED = "lifted"  # its file is purged: the run lifts its protection
    FELL_DUE = "fell due"  # the 30 days since its deletion are over
    DATE = "date"  # a date in its file is over: its expiry, an API key's, the overlap of a rotation


@dataclass(frozen=True, slots=True)
class DueChange:
    """One tenant that the next run changes without a request. `reasons`: such as `expires_at 2026-10-01`."""

    code: str
    kind: DueKind
    reasons: tuple[str, ...] = ()
