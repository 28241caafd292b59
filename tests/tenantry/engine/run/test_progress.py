"""A run's messages add up to what a person asks: who is done, who failed where, what changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.engine.process.events import Message, Step, Violation, read_all
from tenantry.engine.run.progress import Progress
from tenantry.engine.stack.urns import ResourceOwner


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
    assert progress.steps[ResourceOwner("k002", "database")].glyph == "✗"
    assert {progress.steps[ResourceOwner("k001", step)].glyph for step in ("database", "workload")} == {"✓"}
    assert [str(finding) for finding in progress.errors] == [
        "k002 database: k002-db (postgresql:index/database:Database): told to fail: boom"
    ]


def test_the_next_run_makes_what_was_missing(after: Callable[[str], Progress]) -> None:
    progress = after("healed")
    assert {change.place for change in progress.changes} == {ResourceOwner("k002", "database")}
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


TENANT = "urn:pulumi:t::p::tenantry:components:Tenant"


def part(tenant: str, kind: str) -> str:
    return f"{TENANT}${kind}::{tenant}-{kind.rpartition(':')[2].lower()}"


def act(progress: Progress, tenant: str, kind: str, *stages: str, operation: str = "update") -> None:
    for stage in stages:
        progress.take(Step(stage, operation, part(tenant, kind), f"{TENANT}::{tenant}", True))


def cancel(progress: Progress, tenant: str, kind: str, text: str) -> None:
    act(progress, tenant, kind, "begun")
    progress.take(Message("error", part(tenant, kind), text))
    act(progress, tenant, kind, "failed")


@pytest.mark.parametrize(
    "text",
    [
        "rpc error: code = Canceled desc = context canceled",
        "context canceled",
        "Deployment/tenant-k012/business-app: reading was cancelled",
        "reading the row: canceling statement due to user request: the run was cancelled: run again",
        "resource monitor shut down while waiting on step's done channel",
        "rpc error: code = Canceled desc = grpc: the client connection is closing",
    ],
)
def test_what_was_cancelled_after_anothers_fault_is_no_fault(text: str) -> None:
    progress = Progress()
    act(progress, "k003", ROLE, "begun")
    progress.take(Message("error", part("k003", ROLE), "the owner is missing"))
    act(progress, "k003", ROLE, "failed")
    cancel(progress, "k012", ROLE, text)
    assert progress.end() == []
    assert progress.failed_tenants == {"k003": ["role"]}
    assert progress.steps[ResourceOwner("k012", "role")].glyph == "…"
    assert progress.converged == []


def test_also_when_it_is_told_before_the_fault() -> None:
    progress = Progress()
    cancel(progress, "k012", ROLE, "context canceled")
    act(progress, "k003", ROLE, "begun")
    progress.take(Message("error", part("k003", ROLE), "the owner is missing"))
    assert progress.end() == []
    assert progress.failed_tenants == {"k003": ["role"]}


def test_plugins_that_end_after_an_error_are_no_errors() -> None:
    progress = Progress()
    progress.take(Message("error", part("k003", ROLE), "the owner is missing"))
    ended = "Detected that /plugins/pulumi-resource-random exited prematurely. \n       This is *always* a bug in the provider."
    for _ in range(5):
        progress.take(Message("error", "", ended))
    assert progress.end() == []
    assert [finding.text for finding in progress.errors] == ["the owner is missing"]


def test_a_cancellation_alone_is_the_error() -> None:
    progress = Progress()
    cancel(progress, "k012", ROLE, "context canceled")
    assert [finding.text for finding in progress.end()] == ["context canceled"]
    assert progress.failed_tenants == {"k012": ["role"]}


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('pq: template database "kargerdensales" has a collation version mismatch', "docs/opening.md"),
        ("pq: out of shared memory", "pg_locks counts each one's"),
        ('namespace "tenant-k018" forbidden: because it is being terminated', "no longer lists it, then run again"),
    ],
)
def test_errors_of_other_providers_get_a_remedy(text: str, remedy: str) -> None:
    finding = Progress().take(Message("error", part("k018", ROLE), text))
    assert finding is not None
    assert finding.text.startswith(text)
    assert remedy in finding.text


ROLE, OPENED = "postgresql:index/role:Role", "tenantry:index:Opened"


def test_only_who_came_to_the_last_step_has_converged() -> None:
    progress = Progress()
    for tenant in ("k001", "k002", "k003"):
        act(progress, tenant, ROLE, "begun", "done", operation="same")
    act(progress, "k001", OPENED, "begun", "done", operation="same")
    act(progress, "k002", OPENED, "begun")
    act(progress, "k004", OPENED, "begun", "done")
    act(progress, "k004", "tenantry:index:Sessions", "begun", "failed")
    assert progress.converged == ["k001"]


def test_nothing_is_taken_in_of_tenants_that_are_left_out() -> None:
    progress = Progress()
    progress.left_out = {"k003"}
    act(progress, "k003", ROLE, "begun", operation="delete")
    assert progress.take(Message("error", part("k003", ROLE), "it is protected")) is None
    assert (progress.changes, progress.errors, progress.steps) == ([], [], {})


def test_a_resource_at_work_is_not_done() -> None:
    progress = Progress()
    progress.take(Step("begun", "create", "urn:pulumi:t::p::x:y:Z::a", "", True))
    assert next(iter(progress.steps.values())).glyph == "…"
