"""Attacks, attempts and their verdicts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.inspection.verify.core.context import VerifyContext


class State(StrEnum):
    """HELD alone is good. A denial for another reason than the control's own proves nothing: UNCLEAR."""

    HELD = "held"
    HOLE = "hole"
    BROKEN = "broken"  # what a tenant should be able to do fails
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one attempt, and what the system said: never a secret."""

    state: State
    said: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, not made yet."""

    tenant: str  # who tries; empty for the platform
    target: str  # whose or what
    run: Callable[[], Verdict]


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of attempt, and the control that must stop it. `trials` only prepares: nothing is tried before `run`."""

    id: str  # DOMAIN.NAME
    control: str
    tries: str
    trials: Callable[["VerifyContext"], Iterable[Attempt]] = field(repr=False, compare=False)

    @property
    def domain(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt that was made."""

    attack: Attack
    tenant: str
    target: str
    verdict: Verdict
    seconds: float


def passed(said: str = "") -> Verdict:
    return Verdict(State.HELD, said)


def vulnerable(said: str) -> Verdict:
    return Verdict(State.HOLE, said)


def broken(said: str) -> Verdict:
    return Verdict(State.BROKEN, said)


def inconclusive(said: str) -> Verdict:
    return Verdict(State.UNCLEAR, said)


def verdict_on_faults(faults: Iterable[str]) -> Verdict:
    """For what is read rather than tried: a hole with everything that is wrong, or held."""
    listed = list(faults)
    return vulnerable("; ".join(listed)) if listed else passed()
