"""The life cycle of a tenant: its phase is a function of its file, the day, and when its deletion was first seen."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from tenantry.spec.tenant import TenantSpec, Tombstone

RETENTION: Final = timedelta(days=30)


class Phase(StrEnum):
    ACTIVE = "active"
    ASLEEP = "asleep"
    SUSPENDED = "suspended"
    RETAINED = "retained"
    DUE = "due"
    PURGING = "purging"
    GONE = "gone"

    @property
    def has_access(self) -> bool:
        """May log in to the database, take object credentials and use API keys."""
        return self in (Phase.ACTIVE, Phase.ASLEEP)

    @property
    def has_domain(self) -> bool:
        return self in (Phase.ACTIVE, Phase.ASLEEP, Phase.SUSPENDED)

    @property
    def has_workload(self) -> bool:
        """A Deployment exists (with no replicas unless active)."""
        return self.has_domain

    @property
    def is_backed_up(self) -> bool:
        """A backup was taken when access ended, and is what a removal is measured against."""
        return self in (Phase.RETAINED, Phase.DUE, Phase.PURGING)

    @property
    def keeps_data(self) -> bool:
        return self not in (Phase.PURGING, Phase.GONE)


def due_on(spec: TenantSpec, first_seen_deleted: date | None = None) -> date | None:
    """The first day on which a deleted tenant's data may be removed; None when it is not deleted."""
    if spec.status not in ("deleted", "purged") or spec.deleted_at is None:
        return None
    return max(spec.deleted_at, first_seen_deleted or spec.deleted_at) + RETENTION


def phase_of(spec: TenantSpec | Tombstone, today: date, first_seen_deleted: date | None = None) -> Phase:
    """A date written into the past does not shorten the 30 days: the later of the two dates counts."""
    if isinstance(spec, Tombstone):
        return Phase.GONE
    if spec.status == "purged":
        return Phase.PURGING
    if spec.status == "deleted":
        due = due_on(spec, first_seen_deleted)
        return Phase.DUE if due is not None and today >= due else Phase.RETAINED
    if spec.status in ("suspended", "inactive"):
        return Phase.SUSPENDED
    if spec.expires_at is not None and today > spec.expires_at:
        return Phase.SUSPENDED
    return Phase.ASLEEP if spec.hibernated else Phase.ACTIVE
