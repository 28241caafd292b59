"""The digest of what a stack is made from: equal for equal sources, another one for whatever a run would do something for."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tenantry.engine.stack import program_files
from tenantry.engine.stack.made_from import made_from
from tenantry.fleet.load import load_fleet
from tenantry.model.credential_rotation import rotation_state
from tenantry.model.previous_run import PreviousRun
from tests.support.requests.repository import ACTIVE

TODAY = date(2026, 11, 1)
Digest = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stacks" / "__pycache__").mkdir(parents=True)
    (tmp_path / "stacks" / "program.py").write_text("")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  tenantry:zone: yyup.cc\nencryptionsalt: v1:a\n")
    (tmp_path / "tenants").mkdir()
    for code, cell in {"k001": "main", "k002": "c02"}.items():
        text = ACTIVE.replace("k001", code).replace("13800138001", f"1380013800{code[-1]}").replace("main", cell)
        (tmp_path / "tenants" / f"{code}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def digest(root: Path) -> Digest:
    def make(
        today: date = TODAY, before: Any = None, has_platform: bool = False, platform: Any = None, seen: Any = None
    ) -> str:
        program_files.program_digest.cache_clear()
        fleet = load_fleet(root / "tenants", today=today, unseen=today, before=before, first_seen_deleted=seen)
        return made_from(root, "prod", fleet, lambda cell: cell == "main", has_platform=has_platform, platform=platform)

    return make


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_the_same_makes_the_same_on_another_day(digest: Digest) -> None:
    assert digest() == digest(TODAY + timedelta(days=1))
    scaled = {"k001": PreviousRun(plan="basic", services=(), scaled=True)}
    assert digest() == digest(before=scaled), "what the last run remembers is no source"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tenants/k001.yaml", "notes: more\n"),
        ("stacks/program.py", "print()"),
        ("Pulumi.prod.yaml", "  tenantry:image: a:2\n"),
    ],
)
def test_each_source_counts(root: Path, digest: Digest, file: str, text: str) -> None:
    before = digest()
    add(root / file, text)
    assert digest() != before


@pytest.mark.parametrize("file", ["tenants/k002.yaml", "stacks/__pycache__/program.pyc", "README.md"])
def test_what_is_no_source_does_not(root: Path, digest: Digest, file: str) -> None:
    before = digest()
    (root / file).touch()
    add(root / file, "notes: more\n")
    assert digest() == before


def test_what_the_engine_enters_into_the_settings_does_not(root: Path, digest: Digest) -> None:
    before = digest()
    file = root / "Pulumi.prod.yaml"
    file.write_text(file.read_text().replace("v1:a", "v1:b") + "encryptedkey: abc\n")
    assert digest() == before


def test_the_platforms_facts_count(digest: Digest) -> None:
    assert digest(platform={"zone": "a", "port": 5432}) == digest(platform={"port": 5432.0, "zone": "a"})
    assert digest(platform={"zone": "a"}) != digest(platform={"zone": "b"})


def test_the_platform_counts_where_tenants_of_all_cells_lie(root: Path, digest: Digest) -> None:
    before, shared = digest(), digest(has_platform=True)
    file = root / "tenants" / "k002.yaml"
    file.write_text(file.read_text().replace("13800138002", "13800138003"))
    assert digest() == before
    assert digest(has_platform=True) != shared


def test_an_overlap_that_ends_counts(root: Path, digest: Digest) -> None:
    """After the run that saw the rotation, the digest stays the one that this run left, until its end."""
    add(root / "tenants" / "k001.yaml", "credentials: {rotation: 2}\n")
    first = digest()
    tenant = load_fleet(root / "tenants", today=TODAY)["k001"]
    before = {"k001": PreviousRun(rotation_state(tenant.rotations), plan="basic")}
    assert digest(TODAY + timedelta(days=2), before) == first
    assert digest(TODAY + timedelta(days=30), before) != first


def test_a_date_that_is_over_counts(root: Path, digest: Digest) -> None:
    add(root / "tenants" / "k001.yaml", "expires_at: 2026-11-10\n")
    assert digest() == digest(date(2026, 11, 10)) != digest(date(2026, 11, 11))


def test_thirty_days_that_are_over_count(root: Path, digest: Digest) -> None:
    """Counted from the day that the first run has seen, which the runs behind it read in its outputs."""
    add(root / "tenants" / "k001.yaml", "deleted_at: 2026-10-20\n")
    file = root / "tenants" / "k001.yaml"
    file.write_text(file.read_text().replace("status: active", "status: deleted"))
    first, seen = digest(), {"k001": TODAY}
    assert first == digest(TODAY + timedelta(days=29), seen=seen)
    assert first != digest(TODAY + timedelta(days=30), seen=seen)
