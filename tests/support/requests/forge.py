"""A stand-in for parts of the REST APIs of GitHub and GitLab, on loopback: comments, issues, GitHub's runs."""

import io
import json
import re
import threading
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_" + "a1B2" * 9
_GITHUB = re.compile(r"/repos/acme/fleet/issues/(?:17/comments|comments/(?P<id>[0-9]+))")
_GITLAB = re.compile(r"/projects/42/merge_requests/17/notes(?:/(?P<id>[0-9]+))?")
_ISSUES = re.compile(r"/(?:repos/acme/fleet|projects/42)/issues(?:/(?P<number>[0-9]+))?")
_PULLS = re.compile(r"/repos/acme/fleet/commits/(?P<sha>[0-9a-f]+)/pulls")
_RUNS = re.compile(r"/repos/acme/fleet/actions/workflows/(?P<workflow>[a-z-]+\.yml)/runs")
_PULL = re.compile(r"/repos/acme/fleet/pulls/(?P<number>[0-9]+)")
_ARTIFACTS = re.compile(r"/repos/acme/fleet/actions/runs/(?P<run>[0-9]+)/artifacts")
_JOBS = re.compile(r"/repos/acme/fleet/actions/runs/(?P<run>[0-9]+)/attempts/(?P<attempt>[0-9]+)/jobs")
_ZIP = re.compile(r"/repos/acme/fleet/actions/artifacts/(?P<id>[0-9]+)/zip")
_CLOSES = ({"state": "closed"}, {"state_event": "close"})


@dataclass
class StandIn:
    """The stand-in's entries, and the requests that it got."""

    comments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    issues: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[str] = field(default_factory=list[str])  # `GET /path?query`
    login: str | None = None  # of the token; None: a workflow's, which may not ask
    failing: list[int] = field(default_factory=list[int])  # status of the next answers
    lost: int = 0  # so many writes are done and answered by 502
    elsewhere: str = ""  # where everything is redirected to
    url: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # oldest first, answered newest first
    jobs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])  # by commit
    artifacts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: dict[int, str] = field(default_factory=dict[int, str])  # of open requests, by their numbers
    zips: dict[int, bytes] = field(default_factory=dict[int, bytes])  # by artifact
    store: str = ""  # address to which a download is redirected; it answers without a token alone
    page_size: int = 100  # the most that it gives at once

    def add_run(self, workflow: str, sha: str, event: str, conclusion: str | None = "success", **more: Any) -> int:
        number = 5000 + len(self.runs)
        own = {"full_name": "acme/fleet"}
        run = {"id": number, "head_sha": sha, "event": event, "conclusion": conclusion, "html_url": f"runs/{number}"}
        self.runs.append({**run, "workflow": workflow, "head_branch": "main", "head_repository": own, **more})
        return number

    def add_job(self, run: int, name: str, conclusion: str | None, attempt: int = 1) -> None:
        self.jobs.append({"run": run, "attempt": attempt, "name": name, "conclusion": conclusion})

    def add_artifact(self, run: int, name: str, content: bytes, *, expired: bool = False) -> int:
        number = 9000 + len(self.artifacts)
        self.artifacts.append({"id": number, "run": run, "name": name, "expired": expired})
        self.zips[number] = content
        return number

    def add_pull(self, commit: str, number: int, head: str, **more: Any) -> None:
        own = {"full_name": "acme/fleet"}
        base, of_head = {"ref": "main", "repo": own}, {"sha": head, "repo": own}
        pull = {"number": number, "base": base, "head": of_head, "merged_at": "2026-11-30", "merge_commit_sha": commit}
        self.pulls.setdefault(commit, []).append(pull | more)

    def listed(self, path: str, query: dict[str, list[str]]) -> tuple[str | None, list[dict[str, Any]]] | None:
        """The entries that an address of GitHub's runs gives, and the key that they stand under."""
        if (of := _PULLS.fullmatch(path)) is not None:
            return None, self.pulls.get(of["sha"], [])
        if (of := _RUNS.fullmatch(path)) is not None:
            asked = {"branch": "head_branch", "status": "conclusion", "head_sha": "head_sha", "event": "event"}
            wanted = {key: query[name][0] for name, key in asked.items() if name in query} | {
                "workflow": of["workflow"]
            }
            return "workflow_runs", [run for run in reversed(self.runs) if wanted.items() <= run.items()]
        if (of := _JOBS.fullmatch(path)) is not None:
            of_run = (int(of["run"]), int(of["attempt"]))
            return "jobs", [entry for entry in self.jobs if (entry["run"], entry["attempt"]) == of_run]
        if (of := _ARTIFACTS.fullmatch(path)) is not None:
            mine = [entry for entry in self.artifacts if entry["run"] == int(of["run"])]
            return "artifacts", [entry for entry in mine if entry["name"] == query.get("name", [entry["name"]])[0]]
        return None

    def add(self, body: str, login: str = "github-actions[bot]", kind: str = "Bot") -> dict[str, Any]:
        number = 1000 + len(self.comments)
        author = {"login": login, "username": login, "type": kind}
        self.comments.append({"id": number, "body": body, "user": author, "author": author})
        return self.comments[-1]

    def add_issue(
        self, text: str, login: str = "github-actions[bot]", kind: str = "Bot", **more: Any
    ) -> dict[str, Any]:
        author = {"login": login, "username": login, "type": kind}
        number = 1 + len(self.issues)
        issue = {"number": number, "iid": number, "title": "", "body": text, "description": text, "state": "open"}
        self.issues.append({**issue, "user": author, "author": author, **more})
        return self.issues[-1]

    def change_issue(self, issue: dict[str, Any], document: dict[str, Any]) -> None:
        for key, value in document.items():
            if {key: value} in _CLOSES:
                issue["state"] = "closed"
            else:
                issue.update({"body": value, "description": value} if key in ("body", "description") else {key: value})


def keep(stand_in: StandIn, run: int, artifact: str, content: str, file: str = "report.json") -> None:
    """Keeps one file as the artifact of a run."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(file, content)
    stand_in.add_artifact(run, artifact, packed.getvalue())


@contextmanager
def forge() -> Generator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self, status: int, document: Any = None, headers: dict[str, str] | None = None) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            self._send(status, content, headers)

        def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            if status == 307:
                self.send_header("Location", stand_in.elsewhere + self.path)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stand_in.asked.append(f"{self.command} {self.path}")
            tokens = (self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN"))
            if self.path.startswith("/blob/"):
                number = int(self.path.removeprefix("/blob/").partition("?")[0])
                self._send(*((400, b"") if any(tokens) else (200, stand_in.zips[number])))
            elif stand_in.elsewhere:
                self._answer(307)
            elif stand_in.failing:
                self._answer(stand_in.failing.pop(0), {"message": "no"})
            elif tokens not in ((f"Bearer {TOKEN}", None), (None, TOKEN)):
                self._answer(401, {"message": "Bad credentials"})
            else:
                self._do(json.loads(body) if body else {})

        def _do(self, document: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/user":
                login = {"login": stand_in.login, "username": stand_in.login}
                self._answer(*((200, login) if stand_in.login else (403, {"message": "Resource not accessible"})))
                return
            if (of := _ZIP.fullmatch(parts.path)) is not None:
                self._answer(302, None, {"Location": f"{stand_in.store}/blob/{of['id']}?sig=SIGNATURE"})
                return
            if (of := _PULL.fullmatch(parts.path)) is not None and int(of["number"]) in stand_in.heads:
                self._answer(200, {"number": int(of["number"]), "head": {"sha": stand_in.heads[int(of["number"])]}})
                return
            if (listed := stand_in.listed(parts.path, parse_qs(parts.query))) is not None:
                self._list(*listed, parse_qs(parts.query))
                return
            if (issue := _ISSUES.fullmatch(parts.path)) is not None:
                self._of_issues(issue["number"], parse_qs(parts.query), document)
                return
            match = _GITHUB.fullmatch(parts.path) or _GITLAB.fullmatch(parts.path)
            if match is None:
                self._answer(404, {"message": "Not Found"})
                return
            number = match["id"]
            if number is None and self.command == "GET":
                query = parse_qs(parts.query)
                size, page = min(int(query.get("per_page", ["30"])[0]), 100), int(query.get("page", ["1"])[0])
                self._answer(200, stand_in.comments[(page - 1) * size : page * size])
                return
            if number is None:
                if len(document["body"]) > 65_536:
                    self._answer(422, {"message": "body is too long (maximum is 65536 characters)"})
                    return
                comment = stand_in.add(document["body"], stand_in.login or "github-actions[bot]",
                                       "User" if stand_in.login else "Bot")  # fmt: skip
            else:
                comment = next(comment for comment in stand_in.comments if comment["id"] == int(number))
                if self.command == "DELETE":
                    stand_in.comments.remove(comment)
                    self._answer(204)
                    return
                comment["body"] = document["body"]
            if stand_in.lost:
                stand_in.lost -= 1
                self._answer(502)
            else:
                self._answer(201, comment)

        def _list(self, key: str | None, entries: list[dict[str, Any]], query: dict[str, list[str]]) -> None:
            size, page = min(int(query["per_page"][0]), stand_in.page_size), int(query["page"][0])
            given = entries[(page - 1) * size : page * size]
            more = {"Link": '<https://elsewhere.example>; rel="next"'} if len(entries) > page * size else None
            self._answer(200, {key: given, "total_count": len(entries)} if key else given, more)

        def _of_issues(self, number: str | None, query: dict[str, list[str]], document: dict[str, Any]) -> None:
            if self.command == "GET":
                size, page = int(query["per_page"][0]), int(query["page"][0])
                wanted = {"open": "open", "opened": "open"}[query["state"][0]]
                match = [issue for issue in stand_in.issues if issue["state"] == wanted]
                self._answer(200, match[(page - 1) * size : page * size])
                return
            if number is None:
                text = str(document.get("body", document.get("description")))
                kind = "User" if stand_in.login else "Bot"
                issue = stand_in.add_issue(text, stand_in.login or "github-actions[bot]", kind, title=document["title"])
            else:
                issue = stand_in.issues[int(number) - 1]
                stand_in.change_issue(issue, document)
            if stand_in.lost:
                stand_in.lost -= 1
                self._answer(502)
            else:
                self._answer(201, issue)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
