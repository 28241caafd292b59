"""A request's comment, from the artifacts of its last commit: reports, and the rehearsal alone of its own."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tenantry.changes.forge.collected_reports import Collected, collect
from tenantry.changes.forge.github_runs import Runs
from tenantry.changes.report.request_report import RequestReport, StackReport, from_json, to_json
from tests.support.requests.forge import TOKEN, StandIn, forge, keep
from tests.support.requests.prepared_rehearsals import rehearsals
from tests.support.requests.prepared_requests import requests

HEAD, OTHER = "a" * 40, "b" * 40
REHEARSED = dict(rehearsals())["comes-through"]
OPEN = dict(requests())["open"]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with forge() as running:
        running.store = running.url
        running.heads[17] = HEAD
        yield running


def previewed(stand_in: StandIn, content: str, **more: str) -> int:
    given = {"sha": HEAD, "event": "pull_request_target", **more}
    run = stand_in.add_run("preview.yml", head_branch="request", **given)
    keep(stand_in, run, "report-prod", content)
    return run


def rehearsed(stand_in: StandIn, content: str, **more: object) -> int:
    given = {"sha": HEAD, "event": "pull_request", "conclusion": "failure", **more}
    run = stand_in.add_run("pull-request.yml", head_branch="request", **given)  # pyright: ignore[reportArgumentType]
    keep(stand_in, run, "rehearsal", content, "rehearsal.json")
    return run


def look(stand_in: StandIn, head: str = HEAD) -> Collected:
    given = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": stand_in.url}
    return collect(Runs.of_workflow(given, 0), 17, head)


def test_reports_and_rehearsal_of_that_commit(stand_in: StandIn) -> None:
    """Also while the preview waits for its approval, and where a stage of the rehearsal has failed."""
    previewed(stand_in, to_json(OPEN), conclusion="")
    rehearsed(stand_in, to_json(RequestReport((), REHEARSED)))
    files = look(stand_in).files
    assert {name: from_json(content) for name, content in files.items()} == {
        "report-prod.json": OPEN,
        "rehearsal.json": RequestReport((), REHEARSED),
    }


def test_a_rehearsal_brings_in_no_report_of_a_stack(stand_in: StandIn) -> None:
    forged = RequestReport((StackReport("prod", "ok"),), replace(REHEARSED, base="c" * 40))
    run = rehearsed(stand_in, to_json(forged))
    keep(stand_in, run, "report-prod", to_json(forged))
    (content,) = look(stand_in).files.values()
    assert from_json(content).stacks == ()


@pytest.mark.parametrize(
    "more",
    [
        {"sha": OTHER},
        {"event": "workflow_dispatch"},
        {"head_repository": {"full_name": "else/fleet"}},
    ],
)
def test_other_runs_count_for_nothing(stand_in: StandIn, more: dict[str, object]) -> None:
    rehearsed(stand_in, to_json(RequestReport((), REHEARSED)), **more)
    assert look(stand_in).files == {}


def test_the_newest_counts(stand_in: StandIn) -> None:
    previewed(stand_in, to_json(dict(requests())["delete"]))
    previewed(stand_in, to_json(OPEN))
    assert from_json(look(stand_in).files["report-prod.json"]) == OPEN


def test_once_the_request_has_moved_on_an_older_run_writes_nothing(stand_in: StandIn) -> None:
    previewed(stand_in, to_json(OPEN))
    stand_in.heads[17] = OTHER
    facts = look(stand_in)
    assert facts.files == {}
    assert facts.remarks == ("request 17 has moved on to bbbbbbbbbbbb: its own runs write the comment",)


@pytest.mark.parametrize(
    ("content", "file"), [("{}", "rehearsal.json"), ("{}", "other.json"), ("no", "rehearsal.json")]
)
def test_a_rehearsal_that_cannot_be_read_keeps_no_report_back(stand_in: StandIn, content: str, file: str) -> None:
    previewed(stand_in, to_json(OPEN))
    run = stand_in.add_run("pull-request.yml", HEAD, "pull_request")
    keep(stand_in, run, "rehearsal", content, file)
    facts = look(stand_in)
    assert facts.files.keys() == {"report-prod.json"}
    assert "is left out" in facts.remarks[-1]
