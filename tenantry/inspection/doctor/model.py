"""A check, what it finds, and the report of all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantry.inspection.doctor.facts import Facts


class State(StrEnum):
    GOOD = "good"
    WARNING = "warning"  # it works today
    WRONG = "wrong"  # the first run, or a wall between tenants, fails
    UNKNOWN = "unknown"  # it could not be asked
    NOT_REAL = "not real"  # of the embedded default: nothing stands behind it


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding, and what to do about it."""

    said: str
    remedy: str
    state: State = State.WRONG


Examine = Callable[[Facts], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Check:
    """`system.name`; `demands` is what holds where nothing is found."""

    id: str
    demands: str
    examine: Examine


@dataclass(frozen=True, slots=True)
class Finding:
    check: Check
    problem: Problem | None  # None: what the check demands is so

    @property
    def state(self) -> State:
        return self.problem.state if self.problem else State.GOOD

    def as_json(self) -> dict[str, str]:
        said = {"said": self.problem.said, "remedy": self.problem.remedy} if self.problem else {}
        return {"check": self.check.id, "demands": self.check.demands, "state": str(self.state), **said}


@dataclass(frozen=True, slots=True)
class Report:
    stack: str
    findings: Sequence[Finding]

    @property
    def code(self) -> int:
        """1 where something is wrong, or could not be asked; warnings and what is not real stop nobody."""
        return int(any(finding.state in (State.WRONG, State.UNKNOWN) for finding in self.findings))

    def as_json(self) -> dict[str, Any]:
        counts = {str(state): sum(finding.state is state for finding in self.findings) for state in State}
        result = "wrong" if self.code else "good"
        return {
            "stack": self.stack,
            "result": result,
            **counts,
            "findings": [finding.as_json() for finding in self.findings],
        }


def examine(facts: Facts, checks: Sequence[Check]) -> Report:
    """Every check, each with all that it finds, or one line that it found nothing."""
    findings: list[Finding] = []
    for check in checks:
        problems = list(check.examine(facts))
        findings += [Finding(check, problem) for problem in problems] or [Finding(check, None)]
    return Report(facts.stack, findings)
