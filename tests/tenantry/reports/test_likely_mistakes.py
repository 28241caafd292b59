"""Warnings of `tenantry validate`: allowed, and probably a slip."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.fleet.load import PROJECT_TENANTS, Fleet
from tenantry.parsing.faults import Fault
from tenantry.reports.likely_mistakes import likely_mistakes

Find = Callable[[], list[Fault]]


@pytest.fixture
def find_mistakes(load: Callable[..., Fleet], tmp_path: Path) -> Find:
    return lambda: sorted(likely_mistakes(tmp_path, load()))


def test_the_projects_own_files_raise_no_doubt(load: Callable[..., Fleet]) -> None:
    assert list(likely_mistakes(PROJECT_TENANTS, load(PROJECT_TENANTS))) == []


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ("79, yearly: 7990", "7990 a year is not 6 to 12 times 79 a month"),
        ("799, yearly: 799", "799 a year is not 6 to 12"),
        ("799, yearly: 9589", "9589 a year is not"),
        ("0, yearly: 7990", "7990 a year is not"),
        ("799, yearly: 9588", None),
        ("0, yearly: 0", None),
    ],
)
def test_a_year_that_is_no_year_of_months(
    price: str, says: str | None, write: Callable[..., Path], find_mistakes: Find
) -> None:
    text = (PROJECT_TENANTS / "plans.yaml").read_text()
    path = write("plans.yaml", text.replace("799, yearly: 7990", price, 1))
    write()
    warned = find_mistakes()
    if says is None:
        assert warned == []
        return
    (one,) = warned
    assert (one.file, one.field) == (str(path), "plans.standard.price.yearly")
    assert says in one.problem
    assert price in path.read_text().splitlines()[one.line - 1]


def test_a_code_that_skips_names_the_next_free_one(write: Callable[..., Path], find_mistakes: Find) -> None:
    write()
    path = write("k010.yaml", code="k010", phone='"13800138010"')
    (one,) = find_mistakes()
    assert (one.file, one.field) == (str(path), "code")
    assert "k010 skips the codes between it and k001, and the next will be k011" in one.problem
    assert one.remedy == "give this tenant the next free code k002"
    write("k011.yaml", code="k011", phone='"13800138011"')
    assert find_mistakes() == []  # nobody can go back


def test_every_code_that_is_new_in_a_request_is_looked_at(
    write: Callable[..., Path], load: Callable[..., Fleet], tmp_path: Path
) -> None:
    for number in (1, 5, 10, 11, 20):
        write(f"k{number:03}.yaml", code=f"k{number:03}", phone=f'"138001380{number:02}"')
    find_mistakes = likely_mistakes(tmp_path, load(), frozenset({"k001", "k005"}))
    assert [(fault.file, fault.remedy[-4:]) for fault in find_mistakes] == [
        (str(tmp_path / "k010.yaml"), "k006"),
        (str(tmp_path / "k020.yaml"), "k012"),
    ]
    assert list(likely_mistakes(tmp_path, load(), load().codes)) == []


def test_a_first_code_may_be_any(write: Callable[..., Path], find_mistakes: Find) -> None:
    write("k100.yaml", code="k100")
    assert find_mistakes() == []


@pytest.mark.parametrize(
    ("cell", "stacks", "says"),
    [
        ("main", {}, None),
        ("c02", {}, None),
        ("mian", {}, "nobody else is in mian, write main"),
        ("c02", {"prod": "[foundation, platform]", "prod-c1": "[cell/main, cell/c01]"}, "no stack of this project"),
        ("c01", {"prod-c1": "[cell/main, cell/c01]"}, None),
        ("c01", {"prod.eu": "[cell/main, cell/c01]"}, None),
        ("c02", {"prod.eu": "[cell/main, cell/c01]"}, "no stack of this project"),
        ("mian", {"prod": "[cells]"}, "write main"),
    ],
)
def test_a_cell_that_nobody_holds(
    cell: str,
    stacks: dict[str, str],
    says: str | None,
    tmp_path: Path,
    write: Callable[..., Path],
    load: Callable[..., Fleet],
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\nruntime: python\n")
    for name, held in stacks.items():
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config: {{tenantry:holds: {held}}}\n")
    path = write()
    tenants = tmp_path / "tenants"
    tenants.mkdir()
    path.rename(tenants / path.name)
    write("k002.yaml", code="k002", phone='"13800138002"', cell=cell).rename(tenants / "k002.yaml")
    warned = [str(likely_mistake) for likely_mistake in likely_mistakes(tenants, load(tenants))]
    assert len(warned) == (says is not None)
    if says is not None:
        assert warned[0].startswith(f"{tenants}/k002.yaml:6: cell: ")
        assert says in warned[0]


def test_the_work_grows_with_the_files_and_not_with_their_square(
    write: Callable[..., Path], load: Callable[..., Fleet], tmp_path: Path
) -> None:
    def calls(size: int) -> int:
        for number in range(1, size + 1):
            write(f"k{number:03}.yaml", code=f"k{number:03}", phone=f'"13800138{number:03}"', cell="c01")
        fleet, counted = load(), 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            assert list(likely_mistakes(tmp_path, fleet)) == []
        finally:
            sys.setprofile(None)
        return counted

    small, middle, large = (calls(size) for size in (40, 80, 160))
    assert large - middle < 3 * (middle - small)
