"""One process a stack: its arguments, its lines, its end, and a Ctrl-C that is passed on once."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenantry.engine.errors import ExitCode
from tenantry.maintenance.cells.process import StackProcesses, at_once, result_of
from tenantry.maintenance.cells.run import End
from tenantry.maintenance.cells.site import PlacedStack, Turn

STACK = PlacedStack("c01", "prod", Turn.CELL, None, Path("tenants"))
WAITS = """
import signal, sys, time
def stop(*_):
    print('{"result": "interrupted", "errors": [], "remark": "stopped as you asked"}')
    sys.exit(130)
signal.signal(signal.SIGINT, stop)
print("begun", file=sys.stderr, flush=True)
time.sleep(30)
"""


def processes(code: str, lines: list[str], arguments: Sequence[str] = ()) -> StackProcesses:
    return StackProcesses(Path("/project"), arguments, lines.append, (sys.executable, "-c", code))


def test_what_it_is_called_with_and_what_it_says() -> None:
    lines: list[str] = []
    code = """
import json, sys
print("12/40 resources", file=sys.stderr)
print(json.dumps({"changes": {"created": 2, "updated": 0, "unchanged": 7}}))
sys.stderr.write(" ".join(sys.argv[1:]))
"""
    result = processes(code, lines, ["--refresh"]).up(STACK)
    assert (result.end, result.told, result.code) == (End.RAN, "2 created, 7 unchanged", ExitCode.OK)
    assert lines == ["c01: 12/40 resources", "c01: --json --stack c01 --cwd /project --refresh"]
    assert 0 < result.seconds < 30


@pytest.mark.parametrize(
    ("out", "code", "told", "known"),
    [
        ({"errors": [{"tenant": "k001", "step": "database", "text": "no\nroom"}]}, 3, "k001 database: no room", 3),
        ({"errors": [{"text": "tenants/k001.yaml:1: code: wrong"}]}, 1, "tenants/k001.yaml:1: code: wrong", 3),
        ({"errors": [{"text": "somebody else works on it"}]}, 4, "somebody else works on it", 4),
        ({"errors": [], "remark": "the engine was killed"}, 3, "the engine was killed", 3),
        (None, -9, "its process ended with -9", 3),
        (None, 0, "its process ended with 0", 3),
    ],
)
def test_an_end_that_is_no_success(out: object, code: int, told: str, known: int) -> None:
    result = result_of("c01", "" if out is None else json.dumps(out), code, 1.0)
    assert (result.end, result.told, int(result.code)) == (End.FAILED, told, known)


LOCKED = """
import json, sys
from pathlib import Path
tries = Path(sys.argv[-1])
tries.write_text(tries.read_text() + ".")
held = len(tries.read_text()) < 3
print(json.dumps({"errors": [{"text": "another works on it"}]} if held else {"changes": {"updated": 1}}))
print("process 7 holds it" if held else "begun", file=sys.stderr)
sys.exit(4 if held else 0)
"""


@pytest.mark.parametrize(("patience", "tries", "code"), [(60.0, 3, ExitCode.OK), (0.0, 1, ExitCode.LOCKED)])
def test_a_stack_that_is_held_is_waited_for_and_the_holder_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float, tries: int, code: ExitCode
) -> None:
    lines: list[str] = []
    pauses: list[float] = []
    (tmp_path / "tries").write_text("")
    started = processes(LOCKED, lines, [str(tmp_path / "tries")])
    started.patience = patience
    monkeypatch.setattr(started, "pause", pauses.append)
    result = started.up(STACK)
    assert (result.code, len((tmp_path / "tries").read_text())) == (code, tries)
    assert len(pauses) == tries - 1
    assert lines[0] == "c01: process 7 holds it"
    assert sum(line.startswith("c01: tried again in ") for line in lines) == tries - 1
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, (4, 8), strict=False))


def test_a_run_that_is_stopped_waits_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tries").write_text("")
    started = processes(LOCKED, [], [str(tmp_path / "tries")])
    monkeypatch.setattr(started, "pause", lambda _: True)
    assert started.up(STACK).code is ExitCode.LOCKED
    assert (tmp_path / "tries").read_text() == "."


@pytest.mark.parametrize(("processors", "memory", "stacks"), [(2, 32, 2), (64, 256, 4), (8, 6, 3), (8, 1, 1)])
def test_a_wave_is_no_wider_than_the_machine(
    monkeypatch: pytest.MonkeyPatch, processors: int, memory: int, stacks: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": memory << 18, "SC_PAGE_SIZE": 4096}.get)
    assert at_once() == stacks


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_ctrl_c_is_passed_on_and_nothing_is_started_any_more(number: signal.Signals) -> None:
    lines: list[str] = []
    started = processes(WAITS, lines)

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while "c01: begun" not in lines and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with started.interruptible():
        threading.Thread(target=interrupt).start()
        result = started.up(STACK)
    assert (result.end, result.code, result.told) == (End.FAILED, ExitCode.INTERRUPTED, "stopped as you asked")
    assert result.seconds < 25
    assert started.up(STACK).end is End.WAITING
    assert started.pause(30), "nobody waits for a gate any more"
    assert signal.getsignal(number) is before
