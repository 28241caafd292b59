"""The requests that are rehearsed end to end, one a day, can still be made of the files as they are."""

import shutil
from pathlib import Path

import pytest

from local.shared.paths import ROOT
from tests.support.requests.rehearsed_requests import REQUESTS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("components", "tenants", "provider/migrations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _content(root: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", REQUESTS)
def test_it_changes_one_file(name: str, checkout: Path) -> None:
    before = _content(checkout)
    REQUESTS[name](checkout)
    after = _content(checkout)
    assert len({path for path in before | after if before.get(path) != after.get(path)}) == 1
