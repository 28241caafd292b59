"""Effects that nobody has approved are named; those that were, or less of them, are not."""

from dataclasses import replace

import pytest

from tenantry.changes.report.approved import beyond
from tenantry.changes.report.request_report import Basis, Operation, RequestReport, StackReport
from tests.support.requests.prepared_requests import requests
from tests.support.requests.preview_outcomes import urn

QUOTA = Operation("k001", urn("k001", "ns-resourcequota-plan"), "update", ("spec",))
WALL = Operation("k001", urn("k001", "ns-networkpolicy-closed"), "update", ("spec",))


def report(*operations: Operation, stack: str = "prod", result: str = "ok") -> RequestReport:
    return RequestReport((StackReport(stack, result, operations=operations),))


@pytest.mark.parametrize(("name", "of"), requests())
def test_nothing_is_beyond_itself(name: str, of: RequestReport) -> None:
    good = RequestReport(tuple(replace(stack, result="ok") for stack in of.stacks))
    assert beyond([good], good) == []


def test_less_is_fine_and_so_is_another_state() -> None:
    now = RequestReport((replace(report(QUOTA).stacks[0], basis=Basis("2026-12-01", 1), monthly=(1, 2)),))
    assert beyond([report(QUOTA, WALL)], now) == []


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (WALL, "not in the approved report"),
        (replace(QUOTA, operation="replace"), "approved was update"),
        (replace(QUOTA, operation="delete"), "approved was update"),
        (replace(QUOTA, operation="create"), "approved was update"),
        (replace(QUOTA, properties=("metadata", "spec")), "it changes metadata as well"),
        (replace(QUOTA, tenant="k002"), "approved for k001"),
        (replace(QUOTA, resource=urn("k002", "ns-resourcequota-plan"), tenant="k002"), "not in the approved report"),
    ],
)
def test_what_is_more_is_named(now: Operation, why: str) -> None:
    (found,) = beyond([report(QUOTA)], report(now))
    assert (found.tenant, found.resource, found.operation, found.why) == (now.tenant, now.resource, now.operation, why)
    assert str(found).startswith(f"prod: {now.tenant}: {now.operation} ")


def test_another_stack_was_not_approved() -> None:
    assert [excess.stack for excess in beyond([report(QUOTA)], report(QUOTA, stack="prod-c02"))] == ["prod-c02"]


def test_a_preview_that_failed_approves_nothing() -> None:
    (more,) = beyond([report(QUOTA, result="failed")], report(QUOTA))
    assert more.why == "the approved report is of a preview that failed"


def test_a_replacement_that_becomes_an_update_is_less() -> None:
    assert beyond([report(replace(QUOTA, operation="replace"))], report(QUOTA)) == []


def test_several_reports_are_taken_together() -> None:
    assert beyond([report(QUOTA), report(WALL)], report(QUOTA, WALL)) == []
    labels = replace(QUOTA, properties=("metadata",))
    assert beyond([report(QUOTA), report(labels)], report(replace(QUOTA, properties=("metadata", "spec")))) == []
    replaced = replace(QUOTA, operation="replace")
    for order in ([replaced, labels], [labels, replaced]):
        assert beyond([report(entry) for entry in order], report(replaced)) == []
        assert beyond([report(entry) for entry in order], report(labels)) == []
    deleted = replace(QUOTA, operation="delete")
    (more,) = beyond([report(QUOTA), report(replace(QUOTA, operation="create"))], report(deleted))
    assert more.why == "approved was create or update"


def test_several_reports_approve_no_more_than_each_says() -> None:
    other = replace(QUOTA, tenant="k002")
    assert [more.why for more in beyond([report(other), report(replace(other, tenant=""))], report(QUOTA))] == [
        "approved for k002 or platform"
    ]
    (more,) = beyond([report(QUOTA), report(WALL, stack="prod-c02")], report(WALL))
    assert more.why == "not in the approved report"
    (more,) = beyond([report(QUOTA, result="failed"), report(WALL)], report(QUOTA))
    assert more.why == "not in the approved report"
    assert beyond([report(QUOTA, result="failed"), report(QUOTA)], report(QUOTA)) == []
    assert len(beyond([], report(QUOTA, WALL))) == 2
