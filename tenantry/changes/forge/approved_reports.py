"""The reports by which all that main has got since the last deploy was approved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tenantry.changes.forge.github_runs import PullRequest, Runs
from tenantry.changes.main_commits import full_name, is_of_purge, is_shallow, main_commits
from tenantry.changes.report.request_report import UnreadableReportError, from_json
from tenantry.engine.errors import CommandError

AUTO: Final = "auto"
_BRANCH: Final = "main"
BY_HAND: Final = "start deploy.yml by hand with `without_report`: its reviewers see the commits and approve them"


@dataclass(frozen=True, slots=True)
class ApprovedReport:
    """The saved report of one merged request."""

    request: int
    run: str  # address of the preview's run
    content: bytes


def approved_reports(
    runs: Runs, directory: Path, stack: str, since: str, say: Callable[[str], None]
) -> list[ApprovedReport]:
    """A report of the stack for each request merged into HEAD since a commit, or since the last deploy (`auto`).

    HEAD is what will run, and may be newer than the commit that started the workflow. Raises CommandError, with all
    that is missing, when a commit has no request or a request no report of its very last commit.
    """
    commits = main_commits(directory)
    start = _last_deploy(runs, directory, commits) if since == AUTO else _named(directory, since, commits)
    merged = commits[: commits.index(start)]
    say(f"{len(merged)} commits of {_BRANCH} since {start[:12]}")
    reports: dict[int, ApprovedReport] = {}
    missing: list[str] = []
    for commit in reversed(merged):
        requests = runs.merged_requests(commit, _BRANCH)
        if not requests and is_of_purge(directory, commit):
            say(f"{commit[:12]}: written by `tenantry purge`, approves nothing")
        elif not requests:
            missing.append(f"commit {commit[:12]} came without a request")
        for request in requests:
            if request.number in reports:
                continue
            report = _report(runs, request, stack)
            if isinstance(report, str):
                missing.append(f"request {request.number}: {report}")
            else:
                say(f"request {request.number}: report of {report.run}")
                reports[request.number] = report
    if missing:
        lines = "\n".join(f"  {line}" for line in dict.fromkeys(missing))
        problem = f"not all that is to be deployed was approved, nothing was changed:\n{lines}"
        remedy = f"run the preview of such a request again (its run of preview.yml, `Re-run all jobs`), or {BY_HAND}"
        raise CommandError(problem, remedy)
    return list(reports.values())


def save(reports: list[ApprovedReport], folder: Path) -> Iterator[Path]:
    """Write each as NUMBER.json. Raises CommandError when the folder holds anything: it would be approved as well."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty", "name a new folder: every report in it counts as approved")
        for report in reports:
            path = folder / f"{report.request}.json"
            path.write_bytes(report.content)
            yield path
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror}", "name a folder that can be written") from None


def _report(runs: Runs, request: PullRequest, stack: str) -> "ApprovedReport | str":
    """The report, or why there is none."""
    run = runs.preview(request.head)
    if run is None:
        whose = ", a fork's branch, which is never previewed" if request.is_fork else ""
        return f"no preview of its last commit {request.head[:12]} has ended well{whose}"
    content = runs.report(run, f"report-{stack}")
    if content is None:
        return f"{run.address} has no report of {stack} (any more)"
    try:
        known = {entry.stack: entry for entry in from_json(content).stacks}
    except UnreadableReportError as error:
        return f"the report of {run.address} cannot be read: {error}"
    if stack not in known or known[stack].result != "ok":
        return f"the report of {run.address} is not of a preview of {stack} that ended well"
    return ApprovedReport(request.number, run.address, content)


def _last_deploy(runs: Runs, directory: Path, commits: list[str]) -> str:
    commit, has_run = runs.last_deployed(_BRANCH, frozenset(commits))
    if commit is not None:
        return commit
    if is_shallow(directory):
        raise CommandError("this clone is shallow", "fetch all of it: `fetch-depth: 0` of actions/checkout")
    if not has_run:
        raise CommandError(f"deploy.yml has never ended well on {_BRANCH}: this is the first deploy", BY_HAND)
    raise CommandError(f"no commit that was deployed is in the history of {_BRANCH}: it was rewritten", BY_HAND)


def _named(directory: Path, since: str, commits: list[str]) -> str:
    commit = full_name(directory, since)
    if commit not in commits:
        raise CommandError(
            f"{since} is no commit on which HEAD stands by first parents", f"name one of {_BRANCH}, or `{AUTO}`"
        )
    return commit
