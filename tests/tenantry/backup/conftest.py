"""A tenant's database and objects, and a vault for their backups: a real server and the Alibaba stand-in."""

import os
from collections.abc import Generator
from pathlib import Path

import oss2
import pytest

from local.alibaba.temporary import stand_in
from local.postgresql.binaries import binary
from local.postgresql.temporary import TemporaryServer
from tenantry.backup.clients import BackupClients, BucketLocation
from tenantry.backup.contents.layout import BackupPaths
from tenantry.backup.create import BackupStore, BackupSubject
from tenantry.backup.records import BackupRecords
from tenantry.database import migration_record
from tenantry.database.owner_login import CATALOG_ALONE

ROOT = Path(__file__).resolve().parents[3]
KEYS = {"ALICLOUD_ACCESS_KEY": "LTAItest", "ALICLOUD_SECRET_KEY": "secret", "ALICLOUD_ACCOUNT_ID": "1234567890123456"}
FILES, STORE = BucketLocation("files", "cn-guangzhou"), BucketLocation("store", "cn-beijing")
LIVING = BackupPaths("k001")
TENANT = BackupSubject("k001", "rent001", "k001", "kindergarten/rent/13800138001/", (FILES,))


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with stand_in(tmp_path_factory.mktemp("alibaba"), KEYS) as address:
        yield address


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory, proxy: str) -> Generator[BackupClients]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(binary("pg_dump").parent), prepend=os.pathsep)
        keys = KEYS["ALICLOUD_ACCESS_KEY"], KEYS["ALICLOUD_SECRET_KEY"], None, proxy
        yield BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", *keys)


@pytest.fixture
def vault(systems: BackupClients) -> Generator[BackupStore]:
    """With k001's database, three objects (one in two versions), and an admin database; all gone at the end."""
    migrations = sorted((ROOT / "provider" / "migrations" / "admin").glob("*.sql"))
    with systems.session() as session:
        session.execute("CREATE ROLE rent001; CREATE ROLE rent001_a IN ROLE rent001")
        session.execute("CREATE DATABASE rent001 OWNER rent001 CONNECTION LIMIT 50")
        session.execute("REVOKE ALL ON DATABASE rent001 FROM PUBLIC; GRANT CONNECT ON DATABASE rent001 TO rent001_a")
        session.execute("ALTER ROLE rent001_a IN DATABASE rent001 SET role = 'rent001'")
        session.execute("CREATE DATABASE admin")
    with systems.session("admin") as session:
        session.execute("CREATE TABLE schema_migrations (version integer PRIMARY KEY)")
        for migration in migrations:
            session.execute(migration.read_bytes())
    with systems.session("rent001", CATALOG_ALONE) as session:
        migration_record.make(session)
    with systems.session("rent001") as session:
        session.execute("SET role = 'rent001'; CREATE TABLE things AS SELECT id FROM generate_series(1, 50) AS id")
    for place in (FILES, STORE):
        systems.bucket(place).create_bucket()
        systems.bucket(place).put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    for path, content in {"a.txt": b"old", "b.bin": b"\x00" * 100_000, "c/d.txt": b"deep"}.items():
        systems.bucket(FILES).put_object(TENANT.prefix + path, content, headers={"Content-Type": "text/x-own"})
    systems.bucket(FILES).put_object(TENANT.prefix + "a.txt", b"new")
    yield BackupStore(systems, STORE, BackupRecords(systems, "admin"))
    for place in (FILES, STORE):
        bucket = systems.bucket(place)
        listed = bucket.list_object_versions(max_keys=1000)
        for version in [*listed.versions, *listed.delete_marker]:
            bucket.delete_object(version.key, params={"versionId": version.versionid})
        bucket.delete_bucket()
    with systems.session() as session:
        rows = session.execute("SELECT datname FROM pg_database WHERE datname ~ '^(rent00|admin|k001)'").fetchall()
        for (name,) in rows:
            session.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        session.execute("DROP ROLE rent001_a; DROP ROLE rent001")


@pytest.fixture
def tenant() -> BackupSubject:
    return TENANT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With k001's file, as far as a backup reads it, and k002's."""
    path = tmp_path / "tenants"
    path.mkdir()
    for number in (1, 2):
        text = f'code: k00{number}\nphone: "1380013800{number}"\nplan: basic\n'
        (path / f"k00{number}.yaml").write_text(text)
    return path


def quiet(_: str) -> None:
    """Nobody listens."""


def change(vault: BackupStore, statement: str, database: str = "rent001") -> None:
    """Runs the statement in one database, as the administrator."""
    with vault.systems.session(database) as session:
        session.execute(statement.encode())


def restored(vault: BackupStore) -> str:
    """The database that a restore has set beside the tenant's own; empty when there is none."""
    with vault.systems.session() as session:
        row = session.execute("SELECT datname FROM pg_database WHERE datname ~ '_restored_'").fetchone()
    return row[0] if row else ""
