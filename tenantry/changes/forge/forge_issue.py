"""The one open issue of a kind: found by its marker, made, updated and closed through the forge's REST API."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from tenantry.changes.forge.forge_api import (
    Account,
    call,
    github_account,
    gitlab_account,
    is_same,
    own_entries,
    with_attempts,
)
from tenantry.changes.forge.forge_comment import Posted

_RIGHT: Final = "the right to write issues: `issues: write` of the job, scope `api` on GitLab"


@dataclass(frozen=True, slots=True)
class Issues:
    """The issues of a repository, and what its forge calls their parts."""

    account: Account
    is_open: str  # the query for open ones
    number: str  # the key by which an issue is addressed
    text: str  # the key of its text
    update: str  # PATCH or PUT
    close: Mapping[str, str]

    @property
    def root(self) -> str:
        return f"{self.account.root}/issues"


def github_issues(given: Mapping[str, str]) -> Issues:
    """From the variables of a workflow. Raises CommandError when one is missing."""
    account = github_account(given, _RIGHT)
    return Issues(account, "state=open", "number", "body", "PATCH", {"state": "closed"})


def gitlab_issues(given: Mapping[str, str]) -> Issues:
    """From the variables of a pipeline, and GITLAB_TOKEN. Raises CommandError when one is missing."""
    account = gitlab_account(given, _RIGHT)
    return Issues(account, "state=opened&scope=all", "iid", "description", "PUT", {"state_event": "close"})


def keep_issue(
    issues: Issues, marker: str, title: str, body: str, *, wanted: bool, pause_seconds: float = 2.0
) -> Posted:
    """An open issue with this text while it is `wanted`, and none when it is not; of several the oldest stays.

    `did`: created, updated, unchanged, closed or none. Raises CommandError with what the forge said.
    """
    return with_attempts(partial(_keep, issues, marker, title, body, wanted), pause_seconds)


def _keep(issues: Issues, marker: str, title: str, body: str, wanted: bool) -> Posted:
    account, write = issues.account, {"title": title, issues.text: body}
    entries = own_entries(account, f"{issues.root}?{issues.is_open}", issues.text, marker)
    own = [issue for issue in entries if "pull_request" not in issue]  # GitHub lists requests among the issues
    if not own:
        if not wanted:
            return Posted("none", 0)
        made = cast(Mapping[str, Any], call(account, "POST", issues.root, write))
        return Posted("created", int(made[issues.number]))
    first, *others = sorted(own, key=lambda issue: int(issue[issues.number]))
    for other in others:
        call(account, issues.update, f"{issues.root}/{int(other[issues.number])}", issues.close)
    number = int(first[issues.number])
    if not wanted:
        call(account, issues.update, f"{issues.root}/{number}", {**write, **issues.close})
        return Posted("closed", number)
    if is_same(first[issues.text], body) and first.get("title") == title:
        return Posted("unchanged", number)
    call(account, issues.update, f"{issues.root}/{number}", write)
    return Posted("updated", number)
