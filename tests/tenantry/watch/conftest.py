"""A real server with an admin database, tenants as rows of it, and as many as are asked for.

The exporter's login has what the components give it there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from provider.resources.database.clone_rights import CloneRights
from provider.resources.database.read_grants import ReadGrants
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.engine.clients.postgresql import Server
from tenantry.names import ADMIN_DATABASE, EXPORTER_LOGIN
from tenantry.watch.read_columns import READ_COLUMNS
from tests.tenantry.database.history.conftest import unlocked

ROOT = Path(__file__).resolve().parents[3]
EXPORTER_PASSWORD = "exporters-own"
LOGINS = [f"{ADMIN_DATABASE}_a", f"{ADMIN_DATABASE}_b"]

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
RIGHTS = {
    "database": ADMIN_DATABASE, "owner": ADMIN_DATABASE, "logins": LOGINS, "rights": "rows", "readers": [EXPORTER_LOGIN],
    "statementTimeout": 30, "idleTimeout": 60, "connectionLimit": 60,
}  # fmt: skip
READS = {"database": ADMIN_DATABASE, "login": EXPORTER_LOGIN, "columns": dict(READ_COLUMNS)}
EMPTIED = (
    "operation_runs, operation_changes, operation_ends, tenants, tenant_user_statistics, billing_records,"
    " notification_logs, data_backup_records, tenant_init_progress, tenant_init_steps, tenant_resource_cleanup"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(f"CREATE ROLE {ADMIN_DATABASE}".encode())
        for login in LOGINS:
            session.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'a'".encode())
        session.execute(
            f"CREATE ROLE {EXPORTER_LOGIN} LOGIN PASSWORD '{EXPORTER_PASSWORD}' CONNECTION LIMIT 5".encode()
        )
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE} OWNER {ADMIN_DATABASE}".encode())
        at = connections(one)
        CloneRights().apply(at, RIGHTS, {})
        Migrations().apply(at, {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})
        ReadGrants().apply(at, READS, {})
        yield one


def connections(running: TemporaryServer) -> Connections:
    settings = {"host": "127.0.0.1", "port": running.port, "username": "tenantry", "sslmode": "disable"}
    return Connections({**settings, "password": running.password})


def exporter_command(port: str, *arguments: str, password: str = EXPORTER_PASSWORD, before: str = "") -> dict[str, Any]:
    """For subprocess: the command as its pod runs it, by the variables of its pod and nothing else. `before`: a
    statement that comes first."""
    program = f"{before}\nfrom tenantry.cli.app import main\nmain()"
    given = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": EXPORTER_LOGIN, "PGPASSWORD": password}
    return {
        "args": [sys.executable, "-c", program, "exporter", "--stack", "prod", *arguments],
        "env": {"PATH": os.environ["PATH"], "TENANTRY_SYSTEMS_OF": "prod", "PGSSLMODE": "disable", **given},
        "cwd": ROOT,
        "text": True,
    }


@pytest.fixture
def exporter(server: Server) -> Generator[Callable[..., str]]:
    """Starts one and gives its address; it ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(before: str = "") -> str:
        command = exporter_command(server.port, "--port", "0", before=before)
        process = subprocess.Popen(**command, stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()[-1]

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


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
