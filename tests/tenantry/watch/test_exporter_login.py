"""The exporter by the login that its pod has: all its statements run, none needs a column less, and none may one more."""

import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from provider.resources.database.read_grants import ReadGrants
from tenantry.engine.clients.postgresql import Server
from tenantry.names import ADMIN_DATABASE, EXPORTER_LOGIN
from tenantry.watch.read_columns import READ_COLUMNS
from tests.support.monitoring.prometheus import prometheus
from tests.tenantry.watch.conftest import READS, connections, exporter_command

COLUMNS = [(table, column) for table, columns in READ_COLUMNS.items() for column in columns]
FRESH = "from tenantry.watch import metrics; metrics.KEPT_SECONDS = 0.0"  # no reading is used twice


def figures(address: str) -> dict[str, float]:
    """Name -> value of the metrics without labels."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_a_real_prometheus_scrapes_all_tenants_by_it(
    people: Callable[..., None], admin: Connection, exporter: Callable[..., str], tmp_path: Path
) -> None:
    people(13)
    target = exporter().split("//")[1].split("/")[0]
    scrape = {"job_name": "tenantry-exporter", "static_configs": [{"targets": [target]}]}
    with prometheus(tmp_path, {"global": {"scrape_interval": "5s"}, "scrape_configs": [scrape]}) as at:
        at.wait(lambda: bool(at.ask("query", query="tenantry_up == 1")["result"]))
        assert at.ask("query", query="count(tenant_info)")["result"][0]["value"][1] == "13"
        assert not at.ask("query", query="{__name__=~'.*name.*'}")["result"]


def test_each_column_is_needed(
    running: TemporaryServer, people: Callable[..., None], admin: Connection, exporter: Callable[..., str]
) -> None:
    """Taken away one by one, as somebody may do it; in the end all are given back as a run gives them."""
    people(1)
    address = exporter(FRESH)
    assert figures(address)["tenantry_up"] == 1
    idle: list[str] = []
    for table, column in COLUMNS:
        admin.execute(f"REVOKE SELECT ({column}) ON {table} FROM {EXPORTER_LOGIN}".encode())
        idle += [f"{table}.{column}"] if figures(address)["tenantry_up"] == 1 else []
        admin.execute(f"GRANT SELECT ({column}) ON {table} TO {EXPORTER_LOGIN}".encode())
    found = ReadGrants().observe(connections(running), f"{ADMIN_DATABASE}/{EXPORTER_LOGIN}", READS)
    assert found is not None
    assert (idle, found["drift"]) == ([], [])


@pytest.mark.parametrize(
    "statement",
    ["SELECT name FROM tenants", "SELECT settings FROM tenants", "SELECT config_value FROM system_config",
     "SELECT actor FROM operation_runs", "DELETE FROM tenant_user_statistics"],
)  # fmt: skip
def test_it_sees_nobody_and_writes_nothing(server: Server, admin: Connection, statement: str) -> None:
    own = Server("127.0.0.1", server.port, EXPORTER_LOGIN, "exporters-own", "disable")
    may_write = "-c default_transaction_read_only=off"
    with (
        own.plain_session(ADMIN_DATABASE, may_write) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(statement.encode())


def test_a_wrong_password_is_said_and_the_exporter_lives_on(server: Server, admin: Connection) -> None:
    command = exporter_command(server.port, "--port", "0", password="another", before=FRESH)
    with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert figures(address)["tenantry_up"] == 0
        process.terminate()
        said = process.stdout.read()
    assert "password authentication failed" in said
    assert "another" not in said
