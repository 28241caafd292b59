"""The REST API of GitHub or GitLab, as one account: comments, the issue of drift, reports of merged requests.

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
from urllib.parse import quote, urljoin, urlsplit

from tenantry.engine.errors import CommandError

Done = TypeVar("Done")
PAGE: Final = 100  # entries of a list; the most that GitHub and GitLab give at once
_MOST_PAGES: Final = 100
_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 30
_MOST_REDIRECTS: Final = 3
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of the token, and how the forge names authors."""

    root: str  # address of the API's repository or project
    user: str  # address of who the token is of
    headers: Mapping[str, str]
    author: str  # the key of an author
    login: str  # the key of an account's name
    right: str  # that the token needs, for a remedy


class TransientError(Exception):
    """Worth another attempt."""


def github_account(given: Mapping[str, str], right: str) -> Account:
    """From the variables of a workflow. Raises CommandError when one is missing."""
    repository, token = needed(given, "GITHUB_REPOSITORY"), needed(given, "GITHUB_TOKEN")
    at = _checked(given.get("GITHUB_API_URL") or "https://api.github.com")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Account(f"{at}/repos/{quote(repository)}", f"{at}/user", headers, "user", "login", right)


def gitlab_account(given: Mapping[str, str], right: str) -> Account:
    """From the variables of a pipeline, and GITLAB_TOKEN. Raises CommandError when one is missing."""
    project, token = needed(given, "CI_PROJECT_ID"), needed(given, "GITLAB_TOKEN")
    at = _checked(given.get("CI_API_V4_URL") or "https://gitlab.com/api/v4")
    root = f"{at}/projects/{quote(project, safe='')}"
    return Account(root, f"{at}/user", {"PRIVATE-TOKEN": token}, "author", "username", right)


def with_attempts(action: Callable[[], Done], pause_seconds: float) -> Done:
    """An answer that may hide a success (502, a cut connection) leads to another look.

    Raises CommandError in the end.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return action()
        except TransientError as error:
            if attempt == _ATTEMPTS:
                raise CommandError(f"the forge does not answer: {error}", "run it again") from None
            time.sleep(pause_seconds * attempt)
    raise AssertionError


def own_entries(account: Account, address: str, key: str, marker: str) -> Iterator[Mapping[str, Any]]:
    """The account's own entries of a list whose text (under `key`) begins with the marker: anybody can write one."""
    login: str | None = None
    is_asked = False
    for entry in pages(account, address):
        if not str(entry.get(key) or "").startswith(marker):
            continue
        if not is_asked:
            login, is_asked = _own_login(account), True
        author = cast(Mapping[str, Any], entry.get(account.author) or {})
        if author.get(account.login) == login if login else author.get("type") == "Bot":
            yield entry


def pages(account: Account, address: str, key: str | None = None) -> Iterator[Mapping[str, Any]]:
    """All entries of a list, or of the list under `key`, asked for page by page as they are needed.

    A filtered list may have pages that are not full: the next one is asked for when the answer names it, too. Its
    address is our own, never one that an answer names.
    """
    mark = "&" if "?" in address else "?"
    for page in range(1, _MOST_PAGES + 1):
        at = f"{address}{mark}per_page={PAGE}&page={page}"
        content, headers = _send(account, "GET", at)
        answer = _document("GET", at, content)
        entries = cast(list[Mapping[str, Any]], answer[key] if key else answer)
        yield from entries
        if len(entries) < PAGE and 'rel="next"' not in (headers.get("Link") or ""):
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
    """Raises CommandError with what the forge said, TransientError for what passes."""
    return _document(method, address, _send(account, method, address, body)[0])


def download(account: Account, address: str, most: int) -> bytes:
    """A file of at most so many bytes. GitHub redirects to a store, which is asked without the token.

    What the store is asked for holds a signature: no error shows more than its host. Raises CommandError and
    TransientError.
    """
    headers: Mapping[str, str] = {**account.headers, "User-Agent": "tenantry"}
    shown = address
    for _ in range(_MOST_REDIRECTS + 1):
        request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310  (checked: https or loopback)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                content = answer.read(most + 1)
        except urllib.error.HTTPError as error:
            location = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not location:
                raise _refusal(account, "GET", shown, error.code) from None
            address = urljoin(address, location)
            shown = f"the store at {urlsplit(address).netloc}"
            _check_address(address, shown)
            headers = {"User-Agent": "tenantry"}
            continue
        except (urllib.error.URLError, OSError) as error:
            raise TransientError(str(getattr(error, "reason", error))) from None
        if len(content) > most:
            raise CommandError(f"GET {shown}: more than {most} bytes", "it is no report: see who has written it")
        return content
    raise CommandError(f"GET {shown}: redirected more than {_MOST_REDIRECTS} times", "see the address of the API")


def _send(
    account: Account, method: str, address: str, body: Mapping[str, str] | None = None
) -> tuple[bytes, Mapping[str, str]]:
    """The answer's content and headers. Raises CommandError and TransientError."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {**account.headers, "Content-Type": "application/json", "User-Agent": "tenantry"}
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310  (checked: https or loopback)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        raise _refusal(account, method, address, error.code) from None
    except (urllib.error.URLError, OSError) as error:
        raise TransientError(str(getattr(error, "reason", error))) from None


def _document(method: str, address: str, content: bytes) -> Any:
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise CommandError(f"{method} {address}: the answer is no JSON", "see the address of the API") from None


def _refusal(account: Account, method: str, shown: str, status: int) -> Exception:
    if status in (429, 500, 502, 503, 504):
        return TransientError(f"HTTP {status}")
    return CommandError(f"{method} {shown}: HTTP {status}", _remedy(account, status))


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
    """A variable that must be set. Raises CommandError."""
    if not (value := given.get(name, "")):
        raise CommandError(f"{name} is not set", "run it in a job of the forge, or set it")
    return value


def _checked(address: str) -> str:
    _check_address(address, address)
    return address.rstrip("/")


def _check_address(address: str, shown: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise CommandError(f"{shown} is no https address", "what is sent and read there decides: use https")
