"""The two steps of a deletion, against a real server and the stand-in: one backup, and no removal without a proof."""

from contextlib import suppress
from typing import Any

import oss2
import pytest

from tenantry.database.onboarding_steps import STEPS, Change, record

CODE, PREFIX = "k001", "kindergarten/rent/13800138001/"
NEIGHBOUR = "kindergarten/rent/138001380010/"
BUCKETS = {"system-bucket": "cn-guangzhou", "photo-bucket": "cn-shanghai"}
PROOF = "k001-20261001T000000Z-0123456789abcdef"
RECORD = (
    "INSERT INTO data_backup_records"
    " (tenant_code, backup_id, database_name, kind, location, status, verified_at, expires_at, deleted_at)"
    " VALUES (%s, %s, 'clone', 'deletion', 'oss://x/purged/k001/backups/id/', 'verified', now(), now(), '2026-10-01')"
)


@pytest.fixture
def admin_database(plugin, server, cloud, settings) -> Any:
    with server.database("admin_tenant_management"):
        plugin.configure(postgresql=settings(), alibaba=cloud.settings)
        plugin.create("Migrations", {"database": "admin_tenant_management", "set": "admin", "digest": "abc"})
        yield "admin_tenant_management"


@pytest.fixture
def declared(admin_database: str, clone: str) -> dict[str, Any]:
    return {
        "adminDatabase": admin_database,
        "code": CODE,
        "database": clone,
        "prefix": PREFIX,
        "buckets": BUCKETS,
        "vault": {"bucket": "photo-bucket", "region": "cn-shanghai"},
    }


@pytest.fixture
def backup(declared) -> dict[str, Any]:
    names = {"domain": "k001.yyup.cc", "namespace": "tenant-k001", "role": "tenant-k001"}
    return {**declared, "deletedAt": "2026-10-01", "dueOn": "2026-10-31", "names": names}


def asked(server: Any, query: str) -> list[Any]:
    with server.connect("admin_tenant_management") as session:
        return session.execute(query.encode()).fetchall()


def test_a_deletion_is_backed_up_once(plugin, server, cloud, backup) -> None:
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    cloud.bucket("system-bucket").put_object(f"{NEIGHBOUR}a.txt", b"not mine")
    state = plugin.create("Backup", backup)
    again = plugin.create("Backup", backup)
    assert state.outputs["backupId"] == again.outputs["backupId"]
    assert asked(server, "SELECT status, object_count FROM data_backup_records") == [("completed", 1)]
    copies = [key for key in cloud.keys("photo-bucket") if key.startswith("objects/k001/")]
    assert len(copies) == 1
    assert copies[0].endswith("/a.txt")
    assert plugin.read("Backup", state).outputs["backupId"] == state.outputs["backupId"]


def test_what_is_to_go_is_planned_and_moves_with_the_day(plugin, server, backup) -> None:
    state = plugin.create("Backup", backup)
    query = "SELECT DISTINCT scheduled_deletion_at::date::text, status FROM tenant_resource_cleanup"
    assert asked(server, query) == [("2026-10-31", "pending")]
    plugin.update("Backup", state, {**backup, "dueOn": "2026-11-05"})
    assert asked(server, query) == [("2026-11-05", "pending")]
    assert len(asked(server, "SELECT FROM data_backup_records")) == 1
    assert plugin.diff("Backup", state, {**backup, "deletedAt": "2026-10-02"})[1] == ["deletedAt"]


def test_a_backup_that_fails_says_so_and_is_on_record(plugin, server, cloud, backup, refused) -> None:
    with refused("k001", "backing up", "nowhere-bucket", without="secret"):
        plugin.create("Backup", {**backup, "buckets": {"nowhere-bucket": "cn-shanghai"}})
    ((status, error),) = asked(server, "SELECT status, error_message FROM data_backup_records")
    assert status == "failed"
    assert "NoSuchBucket" in error


@pytest.fixture
def row(declared) -> dict[str, Any]:
    return {
        "adminDatabase": declared["adminDatabase"],
        "tenantId": CODE,
        "name": "x",
        "domain": "k001.yyup.cc",
        "databaseName": "rent001",
        "status": "deleted",
        "planType": "basic",
        "maxUsers": 1,
        "maxStorage": 1,
        "deletedAt": "2026-10-01",
    }


@pytest.fixture
def seal(plugin, server, declared, row) -> dict[str, Any]:
    """The seal that is declared of an opened tenant while protection is lifted."""
    plugin.create("TenantRow", row)
    with server.connect(declared["adminDatabase"]) as session:
        for statement, values in record(CODE, Change(completed=list(STEPS[:-1]))):
            session.execute(statement, values)
    return {"opening": {"database": declared["adminDatabase"], "tenant": CODE}}


@pytest.fixture
def purging(seal, declared) -> dict[str, Any]:
    of_deletion = {"proof": PROOF, "deletedAt": "2026-10-01"}
    return {**seal, "purge": {**of_deletion, **{key: declared[key] for key in ("prefix", "buckets", "vault")}}}


def test_a_seal_that_names_no_day_goes_by_the_proofs_own(plugin, server, cloud, seal, purging, refused) -> None:
    """The removal had begun before the day was declared."""
    former = {**purging, "purge": {key: value for key, value in purging["purge"].items() if key != "deletedAt"}}
    state = plugin.create("Opened", seal)
    with server.connect("admin_tenant_management") as session:
        session.execute(RECORD, ["k001", PROOF])
    cloud.bucket("photo-bucket").put_object(f"purged/k001/backups/{PROOF}/manifest.json", b"{}")
    plugin.update("Opened", state, former)
    with server.connect("admin_tenant_management") as session:
        session.execute("UPDATE data_backup_records SET deleted_at = NULL")
    with refused("is on record as no proved backup"):
        plugin.update("Opened", state, former)


def test_a_purge_without_a_proof_is_refused_before_and_after(plugin, server, cloud, seal, purging, refused) -> None:
    state = plugin.create("Opened", seal)
    with refused("is on record as no proved backup"):
        plugin.update("Opened", state, purging)
    with server.connect("admin_tenant_management") as session:
        session.execute(RECORD, ["k002", PROOF])
    with refused("is on record as no proved backup"):
        plugin.update("Opened", state, purging)
    with server.connect("admin_tenant_management") as session:
        session.execute("UPDATE data_backup_records SET tenant_code = 'k001'")
    with refused("is not in photo-bucket any more"):
        plugin.update("Opened", state, purging)
    cloud.bucket("photo-bucket").put_object(f"purged/k001/backups/{PROOF}/manifest.json", b"{}")
    state = plugin.update("Opened", state, purging)
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    with server.connect("admin_tenant_management") as session:
        session.execute("UPDATE data_backup_records SET status = 'completed'")
    with refused("is on record as no proved backup"):
        plugin.delete("Opened", state)
    assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")
    assert asked(server, "SELECT status FROM tenants") == [("deleted",)]


def test_a_deleted_tenant_without_a_purge_is_not_removed_at_all(plugin, cloud, seal, refused) -> None:
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    with refused("k001 was deleted, and no backup of it was proved"):
        plugin.delete("Opened", plugin.create("Opened", {**seal, "removal": "refused"}))
    assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")


@pytest.fixture
def purge(plugin, server, cloud, purging) -> Any:
    with server.connect("admin_tenant_management") as session:
        session.execute(RECORD, [CODE, PROOF])
    cloud.bucket("photo-bucket").put_object(f"purged/k001/backups/{PROOF}/manifest.json", b"{}")
    return plugin.create("Opened", purging)


def test_a_cancelled_purge_is_a_seal_without_it(plugin, server, cloud, purge, seal) -> None:
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    state = plugin.update("Opened", purge, seal)
    assert "purge" not in state.outputs
    plugin.delete("Opened", state)
    assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")


def test_the_proof_of_a_cancelled_deletion_is_none_for_a_later_one(
    plugin, server, cloud, purge, purging, seal, row, refused
) -> None:
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"written since")
    later = {**purging, "purge": {**purging["purge"], "deletedAt": "2026-10-11"}}
    with refused("no proved backup of k001 for its deletion of 2026-10-11"):
        plugin.update("Opened", purge, later)
    plugin.create("TenantRow", {key: row[key] for key in row if key != "deletedAt"} | {"status": "active"})
    state = plugin.update("Opened", purge, seal)
    query = "SELECT status, deleted_at, expires_at, location FROM data_backup_records"
    assert asked(server, query) == [("completed", None, None, "oss://x/backups/k001/id/")]
    for day in ("2026-10-01", "2026-10-11"):
        plugin.create("TenantRow", {**row, "deletedAt": day})
        with refused("no proved backup of k001"):
            plugin.update("Opened", state, {**purging, "purge": {**purging["purge"], "deletedAt": day}})
    with refused("no proved backup of k001"):
        plugin.delete("Opened", purge)
    assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")


@pytest.mark.parametrize("kind", ["scheduled", "manual", "migration"])
def test_only_a_backup_of_the_deletion_is_a_proof(plugin, server, purge, kind: str, refused) -> None:
    with server.connect("admin_tenant_management") as session:
        session.execute("UPDATE data_backup_records SET kind = %s", [kind])
    with refused("no proved backup of k001"):
        plugin.delete("Opened", purge)


def planned(server: Any) -> None:
    with server.connect("admin_tenant_management") as session:
        for bucket, region in BUCKETS.items():
            session.execute(
                "INSERT INTO tenant_resource_cleanup (tenant_code, resource_type, resource_name, oss_bucket, oss_region,"
                " oss_path, scheduled_deletion_at) VALUES (%s, 'oss', %s, %s, %s, %s, now())",
                [CODE, f"{bucket}/{PREFIX}", bucket, region, PREFIX],
            )


def test_a_purge_empties_its_prefixes_wholly_and_nobody_elses(plugin, server, cloud, purge) -> None:
    planned(server)
    system = cloud.bucket("system-bucket")
    for number in range(3):
        system.put_object(f"{PREFIX}a.txt", str(number).encode())
        system.put_object(f"{NEIGHBOUR}a.txt", str(number).encode())
    system.delete_object(f"{PREFIX}a.txt")
    system.init_multipart_upload(f"{PREFIX}part")
    plugin.delete("Opened", purge)
    left = system.list_object_versions(prefix=PREFIX)
    assert (left.versions, left.delete_marker) == ([], [])
    assert not list(oss2.MultipartUploadIterator(system, prefix=PREFIX))
    assert len(system.list_object_versions(prefix=NEIGHBOUR).versions) == 3
    assert asked(server, "SELECT DISTINCT status FROM tenant_resource_cleanup") == [("completed",)]
    plugin.delete("Opened", purge)  # once more is fine


@pytest.fixture
def own(admin) -> Any:
    """The tenant's database, as its owner may have left it."""
    admin.execute("CREATE DATABASE rent001")
    yield "rent001"
    admin.execute("ALTER DATABASE rent001 IS_TEMPLATE false")
    admin.execute("DROP DATABASE rent001")


def test_a_database_made_a_template_can_be_dropped_by_the_time_objects_go(
    plugin, server, cloud, admin, purge, own
) -> None:
    admin.execute("ALTER DATABASE rent001 IS_TEMPLATE true")
    plugin.delete("Opened", purge)
    assert admin.execute("SELECT datistemplate FROM pg_database WHERE datname = 'rent001'").fetchone() == (False,)


def test_nothing_goes_while_the_database_cannot_be_dropped(plugin, server, cloud, purge, own, refused) -> None:
    """A subscription, without a connection, stands for all that DROP DATABASE refuses."""
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    with server.connect("rent001") as session:
        session.execute(
            "CREATE SUBSCRIPTION theirs CONNECTION 'dbname=postgres' PUBLICATION one WITH (connect = false)"
        )
    with refused("rent001 cannot be dropped because of the subscription theirs", "nothing was removed"):
        plugin.delete("Opened", purge)
    assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")
    assert asked(server, "SELECT FROM tenant_resource_cleanup") == []
    with server.connect("rent001") as session:
        session.execute("ALTER SUBSCRIPTION theirs SET (slot_name = NONE)")
        session.execute("DROP SUBSCRIPTION theirs")
    plugin.delete("Opened", purge)


def test_nothing_goes_while_a_role_has_something_in_another_database(
    plugin, server, cloud, admin, purge, own, refused
) -> None:
    """In a neighbour's database, which it once got into."""
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    admin.execute("CREATE ROLE rent001_a")
    try:
        with server.connect("admin_tenant_management") as session:
            session.execute("SET ROLE rent001_a; SELECT lo_create(77); RESET ROLE")
        told = "rent001_a owns or holds 1 things in the database admin_tenant_management"
        with refused(f"the roles of rent001 cannot be dropped: {told}", "nothing was removed"):
            plugin.delete("Opened", purge)
        assert f"{PREFIX}a.txt" in cloud.keys("system-bucket")
        assert asked(server, "SELECT FROM tenant_resource_cleanup") == []
        with server.connect("admin_tenant_management") as session:
            session.execute("SELECT lo_unlink(77)")
        plugin.delete("Opened", purge)
    finally:
        admin.execute("DROP ROLE rent001_a")


def test_emptying_is_tried_again_and_each_attempt_is_on_record(plugin, server, cloud, purge, refused) -> None:
    planned(server)
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    cloud.fault(pattern="oss:delete_objects", kind="error", times=1, status=403, code="AccessDenied")
    plugin.delete("Opened", purge)
    query = "SELECT action, attempt FROM tenant_cleanup_logs WHERE resource_name LIKE 'system%' ORDER BY id"
    assert asked(server, query) == [("started", 1), ("failed", 2), ("retried", 2), ("completed", 2)]
    cloud.bucket("system-bucket").put_object(f"{PREFIX}b.txt", b"mine")
    with server.connect("admin_tenant_management") as session:
        session.execute("UPDATE tenant_resource_cleanup SET status = 'pending', retry_count = 0")
    cloud.fault(pattern="oss:delete_objects", kind="error", times=4, status=403, code="AccessDenied")
    with refused("emptying the prefixes", "AccessDenied"):
        plugin.delete("Opened", purge)
    query = "SELECT status, retry_count FROM tenant_resource_cleanup WHERE resource_name LIKE 'system%'"
    assert asked(server, query) == [("failed", 3)]


def alive(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in row if key != "deletedAt"} | {"status": "active"}


@pytest.mark.parametrize("operation", ["delete_objects", "ListObjectVersions"])
def test_a_removal_that_was_refused_before_anything_went_can_be_cancelled(
    plugin, server, cloud, purge, row, operation: str, refused
) -> None:
    cloud.bucket("photo-bucket").put_object(f"{PREFIX}a.jpg", b"mine")
    upload = cloud.bucket("photo-bucket").init_multipart_upload(f"{PREFIX}part")
    cloud.fault(pattern=f"oss:{operation}", kind="error", times=4, status=403, code="AccessDenied")
    with refused("emptying the prefixes", "AccessDenied"):
        plugin.delete("Opened", purge)
    assert cloud.faults() == []
    query = "SELECT resource_name, status, deletion_started_at FROM tenant_resource_cleanup"
    assert asked(server, query) == [(f"photo-bucket/{PREFIX}", "failed", None)]
    plugin.create("TenantRow", alive(row))
    assert asked(server, query) == []
    assert f"{PREFIX}a.jpg" in cloud.keys("photo-bucket")
    with suppress(oss2.exceptions.NoSuchUpload):
        cloud.bucket("photo-bucket").abort_multipart_upload(f"{PREFIX}part", upload.upload_id)


def test_once_an_object_is_gone_it_is_too_late(plugin, server, cloud, purge, row, refused) -> None:
    """Also where the rest of them resists, in this attempt or a later one."""
    cloud.bucket("photo-bucket").put_object(f"{PREFIX}a.jpg", b"mine")
    cloud.bucket("system-bucket").put_object(f"{PREFIX}a.txt", b"mine")
    plugin.delete("Opened", purge)
    with server.connect("admin_tenant_management") as session:
        session.execute("DELETE FROM tenant_resource_cleanup WHERE oss_bucket = 'photo-bucket'")
        session.execute("UPDATE tenant_resource_cleanup SET status = 'in_progress', deletion_completed_at = NULL")
    cloud.bucket("system-bucket").put_object(f"{PREFIX}b.txt", b"what is left")
    cloud.fault(pattern="oss:delete_objects", kind="error", times=4, status=403, code="AccessDenied")
    with refused("emptying the prefixes", "AccessDenied"):
        plugin.delete("Opened", purge)
    for status in ({"status": "active"}, {}):
        with refused("k001 is being removed, and its objects are gone already"):
            plugin.create("TenantRow", row | status)
