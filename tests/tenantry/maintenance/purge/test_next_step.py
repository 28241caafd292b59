"""The next step, for every state of file, day and memory, and never one that removes without a proof."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tenantry.fleet.load import load_fleet
from tenantry.maintenance.purge.next_step import Step, plan, within
from tenantry.maintenance.purge.stack_memory import StackMemory

DAY = date(2026, 10, 1)
PROOF = "k001-20261101T000000Z-0123456789abcdef"
DUE = DAY + timedelta(days=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tenants")


def write(folder: Path, tombstone: bool = False, **changes: Any) -> None:
    document: dict[str, Any] = {"code": "k001", "status": "active"}
    if not tombstone:
        document |= {
            "name": "园",
            "phone": "13800138001",
            "plan": "basic",
            "contact": {"name": "张", "email": "a@b.cn"},
        }
    document |= changes
    (folder / "k001.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def step(folder: Path, today: date, last: StackMemory | None) -> Step | None:
    memory = {} if last is None else {"k001": last}
    first = {code: seen.deletion_seen for code, seen in memory.items() if seen.deletion_seen is not None}
    steps = plan(load_fleet(folder, today=today, first_seen_deleted=first), memory, today)
    return steps[0].step if steps else None


@pytest.mark.parametrize(
    ("today", "last", "expected"),
    [
        (DAY, None, Step.UP),
        (DUE, None, Step.UP),
        (DUE, StackMemory(phase="active"), Step.UP),
        (DAY, StackMemory(phase="retained", deletion_seen=DAY), Step.WAIT),
        (DUE - timedelta(days=1), StackMemory(phase="retained", deletion_seen=DAY), Step.WAIT),
        (DUE, StackMemory(phase="retained", deletion_seen=DAY), Step.UP),
        (DUE, StackMemory(phase="due", deletion_seen=DAY), Step.PROVE),
        (DUE, StackMemory(phase="due", deletion_seen=DAY + timedelta(days=1)), Step.WAIT),
        (DUE + timedelta(days=999), StackMemory(phase="due", deletion_seen=DAY), Step.PROVE),
    ],
)
def test_deleted(folder: Path, today: date, last: StackMemory | None, expected: Step) -> None:
    write(folder, status="deleted", deleted_at=DAY)
    assert step(folder, today, last) is expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, Step.UP),
        (StackMemory(phase="due", resources=20, protected=6), Step.UP),
        (StackMemory(phase="purging", resources=20, protected=1, proof=PROOF), Step.UP),
        (StackMemory(phase="purging", resources=20, protected=0), Step.UP),
        (StackMemory(phase="purging", resources=20, protected=0, proof="another-proof"), Step.UP),
        (StackMemory(phase="purging", resources=20, protected=0, proof=PROOF), Step.BURY),
    ],
)
def test_purging(folder: Path, last: StackMemory | None, expected: Step) -> None:
    write(folder, status="purged", deleted_at=DAY, proof=PROOF)
    assert step(folder, DUE, last) is expected


@pytest.mark.parametrize(
    ("fields", "last", "expected"),
    [
        ({"phone": "13800138001"}, StackMemory(resources=3), Step.UP),
        ({"phone": "13800138001"}, None, Step.FINISH),
        ({"name": "园"}, None, Step.FINISH),
        ({}, None, Step.DONE),
    ],
)
def test_gone(folder: Path, fields: dict[str, Any], last: StackMemory | None, expected: Step) -> None:
    write(folder, tombstone=True, status="purged", proof=PROOF, **fields)
    assert step(folder, DUE, last) is expected


def test_the_living_are_not_asked_about(folder: Path) -> None:
    past = DAY - timedelta(days=900)
    living: list[dict[str, Any]] = [{}, {"status": "suspended"}, {"hibernated": True}, {"expires_at": past}]
    for changes in living:
        write(folder, **changes)
        assert step(folder, DUE + timedelta(days=900), StackMemory(phase="active")) is None


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    st.sampled_from(["", "active", "retained", "due", "purging"]),
)
def test_nothing_is_proved_before_thirty_days_after_both_dates(
    folder: Path, written: date, first: date | None, today: date, phase: str
) -> None:
    assume(written <= today)  # a day in the future is a fault of the file
    write(folder, status="deleted", deleted_at=written)
    following = step(folder, today, StackMemory(phase=phase, deletion_seen=first))
    if following is Step.PROVE:
        assert first is not None
        assert today - max(written, first) >= timedelta(days=30)
        assert phase == "due"


def test_who_falls_due_within_some_days(folder: Path) -> None:
    write(folder, status="deleted", deleted_at=DAY)
    memory = {"k001": StackMemory(phase="retained", deletion_seen=DAY)}
    today = DUE - timedelta(days=7)
    steps = plan(load_fleet(folder, today=today, first_seen_deleted={"k001": DAY}), memory, today)
    assert [tenant.code for tenant in within(steps, today, 7)] == ["k001"]
    assert not list(within(steps, today, 6))
