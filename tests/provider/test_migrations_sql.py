"""The admin database's migrations, on a real server: they apply to an empty database and make what is named."""

import re
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from local.postgresql.temporary import TemporaryServer

FILES = sorted((Path(__file__).parents[2] / "provider" / "migrations" / "admin").glob("*.sql"))

# Table: the columns that the documents name.
NAMED = {
    "admin_users": "username email password role status last_login_at",
    "global_users": "phone password_hash real_name registration_source status",
    "global_user_tenant_relations": (
        "global_user_id tenant_code tenant_user_id role_in_tenant permissions login_count"
    ),
    "tenants": (
        "tenant_id name domain database_name status plan_type max_users max_storage contact_name contact_phone "
        "contact_email settings created_by deleted_at scheduled_deletion_at"
    ),
    "tenant_accounts": "balance credit_limit payment_status billing_cycle",
    "ai_model_config": "name display_name model_type provider endpoint_url model_parameters is_default status",
    "tenant_ai_model_configs": "model_id is_enabled priority custom_parameters",
    "tenant_init_progress": "tenant_id current_step total_steps status error_message",
    "tenant_init_steps": "tenant_id step_name step_order status started_at completed_at error_message",
    "tenant_resource_cleanup": (
        "tenant_code resource_type resource_name oss_bucket oss_region oss_path scheduled_deletion_at "
        "deletion_started_at deletion_completed_at status error_message retry_count"
    ),
} | dict.fromkeys(
    (
        "ai_service_call_logs", "tenant_ai_usage_summary", "audit_logs", "billing_records", "billing_rules",
        "data_access_logs", "data_backup_records", "invitation_links", "invitation_usage_stats", "login_history",
        "notification_logs", "permission_changes", "scheduled_tasks", "security_events", "sms_config",
        "system_config", "tenant_billing_rules", "tenant_cleanup_logs", "tenant_sub_accounts", "tenant_user_details",
        "tenant_user_statistics", "unified_auth_logs", "user_registrations",
    ),
    "id",
)  # fmt: skip

TENANT = (
    "INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage) "
    "VALUES ({code!r}, 'x', {domain!r}, {database!r}, {status!r}, {plan!r}, 1, 1)"
)


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connection[TupleRow]]:
    """A database with every migration applied, each in a transaction of its own, as the runner does."""
    with (
        TemporaryServer(tmp_path_factory.mktemp("admin")) as server,
        server.database("admin_tenant_management") as session,
    ):
        session.execute("CREATE TABLE schema_migrations (version integer PRIMARY KEY)")  # the runner's own
        for path in FILES:
            with session.transaction():
                session.execute(path.read_bytes())
        yield session


@pytest.fixture
def undone(admin: Connection[TupleRow]) -> Generator[Connection[TupleRow]]:
    """The same; what the test writes is taken back."""
    with admin.transaction(force_rollback=True):
        yield admin


def _tenant(session: Connection[TupleRow], **fields: str) -> None:
    values = {"code": "k001", "domain": "d", "database": "rent001", "status": "active", "plan": "basic"} | fields
    with session.transaction():
        session.execute(TENANT.format(**values).encode())


def test_files_are_numbered_without_gaps_and_leave_transactions_to_the_runner():
    assert [int(re.match(r"(\d{4})_[a-z_]+\.sql$", path.name)[1]) for path in FILES] == list(range(1, len(FILES) + 1))  # type: ignore[index]
    for path in FILES:
        statements = re.sub(r"\$\$.*?\$\$", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"^\s*(BEGIN|COMMIT|ROLLBACK|START)\b", statements, re.MULTILINE | re.IGNORECASE), (
            path.name
        )


@pytest.mark.parametrize("table", sorted(NAMED))
def test_every_named_table_has_its_named_columns(admin: Connection[TupleRow], table: str):
    rows = admin.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]).fetchall()
    assert {"id", "created_at", "updated_at", *NAMED[table].split()} - {row[0] for row in rows} == set()


def test_every_reference_has_an_index(admin: Connection[TupleRow]):
    bare = admin.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS ("
        "SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])"
    ).fetchall()
    assert bare == []


def test_the_runner_s_table_is_left_alone(admin: Connection[TupleRow]):
    rows = admin.execute("SELECT count(*) FROM information_schema.columns WHERE table_name = 'schema_migrations'")
    assert rows.fetchone() == (1,)


def test_only_settings_and_models_are_there_from_the_start(admin: Connection[TupleRow]):
    filled: set[str] = set()
    for table in NAMED:
        row = admin.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        if row != (0,):
            filled.add(table)
    assert filled == {"system_config", "ai_model_config"}


def test_each_type_of_model_has_at_most_one_default(undone: Connection[TupleRow]):
    with pytest.raises(psycopg.errors.UniqueViolation):
        undone.execute(
            "INSERT INTO ai_model_config (name, display_name, model_type, provider, is_default) "
            "VALUES ('second', 'x', 'text', 'x', true)"
        )


@pytest.mark.parametrize("status", ["active", "inactive", "suspended", "expired", "deleted", "purged"])
def test_every_state_of_a_tenant_can_be_written(undone: Connection[TupleRow], status: str):
    _tenant(undone, status=status)


@pytest.mark.parametrize(
    "problem",
    [
        {"code": "k1"}, {"code": "K001"}, {"code": "k001\n"}, {"code": "k0000001"},
        {"status": "lost"}, {"plan": "free"}, {"database": "r" * 64},
    ],
)  # fmt: skip
def test_a_tenant_out_of_range_is_refused(undone: Connection[TupleRow], problem: dict[str, str]):
    with pytest.raises(psycopg.errors.CheckViolation):
        _tenant(undone, **problem)


@pytest.mark.parametrize("taken", ["code", "domain", "database"])
def test_what_a_purged_tenant_had_is_never_given_again(undone: Connection[TupleRow], taken: str):
    first = {"code": "k001", "domain": "d", "database": "rent001"}
    second = {"code": "k002", "domain": "e", "database": "rent002"} | {taken: first[taken]}
    _tenant(undone, **first, status="purged")
    with pytest.raises(psycopg.errors.UniqueViolation):
        _tenant(undone, **second)


def test_a_clean_up_never_names_a_prefix_that_holds_others(undone: Connection[TupleRow]):
    """A path without its closing slash also matches its neighbours."""
    for path in ("", "/", "kindergarten/rent/138"):
        with pytest.raises(psycopg.errors.CheckViolation), undone.transaction():
            undone.execute(
                "INSERT INTO tenant_resource_cleanup (tenant_code, resource_type, resource_name, oss_bucket, "
                "oss_region, oss_path, scheduled_deletion_at) VALUES ('k001', 'oss', 'x', 'b', 'r', %s, now())",
                [path],
            )


def test_the_record_of_a_removal_outlives_the_tenant(undone: Connection[TupleRow]):
    _tenant(undone)
    undone.execute(
        "INSERT INTO tenant_cleanup_logs (tenant_code, resource_type, resource_name, action) "
        "VALUES ('k001', 'database', 'rent001', 'completed')"
    )
    undone.execute("DELETE FROM tenants WHERE tenant_id = 'k001'")
    assert undone.execute("SELECT count(*) FROM tenant_cleanup_logs").fetchone() == (1,)


def test_an_update_moves_updated_at(admin: Connection[TupleRow]):
    row = admin.execute(
        "UPDATE system_config SET description = description RETURNING updated_at > created_at"
    ).fetchone()
    assert row == (True,)
