"""Metrics that Prometheus scrapes: of known things alone, at a cost that is bounded, under an allow-list of labels."""

import re
import subprocess
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import Connection

from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Done, Entry, Result, Run
from tenantry.engine.clients.postgresql import DatabaseUnavailable, Server
from tenantry.watch import metrics as module
from tenantry.watch.metrics import LABELS, TenantCollector
from tests.tenantry.database.history.conftest import ORIGIN
from tests.tenantry.watch.conftest import exporter_command

Samples = dict[tuple[str, ...], float]
MANY = 5000
SERIES = 9  # of a tenant whose users, files, backups and credentials are known


# What an opening and two rotations of each tenant leave in the history: 40 changes, of which seven are passwords.
OPENED = """
INSERT INTO operation_runs (id, command, stack, actor, host, version, started_at)
    VALUES (gen_random_uuid(), 'up', 'prod', 'a', 'h', '0', now());
INSERT INTO operation_changes (run_id, tenant_code, step, resource_type, resource_name, action, outcome, occurred_at)
SELECT (SELECT id FROM operation_runs), tenant_id, 'database', CASE WHEN n < 7 THEN
    'random:index/randomPassword:RandomPassword' ELSE 'kubernetes:core/v1:Secret' END, 'x' || n, 'create', 'done', now()
FROM tenants, generate_series(0, 39) AS n
"""


def text(server: Server, connect: Any = None) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(TenantCollector(connect or server.session, 3))
    return generate_latest(registry).decode()


def samples(scraped: str) -> Samples:
    """(name, label values in the labels' order) -> value."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
    }


@pytest.fixture
def scraped(server: Server, admin: Connection, people: Callable[[int], None]) -> Callable[[], Samples]:
    people(3)
    return lambda: samples(text(server))


def test_a_tenant_has_what_is_known_of_it_and_nothing_else(admin: Connection, scraped: Callable[[], Samples]) -> None:
    assert scraped()[("tenant_info", "active", "standard", "local", "k001")] == 1
    assert not any(name[0].startswith("tenant_quota") for name in scraped())  # unknown is absent, not zero
    admin.execute("INSERT INTO tenant_user_statistics (tenant_id, total_users) VALUES ('k001', 90)")
    found = scraped()
    assert (found[("tenant_quota_usage", "users", "k001")], found[("tenant_quota_limit", "users", "k001")]) == (90, 100)
    assert ("tenant_quota_usage", "users", "k002") not in found
    assert found[("tenant_active_count", "standard")] == 1
    assert (found[("tenant_schema_version", "k001")], found[("tenantry_schema_version_newest",)]) == (3, 3)


def test_runs_errors_and_open_runs_are_counted(
    server: Server, admin: Connection, scraped: Callable[[], Samples]
) -> None:
    for result in (Result.OK, Result.OK, Result.FAILED):
        page = Journal(Run("up", "local", ORIGIN), server.session, print)
        if result is Result.FAILED:
            page.add(Entry("k002", "database", "T", "n", "create", Done.FAILED, error="x"))
        page.end(result)
    old = Journal(Run("up", "local", ORIGIN, started_at=datetime.now(UTC) - timedelta(days=370)), server.session, print)
    old.end(Result.OK)
    at_work = Journal(
        Run("migrate", "local", ORIGIN, started_at=datetime.now(UTC) - timedelta(seconds=100)), server.session, print
    )
    at_work.begin()
    found = scraped()
    at_work.end(Result.OK)
    assert found[("tenant_operations_total", "up", "ok")] == 2
    assert found[("tenant_operations_total", "up", "failed")] == 1
    assert found[("tenant_operation_duration_seconds_count", "up")] == 3
    assert found[("tenant_errors_total", "k002")] == 1
    assert 100 <= found[("tenant_operation_open_seconds", "migrate", "local")] < 200


def test_openings_backups_and_deletions_are_told(admin: Connection, scraped: Callable[[], Samples]) -> None:
    admin.execute("INSERT INTO tenant_init_progress (tenant_id, total_steps, status) VALUES ('k001', 8, 'in_progress')")
    admin.execute(
        "INSERT INTO tenant_init_steps (tenant_id, step_name, step_order, status, started_at) VALUES"
        " ('k001', 'database', 3, 'failed', now() - interval '60 s'), ('k001', 'domain', 2, 'completed', now())"
    )
    admin.execute(
        "INSERT INTO data_backup_records (tenant_code, backup_id, database_name, kind, location, status, completed_at)"
        " VALUES ('k001', 'a', 'd', 'scheduled', 'l', 'completed', '2026-01-01Z'),"
        " ('k001', 'b', 'd', 'scheduled', 'l', 'failed', '2026-02-01Z')"
    )
    admin.execute(
        "UPDATE tenants SET status = 'deleted', scheduled_deletion_at = '2026-03-01Z' WHERE tenant_id = 'k003'"
    )
    found = scraped()
    assert 60 <= found[("tenant_opening_step_seconds", "failed", "database", "k001")] < 120
    assert not any(name[:1] == ("tenant_opening_step_seconds",) and "domain" in name for name in found)
    day = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert found[("tenant_backup_last_success_timestamp_seconds", "k001")] == day
    due = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    assert found[("tenant_deletion_due_timestamp_seconds", "k003")] == due


def test_what_people_choose_never_becomes_a_label(
    server: Server, admin: Connection, scraped: Callable[[], Samples]
) -> None:
    admin.execute("UPDATE tenants SET name = 'secret-name', contact_phone = '1380013800' || id % 10")
    page = Journal(Run("up", "local", ORIGIN), server.session, print)
    page.add(Entry("k002", "database", "T", "n", "create", Done.FAILED, error="secret-error"))
    page.end(Result.FAILED)
    said = text(server)
    families = text_string_to_metric_families(said)
    assert {label for family in families for sample in family.samples for label in sample.labels} <= LABELS
    assert not re.search("secret-name|secret-error|1380013800|zhang|forge.test", said)


def test_without_a_database_it_says_so_and_nothing_else(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    @contextmanager
    def refuse(database: str) -> Generator[Any]:
        raise DatabaseUnavailable("no route to host")
        yield

    found = samples(text(server, refuse))
    assert {name[0] for name in found} == {"tenantry_up", "tenantry_read_seconds"}
    assert found[("tenantry_up",)] == 0
    assert "no route to host" in capsys.readouterr().out


def test_two_scrapers_cost_one_reading(server: Server, admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def connect(database: str) -> Any:
        calls.append(database)
        return server.session(database)

    collector = TenantCollector(connect, 3)
    list(collector.collect())
    list(collector.collect())
    assert len(calls) == 1
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.0)
    list(collector.collect())
    assert len(calls) == 2


def test_five_thousand_tenants_are_a_bounded_cost(
    server: Server, admin: Connection, people: Callable[[int], None]
) -> None:
    people(MANY)
    admin.execute(
        "INSERT INTO tenant_user_statistics (tenant_id, counted_on, total_users, storage_bytes, database_bytes,"
        " measured_at) SELECT tenant_id, current_date - d, 10, 100, 1000, now() FROM tenants, generate_series(0, 9) d"
    )
    admin.execute(
        "INSERT INTO data_backup_records (tenant_code, backup_id, database_name, kind, location, status, completed_at)"
        " SELECT tenant_id, tenant_id || d, 'd', 'scheduled', 'l', 'completed', now() FROM tenants,"
        " generate_series(1, 10) d"
    )
    admin.execute(OPENED)
    admin.execute("ANALYZE")
    begin, used = time.monotonic(), time.process_time()
    said = text(server)
    waited, used = time.monotonic() - begin, time.process_time() - used
    found = samples(said)
    tracemalloc.start()
    text(server)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{len(found)} series, {len(said)} bytes, {waited:.1f} s, {used:.1f} s of them here, {peak} bytes at most")
    assert SERIES * MANY < len(found) < SERIES * MANY + 50
    assert peak < 100 * 2**20
    assert used < 2, "seconds of a processor: how long it waits is the load of the machine"


def test_the_command_serves_until_it_is_stopped(
    server: Server, admin: Connection, people: Callable[[int], None]
) -> None:
    people(1)
    with subprocess.Popen(**exporter_command(server.port, "--port", "0"), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(address) as answer:
            assert "tenant_info" in answer.read().decode()
        process.terminate()
        assert process.wait(20) == 0
    done = subprocess.run(**exporter_command(server.port, "--once"), capture_output=True, check=False)
    assert (done.returncode, "tenantry_up 1.0" in done.stdout) == (0, True)
    wrong = exporter_command("1", "--once", password="hidden-password")
    done = subprocess.run(**wrong, capture_output=True, check=False)
    assert done.returncode == 3
    assert "hidden-password" not in done.stdout + done.stderr


def test_the_last_look_for_drift_is_told_and_a_broken_row_silences_nobody(
    admin: Connection, scraped: Callable[[], Samples]
) -> None:
    for stack, value in {
        "prod": '{"at": "2026-01-01T00:00:00+00:00", "findings": 2, "worst": "isolation broken"}',
        "other": '{"at": "yesterday", "findings": 2, "worst": "access"}',
        "third": '{"at": "2026-01-01T00:00:00+00:00", "findings": 2, "worst": "secret-name <b>"}',
        "fourth": "7",
    }.items():
        admin.execute(
            "INSERT INTO system_config (config_key, config_value) VALUES (%s, %s)", [f"tenantry.drift.{stack}", value]
        )
    found = scraped()
    admin.execute("DELETE FROM system_config WHERE config_key LIKE 'tenantry.drift.%'")
    told = {name: value for name, value in found.items() if name[0].startswith("tenantry_drift")}
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert told == {
        ("tenantry_drift_findings", "isolation broken", "prod"): 2,
        ("tenantry_drift_last_look_timestamp_seconds", "prod"): at,
    }


def test_a_first_failure_is_an_increase(server: Server, admin: Connection, scraped: Callable[[], Samples]) -> None:
    """Prometheus sees none from nothing to 1: what a command has not met yet is 0."""
    page = Journal(Run("up", "local", ORIGIN), server.session, print)
    page.end(Result.OK)
    assert {scraped()[("tenant_operations_total", "up", result)] for result in Result if result is not Result.OK} == {0}


def test_the_newest_password_of_a_tenant_is_told(
    server: Server, admin: Connection, scraped: Callable[[], Samples]
) -> None:
    kind = "random:index/randomPassword:RandomPassword"
    page = Journal(Run("up", "local", ORIGIN), server.session, print)
    page.add(Entry("k001", "database", kind, "k001-db-password-a", "create", Done.DONE))
    page.add(Entry("k002", "database", kind, "k002-db-password-a", "create", Done.FAILED, error="x"))
    page.add(Entry("k003", "database", kind, "k003-db-password-b", "delete", Done.DONE))
    page.add(Entry("", "database", kind, "platform-password", "create", Done.DONE))
    page.end(Result.OK)
    told = {name: value for name, value in scraped().items() if name[0].startswith("tenant_credentials")}
    assert list(told) == [("tenant_credentials_changed_timestamp_seconds", "k001")]
    assert abs(told["tenant_credentials_changed_timestamp_seconds", "k001"] - time.time()) < 600
