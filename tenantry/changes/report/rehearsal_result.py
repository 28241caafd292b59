"""The result of a rehearsal: its tenants, its stages, and what happened to whom in each.

It is a part of the report of a request, so it is saved, read back and rendered with it. Like all of that it holds no
secret, no name of a person and no value of any row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tenantry.changes.report.statements import EFFECTS, Effect, ReportedFinding, TenantReport, Weight


class StageName(StrEnum):
    """The stages in their order."""

    START = "start"
    BASE = "base"
    DATA = "data"
    REQUEST = "request"
    MIGRATE = "migrate"
    VERIFY = "verify"
    COMPARE = "compare"
    AGAIN = "again"
    BACK = "back"
    COMPARE_BACK = "compare-back"


WORDS: Final = {
    StageName.START: "an embedded instance starts",
    StageName.BASE: "the base's tree is made real",
    StageName.DATA: "rows and objects are put into it",
    StageName.REQUEST: "the request's tree, with its policies",
    StageName.MIGRATE: "the request's schema migrations",
    StageName.VERIFY: "attacks on the affected tenants",
    StageName.COMPARE: "rows and objects are compared",
    StageName.AGAIN: "a second up changes nothing",
    StageName.BACK: "the way back to the base",
    StageName.COMPARE_BACK: "rows and objects are compared again",
}
# What has gone wrong when a stage fails, as the verdict says it.
FAILURES: Final = {
    StageName.START: "the embedded instance does not start",
    StageName.BASE: "the base itself does not converge, so nothing is known of the request",
    StageName.DATA: "no rows and objects could be put into the tenants",
    StageName.REQUEST: "the request is refused or does not converge",
    StageName.MIGRATE: "a migration fails",
    StageName.VERIFY: "an attack works, or what a tenant needs does not",
    StageName.COMPARE: "a tenant that the request does not name has other data, or it cannot be compared",
    StageName.AGAIN: "a second up is not clean",
    StageName.BACK: "the way back is closed",
    StageName.COMPARE_BACK: "after the way back a tenant that the request does not name has other data",
}
TOUCHED: Final = "changed, and must stay untouched"  # begins the remark of a stage that failed by that alone
_BYSTANDER_TOUCHED: Final = "a tenant that the request does not name is changed"
_COUNTED: Final = (Weight.DATA, Weight.GONE, Weight.RAISED, Weight.LESS, Weight.RESTARTS, Weight.KEYS, Weight.OPENED)


class StageResult(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Role(StrEnum):
    """The reason why a tenant takes part."""

    AFFECTED = "affected"  # by the files, or by code that all tenants have in common
    BYSTANDER = "bystander"  # nothing of the request is about it: it must stay untouched


@dataclass(frozen=True, slots=True)
class RehearsedTenant:
    code: str
    role: Role
    why: str  # `its file changes`, `plan standard, active`


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `remark` says in our words what else is to be known, such as why it was skipped."""

    name: StageName
    result: StageResult
    seconds: float
    tenants: tuple[TenantReport, ...] = ()
    errors: tuple[ReportedFinding, ...] = ()
    remark: str = ""

    @property
    def failure(self) -> str:
        """What has gone wrong, where it has failed."""
        return _BYSTANDER_TOUCHED if self.remark.startswith(TOUCHED) else FAILURES[self.name]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One rehearsal, as far as it came."""

    tenants: tuple[RehearsedTenant, ...]
    stages: tuple[Stage, ...]
    base: str = ""  # commits
    head: str = ""
    left_out: tuple[str, ...] = ()  # affected, and not rehearsed: others stand for them
    remarks: tuple[str, ...] = ()  # how it was done: another Python environment, restarted services
    is_interrupted: bool = False

    @property
    def failed(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages if stage.result in (StageResult.FAILED, StageResult.INTERRUPTED))

    @property
    def effect(self) -> Effect:
        """The gravest of what happened. A changed wall does not count: the attacks say whether it holds."""
        weights = (
            said.weight
            for stage in self.stages
            if stage.name not in (StageName.BASE, StageName.BACK)
            for tenant in stage.tenants
            for said in tenant.statements
            if said.weight in _COUNTED
        )
        return max((EFFECTS[weight] for weight in weights), default=self._least)

    @property
    def _least(self) -> Effect:
        went = any(stage.name is StageName.REQUEST and stage.tenants for stage in self.stages)
        return Effect.ADDITIONS if went else Effect.NOTHING

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def codes(self, role: Role) -> tuple[str, ...]:
        return tuple(tenant.code for tenant in self.tenants if tenant.role is role)

    def shown_stages(self) -> Iterator[Stage]:
        """The stages of which there is more to say than that they went well."""
        yield from (stage for stage in self.stages if stage.tenants or stage.errors)
