"""The report of a verification: counted by attack, as a document, as an exit code."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tenantry.inspection.verify.core.attack import Result, State
from tenantry.inspection.verify.runner import NOT_TRIED

# Said with every report that holds the network: nobody may take it for packets sent.
EVALUATED: Final = (
    "network: the live NetworkPolicies were evaluated, no packet was sent; whether the cluster's network plugin "
    "enforces them is not shown here"
)


# In the order in which a person must look at them, each with what to do.
REMEDIES: Final = {
    State.HOLE: "`tenantry up --refresh` puts back what was declared; a hole that stays is declared: the row of"
    " the attack in docs/isolation.md names its rules",
    State.BROKEN: "`tenantry up --refresh` makes again what is missing and puts back what differs",
    State.UNCLEAR: "nothing was proved: see `tenantry status`, then run it again with --only ATTACK",
}


@dataclass(frozen=True)
class Report:
    """All attempts of one run, in the order of the catalogue."""

    results: Sequence[Result]
    tenants: Sequence[str]
    seconds: float
    matrix: Sequence[str] = ()  # "FROM -> TO:PORT", all that the live NetworkPolicies let through
    interrupted: bool = False
    left: Sequence[str] = ()  # what could not be removed again

    @property
    def bad(self) -> list[Result]:
        """Holes first, then what is broken, then what is unclear."""
        order = list(REMEDIES)
        failed = [result for result in self.results if result.verdict.state is not State.HELD]
        return sorted(failed, key=lambda one: order.index(one.verdict.state))

    @property
    def untried(self) -> int:
        """The number of attempts that had not begun when the time was over: nothing is known of these."""
        return sum(1 for result in self.results if result.verdict.said == NOT_TRIED)

    @property
    def code(self) -> int:
        """0 when everything was tried and held, 130 after an interruption, else 1; nothing tried proves nothing."""
        if self.interrupted:
            return 130
        return 1 if self.bad or self.left or not self.results else 0

    def of(self, attack: str) -> list[Result]:
        return [result for result in self.results if result.attack.id == attack]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """One row an attack."""
        counts: dict[str, Counter[State]] = {}
        attacks = {result.attack.id: result.attack for result in self.results}
        for result in self.results:
            counts.setdefault(result.attack.id, Counter())[result.verdict.state] += 1
        return [
            {
                "attack": name,
                "domain": attacks[name].domain,
                "control": attacks[name].control,
                "tries": attacks[name].tries,
                "attempts": tally.total(),
                **{state.value: tally[state] for state in State},
            }
            for name, tally in counts.items()
        ]

    def as_json(self) -> dict[str, Any]:
        states = Counter(result.verdict.state for result in self.results)
        return {
            "result": "interrupted" if self.interrupted else "failed" if self.code else "held",
            "tenants": list(self.tenants),
            "attempts": len(self.results),
            "seconds": round(self.seconds, 1),
            **{state.value: states[state] for state in State},
            "untried": self.untried,
            "attacks": self.summary,
            "findings": [
                {
                    "attack": result.attack.id,
                    "control": result.attack.control,
                    "tenant": result.tenant,
                    "target": result.target,
                    "state": result.verdict.state.value,
                    "said": result.verdict.said,
                    "remedy": REMEDIES[result.verdict.state],
                }
                for result in self.bad
            ],
            "network": {"remark": EVALUATED, "reaches": list(self.matrix)},
            "left": list(self.left),
        }
