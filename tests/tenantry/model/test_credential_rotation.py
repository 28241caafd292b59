"""Rotations: their number, and until when the credentials before still work."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tenantry.fleet.load import Fleet
from tenantry.model.credential_rotation import ALL_CREDENTIALS, SeenRotations, of_key, rotation_state, rotations_of
from tenantry.spec.tenant import TenantSpec

DAY = date(2026, 11, 1)
KEY = "[{name: bus, scopes: [read], expires_at: 2027-01-01, rotation: 3}]"


@pytest.fixture
def spec(write: Callable[..., Path], load: Callable[..., Fleet]) -> Callable[..., TenantSpec]:
    def make(**changes: str) -> TenantSpec:
        write(**changes)
        return load()["k001"].spec

    return make


def test_the_first_has_none_before_it_and_nothing_to_remember(spec: Callable[..., TenantSpec]) -> None:
    rotations = rotations_of(spec(), DAY)
    assert not rotations[ALL_CREDENTIALS].overlaps
    assert rotation_state(rotations) == {}


@pytest.mark.parametrize(("days", "works"), [(0, True), (7, True), (8, False), (300, False)])
def test_the_ones_before_work_for_seven_whole_days(spec: Callable[..., TenantSpec], days: int, works: bool) -> None:
    rotated = spec(credentials="{rotation: 2}")
    seen: SeenRotations = {ALL_CREDENTIALS: (2, DAY)}
    rotation = rotations_of(rotated, DAY + timedelta(days=days), seen)[ALL_CREDENTIALS]
    assert (rotation.since, rotation.until, rotation.overlaps) == (DAY, DAY + timedelta(days=8), works)


def test_the_overlap_is_the_tenants_to_say_and_may_be_none(spec: Callable[..., TenantSpec]) -> None:
    short = rotations_of(spec(credentials="{rotation: 2, overlap_days: 1}"), DAY)[ALL_CREDENTIALS]
    none = rotations_of(spec(credentials="{rotation: 2, overlap_days: 0}"), DAY)[ALL_CREDENTIALS]
    assert (short.until, short.overlaps) == (DAY + timedelta(days=2), True)
    assert (none.until, none.overlaps) == (DAY, False)


def test_a_further_rotation_counts_anew(spec: Callable[..., TenantSpec]) -> None:
    rotation = rotations_of(spec(credentials="{rotation: 3}"), DAY, {ALL_CREDENTIALS: (2, DAY - timedelta(days=3))})[
        ALL_CREDENTIALS
    ]
    assert rotation.since == DAY


def test_an_api_key_rotates_by_itself(spec: Callable[..., TenantSpec]) -> None:
    rotations = rotations_of(spec(features="{apiAccess: true}", api_keys=KEY), DAY)
    assert rotations[of_key("bus")].overlaps
    assert not rotations[ALL_CREDENTIALS].overlaps
    assert rotation_state(rotations) == {"api-key/bus": (3, date(2026, 11, 1))}
