"""Sums over the fleet, and what of it somebody should look at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tenantry.watch.overview.facts import Overview
from tenantry.watch.tenant_facts import TenantFacts

PAYING: Final = "active"
_BACKED_UP: Final = ("active", "suspended")
_TOO_OLD: Final = timedelta(days=1, hours=2)  # as the alert has it
_SOON: Final = timedelta(days=7)
_QUOTA: Final = 90


@dataclass(frozen=True, slots=True)
class Share:
    """Tenants that have one thing in common."""

    name: str
    tenants: int
    active: int
    monthly: float  # of the active ones whose price is known


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at. The page of docs/runbooks that is for it is named without its ending."""

    grave: bool
    subject: str
    text: str
    page: str


def shares(tenants: Sequence[TenantFacts], key: Callable[[TenantFacts], str]) -> list[Share]:
    """By a plan, a phase or a stack; the largest first."""
    groups: dict[str, list[TenantFacts]] = {}
    for facts in tenants:
        groups.setdefault(key(facts) or "-", []).append(facts)
    listed = [share(name, group) for name, group in groups.items()]
    return sorted(listed, key=lambda entry: (-entry.tenants, entry.name))


def share(name: str, tenants: Iterable[TenantFacts]) -> Share:
    group = list(tenants)
    paying = [facts for facts in group if facts.phase == PAYING]
    return Share(name, len(group), len(paying), sum(facts.monthly_price or 0 for facts in paying))


def falling_due(overview: Overview) -> list[TenantFacts]:
    """Deleted tenants, the next one first."""
    due = [facts for facts in overview.tenants if facts.deletion_due_at is not None]
    return sorted(due, key=lambda facts: (facts.deletion_due_at or overview.at, facts.code))


def remarks(overview: Overview) -> list[Remark]:
    """The grave ones first, then by whom they are about."""
    listed = [*_of_openings(overview), *_of_tenants(overview), *_of_looks(overview)]
    return sorted(listed, key=lambda remark: (not remark.grave, remark.subject))


def _of_openings(overview: Overview) -> Iterable[Remark]:
    for step in overview.openings:
        if step.is_failed:
            yield Remark(True, step.tenant, f"opening failed at {step.step}", "tenant-opening-stuck")


def _of_tenants(overview: Overview) -> Iterable[Remark]:
    for facts in overview.tenants:
        for quota in facts.quotas.values():
            if quota.pressure >= _QUOTA:
                yield Remark(
                    quota.pressure >= 95, facts.code, f"{quota.pressure:.0f} % of {quota.name}", "tenant-quota-used"
                )
        at = overview.backups.get(facts.code)
        if facts.phase in _BACKED_UP and (at is None or overview.at - at > _TOO_OLD):
            text = "no backup at all" if at is None else f"newest backup of {at:%Y-%m-%d %H:%M}"
            yield Remark(True, facts.code, text, "tenant-backup-old")
        if facts.deletion_due_at is not None and facts.deletion_due_at - overview.at < _SOON:
            yield Remark(
                False, facts.code, f"may be removed from {facts.deletion_due_at:%Y-%m-%d} on", "tenant-deletion-due"
            )


def _of_looks(overview: Overview) -> Iterable[Remark]:
    for look in overview.looks:
        if look.worst not in ("clean", "harmless"):
            grave = look.worst in ("isolation broken", "data at risk")
            yield Remark(grave, look.stack, f"drift: {look.findings}, the gravest {look.worst}", "drift-found")
        if overview.at - look.at > timedelta(days=2):
            yield Remark(False, look.stack, f"nobody has looked for drift since {look.at:%Y-%m-%d}", "drift-unseen")
