"""A value that cannot follow upon the last run is a fault of the file, at its line."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tenantry.fleet.load import load_fleet
from tenantry.model.credential_rotation import ALL_CREDENTIALS, of_key
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.faults import Faults

TODAY = date(2026, 11, 1)
LONG_AGO = TODAY - timedelta(days=60)


def said(path: Path, before: PreviousRun | None) -> list[str]:
    """Field and fault, of one tenant."""
    last = {} if before is None else {"k001": before}
    try:
        load_fleet(path.parent, today=TODAY, before=last)
    except Faults as faults:
        found = faults.faults
    else:
        return []
    assert all(fault.file == str(path) and fault.line for fault in found)
    return [f"{fault.field}: {fault.problem}, {fault.remedy}" for fault in found]


def rotated(number: int, since: date = LONG_AGO, name: str = ALL_CREDENTIALS) -> PreviousRun:
    return PreviousRun({name: (number, since)})


@pytest.mark.parametrize(
    ("now", "before", "fault"),
    [
        (3, None, None),  # opened with it
        (1, PreviousRun(), None),
        (2, PreviousRun(), None),
        (2, rotated(2), None),
        (3, rotated(2), None),
        (3, PreviousRun(), "is 3, and was 1 in the last run, write 1, or 2 to rotate"),
        (1, rotated(2), "is 1, and was 2 in the last run, write 2, or 3 to rotate"),
        (4, rotated(2), "is 4, and was 2 in the last run, write 2, or 3 to rotate"),
    ],
)
def test_a_rotation_rises_by_one(write: Callable[..., Path], now: int, before: PreviousRun | None, fault: str) -> None:
    path = write(credentials=f"{{rotation: {now}}}")
    assert said(path, before) == ([f"credentials.rotation: {fault}"] if fault else [])


def test_what_is_left_out_is_the_first(write: Callable[..., Path]) -> None:
    (fault,) = said(write(), rotated(2))
    assert fault.startswith("credentials.rotation: is 1, and was 2")


@pytest.mark.parametrize(("days", "overlap", "refused"), [(7, 7, True), (8, 7, False), (3, 1, False), (0, 0, False)])
def test_none_rises_within_the_overlap(write: Callable[..., Path], days: int, overlap: int, refused: bool) -> None:
    path = write(credentials=f"{{rotation: 3, overlap_days: {overlap}}}")
    lines = said(path, rotated(2, TODAY - timedelta(days=days)))
    assert bool(lines) is refused
    if lines:
        assert "while those before 2 still work, until 2026-11-02" in lines[0]
        assert "overlap_days: 0" in lines[0]


def test_so_does_that_of_an_api_key(write: Callable[..., Path]) -> None:
    key = "{name: bus, scopes: [read], expires_at: 2027-01-01, rotation: %d}"

    def found(number: int, before: PreviousRun) -> list[str]:
        return said(write(features="{apiAccess: true}", api_keys=f"[{key % number}]"), before)

    assert not found(3, rotated(2, name=of_key("bus")))
    (back,) = found(1, rotated(2, name=of_key("bus")))
    assert back.startswith("api_keys[0].rotation: is 1, and was 2")
    (soon,) = found(3, rotated(2, TODAY, name=of_key("bus")))
    assert "still work, until 2026-11-09" in soon
