"""No job that runs what a request wrote has a credential, unless people approved that very commit."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.requests.ci_files import GITLAB, WORKFLOWS, scripts, workflow

REQUEST = ("pull_request", "merge_group")
COMMANDS = "merge|checkout|switch|pull|worktree|reset|restore|archive|read-tree|apply|am|cherry-pick"
BRINGS_IN = re.compile(rf"git(?: +-[cC] +\S+| +-\S+)* +(?:{COMMANDS})(?!\S)")
PUSH_KEY = "secrets.TENANTRY_PUSH_KEY"
PREVIEW = next(path for path in WORKFLOWS if path.stem == "preview")


def triggers(document: dict[str, Any]) -> set[str]:
    on = document["on"]
    return {on} if isinstance(on, str) else set(on)


def checks_out_request(job: dict[str, Any]) -> bool:
    """By the action or by git; the overlay only reads objects."""
    for step in job.get("steps", ()):  # a called workflow's are its own
        ref = str(step.get("with", {}).get("ref", ""))
        if "head" in ref or "refs/pull" in ref or "merge_commit" in ref or BRINGS_IN.search(step.get("run", "")):
            return True
    return False


def credentials(document: dict[str, Any], job: dict[str, Any]) -> list[str]:
    """Credentials that a job could leak: a secret, the right to a session or to write, an environment's variables."""
    text = yaml.safe_dump([job, document.get("env", {})])
    found = [word for word in ("secrets.", "secrets[", "github.token", "environment:") if word in text]
    rights = job.get("permissions", document.get("permissions", "all by default"))
    if not isinstance(rights, dict):
        return [*found, str(rights)]
    return [*found, *(f"{name}: {right}" for name, right in rights.items() if right != "read")]


def waits_for_look(job: dict[str, Any]) -> bool:
    """Tells whether that job is left out for forks, and with it what needs it; unless a condition of the job's own says otherwise."""
    needs, condition = job.get("needs", []), str(job.get("if", ""))
    asks_itself = "!cancelled()" in condition or "always()" in condition
    holds = "needs.look.result == 'success' &&" in condition or "needs.look.result != 'skipped'" in condition
    return "look" in needs and (not asks_itself or holds)


def faults(document: dict[str, Any]) -> list[str]:
    """The faults of one workflow, as `job: what is wrong`."""
    problem: list[str] = []
    for name, job in document["jobs"].items():
        leaks = credentials(document, job)
        if triggers(document) & set(REQUEST) and leaks:
            problem.append(f"{name}: runs a request's code with {leaks}")
        if "pull_request_target" in triggers(document) or "workflow_run" in triggers(document):
            environment = str(job.get("environment", ""))
            if checks_out_request(job) and not environment.endswith("-approved"):
                problem.append(f"{name}: runs a request's code without approval")
            by_run = "workflow_run" in triggers(document)
            forks = f"head{'_repository' if by_run else '.repo'}.full_name == github.repository &&"
            if forks not in f"{job.get('if')} &&" and not waits_for_look(job):
                problem.append(f"{name}: runs for forks")
            if checks_out_request(job) and any(right.endswith("write") and "id-token" not in right for right in leaks):
                problem.append(f"{name}: runs a request's code with {leaks}")
    return problem


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_requests_get_nothing(path: Path) -> None:
    assert faults(workflow(path)) == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_to_jobs_one_by_one(path: Path) -> None:
    document = workflow(path)
    assert document["permissions"] in ({}, {"contents": "read"})
    for job in document["jobs"].values():
        assert "write-all" not in str(job.get("permissions"))


def changed(path: str, value: Any, stem: str = "preview") -> dict[str, Any]:
    document = deepcopy(workflow(next(entry for entry in WORKFLOWS if entry.stem == stem)))
    *above, last = path.split("/")
    place: Any = document
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(last) if isinstance(place, list) else last] = value
    return document


@pytest.mark.parametrize(
    "document",
    [
        changed("jobs/validate/permissions", {"contents": "read", "id-token": "write"}, "pull-request"),
        changed("jobs/validate/permissions", "write-all", "pull-request"),
        changed("jobs/validate/env/X", "${{ secrets.X }}", "pull-request"),
        changed("jobs/validate/environment", "prod", "pull-request"),
        changed("env", {"X": "${{ secrets.X }}"}, "pull-request"),
        changed("jobs/look/if", "true"),
        changed("jobs/report/if", "always()"),
        changed("jobs/report/needs", ["tenants"]),
        changed("jobs/report/steps/1/with/ref", "${{ github.event.pull_request.head.sha }}"),
        changed("jobs/approved/permissions", {"contents": "read", "id-token": "write", "pull-requests": "write"}),
        changed("jobs/tenants/steps/0/with/ref", "${{ github.event.pull_request.head.sha }}"),
        changed("jobs/tenants/steps/0/with/ref", "refs/pull/${{ github.event.number }}/merge"),
        changed("jobs/tenants/steps/3/run", "git checkout -f $REQUEST"),
        changed("jobs/tenants/steps/3/run", "git -C . merge $REQUEST"),
        changed("jobs/tenants/steps/3/run", "git archive $REQUEST | tar x"),
        changed("jobs/approved/environment", "${{ matrix.stack }}-preview"),
        changed("on", ["pull_request"]),
        changed("jobs/comment/if", "github.event.workflow_run.event == 'pull_request'", "rehearsal"),
        changed("jobs/comment/steps/0/with/ref", "${{ github.event.workflow_run.head_sha }}", "rehearsal"),
        changed("jobs/comment/steps/3/run", "git checkout $HEAD", "rehearsal"),
    ],
)
def test_a_hole_is_seen(document: dict[str, Any]) -> None:
    assert faults(document)


def test_the_session_and_the_secrets_are_of_one_step() -> None:
    """Not of the job: what installs packages or reads the request never has them. The key that pushes is of no stack."""
    for path in WORKFLOWS:
        for job in workflow(path)["jobs"].values():
            assert "secrets." not in str(job.get("env", ""))
            for step in job.get("steps", ()):  # a called workflow's are its own
                if PUSH_KEY in str(step):
                    assert (path.stem, step["id"], str(step).count("secrets.")) == ("purge", "push", 1)
                elif "secrets." in str(step):
                    assert "tenantry.engine.run.oidc_session" in step["run"]


def test_what_writes_to_the_repository_is_one_step_with_a_key_of_its_own() -> None:
    """The job's own token may not, so that no installed package can push what nobody has seen."""
    job = workflow(next(path for path in WORKFLOWS if path.stem == "purge"))["jobs"]["purge"]
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert [step["id"] for step in job["steps"] if PUSH_KEY in str(step)] == ["push"]
    assert "github.token" not in str(job)
    (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["persist-credentials"] is False


def test_reviewers_are_looked_for_before_a_job_waits_for_them() -> None:
    steps = workflow(PREVIEW)["jobs"]["look"]["steps"]
    (guard,) = (step for step in steps if "required_reviewers" in step.get("run", ""))
    assert guard["if"] == "steps.look.outputs.kind != 'tenants'"
    assert workflow(PREVIEW)["defaults"]["run"]["shell"] == "bash"  # with pipefail: an answer that fails fails the job


def test_gitlabs_requests_get_nothing() -> None:
    """The jobs of a merge request's pipeline have no token and no environment; what has them takes data or an
    approval."""
    document = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    for name, job in document.items():
        if "rules" not in job:
            continue
        rules, text = str(job["rules"]), str(job)
        if "merge_request_event" in rules:
            assert not {"id_tokens", "environment", "extends", "secrets"} & job.keys(), name
        elif any(BRINGS_IN.search(line) and "REQUEST" in line for job_, line in scripts(GITLAB) if job_ == name):
            assert "-preview-approved" in text, name
        assert "merge_request_event" in rules or "$CI_DEFAULT_BRANCH" in rules or "schedule" in rules, name
