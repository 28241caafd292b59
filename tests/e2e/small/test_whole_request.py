"""A tenant by request, as its author, the jobs of the workflows and a reader of the comment meet it: up to the merge
and after.

Beside the checkout stands a bare repository as `origin`, and on loopback what the forge's API is for comments. Runs
last on this instance, as it opens one more tenant.
"""

import io
import json
import shlex
import shutil
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.instances.throwaway import World
from tenantry.changes.report.markdown import MARKER
from tests.support.requests.forge import TOKEN, StandIn, forge
from tests.support.requests.repository import Clone, git

PHONE, NAME, PERSON = "13900138023", "晨光幼儿园", "张老师"
ASKED = f"--name {NAME} --phone {PHONE} --plan standard --contact {PERSON} --email a@example.com --label region=south"
OTHERS = 150  # comments of others, two pages


@dataclass
class Request:
    """The runner's checkout with the instance, the author's clone, and the forge's comments."""

    runner: World
    author: Clone
    forge: StandIn

    def post(self, *reports: Path) -> str:
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": self.forge.url}
        env["no_proxy"] = "127.0.0.1"
        paths = [str(report) for report in reports]
        return self.runner.run("tenantry", "report", "post", *paths, "--number", "17", env=env).stdout

    def deployed(self) -> None:
        """`deploy.yml` has ended well for what main is now."""
        self.forge.add_run("deploy.yml", git(self.runner.folder, "rev-parse", "HEAD").strip(), "push")

    def keep(self, head: str, report: Path) -> None:
        """Keeps the report of the request's commit, like preview.yml."""
        run = self.forge.add_run("preview.yml", head, "pull_request_target", head_branch="request")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(report, "report.json")
        self.forge.add_artifact(run, "report-local", packed.getvalue())

    def approved(self, to: Path, ok: int = 0) -> str:
        """The first step of deploy.yml."""
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": self.forge.url}
        done = self.runner.run(
            *("tenantry", "report", "approved", "--stack", "local", "--output", str(to)),
            env=env | {"no_proxy": "127.0.0.1"},
            ok=ok,
        )
        return done.stdout + done.stderr

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.forge.comments if comment["body"].startswith(MARKER)]

    def preview(self, branch: str, to: Path, ok: int) -> None:
        """Previews like the job `tenants` of preview.yml: main's code, the request's files as data."""
        folder = self.runner.folder
        git(folder, "fetch", "-q", "origin")
        overlay = ("python", "-m", "tenantry.changes.overlay")
        assert self.runner.run(*overlay, "look", branch).stdout.split() == ["tenants"]
        self.runner.run(*overlay, "lay", branch)
        form = ("--base", "HEAD", "--format", "json")
        to.write_text(self.runner.run("tenantry", "preview", "--stack", "local", *form, ok=ok).stdout, "utf-8")
        git(folder, "checkout", "-q", "--", "tenants")
        git(folder, "clean", "-qf", "tenants")


@pytest.fixture
def request_(life: Any, tmp_path: Path) -> Generator[Request]:
    world: World = life.world
    world.up()
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(origin))
    git(world.folder, "init", "-q", "-b", "main")
    try:
        git(world.folder, "add", "-A")
        git(world.folder, "commit", "-qm", "the project")
        git(world.folder, "remote", "add", "origin", str(origin))
        git(world.folder, "push", "-q", "-u", "origin", "main")
        with forge() as stand_in:
            stand_in.store = stand_in.url
            for number in range(OTHERS):
                stand_in.add(f"{MARKER} copied by somebody" if number == 7 else f"comment {number}", "somebody", "User")
            yield Request(world, Clone.of(origin, tmp_path / "author"), stand_in)
    finally:
        shutil.rmtree(world.folder / ".git")


def test_from_new_to_deploy(request_: Request, tmp_path: Path) -> None:
    runner, author = request_.runner, request_.author
    at = ("-C", str(author.root))
    written = json.loads(runner.run("tenantry", "new", *at, *shlex.split(ASKED), "--json").stdout)
    code, branch = written["code"], f"open-{written['code']}"
    assert [command.split()[0] for command in written["next"]] == ["tenantry", "git", "git"]

    # the author, who pastes them; and the jobs of pull-request.yml
    for command in written["next"][1:]:
        author.paste(command)
    checked = runner.run("tenantry", "validate", *at, "--base", "origin/main", "--format", "github")
    assert "are fine" in checked.stdout
    effect = runner.run("tenantry", "plan", "diff", *at, "--against", "origin/main", ok=5).stdout
    assert effect.startswith(f"{code}: opened on plan standard")

    # preview.yml: one comment, among those of others
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    request_.preview(f"origin/{branch}", first, ok=5)
    assert request_.post(first).endswith(": created\n")
    own = request_.comments()[-1]
    assert f"- **{code}**: opened: `plan standard, 799 CNY a month`" in own
    assert "somebody gets less" not in own
    assert not [text for text in (PHONE, NAME, PERSON, "a@example.com") if text in own]
    author.replace(f"{code}.yaml", "region: south", "region: north, group: sunrise")
    author.replace("k002.yaml", "plan: basic", "plan: standard")
    author.commit("More")
    author.git("push", "-q", "origin", branch)
    request_.preview(f"origin/{branch}", second, ok=5)
    assert request_.post(second).endswith(": updated\n")
    assert request_.post(second).endswith(": unchanged\n")
    assert len(request_.forge.comments) == OTHERS + 1
    assert "- **k002**" in request_.comments()[-1]

    # the merge, and deploy.yml with what was approved
    request_.deployed()
    first_head, head = (author.git("rev-parse", name).strip() for name in ("HEAD~1", "HEAD"))
    request_.keep(first_head, first)
    author.git("switch", "-q", "main")
    author.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
    author.git("push", "-q", "origin", "main")
    git(runner.folder, "pull", "-q")
    request_.forge.add_pull(git(runner.folder, "rev-parse", "HEAD").strip(), 17, head)
    fetched = tmp_path / "approved"
    assert f"request 17: no preview of its last commit {head[:12]}" in request_.approved(fetched, ok=1)
    request_.keep(head, second)
    assert "request 17: report of runs/" in request_.approved(fetched)
    runner.run("tenantry", "validate", "--stack", "local")
    refused = runner.up("--approved", str(first), ok=1)
    assert "beyond what was approved, nothing was changed" in refused.stderr
    assert "k002: update" in refused.stderr
    assert not [
        item for item in runner.kubectl("get", "namespaces")["items"] if item["metadata"]["name"] == f"tenant-{code}"
    ]
    runner.up("--approved", str(fetched))
    labels = runner.kubectl("get", "namespace", f"tenant-{code}")["metadata"]["labels"]
    assert labels["label.tenantry.io/group"] == "sunrise"
    request_.deployed()
    assert "0 commits of main since" in request_.approved(tmp_path / "nothing")
    again = runner.up("--approved", str(tmp_path / "nothing"))
    assert all(word not in again.stdout for word in ("created", "updated", "deleted"))
