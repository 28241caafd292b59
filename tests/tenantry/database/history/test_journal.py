"""A run's pages in the admin database: written as it goes, however it ends, and never changed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from tenantry.database.history import journal as module
from tenantry.database.history import statements
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Done, Entry, Result, Run
from tenantry.database.history.reading import AT_WORK, SILENT, read
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tests.tenantry.database.history.conftest import ORIGIN, migrate, unlocked

ENTRY = Entry("k001", "database", "postgresql:index/role:Role", "k001-db-owner", "create")
TABLES = ("operation_runs", "operation_changes", "operation_ends")
# Begins a run, says its number, and waits to be killed.
AT_WORK_ELSEWHERE = """
import sys, time
from tenantry.engine.clients.postgresql import Server
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Entry, Run
from tenantry.database.history.origin import Origin

server = Server("127.0.0.1", sys.argv[1], "tenantry", sys.argv[2], "disable")
journal = Journal(Run("up", "test", Origin("li", None, True, None, "desk")), server.session, print)
journal.begin()
journal.add(Entry("k007", "storage", "T", "n", "create"))
journal._next_at = 0
journal.flush()
print(journal.run.id, flush=True)
time.sleep(600)
"""


@pytest.fixture
def elsewhere(running: TemporaryServer, admin: Connection) -> Generator[Callable[[], tuple[str, Any]]]:
    """Starts a run in a process of its own; returns its number and the process."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-c", AT_WORK_ELSEWHERE, str(running.port), running.password]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    yield start
    for process in started:
        process.kill()
        process.wait()


def ends(admin: Connection) -> dict[str, tuple[str, bool]]:
    rows = admin.execute("SELECT run_id, result, found_by IS NULL FROM operation_ends ORDER BY id DESC").fetchall()
    return {str(run): (result, own) for run, result, own in rows}


def test_the_run_stands_there_before_its_end_and_all_of_it_afterwards(
    journal: Callable[..., Journal], server: Server, said: list[str]
) -> None:
    page = journal()
    page.begin()
    assert [run.result for run in read(server.session, None, None, 9)] == [AT_WORK]
    page.add(ENTRY)
    page.add(Entry("", "dns", "T", "zone", "update", Done.FAILED, ("ttl",), "throttled"))
    page.end(Result.FAILED, "one failed")
    (run,) = read(server.session, None, None, 9)
    assert (run.actor, run.commit, run.pipeline_run, run.host) == (
        ORIGIN.actor, ORIGIN.commit, ORIGIN.pipeline_run, ORIGIN.host,
    )  # fmt: skip
    assert (run.command, run.stack, run.result, run.error) == ("up", "test", "failed", "one failed")
    assert [
        (change.tenant, change.action, change.outcome, change.properties, change.error) for change in run.changes
    ] == [
        ("k001", "create", "done", [], ""),
        ("", "update", "failed", ["ttl"], "throttled"),
    ]
    assert said == []


def test_changes_are_written_while_it_goes_on(
    journal: Callable[..., Journal], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.05)
    page = journal()
    page.begin()
    page.add(ENTRY)
    page.flush()
    assert read(server.session, None, None, 9)[0].changes == ()  # not at each event
    time.sleep(0.06)
    page.flush()
    page.flush()
    assert len(read(server.session, None, None, 9)[0].changes) == 1
    page.end(Result.OK)
    assert len(read(server.session, None, None, 9)[0].changes) == 1


def test_a_killed_run_is_ended_by_the_next_one_and_a_run_at_work_is_left_alone(
    journal: Callable[..., Journal], admin: Connection, server: Server, elsewhere: Callable[[], tuple[str, Any]]
) -> None:
    (dead, process), (living, _) = elsewhere(), elsewhere()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    shown = {}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and shown.get(dead) != SILENT:  # the server notices a moment later
        shown = {str(run.id): run.result for run in read(server.session, None, None, 9)}
    assert shown == {dead: SILENT, living: AT_WORK}
    assert ends(admin) == {}  # looking writes nothing
    page = journal()
    page.begin()
    page.end(Result.OK)
    assert ends(admin) == {dead: ("killed", False), str(page.run.id): ("ok", True)}
    (run,) = read(server.session, "k007", None, 1)
    assert [change.tenant for change in run.changes] == ["k007"]


def test_a_run_that_was_only_cut_off_has_the_last_word(
    journal: Callable[..., Journal], admin: Connection, running: TemporaryServer, server: Server
) -> None:
    page, other = journal(), journal()
    page.begin()
    with running.connect() as outside:  # the session that holds its lock is lost
        ended = outside.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
        ).fetchall()
        assert ended == [(True,)]
    other.begin()
    other.end(Result.OK)
    assert ends(admin)[str(page.run.id)] == ("killed", False)
    page.end(Result.FAILED)
    assert {run.id: run.result for run in read(server.session, None, None, 9)}[page.run.id] == "failed"


def test_what_happens_before_the_tables_are_there_is_written_once_they_are(
    journal: Callable[..., Journal], running: TemporaryServer, server: Server, said: list[str]
) -> None:
    with running.connect() as outside:
        outside.execute("DROP DATABASE admin_tenant_management WITH (FORCE)")
        page = journal()
        page.begin()
        page.add(ENTRY)
        outside.execute("CREATE DATABASE admin_tenant_management")
    migrate(running)
    page.end(Result.OK)
    (run,) = read(server.session, "k001", None, 9)
    assert run.result == "ok"
    assert said == []


@pytest.mark.parametrize(("command", "is_told"), [("up", True), ("destroy", False)])
def test_a_run_that_takes_the_admin_database_along_says_nothing_of_it(
    journal: Callable[..., Journal], running: TemporaryServer, said: list[str], command: str, is_told: bool
) -> None:
    page = journal(command)
    page.begin()
    with running.connect() as outside:
        outside.execute("DROP DATABASE admin_tenant_management")  # no session of the run is in its way
        try:
            page.end(Result.OK)
        finally:
            outside.execute("CREATE DATABASE admin_tenant_management")
            migrate(running)
    assert bool(said) is is_told


def test_a_history_that_cannot_be_written_stops_nobody_and_is_told_once(
    journal: Callable[..., Journal], said: list[str]
) -> None:
    @contextmanager
    def refuse(database: str) -> Generator[Any]:
        raise DatabaseUnavailable("no route\nto host")
        yield

    page = journal(connect=refuse)
    page.begin()
    page.add(ENTRY)
    page.flush()
    page.end(Result.OK)
    assert said == ["this run is not in the history (`tenantry history`): no route to host"]


def test_an_error_is_cut_before_it_fills_the_table(journal: Callable[..., Journal], server: Server) -> None:
    page = journal()
    page.add(Entry("k001", "s", "T", "n", "create", Done.FAILED, error="x" * 10_000))
    page.end(Result.FAILED, "y" * 10_000)
    (run,) = read(server.session, None, None, 9)
    assert (len(run.changes[0].error), len(run.error or "")) == (500, 500)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_not_even_the_administrator_changes_a_row(
    journal: Callable[..., Journal], admin: Connection, table: str, statement: str
) -> None:
    page = journal()
    page.add(ENTRY)
    page.end(Result.OK)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="are never changed"):
        admin.execute(statement.format(table).encode())


def test_rows_are_forgotten_after_three_years_and_not_before(
    journal: Callable[..., Journal], admin: Connection
) -> None:
    kept: set[str] = set()
    for days, is_kept in ((3 * 365 + 2, False), (3 * 365 - 2, True)):
        at = datetime.now(UTC) - timedelta(days=days)
        page = journal(started_at=at, id=uuid4())
        page.add(Entry("k001", "s", "T", "n", "create", at=at))
        page.end(Result.OK)
        with unlocked(admin):
            for table, column in zip(TABLES, ("id", "run_id", "run_id"), strict=True):
                admin.execute(f"UPDATE {table} SET created_at = %s WHERE {column} = %s".encode(), [at, page.run.id])
        kept |= {str(page.run.id)} if is_kept else set()
    page = journal()
    page.end(Result.OK)
    kept.add(str(page.run.id))
    assert {str(run) for (run,) in admin.execute("SELECT id FROM operation_runs").fetchall()} == kept
    assert admin.execute("SELECT count(*) FROM operation_changes").fetchone() == (1,)
    assert admin.execute("SELECT count(*) FROM operation_ends").fetchone() == (2,)


def test_a_row_dated_back_is_not_forgotten_by_its_own_word(journal: Callable[..., Journal], admin: Connection) -> None:
    past = datetime(2001, 1, 1, tzinfo=UTC)
    page = journal(started_at=past)
    page.add(replace(ENTRY, at=past))
    page.begin()
    for statement in statements.FORGET:
        admin.execute(statement)
    assert admin.execute("SELECT count(*) FROM operation_changes").fetchone() == (1,)
    page.end(Result.OK)


def test_each_run_has_a_number_of_its_own() -> None:
    assert Run("up", "test", ORIGIN).id != Run("up", "test", ORIGIN).id
