"""The last step of a removal: it looks for itself, and takes what is personal off the record."""

from collections.abc import Generator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import oss2
import pytest

from local.alibaba.temporary import stand_in
from local.postgresql.temporary import TemporaryServer
from tenantry.backup.cleanup_plan import CleanUp, resources_of
from tenantry.backup.clients import BackupClients, BucketLocation
from tenantry.backup.create import BackupStore
from tenantry.backup.records import BackupRecords
from tenantry.backup.settings import Stack
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.fleet.load import load_fleet
from tenantry.maintenance.purge.next_step import Next, Step
from tenantry.maintenance.purge.steps import Steps
from tenantry.names import ADMIN_DATABASE, prefix_of

ROOT = Path(__file__).resolve().parents[4]
KEYS = {"ALICLOUD_ACCESS_KEY": "LTAItest", "ALICLOUD_SECRET_KEY": "secret", "ALICLOUD_ACCOUNT_ID": "1234567890123456"}
FILES, STORE = BucketLocation("files", "cn-guangzhou"), BucketLocation("store", "cn-beijing")
PHONE, PROOF = "13800138001", "k001-20261101T000000Z-0123456789abcdef"
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.a.com"]}}]}'
)
GRANT = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
GONE_BY_NOW = (
    "INSERT INTO data_backup_records"
    " (tenant_code, backup_id, database_name, kind, location, status, verified_at, expires_at)"
    " VALUES ('k001', %s, 'rent001', 'deletion', 'oss://store/purged/k001/', 'verified', now(), now())"
)
RAM = ("ram.aliyuncs.com", "2015-05-01")
DNS = ("alidns.aliyuncs.com", "2015-01-09")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with stand_in(tmp_path_factory.mktemp("alibaba"), KEYS) as address:
        yield address


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory, proxy: str) -> Generator[BackupClients]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as server, server.database(ADMIN_DATABASE):
        keys = KEYS["ALICLOUD_ACCESS_KEY"], KEYS["ALICLOUD_SECRET_KEY"], None, proxy
        made = BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", *keys)
        with made.session(ADMIN_DATABASE) as session:
            session.execute("CREATE TABLE schema_migrations (version integer PRIMARY KEY)")
            for migration in sorted((ROOT / "provider" / "migrations" / "admin").glob("*.sql")):
                session.execute(migration.read_bytes())
        for place in (FILES, STORE):
            made.bucket(place).create_bucket()
            made.bucket(place).put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
        yield made


@pytest.fixture
def folder(tmp_path: Path, systems: BackupClients) -> Path:
    """A buried tenant's tombstone, and its clean-up plan, every row begun."""
    (tmp_path / "k001.yaml").write_text(
        f'code: k001\nname: 园\nphone: "{PHONE}"\nstatus: purged\nproof: {PROOF}\n', encoding="utf-8"
    )
    with systems.session(ADMIN_DATABASE) as session:
        session.execute("TRUNCATE tenant_resource_cleanup, tenant_cleanup_logs, data_backup_records")
        session.execute(GONE_BY_NOW, [PROOF])
        plan = CleanUp(session, "k001")
        planned = resources_of(
            database="rent001",
            domain="k001.yyup.cc",
            namespace="tenant-k001",
            role="tenant-k001",
            prefix=prefix_of(PHONE),
            buckets=[(FILES.name, FILES.region)],
        )
        plan.plan(planned, date(2026, 11, 1))
        for step in planned:
            plan.start(step)
            plan.fail(step, f"1 versions are left in {step.name}")
    return tmp_path


def finish(folder: Path, systems: BackupClients) -> Mapping[str, str]:
    steps = Steps(
        Stack(BackupStore(systems, STORE, BackupRecords(systems, ADMIN_DATABASE)), (FILES,), folder),
        folder,
        lambda _: None,
    )
    steps.take(load_fleet(folder, today=date(2026, 11, 2)), Next("k001", Step.FINISH, ""))
    return steps.failed


def recorded(systems: BackupClients) -> dict[str, str]:
    with systems.session(ADMIN_DATABASE) as session:
        return dict(session.execute("SELECT resource_name, status FROM tenant_resource_cleanup").fetchall())


def test_the_record_keeps_no_phone(folder: Path, systems: BackupClients) -> None:
    assert finish(folder, systems) == {}
    assert set(recorded(systems).values()) == {"completed"}
    assert "files/kindergarten/rent/k001/" in recorded(systems)
    with systems.session(ADMIN_DATABASE) as session:
        for table in ("tenant_resource_cleanup", "tenant_cleanup_logs"):
            rows = session.execute(f"SELECT {table}::text FROM {table}".encode()).fetchall()
            assert rows
            assert PHONE not in str(rows)
    assert PHONE not in (folder / "k001.yaml").read_text(encoding="utf-8")


def test_a_step_that_was_killed_before_its_file_is_repeated(folder: Path, systems: BackupClients) -> None:
    tombstone = (folder / "k001.yaml").read_text(encoding="utf-8")
    assert finish(folder, systems) == {}
    (folder / "k001.yaml").write_text(tombstone, encoding="utf-8")
    assert finish(folder, systems) == {}
    assert PHONE not in (folder / "k001.yaml").read_text(encoding="utf-8")


ROLE = {"RoleName": "tenant-k001", "AssumeRolePolicyDocument": TRUST}
POLICY = {"PolicyName": "tenant-k001", "PolicyDocument": GRANT}
RECORD = {"DomainName": "yyup.cc", "RR": "k001", "Type": "A", "Value": "192.0.2.10"}
LEFT: dict[str, tuple[tuple[str, str], str, dict[str, Any], str, dict[str, Any]]] = {
    "the role tenant-k001 is": (RAM, "CreateRole", ROLE, "DeleteRole", {"RoleName": "tenant-k001"}),
    "the policy tenant-k001 is": (RAM, "CreatePolicy", POLICY, "DeletePolicy", {"PolicyName": "tenant-k001"}),
    "records of k001.yyup.cc are": (
        DNS,
        "AddDomainRecord",
        RECORD,
        "DeleteSubDomainRecords",
        {"DomainName": "yyup.cc", "RR": "k001"},
    ),
}


@pytest.mark.parametrize("told", LEFT)
def test_what_is_left_in_a_system_keeps_the_tombstone(
    folder: Path, systems: BackupClients, proxy: str, told: str
) -> None:
    environment = {**KEYS, "TENANTRY_ALIBABA_PROXY": proxy}
    service, make, given, remove, named = LEFT[told]
    call(*service, make, given, environment)
    failed = finish(folder, systems)
    call(*service, remove, named, environment)
    assert f"{told} still there" in failed["k001"]
    assert PHONE in (folder / "k001.yaml").read_text(encoding="utf-8")
    assert finish(folder, systems) == {}


@pytest.mark.parametrize("code", ["SDK.HttpError", "EntityNotExist.User", "InvalidAccessKeyId.NotExist"])
def test_who_does_not_answer_has_perhaps_kept_it(folder: Path, systems: BackupClients, monkeypatch, code: str) -> None:
    def silent(host: str, *_: Any) -> Any:
        raise OSError(f"{host} does not answer GetRole: {code}")

    monkeypatch.setattr("tenantry.maintenance.purge.leftovers.call", silent)
    assert "ram.aliyuncs.com does not answer" in finish(folder, systems)["k001"]
