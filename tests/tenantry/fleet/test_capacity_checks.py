"""Services against the room that a plan has: refused at their line, with the plan that would do."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from tenantry.fleet.load import PROJECT_TENANTS, Fleet, load_fleet
from tenantry.model.capacity import Amounts, capacity_used, namespace_capacity
from tenantry.model.previous_run import PreviousRun
from tenantry.parsing.faults import Fault, Faults
from tenantry.spec.tenant import PLAN_NAMES, PlanName

SERVICES = (PROJECT_TENANTS / "services.yaml").read_text()
PLANS = (PROJECT_TENANTS / "plans.yaml").read_text()
ALL_FIVE = "[enrollment, activities, posters, messaging, assessments]"
FIVE = ("enrollment", "activities", "posters", "messaging", "assessments")
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
    faults = faults_of()
    assert [fault.field for fault in faults] == ([] if at is None else [f"enabled_services[{at}]"])
    assert all(str(fault).startswith(f"{path}:9: ") and said in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("services.yaml", "cpu: 250m", "cpu: 1001m", "one container may have 1000 thousandths of a CPU"),
        ("services.yaml", "memory: 512Mi", "memory: 3Gi", "bytes of memory, it asks for"),
        ("services.yaml", "pool: 2", "pool: 11", "of 60 connections"),
        ("plans.yaml", "pods: 8, services: 7", "pods: 8, services: 1", "3 of 1 services"),
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
    assert [fault.field for fault in faults_of() if said in fault.problem] == ["enabled_services[0]"]


@pytest.mark.parametrize("plan", PLAN_NAMES)
def test_any_services_that_fit_may_take_the_place_of_any_others(
    write: Callable[..., Path], load: Callable[..., Fleet], plan: PlanName
) -> None:
    """Those that are switched off go last: both are there at once, and neither is replaced by its like meanwhile."""
    write()
    fleet = load()
    limits, one = namespace_capacity(fleet.plans[plan]), fleet.services["enrollment"]
    many = max(
        count for count in range(20) if _fits(capacity_used(fleet.plans[plan], (one,) * count, secrets=1), limits)
    )
    assert many >= 2
    assert 1 + 2 * many <= limits["services"]
    assert fleet.plans[plan].compute.pods_at_once + 2 * many <= limits["pods"]


def _fits(used: Amounts, limits: Amounts) -> bool:
    return all(used[name] <= limits[name] for name in used)


@pytest.mark.parametrize(
    ("plan", "now", "before", "over"),
    [
        ("basic", "[enrollment]", PreviousRun(plan="enterprise", services=("enrollment", "posters")), None),
        ("basic", "[]", PreviousRun(plan="enterprise", services=("enrollment", "activities", "posters")), None),
        ("basic", "[enrollment]", PreviousRun(plan="enterprise", services=FIVE), "7 of 6 pods"),
        ("standard", "[enrollment]", PreviousRun(plan="enterprise", services=FIVE), None),
        ("enterprise", "[enrollment]", PreviousRun(plan="premium", services=FIVE), None),
        ("basic", "[enrollment, posters]", PreviousRun(), None),
    ],
)
def test_a_smaller_plan_waits_for_services_to_go(
    write: Callable[..., Path], plan: str, now: str, before: PreviousRun, over: str | None
) -> None:
    path = write(plan=plan, enabled_services=now, limits=None, features=None)
    if over is None:
        assert load_fleet(path.parent, today=date(2026, 11, 1), before={"k001": before})["k001"]
        return
    with pytest.raises(Faults) as refused:
        load_fleet(path.parent, today=date(2026, 11, 1), before={"k001": before})
    (fault,) = refused.value.faults
    assert (fault.field, fault.problem.endswith(f"still there: {over}")) == ("plan", True)
    assert "switch activities, posters, messaging, assessments off in one run" in fault.remedy


def test_keys_take_a_secret(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    fleet = load()
    plan, service = fleet.plans["standard"], fleet.services["enrollment"]
    without, with_ = (capacity_used(plan, (service,), secrets=count)["secrets"] for count in (0, 1))
    assert (without, with_) == (1, 2)


def test_a_larger_plan_has_more_room(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    plans = load().plans
    for small, large in pairwise(namespace_capacity(plans[name]) for name in PLAN_NAMES):
        assert all(small[key] <= large[key] for key in small)
        assert small["pods"] < large["pods"]
