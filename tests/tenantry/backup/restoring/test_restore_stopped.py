"""Restores that are stopped, refused or fail: the database is open as before, and no copy is left behind."""

import os
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from multiprocessing import get_context
from threading import Event, Thread
from time import monotonic, sleep

import psycopg
import pytest

from tenantry.backup.clients import BackupClients, Session
from tenantry.backup.contents import objects, pg_dump
from tenantry.backup.create import BackupStore, BackupSubject, create_backup
from tenantry.backup.errors import BackupError, HalfDoneError, oss2
from tenantry.backup.restoring import database_swap as swapping
from tenantry.backup.restoring import restore as restoring
from tenantry.backup.restoring.database_swap import swap
from tenantry.backup.restoring.restore import restore
from tenantry.backup.verify import BackupMismatch
from tests.tenantry.backup.conftest import LIVING, change, quiet, restored


def test_a_swap_that_fails_leaves_everything_as_it_was(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    vault.systems.bucket(tenant.buckets[0]).delete_object(tenant.prefix + "a.txt")

    def gone(session: Session, *_: object) -> None:
        session.close()
        raise psycopg.OperationalError("the session ended")

    monkeypatch.setattr("tenantry.backup.restoring.database_swap._like", gone)
    with pytest.raises(BackupError, match="the session ended"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    assert not vault.systems.bucket(tenant.buckets[0]).object_exists(tenant.prefix + "a.txt")
    assert restored(vault) == ""
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (0,)


@pytest.mark.parametrize("where", ["_rename", "_like", "_close"])
def test_a_swap_that_is_interrupted_leaves_the_database_open(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    real = getattr(swapping, where)

    def interrupted(*_: object) -> None:
        monkeypatch.setattr(swapping, where, real)
        raise KeyboardInterrupt

    monkeypatch.setattr(swapping, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        restore(vault, manifest.id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (0,)
    assert restored(vault) == ""
    assert restore(vault, manifest.id, "k001", tenant, quiet).rows == 50


def _killed_in(where: str, systems: BackupClients) -> None:
    setattr(swapping, where, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    swap(systems, "rent001", "rent001_restored_1")


@pytest.mark.parametrize("where", ["_rename", "_like", "_close"])
def test_a_swap_that_is_killed_has_not_happened(vault: BackupStore, where: str) -> None:
    change(vault, "CREATE DATABASE rent001_restored_1", "postgres")
    child = get_context("spawn").Process(target=_killed_in, args=(where, replace(vault.systems)))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (50,)
    before = swap(vault.systems, "rent001", "rent001_restored_1")
    with vault.systems.session() as session:
        rows = session.execute("SELECT datname, datallowconn FROM pg_database WHERE datname ~ '^rent001'").fetchall()
    assert dict(rows) == {"rent001": True, before: False}


def test_a_swap_gets_through_where_sessions_come_again_at_once(vault: BackupStore) -> None:
    """A pool's sessions come like that: each that is ended is followed by another, and none ends up in the database before."""
    change(vault, "CREATE DATABASE rent001_restored_1", "postgres")
    over = Event()
    reached: list[object] = []

    def come() -> None:
        while not over.is_set():
            with suppress(psycopg.Error), vault.systems.session("rent001") as session:
                while not over.is_set():
                    reached[:] = [session.execute("SELECT to_regclass('things') IS NULL, pg_sleep(0.01)").fetchone()]

    pool = [Thread(target=come) for _ in range(8)]
    for worker in pool:
        worker.start()
    try:
        while not reached:
            sleep(0.01)
        before = swap(vault.systems, "rent001", "rent001_restored_1")
        with vault.systems.session() as session:
            row = session.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [before]).fetchone()
        assert row == (0,)
        deadline = monotonic() + 30
        while reached[0] != (True, "") and monotonic() < deadline:
            sleep(0.01)
        assert reached[0] == (True, ""), "nobody is in the restored one"
    finally:
        over.set()
        for entry in pool:
            entry.join()


def test_a_database_that_is_not_there_has_no_place_to_take(vault: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DROP DATABASE rent001 WITH (FORCE)", "postgres")
    with pytest.raises(BackupError, match="there is no database rent001"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    assert restored(vault) == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, psycopg.OperationalError("the session ended")])
def test_a_copy_that_is_not_finished_is_dropped(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    manifest = create_backup(vault, tenant, "manual")

    def stopped(*_: object) -> None:
        assert restored(vault)
        raise error

    monkeypatch.setattr(pg_dump, "load", stopped)
    with pytest.raises((KeyboardInterrupt, BackupError)):
        restore(vault, manifest.id, "k001", None, quiet)
    assert restored(vault) == ""


def test_the_copy_of_another_restore_stays(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create_backup(vault, tenant, "manual")
    first = restore(vault, manifest.id, "k001", None, quiet).database

    class SameSecond(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "SameSecond":
            return cls.strptime(first.rpartition("_")[2], "%Y%m%d%H%M%S%f")

    monkeypatch.setattr(restoring, "datetime", SameSecond)
    with pytest.raises(BackupError, match="already exists"):
        restore(vault, manifest.id, "k001", None, quiet)
    assert restored(vault) == first


def test_a_copy_that_cannot_be_dropped_is_told_by_its_name(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create_backup(vault, tenant, "manual")

    def gone(*_: object) -> None:
        raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr(pg_dump, "load", gone)
    monkeypatch.setattr(pg_dump, "drop", gone)
    said: list[str] = []
    with pytest.raises(BackupError, match="the server went away"):
        restore(vault, manifest.id, "k001", None, said.append)
    assert said[-1].startswith(f"{restored(vault)} could not be dropped")


@pytest.mark.parametrize("way", ["differs", "missing", "no answer"])
def test_objects_that_cannot_be_read_leave_no_copy_of_the_database(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    manifest = create_backup(vault, tenant, "manual")
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
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """None for a deletion: its tenant may well live."""
    manifest = create_backup(vault, tenant, "manual")
    one, bucket = manifest.objects[0], vault.systems.bucket(vault.place)
    match what:
        case "dump":
            bucket.put_object(LIVING.dump(manifest.id), b"x")
        case "object":
            bucket.put_object(LIVING.copy(one.bucket, one.version, one.path), b"")
        case _:
            monkeypatch.setattr(restoring, "differences", lambda *_: ["table public.things differs"])
    with pytest.raises(BackupMismatch) as caught:
        restore(vault, manifest.id, "k001", None, quiet)
    assert "`tenantry backup k001 --list`" in caught.value.remedy
    assert "--for-deletion" not in str(caught.value)


def test_objects_that_cannot_be_put_back_are_told_with_what_is_done_by_then(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create_backup(vault, tenant, "manual")
    change(vault, "DELETE FROM things")
    monkeypatch.setattr(objects, "copy", lambda *_: objects.Streamed(1, ""))
    with pytest.raises(HalfDoneError, match=r"rent001 is the restored one by now.*--replace k001"):
        restore(vault, manifest.id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (50,)
