"""A pytest plugin: which test file took how long, and how much of that was the processors' work.

Processor time tells work from waiting, and stays the same however busy the machine is. It counts the worker's own and
that of every process which ended under it; services that outlive a test count at the end of their instance.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass

import pytest

SHOWN_FILES = 40
PROPERTY = "processor seconds"


@dataclass
class Cost:
    """The cost of one file's tests, all phases together."""

    tests: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Costs:
    """Measures in each worker, adds up in the process that reports."""

    def __init__(self) -> None:
        self._last = _processor_seconds()
        self._files: dict[str, Cost] = defaultdict(Cost)

    def pytest_collection_finish(self) -> None:
        self._last = _processor_seconds()  # what reading all tests costs is no test's

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = _processor_seconds()
        report.user_properties = [*report.user_properties, (PROPERTY, now - self._last)]
        self._last = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        cost = self._files[report.nodeid.partition("::")[0]]
        cost.tests += report.when == "call"
        cost.seconds += report.duration
        cost.processor_seconds += sum(float(str(value)) for name, value in report.user_properties if name == PROPERTY)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if len(self._files) > 1:
            terminalreporter.section("where the time went")
            for line in table(self._files.items()):
                terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costs())


def table(files: Iterable[tuple[str, Cost]]) -> list[str]:
    """The dearest files first; the rest in one line."""
    dearest = sorted(files, key=lambda entry: -entry[1].processor_seconds)
    shown, rest = dearest[:SHOWN_FILES], [cost for _, cost in dearest[SHOWN_FILES:]]
    others = Cost(
        sum(cost.tests for cost in rest),
        sum(cost.seconds for cost in rest),
        sum(cost.processor_seconds for cost in rest),
    )
    rows = [*shown, (f"{len(rest)} other files", others)] if rest else shown
    return [
        f"{'tests':>6} {'seconds':>8} {'processor s':>12}",
        *(f"{cost.tests:6} {cost.seconds:8.1f} {cost.processor_seconds:12.1f}  {name}" for name, cost in rows),
    ]
