"""A run tries a part of each long list; over days all of it, and the same part again when it is asked for."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pytest_plugins.sampling import choose, is_chosen
from tests.support.pytest_plugins.selection import BUILT, group_of

ROOT = Path(__file__).resolve().parents[3]
LISTS = st.lists(st.text(max_size=8), min_size=1, max_size=40, unique=True)


@given(LISTS, st.integers(1, 12), st.integers(0, 10**6))
def test_successive_seeds_choose_everything(items: list[str], size: int, first: int) -> None:
    rounds = -(-len(items) // size) + 1  # the windows go round: they need not begin where the list does
    chosen = [choose(items, size, first + number) for number in range(rounds)]
    assert {item for part in chosen for item in part} == set(items)
    assert {len(part) for part in chosen} == {min(size, len(items))}


@given(LISTS, st.integers(1, 12), st.integers(0, 10**6))
def test_a_seed_chooses_the_same_again_in_the_lists_own_order(items: list[str], size: int, seed: int) -> None:
    part = choose(items, size, seed)
    assert part == choose(items, size, seed)
    assert part == [item for item in items if item in part]


def test_without_a_seed_everything_is_chosen() -> None:
    assert choose("abc", 1, None) == ["a", "b", "c"]
    assert is_chosen("anything", 50, None)


@given(st.text(), st.integers(1, 30), st.integers(0, 10**6))
def test_of_so_many_seeds_as_there_are_parts_one_chooses_a_name(name: str, parts: int, first: int) -> None:
    assert sum(is_chosen(name, parts, first + number) for number in range(parts)) == 1


SUITE = """
import pytest

@pytest.mark.sampled(2)
@pytest.mark.parametrize("row", range(6))
def test_row(row: int) -> None:
    print(f"row {row}")

def test_other() -> None:
    pass
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    (tmp_path / "test_suite.py").write_text(SUITE)

    def run_pytest(*arguments: str) -> str:
        command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-v", "-rA", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout

    return run_pytest


def test_a_run_takes_the_seeds_rows_and_all_else(run: Callable[..., str], tmp_path: Path) -> None:
    said = run("--seed", "7", str(tmp_path))
    assert "3 passed, 4 deselected" in said
    assert "seed 7" in said
    rows = {line for line in said.splitlines() if line.startswith("row ")}
    assert rows == {line for line in run("--seed", "7", str(tmp_path)).splitlines() if line.startswith("row ")}
    assert rows != {line for line in run("--seed", "8", str(tmp_path)).splitlines() if line.startswith("row ")}


def test_rows_that_are_asked_for_are_taken_and_exhaustive_takes_all(run: Callable[..., str], tmp_path: Path) -> None:
    assert "6 passed" in run("--seed", "7", f"{tmp_path}/test_suite.py::test_row")
    assert "7 passed" in run("--exhaustive", str(tmp_path))


def test_files_of_one_instance_go_to_one_worker() -> None:
    assert group_of("tests/e2e/attack/test_verify.py::test_a[b]") == "tests/e2e/attack"
    assert group_of("tests/e2e/test_life.py::test_a") == "tests/e2e/test_life.py"
    assert group_of("tests/tenantry/test_names.py::test_a") == "tests/tenantry/test_names.py"


def test_what_is_said_to_need_binaries_is_there() -> None:
    for place in BUILT:
        assert any((ROOT / "tests").glob(f"{place}*")), place
