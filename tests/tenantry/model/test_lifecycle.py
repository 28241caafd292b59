"""The life cycle, for every status and every day that matters."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.model.lifecycle import RETENTION, Phase, due_on, phase_of
from tenantry.spec.tenant import TenantSpec, Tombstone

DAY = date(2026, 10, 1)
ONE = timedelta(days=1)
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))


def tenant(**changes: Any) -> TenantSpec:
    fields: dict[str, Any] = {
        "code": "k001",
        "name": "示例幼儿园",
        "phone": "13800138001",
        "plan": "basic",
        "status": "active",
        "contact": {"name": "张三", "email": "zhangsan@example.com"},
    }
    return TenantSpec.model_validate(fields | changes)


def test_active() -> None:
    assert phase_of(tenant(), DAY) is Phase.ACTIVE


def test_asleep() -> None:
    assert phase_of(tenant(hibernated=True), DAY) is Phase.ASLEEP


@pytest.mark.parametrize(("status", "hibernated"), list(product(("suspended", "inactive"), (True, False))))
def test_suspended(status: str, hibernated: bool) -> None:
    assert phase_of(tenant(status=status, hibernated=hibernated), DAY) is Phase.SUSPENDED


@pytest.mark.parametrize(
    ("today", "hibernated", "phase"),
    [
        (DAY - ONE, False, Phase.ACTIVE),
        (DAY, False, Phase.ACTIVE),  # the last day is still paid for
        (DAY, True, Phase.ASLEEP),
        (DAY + ONE, False, Phase.SUSPENDED),
        (DAY + ONE, True, Phase.SUSPENDED),
    ],
)
def test_expiry(today: date, hibernated: bool, phase: Phase) -> None:
    assert phase_of(tenant(expires_at=DAY, hibernated=hibernated), today) is phase


@pytest.mark.parametrize(
    ("after", "phase"),
    [
        (-1, Phase.RETAINED),
        (0, Phase.RETAINED),
        (29, Phase.RETAINED),
        (30, Phase.DUE),
        (31, Phase.DUE),
        (9999, Phase.DUE),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"hibernated": True}, {"expires_at": date(2026, 1, 1)}])
def test_deleted(after: int, phase: Phase, changes: dict[str, Any]) -> None:
    spec = tenant(status="deleted", deleted_at=DAY, **changes)
    assert phase_of(spec, DAY + after * ONE) is phase


@given(DAYS, DAYS, DAYS)
def test_the_later_of_file_and_record_counts(written: date, seen: date, today: date) -> None:
    spec = tenant(status="deleted", deleted_at=written)
    due = max(written, seen) + RETENTION
    assert due_on(spec, seen) == due
    assert (phase_of(spec, today, seen) is Phase.DUE) == (today >= due)


@given(DAYS, st.dates(date(2026, 1, 1), date(2027, 1, 1)))
def test_a_date_in_the_past_does_not_shorten_the_wait(written: date, seen: date) -> None:
    spec = tenant(status="deleted", deleted_at=written)
    assert phase_of(spec, seen + RETENTION - ONE, seen) is Phase.RETAINED


@given(
    st.sampled_from(["active", "inactive", "suspended"]),
    st.booleans(),
    st.none() | DAYS,
    DAYS,
    st.none() | DAYS,
)
def test_no_date_alone_ever_removes_anything(
    status: str, hibernated: bool, expires: date | None, today: date, seen: date | None
) -> None:
    spec = tenant(status=status, hibernated=hibernated, expires_at=expires)
    phase = phase_of(spec, today, seen)
    assert phase in (Phase.ACTIVE, Phase.ASLEEP, Phase.SUSPENDED)
    assert phase.keeps_data
    assert due_on(spec, seen) is None


@given(DAYS, st.none() | DAYS)
def test_purged(today: date, seen: date | None) -> None:
    assert phase_of(tenant(status="purged", proof="backup-1", deleted_at=DAY), today, seen) is Phase.PURGING
    assert phase_of(Tombstone(code="k001", status="purged", proof="backup-1"), today, seen) is Phase.GONE


def test_cancelling_brings_the_same_phase_back() -> None:
    before = tenant(hibernated=True)
    assert phase_of(tenant(hibernated=True, status="deleted", deleted_at=DAY), DAY) is Phase.RETAINED
    assert phase_of(tenant(hibernated=True), DAY) is phase_of(before, DAY)


@pytest.mark.parametrize(
    ("phase", "workload", "domain", "access", "data"),
    [
        (Phase.ACTIVE, True, True, True, True),
        (Phase.ASLEEP, True, True, True, True),
        (Phase.SUSPENDED, True, True, False, True),
        (Phase.RETAINED, False, False, False, True),
        (Phase.DUE, False, False, False, True),
        (Phase.PURGING, False, False, False, False),
        (Phase.GONE, False, False, False, False),
    ],
)
def test_what_a_phase_means(phase: Phase, workload: bool, domain: bool, access: bool, data: bool) -> None:
    assert (phase.has_workload, phase.has_domain, phase.has_access, phase.keeps_data) == (
        workload,
        domain,
        access,
        data,
    )
