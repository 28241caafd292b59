"""One comment of a request, made and then updated, against a stand-in for the forge's API."""

from collections.abc import Iterator

import pytest

from tenantry.changes.forge.forge_comment import Forge, github, gitlab, post
from tenantry.changes.report.markdown import MARKER
from tenantry.engine.errors import CommandError
from tests.support.requests.forge import TOKEN, StandIn, forge

FIRST, SECOND = f"{MARKER}\nfirst\n", f"{MARKER}\nsecond\n"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with forge() as running:
        yield running


def settings(stand_in: StandIn) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "acme/fleet",
        "GITHUB_API_URL": stand_in.url,
        "GITHUB_REF": "refs/pull/17/merge",
        "GITLAB_TOKEN": TOKEN,
        "CI_PROJECT_ID": "42",
        "CI_API_V4_URL": stand_in.url,
        "CI_MERGE_REQUEST_IID": "17",
    }


@pytest.fixture(params=["github", "gitlab"])
def where(request: pytest.FixtureRequest, stand_in: StandIn) -> Forge:
    if request.param == "gitlab":
        stand_in.login = "tenantry-bot"
        return gitlab(settings(stand_in), None)
    return github(settings(stand_in), None)


def marked(stand_in: StandIn) -> list[str]:
    return [comment["body"] for comment in stand_in.comments if comment["body"].startswith(MARKER)]


def test_it_is_made_once_and_then_updated(stand_in: StandIn, where: Forge) -> None:
    stand_in.add("looks good", "someone", "User")
    assert post(where, FIRST).did == "created"
    assert post(where, SECOND).did == "updated"
    assert post(where, SECOND).did == "unchanged"
    assert marked(stand_in) == [SECOND]
    assert len(stand_in.comments) == 2


def test_it_is_found_on_the_second_page_of_150(stand_in: StandIn, where: Forge) -> None:
    author = stand_in.login or "github-actions[bot]"
    for number in range(150):
        stand_in.add(FIRST if number == 149 else f"comment {number}", author)
    assert post(where, SECOND).did == "updated"
    assert marked(stand_in) == [SECOND]
    assert len(stand_in.comments) == 150
    assert [request for request in stand_in.asked if "page=2" in request]


def test_a_page_that_is_just_full_is_not_the_last(stand_in: StandIn, where: Forge) -> None:
    for number in range(100):
        stand_in.add(f"comment {number}")
    assert [post(where, FIRST).did, post(where, SECOND).did] == ["created", "updated"]
    assert marked(stand_in) == [SECOND]


def test_of_two_that_ran_at_once_one_stays(stand_in: StandIn, where: Forge) -> None:
    author = stand_in.login or "github-actions[bot]"
    first = stand_in.add(FIRST, author)
    stand_in.add("between", "someone", "User")
    stand_in.add(FIRST, author)
    assert post(where, SECOND).number == first["id"]
    assert marked(stand_in) == [SECOND]
    assert len(stand_in.comments) == 2


def test_the_marker_of_somebody_else_is_not_ours(stand_in: StandIn, where: Forge) -> None:
    stand_in.add(FIRST, "someone", "User")
    stand_in.add(f"> {MARKER} quoted", stand_in.login or "github-actions[bot]")
    assert post(where, SECOND).did == "created"
    assert marked(stand_in) == [FIRST, SECOND]


def test_a_person_with_a_token_finds_his_own(stand_in: StandIn) -> None:
    stand_in.login = "someone"
    where = github(settings(stand_in), 17)
    assert [post(where, FIRST).did, post(where, SECOND).did] == ["created", "updated"]
    assert marked(stand_in) == [SECOND]


def test_a_write_whose_answer_is_lost_is_not_made_twice(stand_in: StandIn, where: Forge) -> None:
    stand_in.lost = 1
    assert post(where, FIRST, pause_seconds=0).did == "unchanged"
    assert marked(stand_in) == [FIRST]


def test_what_passes_is_waited_for(stand_in: StandIn, where: Forge) -> None:
    stand_in.failing = [503, 429]
    assert post(where, FIRST, pause_seconds=0).did == "created"


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "right to write"), (403, "right to write"), (404, "see repository"), (422, "says of")]
)
def test_what_is_refused_says_what_to_do_and_no_token(
    stand_in: StandIn, where: Forge, status: int, remedy: str
) -> None:
    stand_in.failing = [status]
    with pytest.raises(CommandError, match=remedy) as refused:
        post(where, FIRST)
    assert TOKEN not in str(refused.value)
    assert marked(stand_in) == []


def test_it_gives_up_after_some_attempts(stand_in: StandIn, where: Forge) -> None:
    stand_in.failing = [503] * 9
    with pytest.raises(CommandError, match="does not answer: HTTP 503"):
        post(where, FIRST, pause_seconds=0)
    assert len(stand_in.asked) == 3


def test_the_token_follows_no_redirect(stand_in: StandIn, where: Forge) -> None:
    with forge() as other:
        stand_in.elsewhere = other.url
        with pytest.raises(CommandError, match="HTTP 307"):
            post(where, FIRST)
        assert other.asked == []


@pytest.mark.parametrize("address", ["http://forge.example.com/api", "file:///etc/passwd", "ftp://x", "forge"])
def test_a_token_is_sent_to_https_alone(address: str) -> None:
    given = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": address}
    with pytest.raises(CommandError, match="no https address"):
        github(given, 17)


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_a_variable_that_is_missing_is_named(stand_in: StandIn, missing: str) -> None:
    with pytest.raises(CommandError, match=f"{missing} is not set"):
        github({**settings(stand_in), missing: ""}, 17)


@pytest.mark.parametrize("reference", ["", "refs/heads/main", "refs/pull/x/merge"])
def test_a_run_of_no_request_needs_the_number(stand_in: StandIn, reference: str) -> None:
    with pytest.raises(CommandError, match="--number"):
        github({**settings(stand_in), "GITHUB_REF": reference}, None)
