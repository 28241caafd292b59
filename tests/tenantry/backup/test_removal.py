"""The steps of a removal, on a real server and the stand-in: none is taken while a copy of the data is anywhere else,
and none once the proved backup is not whole.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml

from tenantry.backup.contents import objects
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.create import BackupStore, BackupSubject, create_backup
from tenantry.backup.settings import Stack
from tenantry.backup.verify import archive_for_purge
from tenantry.database.migration_record import TABLE
from tenantry.engine.errors import CommandError
from tenantry.fleet.load import load_fleet
from tenantry.maintenance.purge.next_step import Next, Step
from tenantry.maintenance.purge.steps import Steps
from tests.tenantry.backup.conftest import change

DELETED = date(2026, 9, 1)
Take = Callable[[Step], str]


@pytest.fixture
def path(write: Callable[..., Path]) -> Path:
    return write(status="deleted", deleted_at=str(DELETED))


@pytest.fixture
def step(vault: BackupStore, tenant: BackupSubject, path: Path) -> Take:
    """Takes a step for k001; the answer is what stopped it."""

    def take_one(step: Step) -> str:
        fleet = load_fleet(path.parent, today=date(2026, 11, 1), first_seen_deleted={"k001": DELETED})
        steps = Steps(Stack(vault, tenant.buckets, path.parent), path.parent, lambda _: None)
        steps.take(fleet, Next("k001", step, ""))
        return steps.failed.get("k001", "")

    return take_one


def status_of(path: Path) -> str:
    document = yaml.safe_load(path.read_text())
    return "tombstone" if "contact" not in document and document["status"] == "purged" else document["status"]


def remove(vault: BackupStore, tenant: BackupSubject) -> None:
    """Removes the tenant like the run after the tombstone."""
    for place in tenant.buckets:
        objects.delete_all_versions(vault.systems.bucket(place), tenant.prefix)


def test_it_goes_step_by_step_to_its_end(vault: BackupStore, tenant: BackupSubject, path: Path, step: Take) -> None:
    assert step(Step.PROVE) == ""
    assert status_of(path) == "purged"
    assert step(Step.BURY) == ""
    assert status_of(path) == "tombstone"
    remove(vault, tenant)
    assert step(Step.FINISH) == ""
    assert "phone" not in path.read_text()


def test_what_its_roles_have_in_other_databases_stops_it_before_anything_goes(
    vault: BackupStore, path: Path, step: Take
) -> None:
    for made, taken in (
        ("SET SESSION AUTHORIZATION rent001_a; SELECT lo_create(77)", "SELECT lo_unlink(77)"),
        ("GRANT SELECT ON tenants TO rent001", "REVOKE ALL ON tenants FROM rent001"),
        ("GRANT CONNECT ON DATABASE admin TO rent001_a", "REVOKE ALL ON DATABASE admin FROM rent001_a"),
    ):
        change(vault, made, "admin")
        why = step(Step.PROVE)
        change(vault, taken, "admin")
        where = "of the whole server" if "DATABASE" in made else "in the database admin"
        assert f"owns or holds 1 things {where}" in why, made
        assert "nothing was removed" in why
        assert status_of(path) == "deleted"
    assert step(Step.PROVE) == ""


@pytest.mark.parametrize("name", ["rent001_before_20261101000000", "rent001_restored_20261101000000"])
def test_a_copy_that_a_restore_left_stops_every_step(vault: BackupStore, path: Path, step: Take, name: str) -> None:
    with vault.systems.session() as session:
        for at, before in ((Step.PROVE, "deleted"), (Step.BURY, "purged"), (Step.FINISH, "tombstone")):
            session.execute(f"CREATE DATABASE {name}".encode())
            assert f"{name} still holds its data" in step(at)
            assert status_of(path) == before
            session.execute(f"DROP DATABASE {name}".encode())
            assert step(at) == ""


@pytest.mark.parametrize("what", ["database.dump", "manifest.json", "b.bin", "shorter"])
def test_nothing_goes_on_without_the_whole_proved_backup(
    vault: BackupStore, tenant: BackupSubject, path: Path, step: Take, what: str
) -> None:
    other = create_backup(vault, tenant, "scheduled").id
    assert step(Step.PROVE) == ""
    bucket = vault.systems.bucket(vault.place)
    (key,) = (key for key in objects.keys(bucket, "purged/k001/") if key.endswith(what.replace("shorter", "b.bin")))

    def damage() -> str:
        version = bucket.head_object(key).headers["x-oss-version-id"]
        bucket.put_object(key, b"short") if what == "shorter" else bucket.delete_object(key)
        return version

    version = damage()
    assert {"database.dump": "its dump", "shorter": "b.bin"}.get(what, what) in step(Step.BURY)
    assert status_of(path) == "purged"
    bucket.copy_object(bucket.bucket_name, key, key, params={"versionId": version})
    assert step(Step.BURY) == ""
    damage()
    assert step(Step.FINISH) != ""
    assert "phone" in path.read_text()
    assert any(other in key for key in objects.keys(bucket, "backups/k001/"))
    with vault.systems.session(vault.records.database) as session:
        session.execute("UPDATE data_backup_records SET expires_at = now() WHERE status = 'verified'")
    assert step(Step.FINISH) == ""
    assert objects.keys(bucket, "backups/k001/") == {}


def test_all_of_a_backup_is_set_aside_anew_so_that_its_days_count_from_the_proof(
    vault: BackupStore, tenant: BackupSubject
) -> None:
    backup_id, bucket = create_backup(vault, tenant, "deletion").id, vault.systems.bucket(vault.place)

    def versions() -> dict[str, str]:
        archive_for_purge(vault, backup_id, "k001", lambda _: None)
        return {
            version.key: version.version for version in objects.versions(bucket, "purged/k001/") if version.is_latest
        }

    first, second = versions(), versions()
    assert len(first) == 5
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


def test_what_expires_in_temp_meanwhile_does_not_stop_the_proof(
    vault: BackupStore, tenant: BackupSubject, step: Take
) -> None:
    files = vault.systems.bucket(tenant.buckets[0])
    for path in ("temp/", "temp/upload.bin"):
        files.put_object(tenant.prefix + path, b"")
    backup_id = create_backup(vault, tenant, "deletion", deleted_at=DELETED).id
    files.delete_object(tenant.prefix + "temp/upload.bin")
    files.put_object(tenant.prefix + "temp/", b"")  # expired, and made again
    files.put_object(tenant.prefix + "temp/new.bin", b"")
    assert "temp/new.bin is not in the backup" in step(Step.PROVE)
    files.delete_object(tenant.prefix + "temp/new.bin")
    assert step(Step.PROVE) == ""
    assert "temp/upload.bin" in {
        obj.path for obj in vault.manifest(backup_id, BackupPaths("k001", purged=True)).objects
    }


def test_a_migration_since_the_backup_is_told_as_one(vault: BackupStore, tenant: BackupSubject, step: Take) -> None:
    with vault.systems.session("rent001") as session:
        create_backup(vault, tenant, "deletion", deleted_at=DELETED)
        session.execute("ALTER TABLE things ADD more int")
        session.execute(f"INSERT INTO {TABLE} VALUES (1, 'more', 'x')".encode())
    assert "it was migrated since its backup" in (said := step(Step.PROVE))
    assert "`tenantry backup k001 --for-deletion`" in said
    create_backup(vault, tenant, "deletion", deleted_at=DELETED)
    assert step(Step.PROVE) == ""


@pytest.mark.parametrize(
    "error", [CommandError("k001.yaml: no line `status: deleted` was found", ""), psycopg.OperationalError("no line")]
)
def test_what_stops_one_tenant_is_kept_and_the_others_go_on(
    step: Take, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("tenantry.maintenance.purge.tenant_file.write_purged", refuse)
    assert "no line" in step(Step.PROVE)
