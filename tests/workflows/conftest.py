"""A runner's folder: the project's settings and two tenants, committed and pushed."""

import sys
from pathlib import Path

import pytest

from tests.support.requests.ci_files import ROOT
from tests.support.requests.repository import Clone
from tests.support.requests.workflow_runner import TENANT, Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    files = {
        f"k00{number}.yaml": TENANT.format(code=f"k00{number}", number=f"0{number}", plan="premium")
        for number in (1, 2)
    }
    clone = Clone.make(tmp_path, files)
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        (clone.root / name).write_bytes((ROOT / name).read_bytes())
    (clone.root / ".gitignore").write_text((ROOT / ".gitignore").read_text() + ".venv\nsummary\noutput\n")
    clone.commit("the project")
    clone.git("push", "-q", "origin", "HEAD:main")
    clone.git("fetch", "-q")
    (clone.root / ".venv").symlink_to(sys.prefix)
    return Runner(clone)
