"""The person behind a command, and its commit: by git, and by the variables of pipelines."""

import subprocess
from pathlib import Path

import pytest

from tenantry.database.history.origin import origin_of

GITHUB = {
    "GITHUB_ACTOR": "li",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "shop/platform",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "3",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "k001.yaml").write_text("a")
    git("add", ".")
    git("commit", "-m", "first")
    return tmp_path


def head(folder: Path) -> str:
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_by_hand_it_is_the_users_and_gits(checkout: Path) -> None:
    found = origin_of({}, checkout, "zhang")
    assert (found.actor, found.commit, found.is_modified, found.pipeline_run) == ("zhang", head(checkout), False, None)
    assert found.host


@pytest.mark.parametrize("name", ["k001.yaml", "k002.yaml"])
def test_a_checkout_with_changes_says_so(checkout: Path, name: str) -> None:
    (checkout / name).write_text("b")
    assert origin_of({}, checkout, "zhang").is_modified


def test_a_pipeline_names_the_person_and_the_attempt(checkout: Path) -> None:
    found = origin_of(GITHUB, checkout, "runner")
    assert (found.actor, found.commit) == ("li", head(checkout))  # git knows better what was run
    assert found.pipeline_run == "https://github.com/shop/platform/actions/runs/42/attempts/3"
    again = origin_of({**GITHUB, "GITHUB_TRIGGERING_ACTOR": "wang"}, checkout, "runner")
    assert again.actor == "wang"


@pytest.mark.parametrize(
    ("variables", "actor", "commit", "run"),
    [
        (GITHUB, "li", "a" * 40, "https://github.com/shop/platform/actions/runs/42/attempts/3"),
        (
            {"GITLAB_USER_LOGIN": "wu", "CI_COMMIT_SHA": "b" * 40, "CI_JOB_URL": "https://forge.test/jobs/1"},
            "wu", "b" * 40, "https://forge.test/jobs/1",
        ),
        ({"GIT_COMMIT": "c" * 40, "BUILD_URL": "https://forge.test/2"}, "root", "c" * 40, "https://forge.test/2"),
        (
            {**GITHUB, "TENANTRY_ACTOR": "cron", "TENANTRY_COMMIT": "d" * 40, "TENANTRY_RUN": "nightly"},
            "cron", "d" * 40, "nightly",
        ),
        ({}, "root", None, None),
    ],
    ids=["github", "gitlab", "jenkins", "told", "nothing"],
)  # fmt: skip
def test_without_git_the_variables_say_it(
    tmp_path: Path, variables: dict[str, str], actor: str, commit: str | None, run: str | None
) -> None:
    found = origin_of(variables, tmp_path, "root")
    assert (found.actor, found.commit, found.pipeline_run, found.is_modified) == (actor, commit, run, False)
