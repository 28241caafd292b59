"""The REST API of GitHub or GitLab, as one account: for the comment of a request and the issue of drift.

The token goes to no other host than the one that is configured, and stands in no error.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, Final, TypeVar, cast
from urllib.parse import quote, urlsplit

from tenantry.engine.errors import CommandError

Done = TypeVar("Done")
PAGE: Final = 100  # entries of a list; the most that GitHub and GitLab give at once
_MOST_PAGES: Final = 100
_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 30
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is, and how the forge names authors."""

    root: str  # address of the API's repository or project
    user: str  # address of who the token is of
    headers: Mapping[str, str]
    author: str  # the key of an author
    login: str  # the key of an account's name
    right: str  # that the token needs, for a remedy


class TransientError(Exception):
    """Worth another attempt."""


def github_account(given: Mapping[str, str], right: str) -> Account:
    """From the variables of a workflow. Raises Refusal when one is missing."""
    repository, token = needed(given, "GITHUB_REPOSITORY"), needed(given, "GITHUB_TOKEN")
    at = _checked(given.get("GITHUB_API_URL") or "https://api.github.com")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Account(f"{at}/repos/{quote(repository)}", f"{at}/user", headers, "user", "login", right)


def gitlab_account(given: Mapping[str, str], right: str) -> Account:
    """From the variables of a pipeline, and GITLAB_TOKEN. Raises Refusal when one is missing."""
    project, token = needed(given, "CI_PROJECT_ID"), needed(given, "GITLAB_TOKEN")
    at = _checked(given.get("CI_API_V4_URL") or "https://gitlab.com/api/v4")
    root = f"{at}/projects/{quote(project, safe='')}"
    return Account(root, f"{at}/user", {"PRIVATE-TOKEN": token}, "author", "username", right)


def with_attempts(action: Callable[[], Done], pause_seconds: float) -> Done:
    """An answer that may hide a success (502, a cut connection) leads to another look. Raises Refusal in the end."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return action()
        except TransientError as error:
            if attempt == _ATTEMPTS:
                raise CommandError(f"the forge does not answer: {error}", "run it again") from None
            time.sleep(pause_seconds * attempt)
    raise AssertionError


def own_entries(account: Account, address: str, key: str, marker: str) -> Iterator[Mapping[str, Any]]:
    """Of a list, those of the account's own whose text (under `key`) begins with the marker: anybody can write one."""
    login: str | None = None
    is_asked = False
    mark = "&" if "?" in address else "?"
    for page in range(1, _MOST_PAGES + 1):
        found = cast(list[Mapping[str, Any]], call(account, "GET", f"{address}{mark}per_page={PAGE}&page={page}"))
        for entry in found:
            if not str(entry.get(key) or "").startswith(marker):
                continue
            if not is_asked:
                login, is_asked = _own_login(account), True
            author = cast(Mapping[str, Any], entry.get(account.author) or {})
            if author.get(account.login) == login if login else author.get("type") == "Bot":
                yield entry
        if len(found) < PAGE:
            return


def is_same(text: object, body: str) -> bool:
    """Tells whether the forge holds this text already; it may write line ends in its own way."""
    return str(text).replace("\r\n", "\n").rstrip() == body.rstrip()


def _own_login(account: Account) -> str | None:
    """None for a workflow's token, which is an app's and may not ask: what it writes is a bot's."""
    try:
        return str(cast(Mapping[str, Any], call(account, "GET", account.user))[account.login])
    except CommandError:
        return None


def call(account: Account, method: str, address: str, body: Mapping[str, str] | None = None) -> Any:
    """Raises Refusal with what the forge said, TransientError for what passes."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {**account.headers, "Content-Type": "application/json", "User-Agent": "tenantry"}
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310  (checked: https or loopback)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        if error.code in (429, 500, 502, 503, 504):
            raise TransientError(f"HTTP {error.code}") from None
        raise CommandError(f"{method} {address}: HTTP {error.code}", _remedy(account, error.code)) from None
    except (urllib.error.URLError, OSError) as error:
        raise TransientError(str(getattr(error, "reason", error))) from None
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise CommandError(f"{method} {address}: the answer is no JSON", "see the address of the API") from None


def _remedy(account: Account, status: int) -> str:
    if status in (401, 403):
        return f"the token needs {account.right}"
    if status == 404:
        return "see repository and number of the request, and whether the token may see it"
    return "see what the forge says of this status"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Following one would hand the token to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def needed(given: Mapping[str, str], name: str) -> str:
    """A variable that must be set. Raises Refusal."""
    if not (value := given.get(name, "")):
        raise CommandError(f"{name} is not set", "run it in a job of the forge, or set it")
    return value


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise CommandError(f"{address} is no https address", "a token is sent there: use https")
    return address.rstrip("/")
