"""Faults that tests switch on: they strike requests whose operation fits a pattern, a number of times."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from local.alibaba.policy.wildcard import matches

KINDS = ("throttle", "error", "latency", "drop", "lose")


@dataclass(slots=True)
class Fault:
    """`drop` closes the connection before anything is done, `lose` after the work is done and kept."""

    pattern: str
    kind: str
    times: int = 1
    status: int = 503
    code: str = ""
    seconds: float = 0.0
    skip: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if self.times < 1 or self.skip < 0 or not 0 <= self.seconds <= 600 or not 400 <= self.status <= 599:
            raise ValueError("times >= 1, skip >= 0, 0 <= seconds <= 600 and 400 <= status <= 599 are needed")


class Faults:
    """Pending faults in order; the first that fits strikes. The caller holds the lock."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def strike(self, operation: str) -> Fault | None:
        for fault in self.pending:
            if not matches(fault.pattern, operation, ignore_case=True):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self.pending.remove(fault)
            return fault
        return None

    def shown(self) -> list[dict[str, object]]:
        return [asdict(fault) for fault in self.pending]
