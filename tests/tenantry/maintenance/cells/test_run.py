"""A run over many stacks: the order, what is passed by, the gate, waves, the stop and what goes on afterwards."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tenantry.engine.errors import ExitCode
from tenantry.maintenance.cells.run import AllStacks, End, StackResult, Work, code_of, summary
from tenantry.maintenance.cells.site import PlacedStack, Turn, in_order

TURNS = {"prod": Turn.SITE, "c03": Turn.CANARY, **dict.fromkeys(("c01", "c02", "c04", "c05"), Turn.CELL)}
STACKS = in_order(PlacedStack(name, "prod", turn, None, Path("tenants")) for name, turn in TURNS.items())
ORDER = ["prod", "c03", "c01", "c02", "c04", "c05"]


@dataclass
class Recorded:
    """Stands for processes, states and clusters; says what was asked of it."""

    same: Collection[str] = ()
    failing: dict[str, ExitCode] = field(default_factory=dict[str, ExitCode])
    ill: Collection[str] = ()
    ran: list[str] = field(default_factory=list[str])
    looked_at: list[str] = field(default_factory=list[str])
    lines: list[str] = field(default_factory=list[str])
    done: Collection[str] = ()
    together: int = 0  # at most
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def unchanged(self, stacks: Sequence[PlacedStack]) -> list[str]:
        return [stack.name for stack in stacks if stack.name in self.same]

    def up(self, stack: PlacedStack) -> StackResult:
        with self._lock:
            self.ran.append(stack.name)
            self._now += 1
            self.together = max(self.together, self._now)
        threading.Event().wait(0.05)
        with self._lock:
            self._now -= 1
        code = self.failing.get(stack.name, ExitCode.OK)
        return StackResult(stack.name, End.FAILED if code else End.RAN, "", 1.0, code)

    def problems(self, stack: PlacedStack, waits: bool) -> list[str]:
        assert waits == (stack.name in self.ran), "nothing was renewed where nothing ran"
        self.looked_at.append(stack.name)
        return ["k001: of the deployment app 0 of 2 pods are available"] if stack.name in self.ill else []

    def note(self, names: Collection[str]) -> None:
        self.done = names

    def run(self, most: int = 2, *, is_forced: bool = False, settled: Collection[str] = ()) -> dict[str, str]:
        work = Work(self.unchanged, self.up, self.problems, self.lines.append, self.note)
        results = AllStacks(STACKS, work, most, is_forced, settled).run()
        self.code = code_of(results)
        return {result.stack: result.end.value for result in results}


def test_the_site_then_the_canary_then_waves() -> None:
    world = Recorded()
    assert world.run() == dict.fromkeys(ORDER, "ran")
    assert [sorted(wave) for wave in (world.ran[:1], world.ran[1:2], world.ran[2:4], world.ran[4:])] == [
        ["prod"], ["c03"], ["c01", "c02"], ["c04", "c05"],
    ]  # fmt: skip
    assert world.looked_at == ORDER
    assert (world.together, world.code) == (2, ExitCode.OK)
    assert [line for line in world.lines if "," in line] == ["cell: c01, c02", "cell: c04, c05"]
    assert "c01: ran in 1.0 s" in world.lines


def test_what_is_made_from_the_same_is_passed_by_and_a_canary_looked_at_all_the_same() -> None:
    world = Recorded(same=("prod", "c03", "c01", "c02", "c04"))
    ends = world.run()
    assert world.ran == ["c05"]
    assert world.looked_at == ["prod", "c03", "c05"]
    assert (ends["c01"], ends["c05"]) == ("unchanged", "ran")


def test_forced_all_run() -> None:
    world = Recorded(same=ORDER)
    assert world.run(is_forced=True) == dict.fromkeys(ORDER, "ran")


def test_forced_and_resumed_what_was_done_does_not_run_again_unless_it_has_changed() -> None:
    world = Recorded(same=[name for name in ORDER if name != "c03"])
    world.run(is_forced=True, settled=("prod", "c03", "c01"))
    assert sorted(world.ran) == ["c02", "c03", "c04", "c05"]


@pytest.mark.parametrize(("stack", "ran"), [("prod", ["prod"]), ("c03", ["prod", "c03"]), ("c02", ORDER[:4])])
@pytest.mark.parametrize("how", ["fails", "is ill"])
def test_it_stops_at_the_first_failure(stack: str, ran: list[str], how: str) -> None:
    world = Recorded(failing={stack: ExitCode.FAILED}) if how == "fails" else Recorded(ill=(stack,))
    ends = world.run()
    assert sorted(world.ran) == sorted(ran)
    assert [name for name, end in ends.items() if end == "waiting"] == ORDER[len(ran) :]
    assert ends[stack] == ("failed" if how == "fails" else "unhealthy")
    assert world.code is ExitCode.FAILED
    assert sorted(world.done) == sorted({*ran} - {stack})


def test_an_ill_canary_that_is_passed_by_keeps_the_rest_waiting() -> None:
    """The run before has stopped at it: made from the same it is, well it is not."""
    world = Recorded(same=("prod", "c03"), ill=("c03",))
    ends = world.run()
    assert world.ran == []
    assert (ends["c03"], ends["c01"]) == ("unhealthy", "waiting")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ({"c01": ExitCode.LOCKED}, ExitCode.LOCKED),
        ({"c01": ExitCode.INTERRUPTED}, ExitCode.INTERRUPTED),
        ({"c01": ExitCode.LOCKED, "c02": ExitCode.FAILED}, ExitCode.FAILED),
        ({"c01": ExitCode.LOCKED, "c02": ExitCode.INTERRUPTED}, ExitCode.FAILED),
    ],
)
def test_the_exit_code_is_that_of_the_gravest(codes: dict[str, ExitCode], code: ExitCode) -> None:
    world = Recorded(failing=codes)
    world.run()
    assert world.code is code


def test_the_summary_counts_and_says_what_to_do() -> None:
    work = Recorded(failing={"c03": ExitCode.FAILED}, same=("prod",))
    results = AllStacks(STACKS, Work(work.unchanged, work.up, work.problems, print, work.note), 2).run()
    assert list(summary(results)) == [
        "6 stacks: 1 unchanged, 1 failed, 4 waiting",
        "run again with --resume when the cause is gone: what is at its end is passed by",
    ]
    assert list(summary(results[:1])) == ["1 stacks: 1 unchanged"]
    assert len(list(summary(results[-1:]))) == 2, "interrupted between two waves"
