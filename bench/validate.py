"""`tenantry validate` and `validate --base` over many files, in a clone of a repository that was made for it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.tenants import FIRST, declare
from tenantry.fleet.load import PROJECT_TENANTS

_CATALOGUES = ("plans.yaml", "services.yaml", "models.yaml", "schema.json")
_WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


def prepare(parent: Path, size: int) -> Path:
    """A clone with so many tenants on main, one more on its branch, and an origin that is one commit ahead."""
    first, clone = parent / "first", parent / "clone"
    tenants = first / "tenants"
    tenants.mkdir(parents=True)
    for name in _CATALOGUES:
        shutil.copy(PROJECT_TENANTS / name, tenants)
    declare(tenants, range(FIRST, FIRST + size))
    _git(first, "init", "-q", "-b", "main")
    _commit(first)
    _git(parent, "clone", "-q", str(first), str(clone))
    declare(tenants, range(FIRST + size, FIRST + size + 1))
    _commit(first)
    _git(clone, "fetch", "-q")
    declare(clone / "tenants", range(FIRST + size + 1, FIRST + size + 2))
    return clone


def seconds(clone: Path, *arguments: str) -> tuple[float, float]:
    """The command's duration, and the processor time of it and of the git that it calls."""
    before, started = os.times(), time.monotonic()
    command = [sys.executable, "-m", "tenantry.cli", "validate", *arguments]
    subprocess.run(command, cwd=clone, check=True, capture_output=True, timeout=600)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - started, used


def _commit(folder: Path) -> None:
    _git(folder, "add", "-A")
    _git(folder, *_WHO, "commit", "-qm", "tenants")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)
