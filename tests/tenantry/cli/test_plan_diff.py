"""`tenantry plan diff`: who is affected and how, for people and for scripts."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenantry.cli import app
from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.reports.baseline import plain_members
from tenantry.reports.plan_diff import diff_tenants

Run = Callable[..., tuple[int, str, str]]
OLD = ("request_rate: 1200\n", "request_rate: 1800\n")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", "plan", "diff", "--today", "2026-11-01", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of the project's tenants."""
    return Path(shutil.copytree(PROJECT_TENANTS, tmp_path / "repository" / "tenants"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_nobody_is_affected_by_the_same(run: Run, other: Path) -> None:
    assert run("--dir", other, "--against", PROJECT_TENANTS) == (0, "nobody of 13 is affected\n", "")


def test_a_plan_that_gives_more_affects_those_on_it(run: Run, other: Path) -> None:
    replace(other / "plans.yaml", *OLD)
    code, out, _ = run("--dir", other, "--against", PROJECT_TENANTS)
    assert code == 5
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        *(
            f"{code}: plan standard; its pods are replaced one by one"
            for code in ("k001", "k003", "k010", "k014", "k022")
        ),
        "5 of 13 affected, 0 of them get less in something; theirs together 3995 -> 3995 CNY a month",
    ]
    assert out.count("  limits.requestsPerMinute: 1200 -> 1800  (more)\n") == 5


def test_a_smaller_plan_is_less(run: Run, other: Path) -> None:
    file = other / "k020.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("features")]
    file.write_text("\n".join(lines).replace("plan: premium", "plan: standard") + "\n")
    code, out, _ = run("--dir", other, "--against", PROJECT_TENANTS)
    assert code == 6
    assert out.startswith("k020: plan premium -> standard, 1999 -> 799 CNY a month; its pods are replaced one by one\n")
    assert "  maxStorage: 200Gi -> 40Gi  (less)\n" in out
    assert "  ai.models.doubao-pro: there -> -  (less)\n" in out


def test_who_comes_and_who_goes(run: Run, other: Path) -> None:
    (other / "k022.yaml").unlink()
    code, out, _ = run("--dir", PROJECT_TENANTS, "--against", other)
    assert (code, out.splitlines()[0]) == (5, "k022: opened on plan standard, 799 CNY a month")
    code, out, _ = run("--dir", other, "--against", PROJECT_TENANTS)
    assert (code, out.splitlines()[0]) == (5, "k022: no longer served, was on plan standard, 799 CNY a month")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("plans.yaml", "sleep: {idle_minutes: 60}", "sleep: {idle_minutes: 30}", "  sleep.idleMinutes: 60 -> 30\n"),
        ("plans.yaml", "monthly: 12}", "monthly: 3}", "  backups.monthly: 12 -> 3  (less)\n"),
        ("services.yaml", "port: 3101", "port: 3199", "  services.enrollment.port: 3101 -> 3199\n"),
        ("services.yaml", "cpu: 250m", "cpu: 500m", "  services.enrollment.cpu: 250m -> 500m  (more)\n"),
        ("services.yaml", "pool: 2", "pool: 1", "  services.enrollment.pool: 2 -> 1  (less)\n"),
    ],
)
def test_what_no_application_is_told_is_seen_too(
    run: Run, other: Path, file: str, old: str, new: str, said: str
) -> None:
    replace(other / file, old, new)
    code, out, _ = run("--dir", other, "--against", PROJECT_TENANTS)
    assert code in (5, 6)
    assert out.startswith("k001: plan standard\n")
    assert said in out


def test_what_a_stack_did_not_record_yet_is_no_change() -> None:
    now = {"services": [{"name": "a"}], "operation": {"sleep": {}, "services": [{"name": "a", "port": 1}]}}
    assert diff_tenants({"k001": {"services": [{"name": "a"}]}}, {"k001": now}) == []
    assert len(diff_tenants({"k001": {"services": []}}, {"k001": now})) == 1


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(other: Path) -> None:
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        git(other.parent, *arguments)


def test_against_a_revision(run: Run, other: Path) -> None:
    commit(other)
    assert run("--dir", other, "--against", "HEAD")[0] == 0
    replace(other / "plans.yaml", *OLD)
    assert run("--dir", other, "--against", "HEAD")[0] == 5


def test_a_revision_is_read_by_the_first_python_that_is_promised(
    run: Run, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`extractall` has a filter from Python 3.11.4 on."""

    def older(*_: object, filter: str | None = None, **__: object) -> None:
        assert filter is None, "TarFile.extractall() got an unexpected keyword argument 'filter'"

    monkeypatch.setattr(tarfile.TarFile, "extractall", older)
    commit(other)
    assert run("--dir", other, "--against", "HEAD") == (0, "nobody of 13 is affected\n", "")


def test_a_link_in_a_revision_is_not_followed(run: Run, other: Path) -> None:
    shutil.move(other / "k001.yaml", other / "k001.yaml~")
    (other / "k001.yaml").symlink_to("k001.yaml~")
    commit(other)
    shutil.move(other / "k001.yaml~", other / "k001.yaml")
    code, out, err = run("--dir", other, "--against", "HEAD")
    assert (code, out) == (1, "")
    assert "HEAD:k001.yaml is no regular file" in err


def test_a_link_beside_the_tenants_files_is_left_out(run: Run, other: Path) -> None:
    (other / "README.md").unlink(missing_ok=True)
    (other / "README.md").symlink_to("/etc/hostname")
    commit(other)
    assert run("--dir", other, "--against", "HEAD") == (0, "nobody of 13 is affected\n", "")


def test_a_folder_in_a_revision_is_refused_as_in_a_directory(run: Run, other: Path) -> None:
    (other / "sub").mkdir()
    (other / "sub" / "k001.yaml").write_text("code: k001\n")
    commit(other)
    shutil.rmtree(other / "sub")
    code, out, err = run("--dir", other, "--against", "HEAD")
    assert (code, out) == (1, "")
    assert "HEAD:sub:1: file: is a directory" in err


@pytest.mark.parametrize("name", ["../outside", "/outside", "..", "a/../../outside"])
def test_nothing_is_told_that_would_be_written_beside_the_files(name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
        archive.addfile(tarfile.TarInfo("k001.yaml"))
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive:
        assert list(plain_members(archive, "HEAD")) == [("k001.yaml", b"")]


@pytest.mark.parametrize("revision", ["HEAD~1", "origin/other"])
def test_a_shallow_clone_says_that_it_is_one(run: Run, other: Path, tmp_path: Path, revision: str) -> None:
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"], ["branch", "other"]):
        git(other.parent, *arguments)
    git(other.parent, "commit", "-q", "--allow-empty", "-m", "two")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{other.parent}", "shallow")
    tenants = tmp_path / "shallow" / "tenants"
    code, _, err = run("--dir", tenants, "--against", revision)
    assert code == 1
    assert "this clone is shallow" in err
    assert "git fetch --unshallow" in err
    assert run("--dir", tenants, "--against", "HEAD")[0] == 0


@pytest.mark.parametrize("revision", ["nowhere", "--output=/tmp/x", "HEAD:k001.yaml"])
def test_against_nothing_that_is_there(run: Run, other: Path, revision: str) -> None:
    git(other.parent, "init", "-q")
    code, out, err = run("--dir", other, f"--against={revision}")
    assert (code, out) == (1, "")
    assert "name a commit, tag" in err


def test_files_with_faults_are_told_as_always(run: Run, other: Path) -> None:
    replace(other / "k001.yaml", "plan: standard", "plan: gold")
    code, _, err = run("--dir", other, "--against", PROJECT_TENANTS)
    assert code == 1
    assert "k001.yaml:5: plan:" in err


def test_for_programs(run: Run, other: Path) -> None:
    replace(other / "k002.yaml", "plan: basic", "plan: standard")
    code, out, _ = run("--dir", other, "--against", PROJECT_TENANTS, "--json")
    (document,) = json.loads(out)
    assert code == 5
    assert (document["code"], document["plans"], document["monthly"]) == ("k002", ["basic", "standard"], [299, 799])
    assert {"key": "maxUsers", "before": 100, "after": 200, "direction": "more"} in document["changes"]


@pytest.mark.parametrize(
    ("before", "after", "key", "direction"),
    [
        ({"maxUsers": 1}, {"maxUsers": 2}, "maxUsers", "more"),
        ({"features": {"a": True}}, {"features": {"a": False}}, "features.a", "less"),
        ({"limits": {"cpu": "2"}}, {"limits": {"cpu": "1500m"}}, "limits.cpu", "less"),
        ({"limits": {"statementTimeoutSeconds": 1}}, {"limits": {"statementTimeoutSeconds": 2}}, "limits.statementTimeoutSeconds", "other"),
        ({"services": [{"name": "a", "port": 1}]}, {"services": []}, "services.a", "less"),
        ({"services": []}, {"services": [{"name": "a"}]}, "services.a", "more"),
        ({"enabledServices": ["a"]}, {"enabledServices": ["a", "b"]}, "enabledServices", "more"),
        ({"enabledServices": ["a"]}, {"enabledServices": ["b"]}, "enabledServices", "less"),
        ({"config": {"branding": {"color": "red"}}}, {"config": {"branding": {}}}, "config.branding.color", "other"),
    ],
)  # fmt: skip
def test_what_is_more_and_what_is_less(before: Any, after: Any, key: str, direction: str) -> None:
    (effect,) = diff_tenants({"k001": before}, {"k001": after})
    assert [(change.key, change.direction) for change in effect.changes] == [(key, direction)]


def test_what_the_stack_sets_is_nobodys_change() -> None:
    before = {"version": "a", "config": {"version": "1", "region": "x", "environment": "prod"}}
    assert diff_tenants({"k001": before}, {"k001": {"version": "b", "config": {}}}) == []
