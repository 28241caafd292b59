"""The forge's workflows are pinned, and have no more rights and credentials than it uses; its syntax and expressions hold."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.requests.ci_files import jobs
from tests.support.workflow_lint import GITLAB, WORKFLOWS, actionlint, gitlab_schema, zizmor

RULES = WORKFLOWS.parents[1] / "docs" / "pull-requests.md"
WRONG = """
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@main
      - run: echo ${{ github.event.head_commit.message }} ${{ needs.two.outputs.x }}
"""


def test_nothing_is_found_in_the_workflows() -> None:
    assert zizmor(WORKFLOWS) == ""
    assert actionlint(WORKFLOWS) == ""
    assert gitlab_schema(GITLAB) == ""


@pytest.mark.parametrize(
    ("right", "problem"),
    [
        ("resource_group: stack-$STACK", "concurrency: stack-$STACK"),
        ("interruptible: false", "interruptible: never"),
        ("when: always}]", "when: sometimes}]"),
        ("expire_in: 30 days, access: developer}", "expire_in: 30 days, access: nobody}"),
        ("environment: {name: $STACK}", "environment: {name: $STACK, action: run}"),
    ],
)
def test_what_gitlab_does_not_know_is_found(right: str, problem: str, tmp_path: Path) -> None:
    text = GITLAB.read_text(encoding="utf-8")
    assert right in text
    file = tmp_path / "gitlab-ci.yml"
    file.write_text(text.replace(right, problem), encoding="utf-8")
    assert "Schema validation errors were encountered" in gitlab_schema(file)


@pytest.mark.parametrize(("lint", "found"), [(zizmor, "template-injection"), (actionlint, "potentially untrusted")])
def test_what_is_wrong_is_found(lint: Callable[[Path], str], found: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text(WRONG)
    assert found in lint(tmp_path)


def test_each_required_check_is_there_for_requests_and_in_the_queue() -> None:
    """A check that is required and that no workflow reports holds the merge queue for ever."""
    line = next(row for row in RULES.read_text("utf-8").splitlines() if row.startswith("| required checks |"))
    required = set(re.findall(r"`(\w+)`", line.split("|")[2].partition(";")[0]))
    assert len(required) >= 4
    found: dict[str, set[str]] = {}
    for path in WORKFLOWS.glob("*.yml"):
        events = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)["on"]
        for job in jobs(path):
            found.setdefault(job, set()).update(events)
    for check in required:
        assert "merge_group" in found[check], check
        assert found[check] & {"pull_request", "pull_request_target"}, check


def test_a_report_that_fails_is_no_approval() -> None:
    """A job that is left out counts as passed: so what must stop a request is a job that runs and fails."""
    report = jobs(WORKFLOWS / "preview.yml")["report"]
    assert report["if"] == "${{ !cancelled() && needs.look.result != 'skipped' }}"
    assert report["steps"][0]["run"] == '[ "$LOOK" = success ]'
    assert report["permissions"]["issues"] == "write"
