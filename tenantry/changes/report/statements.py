"""Statements of a report on a tenant with their weights, findings, and the effect that follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Effect(IntEnum):
    """The effect of a request on tenants: also the exit code that a workflow turns into a required approval."""

    NOTHING = 0
    ADDITIONS = 5
    LESS = 6
    DESTRUCTIVE = 7  # a deletion, a replacement, or a change of isolation


class Weight(IntEnum):
    """The sections of a report, the most important first; what is lowest is cut first."""

    DATA = 0
    GONE = 1
    ISOLATION = 2
    RAISED = 3
    LESS = 4
    RESTARTS = 5
    KEYS = 6
    OPENED = 7
    OTHER = 8


EFFECTS: Final[Mapping[Weight, Effect]] = {
    Weight.DATA: Effect.DESTRUCTIVE,
    Weight.GONE: Effect.DESTRUCTIVE,
    Weight.ISOLATION: Effect.DESTRUCTIVE,
    Weight.RAISED: Effect.ADDITIONS,
    Weight.LESS: Effect.LESS,
    Weight.RESTARTS: Effect.ADDITIONS,
    Weight.KEYS: Effect.ADDITIONS,
    Weight.OPENED: Effect.ADDITIONS,
    Weight.OTHER: Effect.ADDITIONS,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that happens to a tenant: `words` are ours, `subjects` come from files, the program or the engine."""

    weight: Weight
    words: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantReport:
    """Statements on one tenant; the code is empty for what all tenants share."""

    code: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """An error or a warning. `rule` and `remedy` are empty where it is not of a policy."""

    tenant: str
    resource: str
    rule: str
    text: str
    remedy: str
