"""A deploy: the stacks that main's change touches, site, canary and cells; all of them where the run before left a doubt."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.requests.ci_files import ROOT, jobs
from tests.support.requests.forge import TOKEN, StandIn, forge
from tests.support.requests.repository import Clone
from tests.support.requests.workflow_runner import Runner
from tests.tenantry.maintenance.cells.conftest import prepared, tenant, write

__all__ = ["prepared"]

DEPLOY: dict[str, Any] = jobs(ROOT / ".github" / "workflows" / "deploy.yml")
ALL = 'site=["small", "prod"]\ncanary=["prod-c02"]\ncell=["prod-c03", "prod-c01"]\n'
STACKS = '["small", "prod", "prod-c03", "prod-c02", "prod-c01"]'  # local is not among them, and the order is its own
OWN = 6000  # number of this very run


class Deploy:
    """Main as a run of deploy.yml finds it, with the forge that it asks."""

    def __init__(self, runner: Runner, api: StandIn) -> None:
        self.runner, self.api = runner, api

    @property
    def head(self) -> str:
        return self.runner.clone.git("rev-parse", "HEAD").strip()

    def run_before(self, conclusion: str | None = "success", **more: Any) -> int:
        return self.api.add_run("deploy.yml", self.head, more.pop("event", "push"), conclusion, **more)

    def merge(self, code: str, cell: str) -> None:
        write(self.runner.clone.root, {f"tenants/{code}.yaml": tenant(code, cell, plan="standard")})
        self.runner.clone.commit(f"{code} gets another plan")

    def ask(self, every: str = "", stacks: str = STACKS, **more: str) -> subprocess.CompletedProcess[str]:
        (self.runner.clone.root / "output").unlink(missing_ok=True)
        env = {"ALL": every, "STACKS": stacks, "RUNNER_TEMP": str(self.runner.clone.root.parent)}
        env |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": self.api.url}
        env |= {"GITHUB_RUN_ID": str(OWN), "no_proxy": "127.0.0.1"} | more
        return self.runner.step("deploy", "affected", "which stacks, in which order", **env)

    def turns(self, every: str = "") -> str:
        done = self.ask(every)
        assert done.returncode == 0, done.stderr
        return (self.runner.clone.root / "output").read_text()


@pytest.fixture
def deploy(prepared: Path, tmp_path: Path) -> Iterator[Deploy]:
    root = tmp_path / "clone"
    shutil.copytree(prepared, root, symlinks=True)
    (root / ".venv").symlink_to(sys.prefix)
    with forge() as api:
        yield Deploy(Runner(Clone(root)), api)


def test_what_main_has_got_since_the_run_before(deploy: Deploy) -> None:
    deploy.run_before()
    assert deploy.turns() == "site=[]\ncanary=[]\ncell=[]\n"
    deploy.merge("k004", "c03")
    assert deploy.turns() == 'site=[]\ncanary=["prod-c03"]\ncell=[]\n'
    deploy.merge("k002", "c01")
    assert deploy.turns() == 'site=[]\ncanary=["prod-c01"]\ncell=["prod-c03"]\n'
    write(deploy.runner.clone.root, {"stacks/program.py": "print()"})
    deploy.runner.clone.commit("code")
    assert deploy.turns() == ALL
    assert ALL in deploy.runner.summary


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", None])
def test_all_stacks_where_the_run_before_left_a_doubt(conclusion: str | None, deploy: Deploy) -> None:
    """It may have applied half of a change that was taken back since, which no file tells."""
    deploy.run_before()
    deploy.run_before(conclusion)
    assert deploy.turns() == ALL
    deploy.run_before()
    assert deploy.turns() != ALL


def test_all_stacks_at_first_and_where_a_person_asks(deploy: Deploy) -> None:
    assert deploy.turns() == ALL
    deploy.run_before(head_sha="f" * 40)
    assert deploy.turns() == ALL
    deploy.run_before()
    assert deploy.turns("true") == ALL


@pytest.mark.parametrize(
    "more",
    [
        {"conclusion": "skipped"},
        {"head_repository": {"full_name": "someone/fleet"}},
        {"head_branch": "request"},
        {"event": "pull_request"},
        {"id": OWN},
        {"id": OWN + 1},
    ],
    ids=str,
)
def test_a_run_that_says_nothing_is_passed_over(more: dict[str, Any], deploy: Deploy) -> None:
    """Its jobs left out, of a fork, of another branch, of a request, this one itself, one behind it."""
    deploy.run_before()
    deploy.merge("k004", "c03")
    deploy.run_before(more.pop("conclusion", "failure"), **more)
    assert deploy.turns() == 'site=[]\ncanary=["prod-c03"]\ncell=[]\n'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stacks": "prod"}, "is no JSON list of names"),
        ({"stacks": '["prod", "nowhere"]'}, "there is no Pulumi.nowhere.yaml"),
        ({"GITHUB_TOKEN": "wrong"}, "401"),
    ],
)
def test_what_cannot_be_known_stops_the_deploy(given: dict[str, str], said: str, deploy: Deploy) -> None:
    done = deploy.ask(**given)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert not (deploy.runner.clone.root / "output").exists()


def test_a_turn_waits_for_those_before_it_and_never_runs_behind_a_failure() -> None:
    before: list[str] = []
    for turn in ("site", "canary", "cell"):
        job = DEPLOY[turn]
        assert job["needs"] == ["affected", *before]
        assert job["uses"] == "./.github/workflows/deploy-stacks.yml"
        assert job["with"]["stacks"] == f"${{{{ needs.affected.outputs.{turn} }}}}"
        assert DEPLOY["affected"]["outputs"][turn] == f"${{{{ steps.stacks.outputs.{turn} }}}}"
        conditions = set(re.split(r"\s*&&\s*", job["if"].strip()))
        wanted = {"!cancelled()", "needs.affected.result == 'success'", f"needs.affected.outputs.{turn} != '[]'"}
        wanted |= {f"needs.{name}.result != '{end}'" for name in before for end in ("failure", "cancelled")}
        assert conditions == wanted
        before.append(turn)
    assert [DEPLOY[turn]["with"]["at_once"] > 1 for turn in before] == [False, False, True]


def test_stacks_are_looked_for_without_a_credential_of_one() -> None:
    job = DEPLOY["affected"]
    assert job["permissions"] == {"contents": "read", "actions": "read"}
    assert "environment" not in job
    assert "secrets." not in str(job)
    assert job["needs"] == "without-report"
    assert "needs.without-report.result == (inputs.without_report && 'success' || 'skipped')" in job["if"]


def test_a_stack_is_left_out_once_another_has_failed(deploy: Deploy) -> None:
    strategy = jobs(ROOT / ".github" / "workflows" / "deploy-stacks.yml")["up"]["strategy"]
    assert strategy["fail-fast"] is False, "it cancels what runs beside the one that fails"
    env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": deploy.api.url}
    env |= {"GITHUB_RUN_ID": str(OWN), "GITHUB_RUN_ATTEMPT": "2", "no_proxy": "127.0.0.1"}

    def look() -> subprocess.CompletedProcess[str]:
        return deploy.runner.step("deploy-stacks", "up", "no stack before this one has failed", **env)

    deploy.api.page_size = 2
    for name, conclusion in (("site / up (prod)", "success"), ("cell / up (a)", None), ("cell / up (b)", "skipped")):
        deploy.api.add_job(OWN, name, conclusion, 2)
    deploy.api.add_job(OWN, "cell / up (c)", "failure", 1)  # before it was run again
    deploy.api.add_job(OWN + 1, "cell / up (c)", "failure", 2)
    assert look().returncode == 0
    deploy.api.add_job(OWN, "cell / up (c)", "failure", 2)
    done = look()
    assert done.returncode == 1
    assert done.stdout == "::error::left out, as `cell / up (c)` has failed; mend it, then: Re-run failed jobs\n"
    env["GITHUB_TOKEN"] = "wrong"
    assert look().returncode == 1, "what is not known stops it too"
