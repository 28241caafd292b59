"""A real server with an admin database, tenants as rows of it, and as many as are asked for."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from tenantry.engine.clients.postgresql import Server
from tenantry.names import ADMIN_DATABASE
from tests.tenantry.database.history.conftest import migrate, unlocked

SETTINGS = {
    "quotas": {
        "users": {"limit": 200, "unit": "users", "reset": "none", "thresholds": [75, 90, 95]},
        "storage": {"limit": 4000, "unit": "bytes", "reset": "none", "thresholds": [75, 90, 95]},
        "api_calls": {"limit": 1000, "unit": "calls", "reset": "daily", "thresholds": [50, 80, 95]},
        "bandwidth": {"limit": 1000, "unit": "bytes", "reset": "monthly", "thresholds": [75, 90, 95]},
        "databases": {"limit": 1, "unit": "databases", "reset": "none", "thresholds": [75, 90, 95]},
        "compute_hours": {"limit": 744, "unit": "hours", "reset": "monthly", "thresholds": [75, 90, 95]},
        "file_uploads": {"limit": 1000, "unit": "files", "reset": "daily", "thresholds": [75, 90, 95]},
        "email_sends": {"limit": 20, "unit": "emails", "reset": "hourly", "thresholds": [75, 90, 95]},
    },
    "limits": {"databaseConnections": 60},
    "price": {"monthly": 799, "yearly": 7990},
}
ROWS = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, settings,
    held_by, schema_version)
SELECT 'k' || lpad(n::text, greatest(3, length(n::text)), '0'), 'tenant ' || n, 'k' || n || '.yyup.cc', 'rent' || lpad(n::text, greatest(3, length(n::text)), '0'), 'active',
    (ARRAY['basic', 'standard', 'premium', 'enterprise'])[1 + n %% 4], 100, 1000, %s, 'local', 3
FROM generate_series(1, %s) AS n
"""
EMPTIED = (
    "operation_runs, operation_changes, operation_ends, tenants, tenant_user_statistics, billing_records,"
    " notification_logs, data_backup_records, tenant_init_progress, tenant_init_steps, tenant_resource_cleanup"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE}".encode())
        migrate(one)
        yield one


@pytest.fixture
def server(running: TemporaryServer) -> Server:
    return Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")


@pytest.fixture
def admin(running: TemporaryServer) -> Generator[Connection]:
    """The administrator's session in the admin database, in which there is nobody."""
    with running.connect(ADMIN_DATABASE) as session:
        with unlocked(session):
            session.execute(f"TRUNCATE {EMPTIED} CASCADE".encode())
        yield session


@pytest.fixture
def people(admin: Connection) -> Callable[[int], None]:
    """Makes so many active tenants, from k001 on."""

    def make(count: int, settings: dict[str, Any] = SETTINGS) -> None:
        admin.execute(ROWS, [json.dumps(settings), count])

    return make
