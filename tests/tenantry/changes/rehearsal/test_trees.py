"""The two trees, from a real repository."""

import os
import sys
from pathlib import Path

import pytest

from tenantry.changes.rehearsal.plan import plan_of
from tenantry.changes.rehearsal.trees import base_tree, give_python, request_tree
from tenantry.engine.errors import CommandError
from tenantry.engine.stack.fleet_location import FleetLocation
from tenantry.engine.stack.project import Project
from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.names import DEFAULT_ZONE
from tenantry.reports.baseline import BaselineUnavailable
from tests.support.requests.prepared_requests import NEW, TODAY
from tests.support.requests.repository import Clone

TENANTS = Path("tenants")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone.make(
        tmp_path, {"k023.yaml": NEW, "plans.yaml": (PROJECT_TENANTS / "plans.yaml").read_text(encoding="utf-8")}
    )
    for name, text in {"Pulumi.yaml": "name: tenantry\n", "uv.lock": "1", "local/x.py": "1"}.items():
        (made.root / name).parent.mkdir(exist_ok=True)
        (made.root / name).write_text(text)
    (made.root / ".gitignore").write_text("ignored\n")
    made.commit()
    return made


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink()}


def test_the_base_is_the_commit_and_the_request_is_the_work_tree(clone: Clone, tmp_path: Path) -> None:
    commit = clone.git("rev-parse", "HEAD").strip()
    clone.replace("k023.yaml", "plan: standard", "plan: premium")
    (clone.root / "new.py").write_text("x")
    (clone.root / "ignored").write_text("x")
    (clone.root / ".venv").symlink_to(sys.prefix)
    (clone.root / "local" / "x.py").unlink()
    base = base_tree(clone.root, commit, tmp_path / "base", TENANTS)
    request = request_tree(clone.root, tmp_path / "request", TENANTS)
    common = {"Pulumi.yaml", "uv.lock", ".gitignore", "tenants/k023.yaml", "tenants/plans.yaml"}
    assert files(base.root) == {*common, "local/x.py"}
    assert files(request.root) == {*common, "new.py"}
    assert "plan: standard" in (base.tenants / "k023.yaml").read_text()
    assert "plan: premium" in (request.tenants / "k023.yaml").read_text()
    assert (base.digest("local") != request.digest("local"), base.digest("nowhere")) == (True, "")
    assert not (clone.root / ".git" / "worktrees").exists()
    assert "base-index" not in clone.git("status", "--porcelain")


def test_only_the_rehearsed_tenants_stay_and_what_is_opened_is_lent(clone: Clone, tmp_path: Path) -> None:
    (clone.tenants / "k024.yaml").write_text(NEW.replace("k023", "k024"))
    base = base_tree(clone.root, "HEAD", tmp_path / "base", TENANTS)
    request = request_tree(clone.root, tmp_path / "request", TENANTS)
    for tree in (base, request):
        tree.keep(["k024"])
    assert files(base.tenants) == {"plans.yaml"}
    base.lend(request, ["k024"])
    assert files(base.tenants) == {"plans.yaml", "k024.yaml"}


def test_both_run_by_this_environment_where_the_lock_is_the_same(clone: Clone, tmp_path: Path) -> None:
    base = base_tree(clone.root, "HEAD", tmp_path / "base", TENANTS)
    request = request_tree(clone.root, tmp_path / "request", TENANTS)
    assert give_python(base, request, clone.root, {}) == ""
    assert Path(base.python).exists()
    assert Path(request.python).exists()


def test_another_lock_needs_packages_of_its_own(clone: Clone, tmp_path: Path) -> None:
    (clone.root / "Makefile").write_text(".venv/.synced:\n\t@mkdir .venv && touch $@\n")
    clone.commit()
    base = base_tree(clone.root, "HEAD", tmp_path / "base", TENANTS)
    (clone.root / "uv.lock").write_text("2")
    request = request_tree(clone.root, tmp_path / "request", TENANTS)
    assert "base: other packages (uv.lock differs)" in give_python(base, request, clone.root, dict(os.environ))
    assert (base.root / ".venv" / ".synced").exists()
    assert (request.root / ".venv").is_symlink()


def test_packages_that_cannot_be_had_are_a_refusal(clone: Clone, tmp_path: Path) -> None:
    base = base_tree(clone.root, "HEAD", tmp_path / "base", TENANTS)
    (clone.root / "uv.lock").write_text("2")
    request = request_tree(clone.root, tmp_path / "request", TENANTS)
    with pytest.raises(CommandError, match="packages of the base cannot be installed"):
        give_python(base, request, clone.root, dict(os.environ))


def test_what_cannot_be_rehearsed_is_said_before_anything_starts(clone: Clone) -> None:
    project, place = Project(clone.root), FleetLocation("local", clone.tenants, DEFAULT_ZONE, None, TODAY)
    with pytest.raises(BaselineUnavailable, match="is a directory"):
        plan_of(str(clone.root), project, place)
    with pytest.raises(BaselineUnavailable, match="is no revision here: name a commit"):
        plan_of("nowhere", project, place)
