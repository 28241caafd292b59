"""A finding of a look for drift: what differs, how grave that is, and who makes it right."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tenantry.changes.report.request_report import Effect
from tenantry.engine.errors import ExitCode
from tenantry.model.resources.facts import Gravity

TITLES: Final = {
    Gravity.DATA: "data at risk",
    Gravity.ISOLATION: "isolation broken",
    Gravity.ACCESS: "access",
    Gravity.LIMIT: "quota or limit changed",
    Gravity.HARMLESS: "harmless",
}
# As of a report: 7 for what may hurt a tenant now, 6 for who has more or less, 5 for the rest.
EFFECTS: Final = {
    Gravity.DATA: Effect.DESTRUCTIVE,
    Gravity.ISOLATION: Effect.DESTRUCTIVE,
    Gravity.ACCESS: Effect.LESS,
    Gravity.LIMIT: Effect.LESS,
    Gravity.HARMLESS: Effect.ADDITIONS,
}


class Mending(StrEnum):
    """The party that makes a difference right."""

    UP = "up"  # `tenantry up --refresh`, and so `tenantry drift --repair`
    REMOVAL = "removal"  # `tenantry drift --repair` alone: nobody declared it, and no data is in it
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. Its texts hold no secret and no personal data."""

    tenant: str  # a code; empty for what all tenants share
    system: str  # PostgreSQL, Kubernetes, RAM, OSS, DNS, ...
    subject: str  # the object, as its system calls it
    said: str  # what is wrong with it
    gravity: Gravity
    mending: Mending
    remedy: str  # for a person: a command, or what to decide
    is_declared: bool = True  # False: nobody declared the object


@dataclass(frozen=True, slots=True)
class Drift:
    """The findings of one look at a stack."""

    stack: str
    looked_at: str  # ISO 8601, UTC
    resources: int  # declared ones that were read
    seconds: float
    findings: tuple[Finding, ...] = ()
    unseen: tuple[str, ...] = ()  # what could not be looked at, and why
    mended: tuple[str, ...] = field(default=())  # by the repair before this look

    @property
    def worst(self) -> Gravity | None:
        return min((finding.gravity for finding in self.findings), default=None)

    @property
    def exit_code(self) -> int:
        """FAILED where something was not seen: then nobody knows what else differs."""
        if self.unseen:
            return ExitCode.FAILED
        return ExitCode.OK if self.worst is None else EFFECTS[self.worst]


def by_tenant(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Code -> its findings, the gravest first; the tenants, and what all share, by their gravest finding."""
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (finding.gravity, finding.system, finding.subject)):
        groups.setdefault(finding.tenant, []).append(finding)
    return dict(sorted(groups.items(), key=lambda group: (group[1][0].gravity, group[0])))
