"""Tenants that the next run changes without a request: by a removal's step, or by a date that nobody has written since."""

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantry.fleet.load import load_fleet
from tenantry.maintenance.purge.due_changes import due_changes
from tenantry.maintenance.purge.next_step import plan
from tenantry.maintenance.purge.stack_memory import StackMemory
from tenantry.model.due_change import DueKind
from tenantry.model.previous_run import PreviousRun

PROOF = "k001-20261101T000000Z-0123456789abcdef"
DAY = date(2026, 10, 1)
DUE = DAY + timedelta(days=30)
ACTIVE = {"code": "k001", "name": "园", "phone": "13800138001", "plan": "basic", "status": "active"} | {
    "contact": {"name": "张", "email": "a@b.cn"}
}
RAN = StackMemory(phase="active", resources=30, protected=6, given=PreviousRun(plan="basic"))
STANDARD = StackMemory(phase="active", given=PreviousRun(plan="standard"))
TOMBSTONE = {"code": "k001", "status": "purged", "proof": PROOF, "deleted_at": DAY}
KEY = {"name": "crm", "scopes": ["read"], "expires_at": DAY}
ROTATED = {"credentials": {"rotation": 2, "overlap_days": 7}}
SEEN = {"credentials": (2, DAY - timedelta(days=7))}  # those before end on the day after DAY


def due(
    folder: Path,
    document: dict[str, Any],
    last: StackMemory | None,
    today: date,
    last_run: date | None = DAY,
    ruled: Collection[str] = (),
) -> list[tuple[str, str]]:
    (folder / "k001.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    memory = {} if last is None else {"k001": last}
    first = {code: seen.deletion_seen for code, seen in memory.items() if seen.deletion_seen is not None}
    fleet = load_fleet(folder, today=today, first_seen_deleted=first, unseen=today)
    listed = due_changes(fleet, plan(fleet, memory, today), memory, last_run, today, ruled)
    return [(change.kind, "; ".join(change.reasons)) for change in listed]


@pytest.mark.parametrize(
    ("document", "last", "kinds"),
    [
        (TOMBSTONE, StackMemory(phase="purging", resources=20), [DueKind.REMOVED]),
        (TOMBSTONE, None, []),  # it is gone
        (ACTIVE | TOMBSTONE, StackMemory(phase="due", resources=20, protected=6), [DueKind.LIFTED]),
        (ACTIVE | TOMBSTONE, StackMemory(phase="purging", resources=20, proof=PROOF), []),  # the tombstone is next
        (ACTIVE | TOMBSTONE, None, []),  # nothing of it is there
    ],
)
def test_removals(tmp_path: Path, document: dict[str, Any], last: StackMemory | None, kinds: list[DueKind]) -> None:
    assert [kind for kind, _ in due(tmp_path, document, last, DUE)] == kinds


@pytest.mark.parametrize(
    ("document", "last", "ruled", "kinds"),
    [
        (TOMBSTONE, None, ["k001"], [DueKind.RULES]),  # another stack's, or gone from this one but for the rule
        (TOMBSTONE, StackMemory(phase="purging", resources=20), ["k001"], [DueKind.REMOVED]),  # which takes it along
        (TOMBSTONE, None, ["k002"], []),
        (ACTIVE | TOMBSTONE, None, ["k001"], []),  # it is not removed yet
        (ACTIVE, None, ["k001"], []),
    ],
)
def test_a_rule_of_a_shared_bucket_goes_with_a_tombstone(
    tmp_path: Path, document: dict[str, Any], last: StackMemory | None, ruled: list[str], kinds: list[DueKind]
) -> None:
    assert [kind for kind, _ in due(tmp_path, document, last, DUE, ruled=ruled)] == kinds


@pytest.mark.parametrize(
    ("last", "today", "kinds"),
    [
        (StackMemory(phase="retained", deletion_seen=DAY), DUE, [DueKind.FELL_DUE]),
        (StackMemory(phase="retained", deletion_seen=DAY), DUE - timedelta(days=1), []),
        (StackMemory(phase="due", deletion_seen=DAY), DUE, []),
        (RAN, DUE, []),  # a deletion that no run has seen is a request's
    ],
)
def test_a_deletion_falls_due(tmp_path: Path, last: StackMemory, today: date, kinds: list[DueKind]) -> None:
    change = due(tmp_path, ACTIVE | {"status": "deleted", "deleted_at": DAY}, last, today)
    assert [kind for kind, _ in change] == kinds


@pytest.mark.parametrize(
    ("more", "last", "reason"),
    [
        ({"expires_at": DAY}, RAN, "expires_at 2026-10-01"),
        (
            {"api_keys": [KEY], "plan": "standard", "features": {"apiAccess": True}},
            STANDARD,
            "API key crm: expires_at 2026-10-01",
        ),
        (ROTATED, StackMemory(phase="active", given=PreviousRun(SEEN, "basic")), "credentials: rotated 2026-09-24"),
    ],
)
def test_a_date_that_is_over_since_the_last_run(
    tmp_path: Path, more: dict[str, Any], last: StackMemory, reason: str
) -> None:
    (change,) = due(tmp_path, ACTIVE | more, last, DAY + timedelta(days=1))
    assert (change[0], change[1].startswith(reason)) == (DueKind.DATE, True)
    assert due(tmp_path, ACTIVE | more, last, DAY) == [], "it is not over yet"
    assert due(tmp_path, ACTIVE | more, last, DAY + timedelta(days=2), DAY + timedelta(days=1)) == [], (
        "a run has done it"
    )
    assert due(tmp_path, ACTIVE | more, last, DAY + timedelta(days=1), None) == []


@pytest.mark.parametrize(
    "last",
    [
        StackMemory(phase="suspended"),  # it is active again by the file
        StackMemory(phase="active", given=PreviousRun(plan="premium")),
        StackMemory(phase="active", given=PreviousRun(plan="basic", services=("rag",))),
        StackMemory(phase="active", given=PreviousRun({"credentials": (2, DAY)}, "basic")),
    ],
)
def test_of_a_file_that_differs_from_the_last_run_no_date_is_announced(tmp_path: Path, last: StackMemory) -> None:
    assert due(tmp_path, ACTIVE | {"expires_at": DAY}, last, DAY + timedelta(days=1)) == []


def test_a_new_tenant_is_a_requests(tmp_path: Path) -> None:
    assert due(tmp_path, ACTIVE | {"expires_at": DAY}, None, DAY + timedelta(days=1)) == []
