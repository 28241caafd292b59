"""One night's backups: what fails for one does not keep the others from theirs."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.create import BackupStore, BackupSubject, create_backup
from tenantry.backup.records import BackupRecords
from tenantry.backup.settings import Stack
from tenantry.cli.app import app

ROW = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, contact_phone)
VALUES ('k001', 'one', 'k001.yyup.cc', 'rent001', 'active', 'basic', 1, 1, '13800138001'),
    ('k002', 'two', 'k002.yyup.cc', 'rent002', 'active', 'basic', 1, 1, '13800138002')
"""


@pytest.fixture
def two(vault: BackupStore, tenant: BackupSubject, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The admin database knows k001, and k002 after it."""
    with vault.systems.session("admin") as session:
        session.execute("CREATE DATABASE rent002")
        session.execute(ROW)
    monkeypatch.setattr("tenantry.cli.commands.data.backup.stack_of", lambda *_: Stack(vault, tenant.buckets, folder))


def night() -> tuple[int, list[str], dict[str, str]]:
    """The exit code, who was backed up, and what was told of the others."""
    done = CliRunner().invoke(app, ["backup", "k001", "k002", "--scheduled", "--json", "--stack", "local"])
    told = json.loads(done.stdout)
    return done.exit_code, [backup["id"].split("-")[0] for backup in told["backups"]], told["failed"]


@pytest.mark.usefixtures("two")
def test_a_folder_that_a_person_copied_is_no_backup(vault: BackupStore, tenant: BackupSubject) -> None:
    key, bucket = (
        BackupPaths("k001").manifest(create_backup(vault, tenant, "scheduled").id),
        vault.systems.bucket(vault.place),
    )
    for folder in (".bak", "/older"):
        bucket.put_object(key.replace("/manifest.json", f"{folder}/manifest.json"), bucket.get_object(key).read())
    assert night() == (0, ["k001", "k002"], {})


@pytest.mark.usefixtures("two")
def test_a_manifest_of_a_newer_release_stops_that_tenant_alone(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest, bucket = create_backup(vault, tenant, "scheduled"), vault.systems.bucket(vault.place)
    key = BackupPaths("k001").manifest(manifest.id)
    bucket.put_object(key, json.dumps({**json.loads(manifest.model_dump_json()), "sealed": True}))
    code, done, failed = night()
    assert (code, done, list(failed)) == (3, ["k002"], ["k001"])
    assert f"{key}: sealed: " in failed["k001"]
    assert "use the release that wrote this backup" in failed["k001"]


@pytest.mark.usefixtures("two")
def test_an_error_of_the_database_is_kept_and_the_next_is_backed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    find = BackupRecords.all

    def failing(self: BackupRecords, code: str | None = None) -> Any:
        calls.append("")
        if len(calls) == 1:
            raise psycopg.OperationalError("the server went away")
        return find(self, code)

    monkeypatch.setattr(BackupRecords, "all", failing)
    code, done, failed = night()
    assert (code, done, list(failed)) == (3, ["k001", "k002"], ["k001"])
    assert "the server went away" in failed["k001"]


@pytest.mark.usefixtures("two")
def test_a_fault_of_the_program_at_one_keeps_no_other_from_a_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(vault: BackupStore, subject: BackupSubject, kind: Any, **more: Any) -> Any:
        if subject.name == "k001":
            raise KeyError("never seen")
        return create_backup(vault, subject, kind, **more)

    monkeypatch.setattr("tenantry.backup.create.create_backup", failing)
    code, done, failed = night()
    assert (code, done) == (3, ["k002"])
    assert "a fault of the program (KeyError: 'never seen'): report it" in failed["k001"]
