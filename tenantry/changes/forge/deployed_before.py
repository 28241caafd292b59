"""The commit that the run of `deploy.yml` before this one has made real, if it can be known."""

from collections.abc import Callable
from pathlib import Path

from tenantry.changes.forge.github_runs import Runs
from tenantry.changes.main_commits import is_shallow, main_commits
from tenantry.engine.errors import CommandError


def deployed_before(runs: Runs, run: int | None, directory: Path, say: Callable[[str], None]) -> str | None:
    """The commit of the run before `run`; None where that did not end well, so that every stack has to run.

    A run that failed or was cancelled may have applied half, also of a change that was taken back since: no comparison
    of files tells of it. Raises CommandError in a shallow clone.
    """
    if is_shallow(directory):
        raise CommandError("this clone is shallow", "fetch all of it: `fetch-depth: 0` of actions/checkout")
    found = runs.deploy_before(run)
    if found is None:
        say("deploy.yml has not run before: all stacks")
        return None
    before, end = found
    if end != "success":
        say(f"the run before, {before.address}, {f'ended with `{end}`' if end else 'has not ended'}: all stacks")
        return None
    if before.commit not in main_commits(directory):
        say(f"the run before, {before.address}, was of {before.commit[:12]}, which main does not have: all stacks")
        return None
    say(f"the run before, {before.address}, ended well: what has changed since {before.commit[:12]}")
    return before.commit
