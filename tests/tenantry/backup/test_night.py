"""One night's backups: what fails for one does not keep the others from theirs."""

import json
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from tenantry.backup.records import Records
from tenantry.backup.settings import Stack
from tenantry.backup.take import Subject, Vault
from tenantry.cli import app

ROW = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, contact_phone)
VALUES ('k001', 'one', 'k001.yyup.cc', 'rent001', 'active', 'basic', 1, 1, '13800138001'),
    ('k002', 'two', 'k002.yyup.cc', 'k001_two', 'active', 'basic', 1, 1, '13800138002')
"""


def test_an_error_of_the_database_is_kept_and_the_next_is_backed_up(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vault.systems.session("admin") as session:
        session.execute("CREATE DATABASE k001_two")
        session.execute(ROW)
    calls: list[str] = []
    find = Records.all

    def failing(self: Records, code: str | None = None) -> Any:
        calls.append("")
        if len(calls) == 1:
            raise psycopg.OperationalError("the server went away")
        return find(self, code)

    monkeypatch.setattr(Records, "all", failing)
    monkeypatch.setattr("tenantry.cli_backup.stack_of", lambda *_: Stack(vault, tenant.buckets))
    done = CliRunner().invoke(app, ["backup", "k001", "k002", "--scheduled", "--json", "--stack", "local"])
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert [one["id"].split("-")[0] for one in told["backups"]] == ["k001", "k002"]
    assert list(told["failed"]) == ["k001"]
    assert "the server went away" in told["failed"]["k001"]
