"""Rehearsals of six requests from a repository of their own: what each says of it, and that nothing of it stays."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.instances.throwaway import left_out
from local.shared.paths import ROOT
from tests.support.requests.rehearsed_requests import REQUESTS
from tests.support.requests.repository import Clone, git

SECONDS = 360  # a rehearsal with builds cached
TOKEN = "geheim-0123456789"
ALL_STAGES = ["start", "base", "data", "request", "verify", "compare", "again", "back", "compare-back"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as it is here, as the one commit of a repository."""
    root = tmp_path_factory.mktemp("repository") / "project"
    shutil.copytree(ROOT, root, ignore=left_out)
    git(root, "init", "-q", "-b", "main")
    Clone(root).commit("base")
    (root / ".git" / "info" / "exclude").write_text(".venv\n")
    (root / ".venv").symlink_to(Path(sys.prefix))
    return root


@pytest.fixture
def start(repository: Path, tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Begins a rehearsal of a request, in an environment with a credential, in a folder of its own."""

    def begin(name: str, *options: str) -> "subprocess.Popen[str]":
        root = shutil.copytree(repository, tmp_path / "request", symlinks=True)
        REQUESTS[name](root)
        (tmp_path / "scratch").mkdir()
        return subprocess.Popen(
            [sys.executable, "-m", "tenantry.cli", "rehearse", "--base", "HEAD", "--format", "json", *options],
            cwd=root,
            env={**os.environ, "TMPDIR": str(tmp_path / "scratch"), "GITHUB_TOKEN": TOKEN, "PGHOST": "db.example.com"},
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "log").open("w"),
            text=True,
        )

    return begin


def ended(process: "subprocess.Popen[str]", tmp_path: Path) -> tuple[int, dict[str, Any]]:
    """Its exit code and the rehearsal; nothing that it has made is left."""
    out, _ = process.communicate(timeout=SECONDS)
    log = (tmp_path / "log").read_text()
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == [], log[-3000:]
    assert TOKEN not in out + log
    assert out, log[-3000:]
    return process.returncode, json.loads(out)["rehearsal"]


def stages(rehearsal: dict[str, Any]) -> dict[str, str]:
    return {stage["name"]: stage["result"] for stage in rehearsal["stages"]}


def said(rehearsal: dict[str, Any], stage: str) -> str:
    (found,) = (entry for entry in rehearsal["stages"] if entry["name"] == stage)
    return json.dumps(found, ensure_ascii=False)


def new_tenant(code: int, found: dict[str, Any]) -> None:
    assert (code, list(stages(found))) == (5, ALL_STAGES)
    roles = {tenant["code"]: tenant["role"] for tenant in found["tenants"]}
    assert roles.pop("k023") == "affected"
    assert list(roles.values()) == ["bystander"] * 2
    assert "opened:" in said(found, "request")
    assert "k023: stays open" in said(found, "back")


def plan_change(code: int, found: dict[str, Any]) -> None:
    assert (code, list(stages(found))) == (5, ALL_STAGES)
    assert [tenant["code"] for tenant in found["tenants"] if tenant["role"] == "affected"] == ["k002"]
    assert "basic -> standard" in said(found, "request")
    assert "pods are replaced one by one:" in said(found, "request")


def migration_fails(code: int, found: dict[str, Any]) -> None:
    assert code == 3
    failed = [name for name, result in stages(found).items() if result == "failed"]
    assert failed == ["migrate"]
    (stage,) = (stage for stage in found["stages"] if stage["name"] == "migrate")
    (error,) = stage["errors"]
    assert "it stays at 0000" in error["text"]
    assert 'column \\"email\\" of relation \\"parents\\" contains null values' in said(found, "migrate")
    assert "kind `empty`" in error["text"]
    migrated = {tenant["code"] for tenant in stage["tenants"]}
    assert error["tenant"] not in migrated
    assert len(migrated) == len(found["tenants"]) - 1 > 2


def database_replaced(code: int, found: dict[str, Any]) -> None:
    assert (code, stages(found)["request"], stages(found)["verify"]) == (3, "failed", "skipped")
    assert '"rule": "protection-birth"' in said(found, "request")
    assert stages(found)["compare"] == stages(found)["back"] == stages(found)["compare-back"] == "ok"


def wall_loosened(code: int, found: dict[str, Any]) -> None:
    assert (code, stages(found)["request"], stages(found)["verify"]) == (3, "failed", "skipped")
    assert '"rule": "network-directions"' in said(found, "request")
    assert stages(found)["back"] == "ok"


def renamed_resource(code: int, found: dict[str, Any]) -> None:
    assert (code, stages(found)["request"]) == (3, "failed")
    assert "files-attachment -> files-policy-attachment" in said(found, "request")
    assert "The role already has this policy." in said(found, "request")
    assert stages(found)["compare-back"] == "ok"


EXPECTED = {
    "new-tenant": new_tenant,
    "plan-change": plan_change,
    "migration-fails": migration_fails,
    "database-replaced": database_replaced,
    "wall-loosened": wall_loosened,
    "renamed-resource": renamed_resource,
}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", REQUESTS)
def test_it_says_the_right_thing(name: str, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path) -> None:
    EXPECTED[name](*ended(start(name), tmp_path))


def test_stopped_it_says_what_it_knows_and_leaves_nothing(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = start("new-tenant", "--bystanders", "0")
    limit = time.monotonic() + SECONDS
    while "made real ..." not in (tmp_path / "log").read_text() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    code, found = ended(process, tmp_path)
    assert (code, stages(found)) == (130, {"start": "ok", "base": "interrupted"})
    assert found["is_interrupted"]
    assert _instances(tmp_path) == []


def _instances(folder: Path) -> list[str]:
    """Processes that still belong to an instance below the folder."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if f"{folder}/scratch/tenantry" in line]
