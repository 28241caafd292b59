"""`up --all-stacks` as people call it: what it is called with, what it refuses, and what a refusal leaves for `--resume`."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.cli import app
from tenantry.engine.run.operations import Operation
from tenantry.engine.stack.project import Project
from tenantry.engine.state.process_lock import exclusive, run_directory
from tenantry.maintenance.cells import health, process
from tenantry.maintenance.cells.run import End, StackResult
from tenantry.maintenance.cells.stopped_run import StoppedRun

Run = Callable[..., tuple[int, str]]
ALL = ("--stack", "prod", "--all-stacks")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, good: str) -> Run:
    """Calls `up` in a project with one good tenant, one stack and no engine at all."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "k001.yaml").write_text(good)
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "memory"))
    for name in ("TENANTRY_LOCAL", "TENANTRY_STACK", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", "up", *arguments])
        with pytest.raises(SystemExit) as caught:
            app.main()
        return int(caught.value.code or 0), "".join(capsys.readouterr())

    return call


def operation() -> Operation:
    watcher: Any = SimpleNamespace()
    return Operation(Project.find(Path.cwd()), "prod", watcher)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--stack", "prod", "--all"),
        ("--stack", "prod", "--resume"),
        ("--stack", "prod", "--wave", "2"),
        (*ALL, "--approved", "x.json"),
    ],
)
def test_options_that_do_not_fit_together_are_called_wrongly(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_there_is_nothing_to_resume(run: Run) -> None:
    code, told = run(*ALL, "--resume")
    assert code == 1
    assert "no run over `prod` has stopped here" in told


def test_one_at_a_time_and_the_other_is_named(run: Run) -> None:
    one = operation()
    with exclusive(run_directory(one.environment), f"{one.cli.key}-all", "prod"):
        code, told = run(*ALL)
    assert code == 4
    assert "another `tenantry` works on the stack `prod` (process " in told


def test_a_run_that_fails_can_be_resumed_and_one_that_ends_well_leaves_no_record(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run before it counts: what it had done is forgotten when another begins."""
    stopped = StoppedRun.of(operation())
    stopped.write(["prod"])
    seen: list[Any] = []

    def up(*_: Any) -> StackResult:
        seen.append(stopped.read())
        return ends.pop(0)

    ends = [StackResult("prod", End.FAILED, "broken", 1.0, process.ExitCode.FAILED), StackResult("prod", End.RAN)]
    monkeypatch.setattr(process.StackProcesses, "up", up)
    monkeypatch.setattr(health, "problems_of", lambda *_: [])
    code, told = run(*ALL, "--json")
    assert (code, seen, stopped.read()) == (3, [frozenset()], frozenset())
    assert '"end": "failed"' in told
    assert run(*ALL, "--resume")[0] == 0
    assert stopped.read() is None
