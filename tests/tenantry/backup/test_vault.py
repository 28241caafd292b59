"""Backups taken, proved, set aside, restored and removed, on a real server and the stand-in."""

import gzip
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tenantry.backup.contents import objects
from tenantry.backup.contents.layout import LONGEST_KEY, BackupPaths
from tenantry.backup.contents.manifest import CHECKSUM
from tenantry.backup.create import BackupStore, BackupSubject, create_backup
from tenantry.backup.errors import BackupError
from tenantry.backup.restoring.restore import restore
from tenantry.backup.retention import Counts, forget, prune
from tenantry.backup.verify import BackupMismatch, archive_for_purge, prove, refuse_incomplete
from tests.tenantry.backup.conftest import LIVING, change, quiet, restored

PURGED = BackupPaths("k001", purged=True)


def keys(vault: BackupStore) -> list[str]:
    bucket = vault.systems.bucket(vault.place)
    return sorted(
        [*objects.keys(bucket, "backups/"), *objects.keys(bucket, "objects/"), *objects.keys(bucket, "purged/")]
    )


def test_a_backup_says_what_it_holds_and_is_on_record(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    assert manifest.fingerprint.tables["public.things"].rows == 50
    assert {obj.path: obj.size for obj in manifest.objects} == {"a.txt": 3, "b.bin": 100_000, "c/d.txt": 4}
    assert vault.manifest(manifest.id, LIVING) == manifest
    record = vault.records.find(manifest.id)
    assert record is not None
    assert (record.status, record.row_count, record.object_count) == ("completed", 50, 3)
    assert record.size_bytes == manifest.size > 100_000
    text = vault.systems.bucket(vault.place).get_object(LIVING.manifest(manifest.id)).read().decode()
    assert vault.systems.password not in text
    assert vault.systems.secret_key not in text


def test_a_second_backup_copies_only_what_is_new(vault: BackupStore, tenant: BackupSubject) -> None:
    create_backup(vault, tenant, "manual")
    before = {key for key in keys(vault) if key.startswith("objects/")}
    vault.systems.bucket(tenant.buckets[0]).put_object(tenant.prefix + "e.txt", b"more")
    second = create_backup(vault, tenant, "manual")
    new = {key for key in keys(vault) if key.startswith("objects/")} - before
    assert [key.rpartition("/")[2] for key in new] == ["e.txt"]
    assert len(second.objects) == 4
    assert {obj.sha256 for obj in second.objects if obj.path == "b.bin"}


def test_a_path_as_long_as_oss_allows_is_backed_up_proved_and_restored(
    vault: BackupStore, tenant: BackupSubject
) -> None:
    """Its copy's name would be longer than that: by the names of the subject, the bucket and the version."""
    paths = {"p" * (LONGEST_KEY - len(tenant.prefix)), "图" * 310, "q" * 908}
    files = vault.systems.bucket(tenant.buckets[0])
    for path in paths:
        files.put_object(tenant.prefix + path, path.encode())
    first = create_backup(vault, tenant, "manual")
    assert paths < {obj.path for obj in first.objects}
    copies = {key for key in keys(vault) if key.startswith("objects/")}
    assert create_backup(vault, tenant, "deletion").objects == first.objects
    assert {key for key in keys(vault) if key.startswith("objects/")} == copies
    shelf = archive_for_purge(vault, first.id, "k001", quiet)
    prove(vault, first.id, tenant, shelf, quiet)
    refuse_incomplete(vault, first.id, "k001", "")
    for path in paths:
        files.delete_object(tenant.prefix + path)
    restore(vault, first.id, "k001", tenant, quiet)
    assert {files.get_object(tenant.prefix + path).read().decode() for path in paths} == paths


@pytest.mark.parametrize("path", ["a\x01b", "a\rb", "a\nb", "a\tb", " a ", "a\x7fb", "<a&b>", "a\ufffeb"])
def test_whatever_a_path_holds_it_is_backed_up_restored_and_removed(
    vault: BackupStore, tenant: BackupSubject, path: str
) -> None:
    """A list of keys to remove is XML, which cannot name some of them."""
    files = vault.systems.bucket(tenant.buckets[0])
    files.put_object(tenant.prefix + path, b"old")
    files.put_object(tenant.prefix + path, b"new")
    manifest = create_backup(vault, tenant, "manual")
    assert path in {obj.path for obj in manifest.objects}
    objects.delete_all_versions(files, tenant.prefix)
    assert objects.count_remaining(files, tenant.prefix) == 0
    restore(vault, manifest.id, "k001", tenant, quiet)
    assert files.get_object(tenant.prefix + path).read() == b"new"


def test_objects_that_are_gone_since_the_backup_before_are_told(vault: BackupStore, tenant: BackupSubject) -> None:
    files, said = vault.systems.bucket(tenant.buckets[0]), list[str]()
    files.put_object(tenant.prefix + "temp/page", b"expires")
    first = create_backup(vault, tenant, "manual", say=said.append)
    files.delete_object(tenant.prefix + "temp/page")
    assert create_backup(vault, tenant, "manual", say=said.append).lost == 0
    assert not [line for line in said if "WARNING" in line]
    for kind in ("manual", "deletion"):
        other = BackupSubject("k001", tenant.database, "k001", "kindergarten/rent/13800138009/", tenant.buckets)
        manifest = create_backup(vault, other if kind == "manual" else tenant, kind, say=said.append)
        record = vault.records.find(manifest.id)
        assert record is not None
        assert record.status == "completed"
        assert manifest.lost == (3 if kind == "manual" else 0)
        if kind == "manual":
            assert "3 of the 3 objects" in (record.error_message or "")
            assert [line for line in said if "WARNING: k001: 3 of the 3 objects" in line]
    assert first.lost == 0


def test_a_backup_that_stopped_midway_is_none(vault: BackupStore, tenant: BackupSubject) -> None:
    with pytest.raises(BackupError, match="nowhere"):
        create_backup(vault, BackupSubject("k001", "nowhere", "k001"), "manual")
    (record,) = vault.records.all("k001")
    assert record.status == "failed"
    with pytest.raises(BackupError, match="there is no backup"):
        vault.shelf_of(record.backup_id, "k001")


def test_two_at_once_are_one_after_the_other(vault: BackupStore, tenant: BackupSubject) -> None:
    with vault.records.lock("rent001"), pytest.raises(BackupError, match="another backup of rent001 is running"):
        create_backup(vault, tenant, "manual")


def test_a_proof_holds(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "deletion")
    shelf = archive_for_purge(vault, manifest.id, "k001", quiet)
    assert shelf == PURGED
    proof = prove(vault, manifest.id, tenant, shelf, quiet)
    assert (proof.rows, proof.objects, proof.object_bytes) == (50, 3, 100_007)
    assert archive_for_purge(vault, manifest.id, "k001", quiet) == PURGED  # once more is fine


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM things WHERE id = 1", "living: table public.things has 49 rows instead of 50"),
        ("INSERT INTO things VALUES (51)", "living: table public.things has 51 rows"),
        ("UPDATE things SET id = 99 WHERE id = 1", "living: table public.things has other content"),
        ("CREATE INDEX ON things (id)", "living: the schema differs"),
    ],
)
def test_a_database_that_changed_since_is_not_proved(
    vault: BackupStore, tenant: BackupSubject, statement: str, told: str
) -> None:
    manifest = create_backup(vault, tenant, "deletion")
    change(vault, statement)
    with pytest.raises(BackupMismatch) as caught:
        prove(vault, manifest.id, tenant, LIVING, quiet)
    assert told in str(caught.value)


@pytest.mark.parametrize("what", ["added", "removed", "overwritten"])
def test_objects_that_changed_since_are_not_proved(vault: BackupStore, tenant: BackupSubject, what: str) -> None:
    manifest = create_backup(vault, tenant, "deletion")
    files = vault.systems.bucket(tenant.buckets[0])
    match what:
        case "added":
            files.put_object(tenant.prefix + "new.txt", b"x")
        case "removed":
            files.delete_object(tenant.prefix + "a.txt")
        case _:
            files.put_object(tenant.prefix + "a.txt", b"neu")
    with pytest.raises(BackupMismatch, match=r"is not in the backup|was removed since"):
        prove(vault, manifest.id, tenant, LIVING, quiet)


@pytest.mark.parametrize("key", ["dump", "copy", "lost", "manifest"])
def test_a_damaged_backup_is_not_proved(vault: BackupStore, tenant: BackupSubject, key: str) -> None:
    manifest = create_backup(vault, tenant, "deletion")
    bucket = vault.systems.bucket(vault.place)
    one = manifest.objects[0]
    copy = LIVING.copy(one.bucket, one.version, one.path)
    match key:
        case "dump":
            bucket.put_object(LIVING.dump(manifest.id), b"x" * manifest.dump.size)
        case "copy":
            bucket.put_object(copy, b"x" * one.size)
        case "lost":
            bucket.delete_object(copy)
        case _:
            bucket.put_object(
                LIVING.manifest(manifest.id), manifest.model_copy(update={"seconds": 0}).model_dump_json()
            )
    with pytest.raises(BackupError, match=r"differs|missing|or others|was changed"):
        prove(vault, manifest.id, tenant, LIVING, quiet)


def test_a_restore_stands_beside_and_is_the_same(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    done = restore(vault, manifest.id, "k001", None, quiet)
    assert done.database.startswith("rent001_restored_")
    assert (done.rows, done.objects) == (50, 3)
    with vault.systems.session(done.database) as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (50,)


def test_a_restore_in_place_keeps_the_rights_and_the_one_before(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM things WHERE id > 10")
    files = vault.systems.bucket(tenant.buckets[0])
    files.delete_object(tenant.prefix + "a.txt")
    facts = (
        "SELECT datconnlimit, datacl::text, datallowconn, pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    )
    with vault.systems.session() as session:
        before = session.execute(facts, ["rent001"]).fetchone()
        done = restore(vault, manifest.id, "k001", tenant, quiet)
        assert session.execute(facts, ["rent001"]).fetchone() == before
        assert session.execute("SELECT datallowconn FROM pg_database WHERE datname = %s", [done.before]).fetchone() == (
            False,
        )
        settings = session.execute(
            "SELECT setconfig FROM pg_db_role_setting JOIN pg_database ON oid = setdatabase WHERE datname = 'rent001'"
        ).fetchall()
    assert settings == [(["role=rent001"],)]
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*), min(tableowner) FROM things, pg_tables WHERE tablename = 'things'") \
            .fetchone() == (50, "rent001")  # fmt: skip
    assert files.get_object(tenant.prefix + "a.txt").read() == b"new"
    assert files.head_object(tenant.prefix + "c/d.txt").headers["Content-Type"] == "text/x-own"


def test_an_object_that_is_stored_compressed_goes_and_returns_as_it_is(
    vault: BackupStore, tenant: BackupSubject
) -> None:
    files, key, page = vault.systems.bucket(tenant.buckets[0]), tenant.prefix + "page.html", gzip.compress(b"<p>" * 999)
    headers = {
        "Content-Encoding": "gzip",
        "Content-Language": "zh",
        "Expires": "Thu, 01 Jan 2032 00:00:00 GMT",
        "x-oss-meta-own": "a b",
    }
    files.put_object(key, page, headers={**headers, "x-oss-tagging": "kind=a%20page&own"})
    manifest = create_backup(vault, tenant, "deletion")
    assert {obj.path: (obj.size, obj.sha256) for obj in manifest.objects}["page.html"] == (
        len(page),
        hashlib.sha256(page).hexdigest(),
    )
    assert prove(vault, manifest.id, tenant, archive_for_purge(vault, manifest.id, "k001", quiet), quiet).objects == 4
    files.put_object(key, b"other")
    restore(vault, manifest.id, "k001", tenant, quiet)
    found = files.get_object(key)
    assert headers.items() <= dict(found.headers).items()
    assert found.resp.response.raw.read(decode_content=False) == page
    assert files.get_object_tagging(key).tag_set.tagging_rule == {"kind": "a page", "own": ""}


def test_an_object_that_does_not_come_whole_fails_the_backup(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "copy", lambda *_: objects.Streamed(1, ""))
    with pytest.raises(BackupError, match="came as 1 bytes instead of"):
        create_backup(vault, tenant, "manual")


def test_a_damaged_backup_replaces_nothing(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    one = manifest.objects[0]
    vault.systems.bucket(vault.place).put_object(LIVING.copy(one.bucket, one.version, one.path), b"")
    change(vault, "INSERT INTO things VALUES (51)")
    with pytest.raises(BackupError):
        restore(vault, manifest.id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (51,)


@pytest.mark.parametrize("gone", ["DELETE FROM data_backup_records", "DROP TABLE data_backup_records", "database"])
def test_a_backup_comes_back_without_the_admin_database(vault: BackupStore, tenant: BackupSubject, gone: str) -> None:
    manifest = create_backup(vault, tenant, "manual")
    if gone == "database":
        change(vault, "DROP DATABASE admin WITH (FORCE)", "postgres")
    else:
        change(vault, gone, "admin")
    said: list[str] = []
    assert restore(vault, manifest.id, "k001", None, said.append).rows == 50
    assert [line.split(":")[0] for line in said].count("WARNING") == 1
    bucket, key = vault.systems.bucket(vault.place), LIVING.manifest(manifest.id)
    changed = manifest.model_copy(update={"seconds": 0}).model_dump_json()
    bucket.put_object(key, changed, headers={CHECKSUM: bucket.head_object(key).headers[CHECKSUM]})
    with pytest.raises(BackupError, match="was changed since it was written"):
        restore(vault, manifest.id, "k001", None, quiet)


def test_a_backup_that_is_on_record_as_failed_does_not_come_back(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "UPDATE data_backup_records SET status = 'failed'", "admin")
    with pytest.raises(BackupError, match="is not on record as complete"):
        restore(vault, manifest.id, "k001", None, quiet)


def test_a_backup_of_an_older_program_has_no_checksum_beside_it(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM data_backup_records", "admin")
    bucket, key = vault.systems.bucket(vault.place), LIVING.manifest(manifest.id)
    bucket.put_object(key, bucket.get_object(key).read())
    said: list[str] = []
    assert restore(vault, manifest.id, "k001", None, said.append).rows == 50
    assert any("no checksum lies with its manifest" in line for line in said)


def test_old_ones_go_with_the_copies_that_nobody_names(vault: BackupStore, tenant: BackupSubject) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    files = vault.systems.bucket(tenant.buckets[0])
    ids: list[str] = []
    for day in range(3):
        files.put_object(tenant.prefix + "daily.txt", str(day).encode())
        at = start + timedelta(days=day)
        ids.append(create_backup(vault, tenant, "scheduled", clock=lambda at=at: at).id)
    manual = create_backup(vault, tenant, "manual", clock=lambda: start - timedelta(days=9)).id
    doomed = prune(vault, tenant, Counts(daily=2, weekly=0, monthly=0), quiet)
    assert doomed == ids[:1]
    assert sum("daily.txt" in key for key in keys(vault)) == 2
    statuses = {record.backup_id: record.status for record in vault.records.all("k001")}
    assert statuses == {ids[0]: "expired", ids[1]: "completed", ids[2]: "completed", manual: "completed"}
    for backup_id in (*ids[1:], manual):
        assert restore(vault, backup_id, "k001", None, quiet).objects == 4
        change(vault, f'DROP DATABASE "{restored(vault)}" WITH (FORCE)', "postgres")


def test_what_is_left_of_a_purged_tenant_is_the_proved_one(vault: BackupStore, tenant: BackupSubject) -> None:
    create_backup(vault, tenant, "scheduled")
    proved = create_backup(vault, tenant, "deletion").id
    shelf = archive_for_purge(vault, proved, "k001", quiet)
    proof = prove(vault, proved, tenant, shelf, quiet)
    vault.records.prove(proved, vault.location(shelf.folder(proved)), proof.as_json(), None)
    forget(vault, "k001", "rent001", quiet)
    assert keys(vault)
    assert all(key.startswith("purged/k001/") for key in keys(vault))
    assert {record.status for record in vault.records.all("k001")} == {"expired", "verified"}
    assert restore(vault, proved, "k001", None, quiet).rows == 50
