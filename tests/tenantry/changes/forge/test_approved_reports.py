"""The reports of all requests merged since the last deploy, fetched from a stand-in for GitHub, or why not."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tenantry.changes.forge import github_runs
from tenantry.changes.forge.approved_reports import ApprovedReport, approved_reports, save
from tenantry.changes.forge.github_runs import Runs
from tenantry.changes.report.request_report import RequestReport, StackReport, to_json
from tenantry.engine.errors import CommandError
from tenantry.maintenance.purge.tenant_file import commit, write_purged
from tests.support.requests.forge import TOKEN, StandIn, forge
from tests.support.requests.repository import ACTIVE, PROOF, Clone


def packed(*entries: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # two of one name
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def report(stack: str = "prod", result: str = "ok") -> bytes:
    return to_json(RequestReport((StackReport(stack, result),))).encode()


@dataclass
class World:
    """A clone of main, deployed at its first commit, GitHub, and the store that GitHub redirects to."""

    clone: Clone
    api: StandIn
    store: StandIn
    said: list[str]

    @property
    def head(self) -> str:
        return self.clone.git("rev-parse", "HEAD").strip()

    def merge(self, number: int) -> str:
        """Request NUMBER merged into main; its own last commit."""
        self.clone.git("checkout", "-q", "-b", f"request-{number}")
        for part in ("first", "last"):
            (self.clone.root / f"{number}.md").write_text(part)
            self.clone.commit(f"{number} {part}")
        head = self.head
        self.clone.git("checkout", "-q", "main")
        self.clone.git("merge", "-q", "--no-ff", "-m", f"Merge {number}", f"request-{number}")
        self.api.add_pull(self.head, number, head)
        return head

    def previewed(self, head: str, content: bytes | None = None, stack: str = "prod") -> int:
        run = self.api.add_run("preview.yml", head, "pull_request_target", head_branch="request")
        self.keep(run, content or packed(("report.json", report(stack))), stack)
        return run

    def keep(self, run: int, content: bytes, stack: str = "prod") -> None:
        self.store.zips[self.api.add_artifact(run, f"report-{stack}", b"")] = content

    def fetch(self, since: str = "auto") -> list[ApprovedReport]:
        given = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/fleet", "GITHUB_API_URL": self.api.url}
        return approved_reports(Runs.of_workflow(given, 0), self.clone.root, "prod", since, self.said.append)

    def refused(self, *whys: str) -> str:
        with pytest.raises(CommandError) as refused:
            self.fetch()
        assert refused.value.code == 1
        for why in whys:
            assert why in str(refused.value)
        assert TOKEN not in str(refused.value)
        assert "SIGNATURE" not in str(refused.value)
        return str(refused.value)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    clone = Clone.make(tmp_path, {"k001.yaml": "code: k001\n"})
    with forge() as api, forge() as store:
        api.store = store.url
        world = World(clone, api, store, [])
        api.add_run("deploy.yml", world.head, "push")
        yield world


def test_each_request_since_the_last_deploy_has_its_report(world: World, tmp_path: Path) -> None:
    for number in (17, 18, 19):
        world.previewed(world.merge(number))
    reports = world.fetch()
    assert [(entry.request, entry.run) for entry in reports] == [
        (17, "runs/5001"),
        (18, "runs/5002"),
        (19, "runs/5003"),
    ]
    paths = list(save(reports, tmp_path / "approved"))
    assert [path.name for path in paths] == ["17.json", "18.json", "19.json"]
    assert {path.read_bytes() for path in paths} == {report()}
    assert world.said[0].startswith("3 commits of main since ")


def test_what_was_deployed_is_not_approved_again(world: World) -> None:
    world.previewed(world.merge(17))
    world.api.add_run("deploy.yml", world.head, "workflow_dispatch")
    world.previewed(world.merge(18))
    world.api.add_run("deploy.yml", world.head, "push", "failure")
    assert [entry.request for entry in world.fetch()] == [18]
    assert [entry.request for entry in world.fetch("HEAD~2")] == [17, 18]
    assert world.fetch("HEAD") == []


def test_runs_of_others_are_no_deploys(world: World) -> None:
    """A fork's branch may be called main, and a request's own deploy.yml be started by the request."""
    world.merge(17)
    world.api.add_run("deploy.yml", world.head, "pull_request")
    world.api.add_run("deploy.yml", world.head, "push", head_repository={"full_name": "else/fleet"})
    world.api.add_run("deploy.yml", "f" * 40, "push")  # no commit of main
    world.refused("request 17: no preview of its last commit")


def test_pages_are_followed_also_those_that_are_not_full(world: World) -> None:
    world.api.page_size = 7
    head = world.merge(17)
    run = world.previewed(head)
    for _ in range(20):
        world.api.add_run("preview.yml", head, "pull_request_target", "failure", head_branch="request")
        world.api.add_run("deploy.yml", "f" * 40, "push")
        world.api.pulls[world.head].insert(0, {**world.api.pulls[world.head][-1], "merged_at": None})
    for _ in range(10):
        world.api.add_artifact(run, "report-prod", b"", expired=True)
    assert [entry.request for entry in world.fetch()] == [17]
    assert any("deploy.yml" in asked and "page=3" in asked for asked in world.api.asked)


def test_all_that_is_missing_is_said_at_once(world: World) -> None:
    world.merge(17)
    (world.clone.root / "pushed.md").write_text("x")
    world.clone.commit("pushed without a request")
    world.previewed(world.merge(18), stack="other")
    said = world.refused(
        *("nothing was changed", "request 17: no preview of its last commit", "came without a request"),
        *("request 18: runs/5001 has no report of prod", "Re-run all jobs", "without_report"),
    )
    assert world.head[:12] not in said


def test_a_head_that_has_moved_needs_a_preview_of_its_own(world: World) -> None:
    head = world.merge(17)
    world.previewed(world.clone.git("rev-parse", f"{head}^").strip())
    world.refused(f"request 17: no preview of its last commit {head[:12]} has ended well")


@pytest.mark.parametrize(
    "run",
    [
        {"event": "pull_request"},
        {"conclusion": "failure"},
        {"conclusion": "skipped"},
        {"conclusion": None},  # it waits for its approval
    ],
)
def test_a_run_that_is_no_good_preview_approves_nothing(world: World, run: dict[str, str]) -> None:
    head = world.merge(17)
    number = world.api.add_run("preview.yml", head, **{"event": "pull_request_target", **run})
    world.keep(number, packed(("report.json", report())))
    world.refused("no preview of its last commit")


def test_a_fork_was_never_previewed(world: World) -> None:
    world.merge(17)
    (pull,) = world.api.pulls[world.head]
    pull["head"]["repo"] = {"full_name": "else/fleet"}
    world.refused("a fork's branch")


@pytest.mark.parametrize(
    "other", [{"merged_at": None}, {"base": {"ref": "release", "repo": {"full_name": "acme/fleet"}}}]
)
def test_a_request_that_was_not_merged_into_main_counts_for_nothing(world: World, other: dict[str, object]) -> None:
    head = world.merge(17)
    world.previewed(head)
    world.api.pulls.clear()
    world.api.add_pull(world.head, 18, head, **other)
    world.refused("came without a request")


def test_commits_of_one_request_need_its_report_once(world: World) -> None:
    """A merge by rebase leaves them like that."""
    shas: list[str] = []
    for part in ("first", "last"):
        (world.clone.root / "rebased.md").write_text(part)
        world.clone.commit(part)
        shas.append(world.head)
    for sha in shas:
        world.api.add_pull(sha, 17, "a" * 40, merge_commit_sha=shas[-1])
    world.previewed("a" * 40)
    assert [entry.request for entry in world.fetch()] == [17]
    assert len([asked for asked in world.api.asked if asked.endswith("zip")]) == 1


def test_what_purge_writes_needs_no_request_and_approves_nothing(world: World) -> None:
    """With the words that the command commits with."""
    deleted = ACTIVE.replace("active", "deleted\ndeleted_at: 2026-08-01")
    file = world.clone.tenants / "k001.yaml"
    file.write_text(deleted, encoding="utf-8")
    world.clone.commit("k001 is deleted")
    world.api.add_run("deploy.yml", world.head, "push")
    write_purged(file, PROOF)
    commit(world.clone.root, file, f"k001: purged, proved by {PROOF}")
    assert world.fetch() == []
    assert "approves nothing" in world.said[-1]
    file.write_text(deleted.replace("deleted", "purged", 1) + f"proof: {PROOF}\nhibernated: true\n", encoding="utf-8")
    commit(world.clone.root, file, f"k001: purged, proved by {PROOF}")
    world.refused("came without a request")


def test_a_tombstone_lies_in_the_stacks_own_folder(world: World) -> None:
    """A file elsewhere is none of a tenant, where another folder is named."""
    (world.clone.root / "Pulumi.yaml").write_text("name: tenantry\nconfig:\n  tenants: {default: people}\n")
    world.clone.commit("settings")
    world.api.add_run("deploy.yml", world.head, "push")
    place, elsewhere = (world.clone.root / folder / "k001.yaml" for folder in ("people", "tenants"))
    place.parent.mkdir()
    for file in (place, elsewhere):
        file.write_text(ACTIVE.replace("active", "deleted\ndeleted_at: 2026-08-01"), encoding="utf-8")
    world.clone.commit("k001 is deleted")
    world.api.add_run("deploy.yml", world.head, "push")
    write_purged(place, PROOF)
    commit(world.clone.root, place, f"k001: purged, proved by {PROOF}")
    assert world.fetch() == []
    write_purged(elsewhere, PROOF)
    commit(world.clone.root, elsewhere, f"k001: purged, proved by {PROOF}")
    world.refused("came without a request")


def test_the_first_deploy_is_started_by_hand(world: World) -> None:
    world.api.runs.clear()
    world.refused("this is the first deploy", "start deploy.yml by hand with `without_report`")


def test_a_history_that_was_rewritten_and_a_shallow_clone_are_told_apart(world: World, tmp_path: Path) -> None:
    world.previewed(world.merge(17))
    world.clone.git("push", "-q", "origin", "main")
    world.clone.git("clone", "-q", "--depth", "1", f"file://{tmp_path}/origin.git", str(tmp_path / "shallow"))
    world.api.runs[0]["head_sha"] = "f" * 40
    world.refused("it was rewritten", "without_report")
    world.clone = Clone(tmp_path / "shallow")
    world.refused("shallow", "fetch-depth: 0")


@pytest.mark.parametrize("since", ["nowhere", "--all", "request-17"])
def test_a_start_that_is_no_commit_of_main_is_refused(world: World, since: str) -> None:
    world.previewed(world.merge(17))
    with pytest.raises(CommandError):
        world.fetch(since)


def test_the_token_goes_to_the_api_alone(world: World) -> None:
    """The store refuses whoever brings one."""
    world.previewed(world.merge(17))
    assert len(world.fetch()) == 1
    assert world.store.asked == ["GET /blob/9000?sig=SIGNATURE"]


@pytest.mark.parametrize("store", ["http://store.example.com", "file:///etc/passwd#", "ftp://x"])
def test_a_store_without_https_is_not_asked(world: World, store: str) -> None:
    world.api.store = store
    world.previewed(world.merge(17))
    world.refused("is no https address")


BOMB = 3000


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (packed(("report.json", b" " * (BOMB + 1))), f"report.json is larger than {BOMB} bytes"),
        (packed(("report.json", bytes(range(256)) * 40)), "more than 2000 bytes"),
        (packed(("other.json", report())), "holds no report.json, or several"),
        (packed(("../report.json", report())), "holds no report.json, or several"),
        (packed(("report.json", report()), ("report.json", report())), "holds no report.json, or several"),
        (b"no zip", "is no zip file"),
        (packed(("report.json", report()))[:-40], "is no zip file"),
        (packed(("report.json", b"{}")), "cannot be read"),
        (packed(("report.json", report("prod-c02"))), "is not of a preview of prod that ended well"),
        (packed(("report.json", report(result="failed"))), "is not of a preview of prod that ended well"),
    ],
)
def test_what_is_no_report_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str) -> None:
    monkeypatch.setattr(github_runs, "LARGEST_REPORT", BOMB)
    monkeypatch.setattr(github_runs, "LARGEST_ZIP", 2000)
    if why.startswith("more than"):
        content = content + b"\0" * 2001
    world.previewed(world.merge(17), content)
    world.refused(why)


def test_of_the_archive_one_file_is_read_and_none_is_unpacked(world: World, tmp_path: Path) -> None:
    entries = (("../../evil.json", b"evil"), ("/evil.json", b"evil"), ("report.json", report()), ("18.json", report()))
    world.previewed(world.merge(17), packed(*entries))
    before = sorted(tmp_path.iterdir())
    assert [path.name for path in save(world.fetch(), tmp_path / "approved")] == ["17.json"]
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "approved"])


def test_the_newest_report_counts(world: World) -> None:
    """The newest of runs, and of the artifacts of a run that was started again."""
    head = world.merge(17)
    world.previewed(head)
    run = world.previewed(head, b"the first attempt")
    world.keep(run, packed(("report.json", report())))
    assert [entry.run for entry in world.fetch()] == [f"runs/{run}"]


def test_an_expired_report_is_missed(world: World) -> None:
    run = world.previewed(world.merge(17))
    world.api.artifacts[-1]["expired"] = True
    world.refused(f"runs/{run} has no report of prod (any more)")


def test_what_passes_is_waited_for_and_a_missing_right_is_named(world: World) -> None:
    world.previewed(world.merge(17))
    world.api.failing = [503, 502]
    assert len(world.fetch()) == 1
    world.api.failing = [403]
    world.refused("actions: read")


def test_a_folder_that_holds_something_is_not_added_to(tmp_path: Path) -> None:
    (tmp_path / "16.json").write_bytes(report())
    with pytest.raises(CommandError, match="is not empty"):
        list(save([ApprovedReport(17, "run", report())], tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["16.json"]
