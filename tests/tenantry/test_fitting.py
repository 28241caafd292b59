"""Services against the room that a plan has: refused at their line, with the plan that would do."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tenantry.faults import Fault
from tenantry.fitting import room, taken
from tenantry.fleet import PROJECT_TENANTS, Fleet
from tenantry.spec import PLAN_NAMES

SERVICES = (PROJECT_TENANTS / "services.yaml").read_text()
PLANS = (PROJECT_TENANTS / "plans.yaml").read_text()
ALL_FIVE = "[enrollment, activities, posters, messaging, assessments]"
Fault_ = Callable[..., tuple[Fault, ...]]


@pytest.mark.parametrize(
    ("plan", "services", "at", "said"),
    [
        ("basic", "[enrollment, activities]", None, ""),
        (
            "basic",
            "[enrollment, activities, posters]",
            2,
            "posters does not fit into plan basic beside those before it",
        ),
        ("standard", "[enrollment, activities, posters]", None, ""),
        ("standard", ALL_FIVE, 3, "10 of 8 pods, leave it out, or choose plan premium"),
        ("premium", ALL_FIVE, None, ""),
        ("enterprise", ALL_FIVE, None, ""),
    ],
)
def test_the_first_that_does_not_fit(
    write: Callable[..., Path], faults_of: Fault_, plan: str, services: str, at: int | None, said: str
) -> None:
    path = write(plan=plan, enabled_services=services, limits=None, features=None)
    found = faults_of()
    assert [one.field for one in found] == ([] if at is None else [f"enabled_services[{at}]"])
    assert all(str(one).startswith(f"{path}:9: ") and said in str(one) for one in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("services.yaml", "cpu: 250m", "cpu: 1001m", "one container may have 1000 thousandths of a CPU"),
        ("services.yaml", "memory: 512Mi", "memory: 3Gi", "bytes of memory, it asks for"),
        ("services.yaml", "pool: 2", "pool: 11", "of 60 connections"),
        ("plans.yaml", "services: 4, secrets: 12", "services: 1, secrets: 12", "2 of 1 services"),
        ("plans.yaml", "config_maps: 12", "config_maps: 1", "2 of 1 config maps"),
    ],
)
def test_everything_that_a_quota_counts_is_counted(
    write: Callable[..., Path], faults_of: Fault_, file: str, old: str, new: str, said: str
) -> None:
    text = SERVICES if file == "services.yaml" else PLANS
    assert old in text
    write(file, content=text.replace(old, new))
    write()
    assert [one.field for one in faults_of() if said in one.wrong] == ["enabled_services[0]"]


def test_keys_take_a_secret(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    fleet = load()
    plan, service = fleet.plans["standard"], fleet.services["enrollment"]
    without, with_ = (taken(plan, (service,), api_keys=keys)["secrets"] for keys in (False, True))
    assert (without, with_) == (1, 2)


def test_a_larger_plan_has_more_room(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    plans = load().plans
    for small, large in pairwise(room(plans[name]) for name in PLAN_NAMES):
        assert all(small[key] <= large[key] for key in small)
        assert small["pods"] < large["pods"]
