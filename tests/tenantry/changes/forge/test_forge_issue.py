"""One issue of drift, opened, updated and closed, against a stand-in for the forge's API."""

from collections.abc import Iterator

import pytest

from tenantry.changes.forge.forge_comment import Posted
from tenantry.changes.forge.forge_issue import Issues, github_issues, gitlab_issues, keep_issue
from tenantry.engine.errors import CommandError
from tenantry.inspection.drift.markdown import MARKER
from tests.support.requests.forge import TOKEN, StandIn, forge

FIRST, SECOND = f"{MARKER}\nfirst\n", f"{MARKER}\nsecond\n"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with forge() as running:
        yield running


@pytest.fixture(params=["github", "gitlab"])
def where(request: pytest.FixtureRequest, stand_in: StandIn) -> Issues:
    settings = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": stand_in.url}
    settings |= {"GITLAB_TOKEN": TOKEN, "CI_PROJECT_ID": "42", "CI_API_V4_URL": stand_in.url}
    if request.param == "gitlab":
        stand_in.login = "tenantry-bot"
        return gitlab_issues(settings)
    return github_issues(settings)


def keep(where: Issues, body: str, *, wanted: bool = True, title: str = "Drift") -> Posted:
    return keep_issue(where, MARKER, title, body, wanted=wanted, pause_seconds=0)


def test_it_is_opened_updated_and_closed_and_never_two(stand_in: StandIn, where: Issues) -> None:
    assert keep(where, FIRST, wanted=False).did == "none"
    assert stand_in.issues == []
    assert [keep(where, body).did for body in (FIRST, FIRST, SECOND)] == ["created", "unchanged", "updated"]
    assert (stand_in.issues[0]["body"], stand_in.issues[0]["state"]) == (SECOND, "open")
    assert keep(where, FIRST, wanted=False).did == "closed"
    assert [(issue["body"], issue["state"]) for issue in stand_in.issues] == [(FIRST, "closed")]
    assert keep(where, SECOND).did == "created", "what comes back is another one"
    assert [issue["state"] for issue in stand_in.issues] == ["closed", "open"]


def test_another_title_alone_is_an_update(stand_in: StandIn, where: Issues) -> None:
    keep(where, FIRST)
    assert keep(where, FIRST, title="Drift: worse").did == "updated"
    assert stand_in.issues[0]["title"] == "Drift: worse"


def test_it_is_found_behind_150_others_and_requests(stand_in: StandIn, where: Issues) -> None:
    author = stand_in.login or "github-actions[bot]"
    for number in range(149):
        stand_in.add_issue(f"issue {number}", author)
    stand_in.add_issue(FIRST, author, pull_request={"url": "x"})
    own = stand_in.add_issue(FIRST, author)
    assert keep(where, SECOND) == Posted("updated", own["number"])
    assert len(stand_in.issues) == 151


def test_of_two_that_ran_at_once_the_older_stays_open(stand_in: StandIn, where: Issues) -> None:
    author = stand_in.login or "github-actions[bot]"
    for _ in range(2):
        stand_in.add_issue(FIRST, author)
    assert keep(where, SECOND).number == 1
    assert [issue["state"] for issue in stand_in.issues] == ["open", "closed"]


def test_the_marker_of_somebody_else_is_not_ours(stand_in: StandIn, where: Issues) -> None:
    stand_in.add_issue(FIRST, "someone", "User")
    assert keep(where, SECOND, wanted=False).did == "none"
    assert stand_in.issues[0]["state"] == "open"


def test_a_write_whose_answer_is_lost_is_not_made_twice(stand_in: StandIn, where: Issues) -> None:
    stand_in.lost = 1
    assert keep(where, FIRST).did == "unchanged"
    assert len(stand_in.issues) == 1


def test_what_is_refused_says_what_the_token_needs(stand_in: StandIn, where: Issues) -> None:
    stand_in.failing = [403]
    with pytest.raises(CommandError, match="the right to write issues") as refused:
        keep(where, FIRST)
    assert TOKEN not in str(refused.value)
