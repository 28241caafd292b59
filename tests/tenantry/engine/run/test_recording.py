"""Entries of a run in the history, with an engine that plays recorded runs."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.database.history.model import Entry
from tenantry.database.history.reading import PastRun, read
from tenantry.engine.clients.postgresql import Server
from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.process.events import Step, read_all
from tenantry.engine.run.operations import Operation, Outcome
from tenantry.engine.run.progress import Finding, Progress
from tenantry.engine.run.recording import ChangeRecorder, recovered_entry
from tenantry.engine.stack.urns import ResourceOwner
from tenantry.engine.state.stack_state import StackState
from tenantry.names import ADMIN_DATABASE
from tests.tenantry.database.history.conftest import migrate
from tests.tenantry.engine.runs import PENDING, ROLE

PLACE = ResourceOwner("k001", "database")


class Pages:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def flush(self) -> None:
        pass


def recorder() -> tuple[ChangeRecorder, list[Entry]]:
    pages: Any = Pages()
    return ChangeRecorder(pages), pages.entries


def step(stage: str, operation: str = "create", urn: str = ROLE, is_custom: bool = True) -> Step:
    return Step(stage, operation, urn, "", is_custom, ("name",))


def outcomes(entries: list[Entry]) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.outcome, entry.error) for entry in entries]


def test_a_change_is_told_when_it_has_ended() -> None:
    changes, entries = recorder()
    changes.event(step("begun"), Progress())
    assert entries == []
    changes.event(step("done"), Progress())
    changes.close()
    assert outcomes(entries) == [("create", "done", "")]
    assert (entries[0].resource_type, entries[0].properties) == ("postgresql:index/role:Role", ("name",))


@pytest.mark.parametrize("operation", ["same", "refresh", "read", "replace"])
def test_what_changes_nothing_is_not_told(operation: str) -> None:
    changes, entries = recorder()
    changes.event(step("begun", operation), Progress())
    changes.event(step("done", operation), Progress())
    changes.close()
    assert entries == []


@pytest.mark.parametrize("first", ["step", "finding"])
def test_a_failure_is_told_once_with_its_error(first: str) -> None:
    changes, entries = recorder()
    changes.event(step("begun"), Progress())
    tell: list[Callable[[], None]] = [
        lambda: changes.event(step("failed"), Progress()),
        lambda: changes.finding(Finding(PLACE, ROLE, "permission denied")),
    ]
    for action in tell if first == "step" else reversed(tell):
        action()
    changes.close()
    assert outcomes(entries) == [("create", "failed", "permission denied")]


def test_a_failure_without_a_word_and_what_was_cut_off_are_told_at_the_end() -> None:
    changes, entries = recorder()
    changes.event(step("begun"), Progress())
    changes.event(step("failed"), Progress())
    changes.event(step("begun", "update", f"{ROLE}-b"), Progress())
    changes.close()
    changes.close()
    assert outcomes(entries) == [("create", "failed", "no reason was given"), ("update", "interrupted", "")]


def test_a_resource_that_is_refused_before_it_begins_is_told() -> None:
    changes, entries = recorder()
    changes.finding(Finding(PLACE, ROLE, "policy database-rows: no"))
    changes.finding(Finding(PLACE, "", "the run as a whole"))
    assert outcomes(entries) == [("check", "failed", "policy database-rows: no")]


def test_a_recorded_run_is_told_tenant_by_tenant(recorded: Callable[[str], Path]) -> None:
    changes, entries = recorder()
    progress = Progress()
    for event in read_all(recorded("failed")):
        finding = progress.take(event)
        changes.event(event, progress)
        if finding in progress.errors and finding is not None:
            changes.finding(finding)
    changes.close()
    failed = {entry.tenant for entry in entries if entry.outcome == "failed"}
    assert failed == set(progress.failed_tenants)
    assert len({(entry.resource_name, entry.action) for entry in entries}) == len(entries) > 0


def test_a_recovery_is_told_in_its_own_words() -> None:
    entry = recovered_entry("k001 owner: k001-db-owner (postgresql:index/role:Role): was interrupted: reading: it")
    assert (entry.tenant, entry.step, entry.resource_name, entry.resource_type, entry.action, entry.error) == (
        "k001", "owner", "k001-db-owner", "postgresql:index/role:Role", "recover", "was interrupted: reading: it",
    )  # fmt: skip
    assert recovered_entry("platform gateway: g (T): x").tenant == ""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE}".encode())
        migrate(one)
        yield one


@pytest.fixture
def last(scene: Any, running: TemporaryServer) -> Callable[[], PastRun]:
    """The newest run on record; the scene's stack uses the real server."""
    scene.environment |= {"PGPORT": str(running.port), "PGUSER": "tenantry", "PGPASSWORD": running.password}
    server = Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")
    return lambda: read(server.session, None, None, 1)[0]


def test_up_and_destroy_are_in_the_history(
    scene: Any, operation: Callable[[], Operation], last: Callable[[], PastRun]
) -> None:
    scene.environment |= {"GITHUB_ACTOR": "li", "GITHUB_SHA": "f" * 40}
    operation().up()
    run = last()
    assert (run.command, run.stack, run.result, run.actor, run.commit) == ("up", "test", "ok", "li", "f" * 40)
    operation().destroy()
    assert (last().command, last().result) == ("destroy", "ok")


def test_a_failed_run_names_what_failed(scene: Any, up: Callable[[], Outcome], last: Callable[[], PastRun]) -> None:
    scene.engine.plays("failed", code=1)
    assert up().code is ExitCode.FAILED
    run = last()
    assert run.result == "failed"
    assert {change.tenant for change in run.changes if change.outcome == "failed"} == {"k002"}


@pytest.mark.parametrize(
    ("error", "result", "words"),
    [
        (CommandError("the record cannot be read", "run again"), "refused", "the record cannot be read"),
        (
            CommandError("stopped while reading", "run again", ExitCode.INTERRUPTED),
            "interrupted",
            "stopped while reading",
        ),
        (KeyboardInterrupt(), "interrupted", None),
        (OSError("disk full"), "failed", "disk full"),
    ],
    ids=["refused", "stopped", "ctrl-c", "fault"],
)
def test_a_run_that_ends_by_an_exception_says_why(
    up: Callable[[], Outcome],
    last: Callable[[], PastRun],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    result: str,
    words: str | None,
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(StackState, "recover", fail)
    with pytest.raises(type(error)):
        up()
    run = last()
    assert (run.result, run.error) == (result, words)


def test_a_recovery_is_part_of_the_run(scene: Any, up: Callable[[], Outcome], last: Callable[[], PastRun]) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.engine.plays(world={ROLE: {"name": "rent001"}})
    up()
    assert [(change.tenant, change.action) for change in last().changes] == [("k001", "recover")]


def test_a_preview_is_no_change(scene: Any, operation: Callable[[], Operation], last: Callable[[], PastRun]) -> None:
    operation().up()
    before = last().id
    operation().preview()
    assert last().id == before
