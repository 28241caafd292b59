"""Runs rules and says what came of it: what is broken, what an exemption covers, what cannot be decided yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from policies.exemptions import Exemption
from policies.resource import PLATFORM, Resource
from policies.rule import Broken, ResourceCheck, Rule
from policies.settings import Settings
from policies.stack import Stack, owner
from policies.unknown import UnknownValueError
from policies.values import Unreadable

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    tenant: str
    resource: Resource | None
    wrong: str
    expired: Exemption | None = None

    def __str__(self) -> str:
        """Tenant, resource, rule, what is wrong, why it matters, what to do."""
        where = f"{_short(self.resource)}: " if self.resource is not None else ""
        late = f" (its exemption ended on {self.expired.expiry.isoformat()})" if self.expired else ""
        return f"{self.tenant}: {where}{self.rule.name}: {self.wrong}{late}. {self.rule.why} Remedy: {self.rule.remedy}"


@dataclass(frozen=True, slots=True)
class Use:
    """An exemption that has just let something pass."""

    exemption: Exemption
    finding: Finding

    def __str__(self) -> str:
        where = f"{_short(self.finding.resource)}: " if self.finding.resource is not None else ""
        return f"{self.finding.tenant}: {where}{self.finding.wrong}. Let pass by the exemption: {self.exemption}"


@dataclass(slots=True)
class Verdict:
    broken: list[Finding] = field(default_factory=list[Finding])
    exempted: list[Use] = field(default_factory=list[Use])
    undecided: list[tuple[Rule, str]] = field(default_factory=list[tuple[Rule, str]])  # with the unknown property


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules of one policy, with its settings and exemptions, on one day."""

    rules: Sequence[Rule]
    settings: Settings
    exemptions: Sequence[Exemption]
    today: date
    _chosen: dict[str, Sequence[tuple[Rule, ResourceCheck]]] = field(
        default_factory=dict[str, Sequence[tuple[Rule, ResourceCheck]]], init=False, compare=False, repr=False
    )

    @property
    def ended(self) -> Iterator[str]:
        """Exemptions that hold no more are faults themselves: a list that nobody tidies is one that nobody reads."""
        for one in self.exemptions:
            if one.expiry < self.today:
                yield f"{one.tenant}: exemptions: this one has ended ({one}). Remedy: remove or renew it."

    def resource(self, resource: Resource) -> Verdict:
        verdict = Verdict()
        for rule, check in self._checks(resource.kind):
            found, fault = _guarded(rule, check(resource, self.settings), verdict)
            wrongs = [*found, fault] if fault else found
            if wrongs:
                tenant = owner(resource) or PLATFORM
                self._sort(verdict, (Finding(rule, tenant, resource, wrong) for wrong in wrongs))
        return verdict

    def _checks(self, kind: str) -> Sequence[tuple[Rule, ResourceCheck]]:
        """The rules for resources of the kind, chosen once for all of them."""
        if kind not in self._chosen:
            every = ((rule, rule.on_resource) for rule in self.rules if not rule.kinds or kind in rule.kinds)
            self._chosen[kind] = [(rule, check) for rule, check in every if check is not None]
        return self._chosen[kind]

    def stack(self, stack: Stack) -> Verdict:
        verdict = Verdict()
        for rule in self.rules:
            if rule.on_stack is None:
                continue
            found, fault = _guarded(rule, rule.on_stack(stack, self.settings), verdict)
            broken = [*found, Broken(PLATFORM, fault)] if fault else found
            self._sort(verdict, (Finding(rule, one.tenant, one.resource, one.wrong) for one in broken))
        return verdict

    def _sort(self, verdict: Verdict, findings: Iterable[Finding]) -> None:
        for finding in findings:
            covering = [one for one in self.exemptions if one.covers(finding.tenant, finding.rule.name)]
            valid = next((one for one in covering if one.expiry >= self.today), None)
            if valid is not None:
                verdict.exempted.append(Use(valid, finding))
            elif covering:
                verdict.broken.append(
                    Finding(finding.rule, finding.tenant, finding.resource, finding.wrong, covering[0])
                )
            else:
                verdict.broken.append(finding)


def _guarded(rule: Rule, check: Iterator[Found], verdict: Verdict) -> tuple[list[Found], str | None]:
    """What was found up to an unknown value counts; what a rule cannot read is broken, never passed over."""
    found: list[Found] = []
    try:
        for one in check:  # one by one: what comes before an exception counts
            found.append(one)
    except UnknownValueError as unknown:
        verdict.undecided.append((rule, ".".join(unknown.path)))
    except Unreadable as shape:
        return found, f"it holds {shape}, so it cannot be checked"
    except (TypeError, ValueError, LookupError, AttributeError) as fault:
        return found, f"it cannot be checked ({type(fault).__name__})"
    return found, None


def _short(resource: Resource) -> str:
    """Kind and name as people know them."""
    return f"{resource.kind.rpartition(':')[2]} {resource.called}"
