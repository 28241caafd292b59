"""What a run says adds up to what a person asks: who is done, who failed where, what changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.engine.events import Message, Step, Violation, read_all
from tenantry.engine.progress import Progress
from tenantry.engine.urns import Place


@pytest.fixture
def after(recorded: Callable[[str], Path]) -> Callable[[str], Progress]:
    def fold(name: str) -> Progress:
        progress = Progress()
        for event in read_all(recorded(name)):
            progress.take(event)
        return progress

    return fold


def test_a_failure_names_tenant_and_step_and_the_others_are_done(after: Callable[[str], Progress]) -> None:
    progress = after("failed")
    assert progress.failed_tenants == {"k002": ["database"]}
    assert progress.steps[Place("k002", "database")].glyph == "✗"
    assert {progress.steps[Place("k001", step)].glyph for step in ("database", "workload")} == {"✓"}
    assert [str(finding) for finding in progress.errors] == [
        "k002 database: k002-db (postgresql:index/database:Database): told to fail: boom"
    ]


def test_the_next_run_makes_what_was_missing(after: Callable[[str], Progress]) -> None:
    progress = after("healed")
    assert {change.place for change in progress.changes} == {Place("k002", "database")}
    assert progress.counts()["created"] == len(progress.changes)
    assert progress.errors == []


def test_unchanged_runs_change_nothing(after: Callable[[str], Progress]) -> None:
    progress = after("unchanged")
    assert progress.changes == []
    counts = progress.counts()
    assert counts.pop("unchanged") > 0
    assert set(counts.values()) == {0}
    assert progress.done == progress.total > 0
    assert all(state.glyph == "✓" and not state.has_changed for state in progress.steps.values())


def test_updates_name_what_differs(after: Callable[[str], Progress]) -> None:
    assert {(change.operation, change.properties) for change in after("updated").changes} == {("update", ("image",))}


def test_a_program_that_raises_is_one_error_in_full(after: Callable[[str], Progress]) -> None:
    progress = after("program-error")
    assert len(progress.errors) == 1
    text = str(progress.errors[0])
    assert "RuntimeError: refused: k009 vanished" in text
    assert "Traceback" in text
    assert progress.failed_tenants == {}


@pytest.mark.parametrize("echo", ["update failed", "Update failed.", "preview failed", "destroy canceled"])
def test_the_engines_echoes_are_not_shown(echo: str) -> None:
    progress = Progress()
    assert progress.take(Message("error", "", echo)) is None
    assert progress.errors == []


def test_the_same_finding_is_shown_once() -> None:
    progress = Progress()
    warning = Message("warning", "", "an old plugin")
    assert progress.take(warning) is not None
    assert progress.take(warning) is None
    assert len(progress.warnings) == 1


def test_a_mandatory_policy_is_an_error_of_the_tenant() -> None:
    tenant = "urn:pulumi:test::shop::tenantry:components:Tenant::k001"
    urn = "urn:pulumi:test::shop::tenantry:components:Tenant$postgresql:index/role:Role::k001-owner"
    progress = Progress({urn: tenant})
    progress.take(Violation(urn, "no-superuser", "it is one", is_mandatory=True))
    progress.take(Violation(urn, "name", "odd", is_mandatory=False))
    assert progress.failed_tenants == {"k001": ["owner"]}
    assert len(progress.warnings) == 1


def test_the_total_is_what_the_stack_held_until_more_is_seen() -> None:
    progress = Progress(expected=2)
    assert (progress.done, progress.total) == (0, 2)
    for name in "abc":
        progress.take(Step("done", "create", f"urn:pulumi:t::p::x:y:Z::{name}", "", True))
    assert (progress.done, progress.total) == (3, 3)


def test_a_resource_at_work_is_not_done() -> None:
    progress = Progress()
    progress.take(Step("begun", "create", "urn:pulumi:t::p::x:y:Z::a", "", True))
    assert next(iter(progress.steps.values())).glyph == "…"
