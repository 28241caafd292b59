"""Runs rules and says what came of it: what is broken, what an exemption covers, what cannot be decided yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from policies.analyzer.exemptions import Exemption
from policies.model.resource import PLATFORM, Resource
from policies.model.rule import ResourceCheck, Rule, Violation
from policies.model.settings import Settings
from policies.model.stack import Stack, owner
from policies.model.unknown import UnknownValueError
from policies.model.values import UnexpectedShape

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    tenant: str
    resource: Resource | None
    problem: str
    expired: Exemption | None = None

    def __str__(self) -> str:
        """Tenant, resource, rule, what is wrong, why it matters, what to do."""
        where = f"{_short(self.resource)}: " if self.resource is not None else ""
        late = f" (its exemption ended on {self.expired.expiry.isoformat()})" if self.expired else ""
        return (
            f"{self.tenant}: {where}{self.rule.name}: {self.problem}{late}. {self.rule.why} Remedy: {self.rule.remedy}"
        )


@dataclass(frozen=True, slots=True)
class Use:
    """An exemption that has just let something pass."""

    exemption: Exemption
    finding: Finding

    def __str__(self) -> str:
        where = f"{_short(self.finding.resource)}: " if self.finding.resource is not None else ""
        return f"{self.finding.tenant}: {where}{self.finding.problem}. Let pass by the exemption: {self.exemption}"


@dataclass(slots=True)
class Evaluation:
    broken: list[Finding] = field(default_factory=list[Finding])
    exempted: list[Use] = field(default_factory=list[Use])
    undecided: list[tuple[Rule, str]] = field(default_factory=list[tuple[Rule, str]])  # with the unknown property


@dataclass(frozen=True, slots=True)
class RuleEvaluator:
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
        for exemption in self.exemptions:
            if exemption.expiry < self.today:
                yield f"{exemption.tenant}: exemptions: this one has ended ({exemption}). Remedy: remove or renew it."

    def resource(self, resource: Resource) -> Evaluation:
        verdict = Evaluation()
        for rule, check in self._checks(resource.kind):
            findings, fault = _guarded(rule, check(resource, self.settings), verdict)
            wrongs = [*findings, fault] if fault else findings
            if wrongs:
                tenant = owner(resource) or PLATFORM
                self._sort(verdict, (Finding(rule, tenant, resource, problem) for problem in wrongs))
        return verdict

    def _checks(self, kind: str) -> Sequence[tuple[Rule, ResourceCheck]]:
        """The rules for resources of the kind, chosen once for all of them."""
        if kind not in self._chosen:
            every = ((rule, rule.on_resource) for rule in self.rules if not rule.kinds or kind in rule.kinds)
            self._chosen[kind] = [(rule, check) for rule, check in every if check is not None]
        return self._chosen[kind]

    def stack(self, stack: Stack) -> Evaluation:
        verdict = Evaluation()
        for rule in self.rules:
            if rule.on_stack is None:
                continue
            findings, fault = _guarded(rule, rule.on_stack(stack, self.settings), verdict)
            broken = [*findings, Violation(PLATFORM, fault)] if fault else findings
            self._sort(
                verdict,
                (Finding(rule, violation.tenant, violation.resource, violation.problem) for violation in broken),
            )
        return verdict

    def _sort(self, verdict: Evaluation, findings: Iterable[Finding]) -> None:
        for finding in findings:
            covering = [
                exemption for exemption in self.exemptions if exemption.covers(finding.tenant, finding.rule.name)
            ]
            valid = next((exemption for exemption in covering if exemption.expiry >= self.today), None)
            if valid is not None:
                verdict.exempted.append(Use(valid, finding))
            elif covering:
                verdict.broken.append(
                    Finding(finding.rule, finding.tenant, finding.resource, finding.problem, covering[0])
                )
            else:
                verdict.broken.append(finding)


def _guarded(rule: Rule, check: Iterator[Found], verdict: Evaluation) -> tuple[list[Found], str | None]:
    """Runs a rule up to the first unknown value; a property that it cannot read is a violation, never passed over."""
    findings: list[Found] = []
    try:
        for violation in check:  # one by one: what comes before an exception counts
            findings.append(violation)
    except UnknownValueError as unknown:
        verdict.undecided.append((rule, ".".join(unknown.path)))
    except UnexpectedShape as shape:
        return findings, f"it holds {shape}, so it cannot be checked"
    except (TypeError, ValueError, LookupError, AttributeError) as fault:
        return findings, f"it cannot be checked ({type(fault).__name__})"
    return findings, None


def _short(resource: Resource) -> str:
    """Kind and name as people know them."""
    return f"{resource.kind.rpartition(':')[2]} {resource.object_name}"
