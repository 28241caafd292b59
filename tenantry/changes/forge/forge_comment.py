"""The one comment of a request: found by its marker, made or updated through the forge's REST API, never two."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast
from urllib.parse import quote

from tenantry.changes.forge.forge_api import (
    Account,
    call,
    github_account,
    gitlab_account,
    is_same,
    needed,
    own_entries,
    with_attempts,
)
from tenantry.changes.report.markdown import MARKER
from tenantry.engine.errors import CommandError

_RIGHT: Final = "the right to write comments: `pull-requests: write` of the job, scope `api` on GitLab"


@dataclass(frozen=True, slots=True)
class Forge:
    """The address of one request's comments."""

    account: Account
    comments: str  # address of the list
    one: str  # address of a comment, with {id}
    update: str  # PATCH or PUT


@dataclass(frozen=True, slots=True)
class Posted:
    """The result: created, updated or unchanged."""

    did: str
    number: int


def github(given: Mapping[str, str], number: int | None) -> Forge:
    """From the variables of a workflow. `number`: of the pull request; None: that of GITHUB_REF.

    Raises CommandError.
    """
    account = github_account(given, _RIGHT)
    if number is None:
        parts = given.get("GITHUB_REF", "").split("/")
        if parts[:2] != ["refs", "pull"] or len(parts) < 3 or not parts[2].isdigit():
            raise CommandError("GITHUB_REF is that of no pull request", "name it: `--number N`")
        number = int(parts[2])
    root = f"{account.root}/issues"
    return Forge(account, f"{root}/{number}/comments", f"{root}/comments/{{id}}", "PATCH")


def gitlab(given: Mapping[str, str], number: int | None) -> Forge:
    """From the variables of a pipeline, and GITLAB_TOKEN. `number`: of the merge request. Raises CommandError."""
    account = gitlab_account(given, _RIGHT)
    number_text = str(number) if number is not None else needed(given, "CI_MERGE_REQUEST_IID")
    root = f"{account.root}/merge_requests/{quote(number_text, safe='')}/notes"
    return Forge(account, root, f"{root}/{{id}}", "PUT")


def post(forge: Forge, body: str, *, pause_seconds: float = 2.0) -> Posted:
    """Creates or updates the comment; what is of ours beside it, of two runs at once, is removed.

    Raises CommandError with what the forge said.
    """
    return with_attempts(partial(_post, forge, body), pause_seconds)


def _post(forge: Forge, body: str) -> Posted:
    comments = list(own_entries(forge.account, forge.comments, "body", MARKER))
    if not comments:
        made = cast(Mapping[str, Any], call(forge.account, "POST", forge.comments, {"body": body}))
        return Posted("created", int(made["id"]))
    first, *others = sorted(comments, key=lambda comment: int(comment["id"]))
    for other in others:
        call(forge.account, "DELETE", forge.one.format(id=int(other["id"])))
    number = int(first["id"])
    if is_same(first["body"], body):
        return Posted("unchanged", number)
    call(forge.account, forge.update, forge.one.format(id=number), {"body": body})
    return Posted("updated", number)
