"""A platform in a stack of its own announces what the removal of a cell's tenant changes in it, and no more."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tenantry.changes.report.approved import beyond
from tenantry.changes.report.due_report import due_report
from tenantry.changes.report.request_report import RequestReport, StackReport
from tenantry.engine.state.shared_rules import codes_with_rules
from tenantry.fleet.load import load_fleet
from tenantry.maintenance.purge.due_changes import due_changes
from tests.support.requests.recorded_state import Resources, operations, resources, state

DAY = date(2026, 10, 20)
BARE = {"code": "k002", "status": "purged", "proof": "k002-20260901T000000Z-0123456789abcdef"}
FRESH = BARE | {"name": "园k002", "phone": "13800000002", "cell": "c02", "deleted_at": date(2026, 8, 1)}


def beyond_what_is_due(folder: Path, before: Resources, after: Resources) -> list[str]:
    """The changes that the platform's run would be stopped for in the night."""
    there, fleet = state(before), load_fleet(folder, today=DAY)
    due = due_changes(fleet, [], {}, DAY, DAY, codes_with_rules(there))
    planned = RequestReport((StackReport("prod", "ok", operations=tuple(operations(before, after))),))
    return [f"{more.operation} {more.resource}" for more in beyond([due_report("prod", there, due)], planned)]


def test_a_cells_tenant_that_is_removed_takes_its_rule_along(
    run: Callable[..., Any], tenants: Callable[..., Path]
) -> None:
    """Both before and after the cell's own removal, also where its tombstone names no phone any more."""
    before = resources(run(tenants(k001={}, k002={"cell": "c02"}), holds=["platform"]))
    for tombstone in (FRESH, BARE):
        folder = tenants(k001={})
        (folder / "k002.yaml").write_text(yaml.safe_dump(tombstone, allow_unicode=True), encoding="utf-8")
        after = resources(run(folder, holds=["platform"]))
        assert [change.resource.rpartition("::")[2] for change in operations(before, after)] == [
            "platform-systemkarder-bucket"
        ]
        assert beyond_what_is_due(folder, before, after) == []
        assert codes_with_rules(state(after)) == {"k001"}, "the next night has nothing left to announce"


def test_a_rule_of_somebody_who_was_not_removed_is_a_requests(
    run: Callable[..., Any], tenants: Callable[..., Path]
) -> None:
    """A new tenant's, and of one whose file is gone without a tombstone."""
    before = resources(run(tenants(k001={}, k002={"cell": "c02"}), holds=["platform"]))
    for files in ({"k001": {}, "k002": {"cell": "c02"}, "k003": {"cell": "c02"}}, {"k001": {}}):
        folder = tenants(**files)
        (more,) = beyond_what_is_due(folder, before, resources(run(folder, holds=["platform"])))
        assert more.startswith("update ")
        assert more.endswith("platform-systemkarder-bucket")
