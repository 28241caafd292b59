"""The due report allows what a date or a step of a removal changes in a tenant's resources, and no more."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tenantry.changes.report.approved import beyond
from tenantry.changes.report.due_report import due_report
from tenantry.changes.report.request_report import Operation, RequestReport, StackReport
from tenantry.model.due_change import DueChange, DueKind
from tests.support.requests.recorded_state import operations, resources, state

DELETED = {"status": "deleted", "deleted_at": date(2026, 9, 20)}
PURGED = {"status": "purged", "deleted_at": date(2026, 8, 1), "proof": "k001-20260901T000000Z-0123456789abcdef"}
ROTATED = {"credentials": {"rotation": 2, "overlap_days": 7}}
ENDED = {"credentials": {"rotation": 2, "overlap_days": 0}}
CHANGES: dict[str, tuple[DueKind, dict[str, Any], dict[str, Any] | None]] = {
    "expired": (DueKind.DATE, {"expires_at": date(2026, 10, 20)}, {"expires_at": date(2026, 10, 19)}),
    "an overlap is over": (DueKind.DATE, ROTATED, ENDED),
    "due": (DueKind.FELL_DUE, DELETED, DELETED | {"deleted_at": date(2026, 9, 19)}),
    "purging": (DueKind.LIFTED, DELETED, PURGED),
    "removed": (DueKind.REMOVED, PURGED, None),
}
PLATFORM = "urn:pulumi:test::tenantry::tenantry:components:Platform"


def report(planned: list[Operation]) -> RequestReport:
    return RequestReport((StackReport("prod", "ok", operations=tuple(planned)),))


@pytest.mark.parametrize("name", CHANGES)
def test_all_that_it_brings_is_announced(name: str, parts: Callable[..., Any], tenant: Callable[..., Any]) -> None:
    kind, first, then = CHANGES[name]
    before = resources(parts(tenant(**first), protect=kind is not DueKind.REMOVED))
    after = resources(parts(tenant(**then), protect=kind is not DueKind.LIFTED)) if then is not None else {}
    planned = operations(before, after, "k001")
    assert planned, "nothing changes, so nothing is shown"
    announced = due_report("prod", state(before), [DueChange("k001", kind)])
    assert beyond([announced], report(planned)) == []


@pytest.mark.parametrize("kind", DueKind)
def test_nothing_else_is(kind: DueKind, parts: Callable[..., Any], tenant: Callable[..., Any]) -> None:
    """Nothing of anybody else, no replacement, nothing new; and no loss but that of who is removed."""
    there = resources(parts(tenant()))
    announced = due_report("prod", state(there), [DueChange("k001", kind)])
    (database,) = (urn for urn in there if urn.endswith("::k001-db-database"))
    other = database.replace("k001", "k002")
    refused = [
        Operation("k002", other, "update"),
        Operation("", "urn:pulumi:test::tenantry::alicloud:oss/bucket:Bucket::files", "update"),
        Operation("k001", database, "replace"),
        Operation("k001", database.replace("k001-db-database", "k001-db-other"), "create"),
    ]
    refused += [] if kind is DueKind.REMOVED else [Operation("k001", database, "delete")]
    assert len(beyond([announced], report(refused))) == len(refused)
    assert beyond([due_report("prod", state(there), [])], report([Operation("k001", database, "update")]))


@pytest.mark.parametrize("kind", DueKind)
def test_of_a_shared_bucket_the_rules_alone_change_where_a_tenant_goes(
    kind: DueKind, parts: Callable[..., Any], tenant: Callable[..., Any]
) -> None:
    """One rule is the tenant's; it goes with it, and nothing else of the bucket may be touched."""
    shared = f"{PLATFORM}$alicloud:oss/bucket:Bucket::files"
    there = state(resources(parts(tenant())))
    rules = [{"id": "housekeeping", "prefix": ""}, {"id": "k001", "prefix": "kindergarten/rent/13800138001/temp/"}]
    there.raw["resources"].append({"urn": shared, "custom": True, "inputs": {"lifecycleRules": rules}})
    announced = due_report("prod", there, [DueChange("k001", kind)])
    its_rule = Operation("", shared, "update", ("lifecycleRules",))
    more = Operation("", shared, "update", ("lifecycleRules", "acl"))
    assert (beyond([announced], report([its_rule])) == []) is (kind in (DueKind.REMOVED, DueKind.RULES))
    assert beyond([announced], report([more]))
    assert beyond([due_report("prod", there, [DueChange("k002", kind)])], report([its_rule])), "it has none of hers"
