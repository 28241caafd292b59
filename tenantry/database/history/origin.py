"""The origin of a command: its person, its commit, and the run of its pipeline."""

import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SECONDS: Final = 10.0  # that git may take


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a run. What a pipeline's variables say is as trustworthy as the pipeline."""

    actor: str
    commit: str | None  # None outside a checkout that git knows
    is_modified: bool  # the checkout holds changes that are not committed
    pipeline_run: str | None  # an address
    host: str


def origin_of(environment: Mapping[str, str], directory: Path, user: str) -> Origin:
    """The pipeline's variables name person and run; git names the commit, else the variables do.

    `TENANTRY_ACTOR`, `TENANTRY_COMMIT` and `TENANTRY_RUN` go first: for other pipelines, and for images without git.
    `user` is the machine's, for runs by hand.
    """

    def first(*names: str) -> str | None:
        return next((environment[name] for name in names if environment.get(name)), None)

    commit = environment.get("TENANTRY_COMMIT") or _git(directory, "rev-parse", "HEAD")
    return Origin(
        actor=first("TENANTRY_ACTOR", "GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN") or user,
        commit=commit or first("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"),
        is_modified=bool(_git(directory, "status", "--porcelain", "--", ".")),
        pipeline_run=first("TENANTRY_RUN") or _github(environment) or first("CI_JOB_URL", "BUILD_URL"),
        host=socket.gethostname(),
    )


def _github(environment: Mapping[str, str]) -> str | None:
    """A run that was started again has the same number and another attempt."""
    number, repository = environment.get("GITHUB_RUN_ID"), environment.get("GITHUB_REPOSITORY")
    if not number or not repository:
        return None
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}/actions/runs/{number}/attempts/{environment.get('GITHUB_RUN_ATTEMPT') or 1}"


def _git(directory: Path, *arguments: str) -> str | None:
    """The output of git; None without git, outside a repository, or where it refuses the folder."""
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
