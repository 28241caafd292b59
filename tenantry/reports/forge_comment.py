"""The one comment of a request: found by its marker, made or updated through the forge's REST API, never two.

Only a comment of the own account counts: anybody can write the marker into one of his own. The token goes to no other
host than the one that is configured, and stands in no error.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, Final, cast
from urllib.parse import quote, urlsplit

from tenantry.engine.refusal import Refusal
from tenantry.reports.markdown import MARKER

PAGE: Final = 100  # comments; the most that GitHub and GitLab give at once
_MOST_PAGES: Final = 100
_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 30
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Forge:
    """Where the comments of one request are."""

    comments: str  # address of the list
    one: str  # address of a comment, with {id}
    user: str  # address of who the token is of
    update: str  # PATCH or PUT
    headers: Mapping[str, str]
    author: str  # the key of a comment's author
    login: str  # the key of an account's name


@dataclass(frozen=True, slots=True)
class Posted:
    """What was done: created, updated or unchanged."""

    did: str
    number: int


class _Transient(Exception):
    """Worth another attempt."""


def github(given: Mapping[str, str], number: int | None) -> Forge:
    """From the variables of a workflow. `number`: of the pull request; None: that of GITHUB_REF. Raises Refusal."""
    repository, token = _needed(given, "GITHUB_REPOSITORY"), _needed(given, "GITHUB_TOKEN")
    at = _checked(given.get("GITHUB_API_URL") or "https://api.github.com")
    if number is None:
        parts = given.get("GITHUB_REF", "").split("/")
        if parts[:2] != ["refs", "pull"] or len(parts) < 3 or not parts[2].isdigit():
            raise Refusal("GITHUB_REF is that of no pull request", "name it: `--number N`")
        number = int(parts[2])
    root = f"{at}/repos/{quote(repository)}/issues"
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Forge(
        f"{root}/{number}/comments", f"{root}/comments/{{id}}", f"{at}/user", "PATCH", headers, "user", "login"
    )


def gitlab(given: Mapping[str, str], number: int | None) -> Forge:
    """From the variables of a pipeline, and GITLAB_TOKEN. `number`: of the merge request. Raises Refusal."""
    project, token = _needed(given, "CI_PROJECT_ID"), _needed(given, "GITLAB_TOKEN")
    at = _checked(given.get("CI_API_V4_URL") or "https://gitlab.com/api/v4")
    told = str(number) if number is not None else _needed(given, "CI_MERGE_REQUEST_IID")
    root = f"{at}/projects/{quote(project, safe='')}/merge_requests/{quote(told, safe='')}/notes"
    return Forge(root, f"{root}/{{id}}", f"{at}/user", "PUT", {"PRIVATE-TOKEN": token}, "author", "username")


def post(forge: Forge, body: str, *, pause_seconds: float = 2.0) -> Posted:
    """Creates or updates the comment; what is of ours beside it, of two runs at once, is removed.

    An answer that may hide a success (502, a cut connection) leads to another look, not to another comment. Raises
    Refusal with what the forge said.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _post(forge, body)
        except _Transient as error:
            if attempt == _ATTEMPTS:
                raise Refusal(f"the forge does not answer: {error}", "run it again") from None
            time.sleep(pause_seconds * attempt)
    raise AssertionError


def _post(forge: Forge, body: str) -> Posted:
    mine = list(_mine(forge))
    if not mine:
        made = cast(Mapping[str, Any], _call(forge, "POST", forge.comments, {"body": body}))
        return Posted("created", int(made["id"]))
    first, *others = sorted(mine, key=lambda comment: int(comment["id"]))
    for other in others:
        _call(forge, "DELETE", forge.one.format(id=int(other["id"])))
    number = int(first["id"])
    if str(first["body"]).replace("\r\n", "\n").rstrip() == body.rstrip():
        return Posted("unchanged", number)
    _call(forge, forge.update, forge.one.format(id=number), {"body": body})
    return Posted("updated", number)


def _mine(forge: Forge) -> Iterator[Mapping[str, Any]]:
    login: str | None = None
    is_asked = False
    for page in range(1, _MOST_PAGES + 1):
        found = cast(list[Mapping[str, Any]], _call(forge, "GET", f"{forge.comments}?per_page={PAGE}&page={page}"))
        for comment in found:
            if not str(comment.get("body") or "").startswith(MARKER):
                continue
            if not is_asked:
                login, is_asked = _own_login(forge), True
            author = cast(Mapping[str, Any], comment.get(forge.author) or {})
            if author.get(forge.login) == login if login else author.get("type") == "Bot":
                yield comment
        if len(found) < PAGE:
            return


def _own_login(forge: Forge) -> str | None:
    """None for a workflow's token, which is an app's and may not ask: its comments are a bot's."""
    try:
        return str(cast(Mapping[str, Any], _call(forge, "GET", forge.user))[forge.login])
    except Refusal:
        return None


def _call(forge: Forge, method: str, address: str, body: Mapping[str, str] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    headers = {**forge.headers, "Content-Type": "application/json", "User-Agent": "tenantry"}
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310  (checked: https or loopback)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        if error.code in (429, 500, 502, 503, 504):
            raise _Transient(f"HTTP {error.code}") from None
        raise Refusal(f"{method} {address}: HTTP {error.code}", _remedy(error.code)) from None
    except (urllib.error.URLError, OSError) as error:
        raise _Transient(str(getattr(error, "reason", error))) from None
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise Refusal(f"{method} {address}: the answer is no JSON", "see the address of the API") from None


def _remedy(status: int) -> str:
    if status in (401, 403):
        return "the token needs the right to write comments: `pull-requests: write` of the job, scope `api` on GitLab"
    if status == 404:
        return "see repository and number of the request, and whether the token may see it"
    return "see what the forge says of this status"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Following one would hand the token to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def _needed(given: Mapping[str, str], name: str) -> str:
    if not (value := given.get(name, "")):
        raise Refusal(f"{name} is not set", "run it in a job of the forge, or set it")
    return value


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise Refusal(f"{address} is no https address", "a token is sent there: use https")
    return address.rstrip("/")
