"""A run over many stacks: turn after turn, in waves of a bounded size, to the first failure.

How a stack is run, and how it is looked at, is handed in: one process a stack, and the health gate.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tenantry.engine.errors import ExitCode
from tenantry.maintenance.cells.site import PlacedStack, Turn, waves


class End(StrEnum):
    """What became of a stack."""

    RAN = "ran"
    UNCHANGED = "unchanged"  # made from the same already
    FAILED = "failed"
    UNHEALTHY = "unhealthy"  # it ran, and the gate stayed shut
    WAITING = "waiting"  # the run stopped before it


@dataclass(frozen=True, slots=True)
class StackResult:
    """The run of one stack; `told`: what changed, or what went wrong."""

    stack: str
    end: End
    told: str = ""
    seconds: float = 0.0
    code: ExitCode = ExitCode.OK

    def __str__(self) -> str:
        """The stack's line in the log."""
        took = f" in {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.stack}: {self.end}{took}{f': {self.told}' if self.told else ''}"

    def as_json(self) -> dict[str, Any]:
        """Fit for `--json`."""
        return asdict(self) | {"code": int(self.code), "seconds": round(self.seconds, 1)}


@dataclass(frozen=True, slots=True)
class Work:
    """How a run does what it does to a stack."""

    unchanged: Callable[[Sequence[PlacedStack]], Collection[str]]  # names of those made from the same already
    up: Callable[[PlacedStack], StackResult]
    problems: Callable[[PlacedStack, bool], list[str]]  # of the health gate, which may wait for pods that were renewed
    say: Callable[[str], None]
    done: Callable[[Collection[str]], None]  # told the names of those that are at their end


@dataclass
class AllStacks:
    """A run over stacks that stand in their order."""

    stacks: Sequence[PlacedStack]
    work: Work
    most: int  # stacks at once
    is_forced: bool = False  # also those that are made from the same already
    settled: Collection[str] = ()  # of a stopped run: what it did is not forced again
    results: dict[str, StackResult] = field(default_factory=dict[str, StackResult])

    def run(self) -> list[StackResult]:
        """One result a stack, in their order. Raises Faults, and CommandError, before anything is run of a turn."""
        for turn in Turn:
            if not self._turn([stack for stack in self.stacks if stack.turn is turn]):
                break
        return [self.results.get(stack.name) or StackResult(stack.name, End.WAITING) for stack in self.stacks]

    def _turn(self, stacks: Sequence[PlacedStack]) -> bool:
        """Tells whether all went well. What is passed by is looked at too where others come after it."""
        if not stacks:
            return True
        same = {name for name in self.work.unchanged(stacks) if not self.is_forced or name in self.settled}
        passed = [stack for stack in stacks if stack.name in same]
        for stack in passed:
            self._note(StackResult(stack.name, End.UNCHANGED))
        if any(stack.turn is not Turn.CELL for stack in passed) and not self._is_well(passed, waits=False):
            return False
        rest = [stack for stack in stacks if stack.name not in same]
        return all(self._wave(wave) for wave in waves(rest, self.most))

    def _wave(self, wave: Sequence[PlacedStack]) -> bool:
        self.work.say(f"{wave[0].turn}: {', '.join(stack.name for stack in wave)}")
        with ThreadPoolExecutor(len(wave)) as pool:
            for result in pool.map(self.work.up, wave):
                self._note(result)
        ran = [stack for stack in wave if self.results[stack.name].end is End.RAN]
        return self._is_well(ran, waits=True) and len(ran) == len(wave)

    def _is_well(self, stacks: Sequence[PlacedStack], *, waits: bool) -> bool:
        is_well = True
        for stack in stacks:
            if problems := self.work.problems(stack, waits):
                before = self.results[stack.name]
                told = "; ".join(problems[:5]) + (f" and {len(problems) - 5} more" if len(problems) > 5 else "")
                self._note(StackResult(stack.name, End.UNHEALTHY, told, before.seconds, ExitCode.FAILED))
                is_well = False
        self.work.done([name for name, result in self.results.items() if result.end in (End.RAN, End.UNCHANGED)])
        return is_well

    def _note(self, result: StackResult) -> None:
        self.results[result.stack] = result
        self.work.say(str(result))


def code_of(results: Sequence[StackResult]) -> ExitCode:
    """The exit code of the whole: that of a stack that was locked or interrupted, where no other has failed."""
    codes = {result.code for result in results} - {ExitCode.OK}
    if not codes:
        return ExitCode.OK
    return codes.pop() if codes in ({ExitCode.LOCKED}, {ExitCode.INTERRUPTED}) else ExitCode.FAILED


def summary(results: Sequence[StackResult]) -> Iterator[str]:
    """How many came to which end, and what to do about the rest."""
    counts = {end: sum(result.end is end for result in results) for end in End}
    yield f"{len(results)} stacks: " + ", ".join(f"{count} {end}" for end, count in counts.items() if count)
    if counts[End.WAITING] or counts[End.FAILED] or counts[End.UNHEALTHY]:
        yield "run again with --resume when the cause is gone: what is at its end is passed by"
