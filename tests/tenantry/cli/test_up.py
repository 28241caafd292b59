"""The commands as people and programs call them: exit codes, one JSON document, lines that fit a log."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.cli import app
from tenantry.cli.run_view import PlainView, show_outcome
from tenantry.engine.errors import ExitCode
from tenantry.engine.process.events import Message, Step
from tenantry.engine.run.operations import Outcome
from tenantry.engine.run.progress import Progress

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, good: str) -> Run:
    """Calls the command in a project with one good tenant and no engine at all."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "k001.yaml").write_text(good)
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TENANTRY_LOCAL", "TENANTRY_STACK", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *arguments])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.mark.parametrize("command", ["up", "preview"])
def test_without_an_engine_it_is_refused_with_the_remedy(run: Run, command: str) -> None:
    code, out, err = run(command, "--stack", "test")
    assert (code, out) == (1, "")
    assert "make up" in err


@pytest.mark.parametrize("command", ["up", "preview"])
def test_faults_are_one_line_each_and_nothing_else(run: Run, command: str) -> None:
    Path("tenants/k002.yaml").write_text("code: k002\nplan: gold\n")
    code, out, err = run(command, "--stack", "test")
    assert (code, out) == (1, "")
    assert all(line.startswith("tenants/k002.yaml:") or "/tenants/k002.yaml:" in line for line in err.splitlines())
    assert len(err.splitlines()) > 1


@pytest.mark.parametrize("break_it", [True, False])
def test_json_is_one_document_also_when_refused(run: Run, break_it: bool) -> None:
    if break_it:
        Path("tenants/k001.yaml").write_text("code: k001\n")
    code, out, _ = run("up", "--stack", "test", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["result"] == "refused"
    assert document["errors"]


def test_outside_a_project_it_says_where_to_go(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    code, _, err = run("up", "--cwd", str(tmp_path_factory.mktemp("elsewhere")))
    assert code == 1
    assert "Pulumi.yaml" in err


def test_destroy_needs_the_name(run: Run) -> None:
    code, _, err = run("destroy", "--stack", "test")
    assert code == 1
    assert "--yes-destroy test" in err


MISSING = [
    ["status"],
    ["purge"],
    ["purge", "--dry-run"],
    ["purge", "--within", "7d"],
    ["destroy", "--yes-destroy=test"],
]


@pytest.mark.parametrize("command", MISSING)
def test_what_is_said_of_a_stack_that_does_not_exist_is_an_error(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, "--stack", "test")
    assert (code, out) == (1, "")
    assert "there is no stack `test`" in err
    code, out, _ = run(*command, "--stack", "test", "--json")
    assert code == 1
    assert "there is no stack `test`" in json.loads(out)["errors"][0]["text"]


@pytest.mark.parametrize("command", [["usage"], ["history"], ["backup", "k001"]])
def test_nothing_is_asked_of_the_shells_systems_for_a_stack_that_does_not_exist(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, "--stack", "test")
    assert (code, out) == (1, "")
    assert "there is no stack `test`" in err


def test_a_line_of_progress_stays_short_with_many_tenants(capsys: pytest.CaptureFixture[str]) -> None:
    parents: dict[str, str] = {}
    progress = Progress(parents)
    for number in range(100):
        tenant = f"urn:pulumi:t::p::tenantry:components:Tenant::k{number:03}"
        urn = f"urn:pulumi:t::p::tenantry:components:Tenant$postgresql:index/role:Role::k{number:03}-owner"
        progress.take(Step("begun", "create", urn, tenant, True))
        if number < 50:
            progress.take(Step("done", "create", urn, tenant, True))
    PlainView().tick(progress, 3.2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("[   3 s] 50/100 resources")
    assert "k050 owner …" in line
    assert "50 ✓" in line
    assert len(line) < 200


def test_progress_is_told_every_few_seconds_and_only_when_it_moved(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    view = PlainView()
    view.tick(progress, 0)
    progress.take(Step("done", "create", "urn:pulumi:t::p::a:b:C::x", "", True))
    for seconds in range(20):
        view.tick(progress, float(seconds))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_end_tells_who_converged_and_who_was_not_reached(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    tenant = "urn:pulumi:t::p::tenantry:components:Tenant"
    for code in ("k001", "k002"):
        kind = "tenantry:index:Opened"
        progress.take(Step("done", "same", f"{tenant}${kind}::{code}-opened", f"{tenant}::{code}", True))
    urn = f"{tenant}$postgresql:index/role:Role::k003-owner"
    progress.take(Step("failed", "create", urn, f"{tenant}::k003", True))
    progress.take(Message("error", urn, "boom"))
    outcome = Outcome(ExitCode.FAILED, progress, 1.0, [], expected=["k001", "k002", "k003", "k004"])
    show_outcome(outcome, is_preview=False)
    out = capsys.readouterr().out
    assert "k003: failed at owner" in out
    assert "2 other tenant(s) converged" in out
    assert "not brought to the end: k004" in out
    show_outcome(outcome, is_preview=True)
    assert "not looked at to the end: k004" in capsys.readouterr().out
