"""The day's quantities for the bill: of what is known, once a day, and never in the place of what somebody has priced."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from typer.testing import CliRunner

from local.postgresql.temporary import TemporaryServer
from tenantry.cli.app import app
from tenantry.cli.commands.stack import usage
from tenantry.engine.clients.postgresql import Server
from tenantry.watch.billing import record_day
from tests.tenantry.watch.test_cli_usage import Operation

MEASURED = (
    "INSERT INTO tenant_user_statistics (tenant_id, total_users, storage_bytes, measured_at)"
    " VALUES ('k001', 12, 3000, now())"
)
# As the application writes it: its own figures, and nobody has counted users or files.
LOGINS = "INSERT INTO tenant_user_statistics (tenant_id, logins) VALUES ('k002', 5)"


@pytest.fixture
def three(admin: Connection, people: Callable[[int], None]) -> Connection:
    """k001 was measured today, of k002 the application wrote logins, of k003 nothing is known."""
    people(3)
    admin.execute(f"{MEASURED}; {LOGINS}".encode())
    return admin


def rows(admin: Connection) -> dict[tuple[str, str], tuple[Any, ...]]:
    found = admin.execute(
        "SELECT tenant_id, item, quantity::int, unit_price, amount, status FROM billing_records"
        " WHERE period_start = current_date AND period_end = current_date"
    )
    return {(tenant, item): tuple(rest) for tenant, item, *rest in found.fetchall()}


def test_what_is_known_is_a_row_without_a_price_and_what_is_not_is_none(server: Server, three: Connection) -> None:
    recorded = record_day(server.session)
    assert rows(three) == {
        ("k001", "users"): (12, None, None, "open"),
        ("k001", "storage"): (3000, None, None, "open"),
    }
    assert recorded.written == 2
    everything = ["databases", "storage", "users"]
    assert {code: sorted(items) for code, items in recorded.unknown.items()} == {
        "k001": ["databases"],
        "k002": everything,
        "k003": everything,
    }


def test_a_database_that_is_there_counts(running: TemporaryServer, server: Server, three: Connection) -> None:
    with running.database("rent001"):
        record_day(server.session)
    assert rows(three)["k001", "databases"][0] == 1


def test_again_on_the_same_day_is_no_second_row(server: Server, three: Connection) -> None:
    record_day(server.session)
    assert record_day(server.session).written == 0
    three.execute("UPDATE tenant_user_statistics SET total_users = 13 WHERE tenant_id = 'k001'")
    assert record_day(server.session).written == 1
    assert rows(three)["k001", "users"][0] == 13
    assert len(rows(three)) == 2


@pytest.mark.parametrize(
    "priced", ["unit_price = 2, amount = 24", "unit_price = 2, amount = 24, status = 'invoiced'", "status = 'waived'"]
)
def test_what_somebody_has_priced_stays(server: Server, three: Connection, priced: str) -> None:
    record_day(server.session)
    three.execute(f"UPDATE billing_records SET {priced} WHERE item = 'users'".encode())
    three.execute("UPDATE tenant_user_statistics SET total_users = 13 WHERE tenant_id = 'k001'")
    assert record_day(server.session).written == 0
    assert rows(three)["k001", "users"][0] == 12


@pytest.mark.parametrize("status", ["invoiced", "paid", "refunded"])
def test_nobody_pays_what_has_no_price(server: Server, three: Connection, status: str) -> None:
    record_day(server.session)
    with pytest.raises(psycopg.errors.CheckViolation):
        three.execute(f"UPDATE billing_records SET status = '{status}'".encode())
    with pytest.raises(psycopg.errors.CheckViolation):
        three.execute("UPDATE billing_records SET unit_price = 0")


@pytest.mark.parametrize(("status", "count"), [("suspended", 2), ("deleted", 0), ("purged", 0)])
def test_who_is_gone_is_billed_no_more(server: Server, three: Connection, status: str, count: int) -> None:
    three.execute(f"UPDATE tenants SET status = '{status}' WHERE tenant_id = 'k001'".encode())
    record_day(server.session)
    assert len(rows(three)) == count


def test_yesterday_stays_and_is_not_written_again(server: Server, three: Connection) -> None:
    record_day(server.session)
    three.execute("UPDATE billing_records SET period_start = current_date - 1, period_end = current_date - 1")
    three.execute("UPDATE tenant_user_statistics SET counted_on = current_date - 1")
    assert record_day(server.session).written == 0  # nobody has measured today
    assert rows(three) == {}


def test_the_command_writes_and_says_so(server: Server, three: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "operation", lambda stack, cwd: Operation(server))
    done = CliRunner().invoke(app, ["usage", "--record", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["recorded"]["written"] == 2
    assert "2 rows for the bill, not known of k001: databases" in done.stderr
    refused = CliRunner().invoke(app, ["usage", "k001", "--record"])
    assert refused.exit_code == 1
    assert "all tenants at once" in refused.stderr


def test_the_bill_is_no_use_of_a_quota(server: Server, three: Connection) -> None:
    """Rows of ours stand in the table that the application fills: they are not summed as its figures."""
    from tenantry.watch.tenant_facts import read

    before = read(server.session, "k001")
    record_day(server.session)
    assert read(server.session, "k001") == before
