"""Runs of workflows, their artifacts, and the requests of commits, at GitHub."""

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, cast
from urllib.parse import quote

from tenantry.changes.forge.forge_api import Account, call, download, github_account, needed, pages, with_attempts
from tenantry.engine.errors import CommandError

RIGHT: Final = "the rights `actions: read`, `contents: read` and `pull-requests: read` of the job"
REPORT: Final = "report.json"  # the one file of an artifact that is read
PREVIEW: Final = ("preview.yml", "pull_request_target")  # a workflow, and the event by which its runs count
REQUEST: Final = ("pull-request.yml", "pull_request")
NEWEST: Final = 20  # runs: they come newest first, and no more of them are asked for
LARGEST_ZIP: Final = 32 * 1024 * 1024
LARGEST_REPORT: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow."""

    number: int  # its id
    commit: str  # the head that it was made for
    address: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A merged request."""

    number: int
    head: str  # its very last commit
    is_fork: bool


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one repository. `pause_seconds`: before another attempt where the forge does not answer."""

    account: Account
    repository: str
    pause_seconds: float = 2.0

    @classmethod
    def of_workflow(cls, given: Mapping[str, str], pause_seconds: float = 2.0) -> "Runs":
        """From the variables of a workflow. Raises CommandError when one is missing."""
        return cls(github_account(given, RIGHT), needed(given, "GITHUB_REPOSITORY"), pause_seconds)

    def last_deployed(self, branch: str, known: Collection[str]) -> tuple[str | None, bool]:
        """The newest of the known commits for which `deploy.yml` ended well, and whether it ever did.

        Only runs of this repository's own branch count: a fork may have a branch of that name, and a request may change
        by what a workflow is started.
        """

        def look() -> tuple[str | None, bool]:
            has_run = False
            for entry in self._runs("deploy.yml", f"branch={quote(branch)}&status=success"):
                if entry.get("event") not in ("push", "workflow_dispatch"):
                    continue
                if not self._is_own(entry.get("head_repository")):
                    continue
                has_run = True
                if entry.get("head_sha") in known:
                    return str(entry["head_sha"]), True
            return None, has_run

        return with_attempts(look, self.pause_seconds)

    def deploy_before(self, run: int | None) -> tuple[Run, str | None] | None:
        """The run of `deploy.yml` on main that was started before this one (None: the last), and how it ended.

        None as its end: it has not ended yet. Runs whose jobs were all left out did nothing and are passed over.
        """

        def look() -> tuple[Run, str | None] | None:
            started = (
                entry
                for entry in self._runs("deploy.yml", "branch=main")
                if entry.get("event") in ("push", "workflow_dispatch")
                and entry.get("conclusion") != "skipped"
                and self._is_own(entry.get("head_repository"))
                and (run is None or int(entry["id"]) < run)
            )
            newest = islice(started, NEWEST)
            last = max(newest, key=lambda entry: int(entry["id"]), default=None)
            return (_run(last), last.get("conclusion")) if last else None

        return with_attempts(look, self.pause_seconds)

    def failed_jobs(self, run: int, attempt: int) -> list[str]:
        """Names of the jobs of a run that have failed so far."""
        address = f"{self.account.root}/actions/runs/{run}/attempts/{attempt}/jobs"
        return [str(entry["name"]) for entry in self._all(address, "jobs") if entry.get("conclusion") == "failure"]

    def preview(self, head: str) -> Run | None:
        """The newest run of `preview.yml` for that very commit which ended well."""

        def look() -> list[Run]:
            return [
                _run(entry)
                for entry in self._runs("preview.yml", f"head_sha={quote(head)}&event=pull_request_target")
                if entry.get("event") == "pull_request_target"
                and entry.get("head_sha") == head
                and entry.get("conclusion") == "success"
            ]

        return max(with_attempts(look, self.pause_seconds), key=lambda run: run.number, default=None)

    def of_commit(self, workflow: tuple[str, str], head: str) -> list[Run]:
        """The runs of a workflow for a request's commit in this repository, newest first, however they ended."""
        file, event = workflow

        def look() -> list[Run]:
            return [
                _run(entry)
                for entry in self._runs(file, f"head_sha={quote(head)}&event={event}")
                if entry.get("event") == event
                and entry.get("head_sha") == head
                and self._is_own(entry.get("head_repository"))
            ]

        return sorted(with_attempts(look, self.pause_seconds), key=lambda run: run.number, reverse=True)

    def artifacts(self, run: Run) -> list[str]:
        """Names of what a run has kept."""
        address = f"{self.account.root}/actions/runs/{run.number}/artifacts"
        return sorted({str(entry.get("name")) for entry in self._all(address, "artifacts")})

    def head_of(self, number: int) -> str:
        """The last commit of a request. Raises CommandError when there is no such one."""
        address = f"{self.account.root}/pulls/{number}"
        answer = with_attempts(partial(call, self.account, "GET", address), self.pause_seconds)
        return str(_part(cast(Mapping[str, Any], answer), "head").get("sha"))

    def merged_requests(self, commit: str, branch: str) -> list[PullRequest]:
        """The requests by which a commit came into the branch; those merged as this very commit before all others."""
        requests = [
            entry
            for entry in self._all(f"{self.account.root}/commits/{quote(commit)}/pulls")
            if entry.get("merged_at")
            and _part(entry, "base").get("ref") == branch
            and self._is_own(_part(entry, "base").get("repo"))
        ]
        exact = [entry for entry in requests if entry.get("merge_commit_sha") == commit]
        return [
            PullRequest(
                int(entry["number"]),
                str(_part(entry, "head")["sha"]),
                not self._is_own(_part(entry, "head").get("repo")),
            )
            for entry in exact or requests
        ]

    def report(self, run: Run, name: str, file: str = REPORT) -> bytes | None:
        """The file of a run's artifact; None when there is no such artifact any more.

        A run that was started again may have several of one name: the newest counts. Raises CommandError.
        """
        address = f"{self.account.root}/actions/runs/{run.number}/artifacts?name={quote(name)}"
        artifacts = [
            entry for entry in self._all(address, "artifacts") if entry.get("name") == name and not entry.get("expired")
        ]
        if not artifacts:
            return None
        number = max(int(entry["id"]) for entry in artifacts)
        address = f"{self.account.root}/actions/artifacts/{number}/zip"
        packed = with_attempts(partial(download, self.account, address, LARGEST_ZIP), self.pause_seconds)
        return _unpacked(packed, f"{name} of {run.address}", file)

    def _runs(self, workflow: str, query: str) -> Iterator[Mapping[str, Any]]:
        address = f"{self.account.root}/actions/workflows/{workflow}/runs?{query}"
        return _entries(pages(self.account, address, "workflow_runs"))

    def _all(self, address: str, key: str | None = None) -> list[Mapping[str, Any]]:
        def read() -> list[Mapping[str, Any]]:
            return list(_entries(pages(self.account, address, key)))

        return with_attempts(read, self.pause_seconds)

    def _is_own(self, repository: object) -> bool:
        full_name = cast(Mapping[str, Any], repository).get("full_name") if isinstance(repository, Mapping) else ""
        return str(full_name).lower() == self.repository.lower()


def _entries(listed: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    try:
        yield from listed
    except (KeyError, TypeError):
        raise CommandError("the forge answered in an unknown form", "see the address of the API") from None


def _run(entry: Mapping[str, Any]) -> Run:
    return Run(int(entry["id"]), str(entry["head_sha"]), str(entry.get("html_url") or f"run {entry['id']}"))


def _part(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], entry.get(name) or {})


def _unpacked(packed: bytes, what: str, name: str) -> bytes:
    """The one file, up to its largest size, whatever the archive says of its size and whatever else is in it."""
    remedy = "run the preview of the request anew (`Re-run all jobs`)"
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if archive.namelist().count(name) != 1:
                raise CommandError(f"{what} holds no {name}, or several", remedy)
            with archive.open(name) as file:
                content = file.read(LARGEST_REPORT + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise CommandError(f"{what} is no zip file that can be read ({error})", remedy) from None
    if len(content) > LARGEST_REPORT:
        raise CommandError(f"{what}: {name} is larger than {LARGEST_REPORT} bytes", remedy)
    return content
