"""Whatever the workflows, GitLab's file and the documents call exists, with these options."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tenantry.cli import app
from tests.support.requests.ci_files import GITLAB, ROOT, WORKFLOWS, calls, examples, jobs, scripts

GROUP: Any = typer.main.get_command(app.app)
RUN = [
    pytest.param(call, id=f"{path.name}: {call}")
    for path in (*WORKFLOWS, GITLAB)
    for _, script in scripts(path)
    for call in calls(script)
]
DOCUMENTS = tuple(ROOT / "docs" / f"{name}.md" for name in ("pull-requests", "report", "requests", "drift"))
TOLD = [
    pytest.param(call, id=f"{path.name}: {call}")
    for path in DOCUMENTS
    for call in examples(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("call", [*RUN, *TOLD])
def test_the_call_can_be_made(call: str) -> None:
    call = re.sub(r'--number "\$[^"]+"', "--number 17", call)  # what the shell makes a number of
    command, words = GROUP, [word for word in shlex.split(call) if word != "--help"]  # which shows and ends
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        assert name in command.commands, f"tenantry has no command {name}"
        command = command.commands[name]
    command.make_context("tenantry", words, resilient_parsing=not words)


def test_calls_are_found_as_they_are_written() -> None:
    text = (
        'run: .venv/bin/tenantry preview --stack "$STACK" --json >out\n'
        "  x=$(tenantry list | wc -l) # tenantry\n"
        "python -m tenantry.changes.overlay lay; tenantry plan \\\n  diff --against x && tenantry up\n"
    )
    assert calls(text) == ['preview --stack "$STACK" --json', "list", "plan diff --against x", "up"]


def test_each_workflow_calls_what_it_is_for() -> None:
    made = {
        path.stem: {" ".join(call.split()[:2]) for _, text in scripts(path) for call in calls(text)}
        for path in WORKFLOWS
    }
    assert made["pull-request"] >= {"validate --stack", "plan diff", "rehearse --base"}
    assert made["preview"] == {"preview --stack", "report render", "report collect", "report post"}
    assert made["rehearsal"] == {"report collect", "report post"}
    assert made["deploy"] == {"affected --base", "affected --all"}
    assert made["deploy-stacks"] == {"validate --stack", "report approved", "report due", "up --stack"}
    assert made["purge"] == {"purge --stack", "report due", "report render", "up --stack", "usage --measure"}
    assert made["drift"] == {"drift --stack", "overview --stack", "report drift"}
    gitlab = {" ".join(call.split()[:2]) for _, text in scripts(GITLAB) for call in calls(text)}
    assert gitlab == {
        *("validate --stack", "plan diff", "rehearse --base", "preview --stack", "up --stack"),
        *("report render", "report post", "drift --stack", "report drift", "purge --stack", "report due"),
        *("usage --measure", "overview --stack"),
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_modules_that_are_run_exist(path: Path) -> None:
    for _, script in scripts(path):
        for module in (word for line in script.splitlines() for word in line.split() if word.startswith("tenantry.")):
            assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module


def test_no_stack_is_changed_by_two_runs_and_no_change_is_cancelled() -> None:
    """Deploy and purge: one group a stack, also at GitLab."""
    for name, job in (("deploy-stacks", "up"), ("purge", "purge")):
        found = jobs(ROOT / ".github" / "workflows" / f"{name}.yml")[job]
        assert found["concurrency"] == {"group": "stack-${{ matrix.stack }}", "cancel-in-progress": False}, name
        assert found["environment"] == "${{ matrix.stack }}", name
    gitlab = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    for name in (".up", "purge"):
        assert (gitlab[name]["resource_group"], gitlab[name]["interruptible"]) == ("stack-$STACK", False), name


def test_gitlab_runs_one_stack_after_the_other() -> None:
    """A job for each, as jobs of one matrix run at once: all but the first need another one."""
    gitlab = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    made = {name: job for name, job in gitlab.items() if isinstance(job, dict) and job.get("extends") == ".up"}
    assert all("parallel" not in gitlab[name] for name in (".stack", ".up", *made))
    assert len([name for name, job in made.items() if "needs" not in job]) == 1
    assert all(job["variables"] == {"STACK": name.removeprefix("up ")} for name, job in made.items())


def test_gitlabs_issue_waits_for_each_stack_that_is_looked_at() -> None:
    gitlab = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    ((told,),) = (re.findall(r"--stacks '(\[.*\])'", line) for line in gitlab["drift issue"]["script"])
    ((looked_at,),) = (row.values() for row in gitlab[".each"]["parallel"]["matrix"])
    assert json.loads(told) == looked_at


@pytest.mark.parametrize(
    ("path", "name"), [(path, "up") for path in WORKFLOWS if path.stem in ("deploy-stacks", "purge")]
)
def test_no_run_without_something_that_bounds_it(path: Path, name: str) -> None:
    """But the one that a person asks for, whose reviewers are looked for first."""
    made = [call for _, text in scripts(path) for call in calls(text) if call.startswith(f"{name} ")]
    unbound = [call for call in made if "--approved" not in call]
    assert made
    assert len(unbound) == int(path.stem == "deploy-stacks")


def test_a_deploy_that_the_night_has_replaced_is_started_again() -> None:
    deploy = jobs(ROOT / ".github" / "workflows" / "purge.yml")["deploy"]
    assert deploy["permissions"] == {"actions": "write"}
    assert deploy["needs"] == "purge"
    assert deploy["if"] == "${{ !cancelled() && needs.purge.result != 'skipped' }}"
    (started,) = (step["run"].split() for step in deploy["steps"])
    assert started[:4] == ["gh", "workflow", "run", "deploy.yml"]
    assert started[-2:] == ["-f", "all_stacks=false"]


def test_a_preview_names_the_requests_own_commit() -> None:
    """The tree that is checked out is main, or a merge that nobody else has."""
    github = [call for _, text in scripts(ROOT / ".github/workflows/preview.yml") for call in calls(text)]
    made = [call for call in github if call.startswith("preview ")]
    assert len(made) == 2
    assert all('--head "$REQUEST"' in call for call in made)
    gitlab = [call for _, text in scripts(GITLAB) for call in calls(text) if call.startswith("preview ")]
    assert [re.findall(r'--head "(\S+)"', call) for call in gitlab] == [["$head"], ["$REQUEST_COMMIT"]]
