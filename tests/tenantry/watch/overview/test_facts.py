"""The facts of the page, out of a real admin database, and the command that writes it."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import Connection

from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Result, Run
from tenantry.engine.clients.postgresql import Server
from tenantry.watch.overview.facts import read_overview
from tests.tenantry.database.history.conftest import ORIGIN

# The command, with the server told by hand.
WRITING = """
import sys
from types import SimpleNamespace
from tenantry.cli.commands.stack import overview
from tenantry.engine.clients.postgresql import Server
server = Server("127.0.0.1", sys.argv[1], "tenantry", sys.argv[2], "disable")
overview.operation = lambda stack, cwd: SimpleNamespace(server=lambda: server)
sys.argv = ["tenantry", "overview", *sys.argv[3:]]
from tenantry.cli.app import main
main()
"""


def test_all_of_it_is_read(server: Server, admin: Connection, people: Callable[[int], None]) -> None:
    people(2)
    admin.execute("INSERT INTO tenant_init_progress (tenant_id, total_steps, status) VALUES ('k001', 8, 'in_progress')")
    admin.execute(
        "INSERT INTO tenant_init_steps (tenant_id, step_name, step_order, status, started_at, error_message) VALUES"
        " ('k001', 'database', 3, 'failed', '2026-01-01Z', 'no room'), ('k001', 'domain', 2, 'completed', now(), NULL)"
    )
    admin.execute(
        "INSERT INTO data_backup_records (tenant_code, backup_id, database_name, kind, location, status, completed_at)"
        " VALUES ('k002', 'a', 'd', 'scheduled', 'l', 'completed', '2026-01-01Z')"
    )
    page = Journal(Run("up", "prod", ORIGIN, started_at=datetime.now(UTC) - timedelta(hours=1)), server.session, print)
    page.end(Result.FAILED, "it broke")
    found = read_overview(server.session, "prod")
    assert [facts.code for facts in found.tenants] == ["k001", "k002"]
    assert found.backups == {"k002": datetime(2026, 1, 1, tzinfo=UTC)}
    assert [(step.tenant, step.step, step.error) for step in found.openings] == [("k001", "database", "no room")]
    assert [(run.command, run.result, run.error) for run in found.runs] == [("up", "failed", "it broke")]


def test_the_command_writes_a_file_for_its_owner_alone(
    server: Server, admin: Connection, people: Callable[[int], None], tmp_path: Path
) -> None:
    people(3)
    file = tmp_path / "fleet.html"
    command = [sys.executable, "-c", WRITING, server.port, server.password, "--html", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{file}: 3 tenants\n"), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert "<b>3</b> tenants" in file.read_text("utf-8")
    nowhere = [*command[:-1], str(tmp_path / "missing" / "fleet.html")]
    done = subprocess.run(nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    problem = [sys.executable, "-c", WRITING, "1", "hidden-password", "--html", str(file)]
    done = subprocess.run(problem, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "hidden-password" not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.html"]
