"""Restores that are stopped, refused or fail: the database is open as before, and no copy is left behind."""

from datetime import datetime, tzinfo

import psycopg
import pytest

from tenantry.backup import objects, postgresql
from tenantry.backup import restore as restoring
from tenantry.backup.failing import BackupError, oss2
from tenantry.backup.places import Shelf
from tenantry.backup.prove import Differs
from tenantry.backup.restore import restore
from tenantry.backup.systems import Session
from tenantry.backup.take import Subject, Vault, take
from tests.tenantry.backup.conftest import change, quiet, restored

LIVING, PURGED = Shelf("k001"), Shelf("k001", purged=True)


def test_a_swap_that_fails_leaves_everything_as_it_was(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = take(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    vault.systems.bucket(tenant.buckets[0]).delete_object(tenant.prefix + "a.txt")

    def gone(session: Session, *_: object) -> None:
        session.close()
        raise psycopg.OperationalError("the session ended")

    monkeypatch.setattr("tenantry.backup.restore._like", gone)
    with pytest.raises(BackupError, match="the session ended"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    assert not vault.systems.bucket(tenant.buckets[0]).object_exists(tenant.prefix + "a.txt")
    assert restored(vault) == ""
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (0,)


@pytest.mark.parametrize("where", ["_closed", "_rename", "_like", "_allow"])
def test_a_swap_that_is_interrupted_leaves_the_database_open(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    manifest = take(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    real = getattr(restoring, where)

    def interrupted(*arguments: object) -> None:
        monkeypatch.setattr(restoring, where, real)
        if where == "_closed":
            real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        restore(vault, manifest.id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (0,)
    assert restored(vault) == ""
    assert restore(vault, manifest.id, "k001", tenant, quiet).rows == 50


def test_a_database_that_cannot_be_opened_again_is_told_with_the_statement(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = take(vault, tenant, "manual")

    def refused(*_: object) -> None:
        raise psycopg.OperationalError("the server is going away")

    monkeypatch.setattr(restoring, "_allow", refused)
    with pytest.raises(BackupError, match=r'rent001 is closed.*going away.*"rent001" ALLOW_CONNECTIONS true'):
        restore(vault, manifest.id, "k001", tenant, quiet)


def test_a_database_that_is_not_there_has_no_place_to_take(vault: Vault, tenant: Subject) -> None:
    manifest = take(vault, tenant, "manual")
    change(vault, "DROP DATABASE rent001 WITH (FORCE)", "postgres")
    with pytest.raises(BackupError, match="there is no database rent001"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    assert restored(vault) == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, psycopg.OperationalError("the session ended")])
def test_a_copy_that_is_not_finished_is_dropped(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    manifest = take(vault, tenant, "manual")

    def stopped(*_: object) -> None:
        assert restored(vault)
        raise error

    monkeypatch.setattr(postgresql, "load", stopped)
    with pytest.raises((KeyboardInterrupt, BackupError)):
        restore(vault, manifest.id, "k001", None, quiet)
    assert restored(vault) == ""


def test_the_copy_of_another_restore_stays(vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = take(vault, tenant, "manual")
    first = restore(vault, manifest.id, "k001", None, quiet).database

    class SameSecond(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "SameSecond":
            return cls.strptime(first.rpartition("_")[2], "%Y%m%d%H%M%S")

    monkeypatch.setattr(restoring, "datetime", SameSecond)
    with pytest.raises(BackupError, match="already exists"):
        restore(vault, manifest.id, "k001", None, quiet)
    assert restored(vault) == first


def test_a_copy_that_cannot_be_dropped_is_told_by_its_name(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = take(vault, tenant, "manual")

    def gone(*_: object) -> None:
        raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr(postgresql, "load", gone)
    monkeypatch.setattr(postgresql, "drop", gone)
    said: list[str] = []
    with pytest.raises(BackupError, match="the server went away"):
        restore(vault, manifest.id, "k001", None, said.append)
    assert said[-1].startswith(f"{restored(vault)} could not be dropped")


@pytest.mark.parametrize("way", ["differs", "missing", "no answer"])
def test_objects_that_cannot_be_read_leave_no_copy_of_the_database(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    manifest = take(vault, tenant, "manual")
    one, bucket = manifest.objects[0], vault.systems.bucket(vault.place)
    key = LIVING.copy(one.bucket, one.version, one.path)

    def no_answer(*_: object) -> None:
        raise oss2.exceptions.RequestError(OSError("reset"))

    match way:
        case "differs":
            bucket.put_object(key, b"")
        case "missing":
            bucket.delete_object(key)
        case _:
            monkeypatch.setattr(objects, "read_back", no_answer)
    with pytest.raises(BackupError, match=way):
        restore(vault, manifest.id, "k001", None, quiet)
    assert restored(vault) == ""


@pytest.mark.parametrize("what", ["dump", "object", "rows"])
def test_a_restore_that_differs_names_the_other_backups(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """None for a deletion: its tenant may well live."""
    manifest = take(vault, tenant, "manual")
    one, bucket = manifest.objects[0], vault.systems.bucket(vault.place)
    match what:
        case "dump":
            bucket.put_object(LIVING.dump(manifest.id), b"x")
        case "object":
            bucket.put_object(LIVING.copy(one.bucket, one.version, one.path), b"")
        case _:
            monkeypatch.setattr(restoring, "differences", lambda *_: ["table public.things differs"])
    with pytest.raises(Differs) as caught:
        restore(vault, manifest.id, "k001", None, quiet)
    assert "`tenantry backup k001 --list`" in caught.value.remedy
    assert "--for-deletion" not in str(caught.value)


def test_objects_that_cannot_be_put_back_are_told_with_what_is_done_by_then(
    vault: Vault, tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = take(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    monkeypatch.setattr(objects, "copy", lambda *_: objects.Streamed(1, ""))
    with pytest.raises(BackupError, match=r"rent001 is the restored one by now.*--replace k001"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (50,)
