"""The shell of the workflows' steps, run as a runner runs it: on a clone with a bare repository as origin."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tenantry.changes.report.markdown import MARKER
from tenantry.changes.report.request_report import RequestReport, to_json
from tenantry.changes.request_facts import is_data_only
from tests.support.requests.ci_files import ROOT, jobs
from tests.support.requests.forge import TOKEN, forge, keep
from tests.support.requests.prepared_rehearsals import rehearsals
from tests.support.requests.prepared_requests import requests
from tests.support.requests.workflow_runner import Runner, write_tenant

HEAD = "a" * 40


def check(runner: Runner, name: str, stacks: str = '["local"]') -> subprocess.CompletedProcess[str]:
    return runner.step("pull-request", "validate", name, BASE="origin/main", STACKS=stacks)


def write(runner: Runner, plan: str) -> None:
    write_tenant(runner.clone, "k030", plan)


def test_a_request_that_is_fine(runner: Runner) -> None:
    write(runner, "basic")
    done = check(runner, "the files, and what a request may not change")
    assert done.returncode == 0, done.stderr
    done = check(runner, "who is affected, and how")
    assert done.returncode == 0, done.stderr
    assert "### local\n~~~\nk030: opened on plan basic" in runner.summary


def test_a_request_by_which_somebody_gets_less(runner: Runner) -> None:
    runner.clone.replace("k001.yaml", "premium", "basic")
    done = check(runner, "who is affected, and how")
    assert done.returncode == 0, done.stderr
    assert "k001: plan premium -> basic" in runner.summary
    assert "(less)" in runner.summary


def test_a_request_that_is_broken_fails_on_its_lines(runner: Runner) -> None:
    write(runner, "gold")
    done = check(runner, "the files, and what a request may not change")
    assert done.returncode == 1
    assert "::error file=tenants/k030.yaml,line=4" in done.stdout
    assert check(runner, "who is affected, and how").returncode == 1


def test_one_stack_that_fails_is_enough(runner: Runner) -> None:
    done = check(runner, "the files, and what a request may not change", '["nowhere", "local"]')
    assert done.returncode == 1
    assert "2 tenants and 0 tombstones are fine" in done.stdout  # and the others are looked at all the same


def test_the_look_says_the_kind_and_nothing_else(runner: Runner) -> None:
    clone = runner.clone
    clone.git("checkout", "-q", "-b", "request")
    write(runner, "basic")
    clone.commit("request")
    clone.git("checkout", "-q", "main")
    assert runner.step("preview", "look", "what the request touches", REQUEST="request").returncode == 0
    assert (clone.root / "output").read_text() == "kind=tenants\n"
    assert runner.step("preview", "look", "what the request touches", REQUEST="nowhere").returncode == 1
    done = runner.step("preview", "tenants", "the request's tenants over this code", REQUEST="request")
    assert (done.returncode, done.stdout) == (0, "laid over: tenants/k030.yaml\n")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("required_reviewers", 0),
        ("branch_policy\nrequired_reviewers", 0),
        ("branch_policy", 1),
        ("", 1),
        ("wait_timer", 1),
    ],
)
def test_an_environment_without_reviewers_fails(rules: str, code: int, runner: Runner, tmp_path: Path) -> None:
    forge = tmp_path / "bin" / "gh"
    forge.parent.mkdir()
    forge.write_text(f"#!/bin/sh\ncat <<'END'\n{rules}\nEND\n")
    forge.chmod(0o755)
    env = {"PATH": f"{forge.parent}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "example/fleet", "STACKS": '["a", "b"]'}
    name = "an environment without reviewers approves nothing"
    assert runner.step("preview", "look", name, **env).returncode == code
    forge.write_text("#!/bin/sh\nexit 1\n")  # no such environment, or no answer
    assert runner.step("preview", "look", name, **env).returncode != 0


@pytest.mark.parametrize(("rules", "code"), [("wait_timer\nrequired_reviewers", 0), ("branch_policy", 1), ("", 1)])
def test_nobody_runs_without_a_report_where_nobody_reviews(
    rules: str, code: int, runner: Runner, tmp_path: Path
) -> None:
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$2" >>"$ASKED"\ncat <<\'END\'\n{rules}\nEND\n')
    gh.chmod(0o755)
    asked = tmp_path / "asked"
    env = {"PATH": f"{gh.parent}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "acme/fleet", "ASKED": str(asked)}
    name = "an environment without reviewers approves nothing"
    assert runner.step("deploy", "without-report", name, **env).returncode == code
    assert asked.read_text() == "repos/acme/fleet/environments/deploy-without-report\n"
    assert jobs(ROOT / ".github/workflows/deploy.yml")["without-report"]["environment"] == "deploy-without-report"


@pytest.mark.parametrize(("without", "is_bound"), [("", True), ("false", True), ("true", False)])
def test_a_deploy_is_bound_to_the_reports_unless_a_person_asked(
    without: str, is_bound: bool, runner: Runner, tmp_path: Path
) -> None:
    (runner.clone.root / ".venv").unlink()  # it leads to that of this checkout
    folder = runner.clone.root / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "tenantry"):
        (folder / name).write_text('#!/bin/sh\necho "$@" >>"$ASKED"\n')
        (folder / name).chmod(0o755)
    asked = tmp_path / "asked"
    env = {"STACK": "prod", "RUNNER_TEMP": str(tmp_path), "WITHOUT_REPORT": without, "ASKED": str(asked)}
    assert runner.step("deploy-stacks", "up", "up", **env).returncode == 0
    checked, *due, made = asked.read_text().splitlines()
    assert checked == "validate --stack prod"
    session = "-m tenantry.engine.run.oidc_session .venv/bin/tenantry"
    wanted = [f"{session} report due --stack prod --output {tmp_path}/due.json"]
    assert due == (wanted if is_bound else [])
    bound = f" --approved {tmp_path}/approved --approved {tmp_path}/due.json" if is_bound else ""
    assert made == f"{session} up --stack prod{bound}"


def test_the_deploys_reports_are_those_of_the_merged_requests(runner: Runner, tmp_path: Path) -> None:
    clone = runner.clone
    shutil.copy(ROOT / "Pulumi.prod.yaml", clone.root)
    with forge() as stand_in:
        stand_in.store = stand_in.url
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": stand_in.url}
        env |= {"STACK": "prod", "RUNNER_TEMP": str(tmp_path), "no_proxy": "127.0.0.1"}

        def fetch() -> subprocess.CompletedProcess[str]:
            return runner.step("deploy-stacks", "up", "what was approved since the last deploy", **env)

        first = fetch()
        assert first.returncode == 1
        assert "this is the first deploy" in first.stderr
        stand_in.add_run("deploy.yml", clone.git("rev-parse", "HEAD").strip(), "push")
        write(runner, "basic")
        clone.commit("request 17, squashed")
        stand_in.add_pull(clone.git("rev-parse", "HEAD").strip(), 17, "a" * 40)
        missed = fetch()
        assert missed.returncode == 1
        assert "request 17: no preview of its last commit" in missed.stderr
        assert not (tmp_path / "approved").exists()
        run = stand_in.add_run("preview.yml", "a" * 40, "pull_request_target")
        keep(stand_in, run, "report-prod", to_json(dict(requests())["open"]))
        done = fetch()
        assert done.returncode == 0, done.stderr
        assert "request 17: report of runs/5001" in done.stdout
    assert [path.name for path in (tmp_path / "approved").iterdir()] == ["17.json"]


def test_the_token_that_reads_runs_is_in_no_other_step() -> None:
    job = jobs(ROOT / ".github" / "workflows" / "deploy-stacks.yml")["up"]
    having = [step["name"] for step in job["steps"] if "github.token" in str(step)]
    assert having == ["no stack before this one has failed", "what was approved since the last deploy"]
    assert {name for name, right in job["permissions"].items() if right == "write"} == {"id-token"}
    (fetching,) = (step for step in job["steps"] if step.get("name") == having[1])
    assert fetching["if"] == "${{ !inputs.without_report }}"


@pytest.mark.parametrize(("said", "code"), [(0, 0), (5, 0), (6, 1), (7, 1), (3, 1), (1, 1)])
def test_a_difference_that_is_not_harmless_fails_the_night(said: int, code: int, runner: Runner) -> None:
    (runner.clone.root / ".venv").unlink()  # it leads to that of this checkout
    python = runner.clone.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@"\nexit {said}\n')
    python.chmod(0o755)
    assert runner.step("drift", "look", "look", STACK="prod").returncode == code
    asked = (runner.clone.root / "drift-prod.json").read_text()
    assert asked.endswith("tenantry drift --stack prod --format json\n"), "the file is there for the issue"


@pytest.mark.parametrize("stacks", [("prod", "prod-c02"), ("prod",)], ids=len)
@pytest.mark.parametrize(
    ("name", "code", "effect"),
    [("open", 0, "5"), ("suspend", 0, "6"), ("delete", 0, "7"), ("database-replaced", 3, None)],
)
def test_the_report_is_one_comment_and_a_label(
    name: str, code: int, effect: str | None, stacks: tuple[str, ...], runner: Runner, tmp_path: Path
) -> None:
    prepared = dict(requests())
    for stack in stacks:  # of one artifact alone the files lie in the folder itself
        folder = runner.clone.root / "reports" / (f"report-{stack}" if len(stacks) > 1 else "")
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(to_json(prepared[name if stack == "prod" else "open"]), encoding="utf-8")
    with forge() as stand_in:
        env = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "acme/fleet",
            "GITHUB_API_URL": stand_in.url,
            "NUMBER": "17",
            "HEAD": HEAD,
            "no_proxy": "127.0.0.1",
        }
        stand_in.store, stand_in.heads[17] = stand_in.url, HEAD
        for _ in range(2):
            done = runner.step("preview", "report", "report", **env)
            assert done.returncode == code, done.stderr
            shutil.rmtree(runner.clone.root / "collected")
        assert len(stand_in.comments) == 1
        assert stand_in.comments[0]["body"].startswith(MARKER)
        assert "## Rehearsal" not in stand_in.comments[0]["body"]
    assert MARKER in runner.summary
    if effect is None:
        return
    assert f"effect={effect}\n" in (runner.clone.root / "output").read_text()
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\necho "$@" >>"$ASKED"\n[ "$2" != -X ]\n')
    gh.chmod(0o755)
    asked = tmp_path / "asked"
    env = {"PATH": f"{gh.parent}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "acme/fleet", "ASKED": str(asked)}
    done = runner.step("preview", "report", "the request's label", **env, NUMBER="17", EFFECT=effect)
    assert done.returncode == 0, done.stderr
    lines = asked.read_text().splitlines()
    assert [line for line in lines if "DELETE" not in line] == [
        f"api repos/acme/fleet/issues/17/labels --silent -f labels[]=effect-{effect}"
    ]
    assert len(lines) == 4


@pytest.mark.parametrize("first", ["preview", "rehearsal"])
def test_the_rehearsal_is_a_section_of_that_comment(first: str, runner: Runner) -> None:
    """Whichever of the two is ready first; it changes neither label nor approval."""
    rehearsal = RequestReport((), dict(rehearsals())["all-goes-wrong"])
    opened = to_json(dict(requests())["open"])
    (runner.clone.root / "reports").mkdir()
    (runner.clone.root / "reports" / "report.json").write_text(opened, encoding="utf-8")
    with forge() as stand_in:
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": stand_in.url}
        env |= {"NUMBER": "17", "HEAD": HEAD, "no_proxy": "127.0.0.1"}
        stand_in.store, stand_in.heads[17] = stand_in.url, HEAD

        def preview() -> None:
            keep(stand_in, stand_in.add_run("preview.yml", HEAD, "pull_request_target"), "report-prod", opened)
            done = runner.step("preview", "report", "report", **env)
            assert done.returncode == 0, done.stderr

        def rehearse() -> None:
            run = stand_in.add_run("pull-request.yml", HEAD, "pull_request", "failure")
            keep(stand_in, run, "rehearsal", to_json(rehearsal), "rehearsal.json")
            done = runner.step(
                "rehearsal", "comment", "with the reports of the stacks, as far as they are there", **env
            )
            assert done.returncode == 0, done.stderr

        for step in (preview, rehearse) if first == "preview" else (rehearse, preview):
            step()
            shutil.rmtree(runner.clone.root / "collected")
        (comment,) = stand_in.comments
    assert "The rehearsal fails" in comment["body"]
    assert "## Stack `prod`" in comment["body"]
    assert "effect=5\n" in (runner.clone.root / "output").read_text()


CANARY = "canary-of-the-passphrase"
THEFT = "import os\nprint(dict(os.environ))\nopen('report.json', 'w').write(str(dict(os.environ)))\n"


def whole_job(runner: Runner, job: str, replaced: str | None = None) -> str:
    """Runs a job's steps as they stand until one fails, the secret in the steps that ask for it; all that anybody sees.

    `replaced` is run instead of the overlay.
    """
    seen = ""
    for step in jobs(ROOT / ".github" / "workflows" / "preview.yml")[job]["steps"]:
        if "run" not in step or step["run"].startswith("make "):
            continue
        text = replaced if replaced and "overlay lay" in step["run"] else step["run"]
        secrets = {name: CANARY for name, value in step.get("env", {}).items() if "secrets." in str(value)}
        env = {
            "REQUEST": "request",
            "STACK": "local",
            "GITHUB_SHA": "HEAD",
            "GITHUB_STEP_SUMMARY": "summary",
            **secrets,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            cwd=runner.clone.root,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | env,
            capture_output=True,
            text=True,
            check=False,
        )
        seen += done.stdout + done.stderr
        if done.returncode:
            break
    report = runner.clone.root / "report.json"
    return seen + runner.summary + (report.read_text() if report.exists() else "")


STOLEN_BY = {
    "the module that is run": (
        "tenantry/engine/run/oidc_session.py",
        "tenantry/__init__.py",
        "tenantry/engine/__init__.py",
    ),
    "what Python starts with": ("sitecustomize.py", "tenantry.py"),
    "a module of the program": ("stacks/program.py",),
    "a module among the tenants": ("tenants/k030.py",),
}


def asks_for_the_environment(runner: Runner, *paths: str) -> None:
    clone = runner.clone
    clone.git("checkout", "-q", "-b", "request")
    write(runner, "basic")
    for path in paths:
        place = clone.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(THEFT)
    clone.commit("request")
    clone.git("checkout", "-q", "main")


@pytest.mark.parametrize("paths", STOLEN_BY.values(), ids=STOLEN_BY)
def test_a_request_whose_python_prints_the_environment_gets_no_secret(paths: tuple[str, ...], runner: Runner) -> None:
    asks_for_the_environment(runner, *paths)
    seen = whole_job(runner, "tenants")
    assert "may be code" in seen or "not named as a tenant's file" in seen
    assert CANARY not in seen


def test_a_request_whose_file_is_a_link_gets_no_secret(runner: Runner) -> None:
    clone = runner.clone
    clone.git("checkout", "-q", "-b", "request")
    (clone.tenants / "k030.yaml").symlink_to("/proc/self/environ")
    clone.commit("request")
    clone.git("checkout", "-q", "main")
    seen = whole_job(runner, "tenants")
    assert "is a symbolic link" in seen
    assert CANARY not in seen
    assert not (clone.tenants / "k030.yaml").is_symlink()


def test_what_a_step_writes_is_no_change_of_the_request(runner: Runner) -> None:
    """A report beside the files made every request one of code, whose weights nothing explains."""
    clone = runner.clone
    write(runner, "basic")
    for name in ("report.json", "rehearsal.json", "drift-prod.json", "reports/report.json", ".cache/tenantry/x"):
        path = clone.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert is_data_only("HEAD", clone.tenants)
    (clone.root / "stacks.py").write_text("")
    assert not is_data_only("HEAD", clone.tenants)


def test_that_theft_would_be_seen(runner: Runner) -> None:
    """The same request, checked out: this is what the overlay is for."""
    asks_for_the_environment(runner, *STOLEN_BY["the module that is run"])
    assert CANARY in whole_job(runner, "tenants", "git -c user.name=t -c user.email=t@example.com merge -q request")
