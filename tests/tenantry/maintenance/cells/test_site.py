"""The order of runs: site, canary, cells; and waves of a bounded size."""

from pathlib import Path

import pytest

from tenantry.engine.stack.project import Project
from tenantry.maintenance.cells.site import PlacedStack, Turn, in_order, placed_stacks, waves


def stack(name: str, turn: Turn, site: str = "prod") -> PlacedStack:
    return PlacedStack(name, site, turn, frozenset({name}), Path("tenants"))


def test_a_stack_is_placed_by_its_settings(project: Project) -> None:
    placed = {place.name: (place.site, place.turn) for place in placed_stacks(project)}
    assert placed == {
        "prod": ("prod", Turn.SITE),
        "prod-c02": ("prod", Turn.CANARY),
        "prod-c01": ("prod", Turn.CELL),
        "prod-c03": ("prod", Turn.CELL),
        "small": ("small", Turn.SITE),
    }


@pytest.mark.parametrize(
    ("turns", "order"),
    [
        ({"b": Turn.CELL, "a": Turn.CELL}, ["a canary", "b cell"]),
        ({"b": Turn.CANARY, "a": Turn.CELL, "z": Turn.SITE}, ["z site", "b canary", "a cell"]),
        ({"b": Turn.CANARY, "a": Turn.CANARY}, ["a canary", "b cell"]),
        ({"z": Turn.SITE}, ["z site"]),
    ],
)
def test_one_canary_a_site(turns: dict[str, Turn], order: list[str]) -> None:
    placed = in_order(stack(name, turn) for name, turn in turns.items())
    assert [f"{place.name} {place.turn}" for place in placed] == order


def test_each_site_has_its_canary() -> None:
    placed = in_order([stack("a", Turn.CELL, "one"), stack("b", Turn.CELL, "two"), stack("c", Turn.CELL, "two")])
    assert [place.turn for place in placed] == [Turn.CANARY, Turn.CANARY, Turn.CELL]


def test_a_wave_is_bounded_and_never_holds_two_turns() -> None:
    cells = [stack(f"c{number:03}", Turn.CELL) for number in range(520)]
    formed = list(waves(in_order([stack("prod", Turn.SITE), *cells])))
    assert [len(wave) for wave in formed] == [1, 1, 256, 256, 7]
    assert [wave[0].turn for wave in formed] == [Turn.SITE, Turn.CANARY, Turn.CELL, Turn.CELL, Turn.CELL]
    assert [place.name for wave in formed for place in wave] == ["prod", *(f"c{number:03}" for number in range(520))]
