"""The admin database's facts of each tenant's quotas: known, unknown, and reset in time."""

from collections.abc import Callable

import pytest
from psycopg import Connection

from tenantry.engine.clients.postgresql import Server
from tenantry.watch.tenant_facts import QUOTAS, Quota, TenantFacts, read

BILL = """
INSERT INTO billing_records (tenant_id, item, quantity, unit_price, amount, period_start, period_end)
VALUES ('k001', %s, %s, 0, 0, %s::date, %s::date)
"""
MAIL = "INSERT INTO notification_logs (tenant_code, medium, recipient, status, sent_at) VALUES (%s, %s, 'x', %s, {})"


@pytest.fixture
def one(admin: Connection, people: Callable[[int], None], server: Server) -> Callable[[], TenantFacts]:
    """k001 as it is read now, beside a neighbour."""
    people(2)

    def look() -> TenantFacts:
        (found,) = read(server.session, "k001")
        return found

    return look


def used(facts: TenantFacts) -> dict[str, int | None]:
    return {name: quota.used for name, quota in facts.quotas.items()}


def test_what_nobody_has_written_is_unknown_and_not_zero(one: Callable[[], TenantFacts]) -> None:
    found = one()
    assert tuple(found.quotas) == QUOTAS
    assert used(found) == {**dict.fromkeys(QUOTAS), "databases": 0}
    assert (found.connections, found.connection_limit, found.database_bytes) == (None, 60, None)
    assert all(quota.percent is None for name, quota in found.quotas.items() if name != "databases")


def test_own_figures_of_users_and_storage_go_before_the_plans(one: Callable[[], TenantFacts]) -> None:
    assert (one().quotas["users"].limit, one().quotas["storage"].limit) == (100, 1000)


def test_the_newest_figures_count_and_only_storage_that_was_measured(
    admin: Connection, one: Callable[[], TenantFacts]
) -> None:
    admin.execute(
        "INSERT INTO tenant_user_statistics (tenant_id, counted_on, total_users, storage_bytes, measured_at) VALUES"
        " ('k001', current_date - 2, 40, 700, now() - interval '2 days'), ('k001', current_date, 50, 0, NULL),"
        " ('k002', current_date, 99, 999, now())"
    )
    found = one()
    assert (found.quotas["users"].used, found.quotas["storage"].used) == (50, 700)
    assert found.quotas["storage"].percent == 70


def test_a_sum_begins_anew_when_the_quota_does(admin: Connection, one: Callable[[], TenantFacts]) -> None:
    for item, quantity, day in (
        ("api_calls", 300, "yesterday"), ("api_calls", 20, "today"),
        ("bandwidth", 5, "today"), ("bandwidth", 7000, "2020-01-01"), ("compute_hours", 9, "2020-01-01"),
    ):  # fmt: skip
        admin.execute(BILL, [item, quantity, day, day])
    found = used(one())
    assert (found["api_calls"], found["bandwidth"], found["file_uploads"]) == (20, 5, None)
    assert found["compute_hours"] == 0  # written before, and nothing this month


def test_mail_counts_once_it_was_sent(admin: Connection, one: Callable[[], TenantFacts]) -> None:
    assert used(one())["email_sends"] is None
    admin.execute(MAIL.format("now() - interval '3 hours'").encode(), ["k001", "email", "sent"])
    assert used(one())["email_sends"] == 0
    for tenant, medium, status in (
        ("k001", "email", "sent"), ("k001", "email", "delivered"), ("k001", "email", "failed"),
        ("k001", "sms", "sent"), ("k002", "email", "sent"),
    ):  # fmt: skip
        admin.execute(MAIL.format("now()").encode(), [tenant, medium, status])
    assert used(one())["email_sends"] == 2


@pytest.mark.parametrize(
    ("change", "phase"),
    [
        ("status = 'active'", "active"),
        ("status = 'suspended'", "suspended"),
        ("status = 'expired'", "suspended"),
        ("status = 'inactive'", "opening"),
        ("status = 'deleted', scheduled_deletion_at = now() + interval '1 day'", "retained"),
        ("status = 'deleted', scheduled_deletion_at = now() - interval '1 day'", "due"),
    ],
)
def test_the_phase_follows_from_the_row(
    admin: Connection, one: Callable[[], TenantFacts], change: str, phase: str
) -> None:
    admin.execute(f"UPDATE tenants SET {change} WHERE tenant_id = 'k001'".encode())
    assert one().phase == phase


def test_an_inactive_tenant_that_was_open_is_suspended(admin: Connection, one: Callable[[], TenantFacts]) -> None:
    admin.execute("UPDATE tenants SET status = 'inactive'")
    admin.execute("INSERT INTO tenant_init_progress (tenant_id, total_steps, status) VALUES ('k001', 8, 'completed')")
    assert one().phase == "suspended"


def test_a_purged_tenant_is_nobody(admin: Connection, server: Server, people: Callable[[int], None]) -> None:
    people(2)
    admin.execute("UPDATE tenants SET status = 'purged' WHERE tenant_id = 'k001'")
    assert [facts.code for facts in read(server.session)] == ["k002"]


def test_sessions_and_a_database_that_is_there_are_seen(
    admin: Connection, one: Callable[[], TenantFacts], server: Server
) -> None:
    admin.execute("CREATE DATABASE rent001 CONNECTION LIMIT 7")
    try:
        with server.session("rent001"), server.session("rent001"):
            found = one()
        assert (found.connections, used(found)["databases"]) == (2, 1)
    finally:
        admin.execute("DROP DATABASE rent001 WITH (FORCE)")


@pytest.mark.parametrize(
    ("used", "reached"), [(None, 0), (0, 0), (74, 0), (75, 75), (89, 75), (90, 90), (95, 95), (200, 95)]
)
def test_only_the_highest_threshold_is_named(used: int | None, reached: int) -> None:
    assert Quota("users", 100, "users", "none", (75, 90, 95), used, "").reached == reached


@pytest.mark.parametrize(("used", "reached"), [(1, 0), (2, 95)])
def test_as_many_databases_as_were_given_are_no_warning(used: int, reached: int) -> None:
    assert Quota("databases", 1, "databases", "none", (75, 90, 95), used, "").reached == reached


def test_a_plan_without_limits_in_the_row_has_users_and_storage(
    admin: Connection, people: Callable[..., None], server: Server
) -> None:
    people(1, {})
    (found,) = read(server.session)
    assert tuple(found.quotas) == ("users", "storage")
    assert (found.connection_limit, found.monthly_price) == (None, None)
