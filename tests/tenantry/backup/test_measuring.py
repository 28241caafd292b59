"""`tenantry usage --measure` counts in a real database and the stand-in's buckets
(tenantry/watch/measuring.py)."""

from pathlib import Path

import pytest

from tenantry.backup.create import BackupStore, BackupSubject
from tenantry.backup.settings import Stack
from tenantry.engine.clients.postgresql import Server
from tenantry.watch import measuring
from tenantry.watch.measuring import measure
from tests.tenantry.backup.conftest import change, quiet

ROW = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, contact_phone)
VALUES ('k001', 'one', 'k001.yyup.cc', 'rent001', 'active', 'basic', 1, 1, '13800138001'),
    ('k002', 'two', 'k002.yyup.cc', 'rent002', 'active', 'basic', 1, 1, '13800138002')
"""
FIGURES = "SELECT total_users, storage_bytes, object_count, database_bytes > 1000000, measured_at IS NOT NULL, logins"


@pytest.fixture
def at(vault: BackupStore, tenant: BackupSubject, folder: Path) -> Stack:
    """k001 has three files and two users, one of them deleted; k002 has nothing at all."""
    change(vault, ROW, "admin")
    change(vault, "SET ROLE rent001; CREATE TABLE users AS SELECT 1 AS id, NULL::timestamptz AS deleted_at")
    change(vault, "INSERT INTO users VALUES (2, now())")
    return Stack(vault, tenant.buckets, folder)


def server_of(at: Stack) -> Server:
    systems = at.vault.systems
    return Server(systems.host, systems.port, systems.user, systems.password, systems.sslmode)


def figures(at: Stack) -> list[tuple[object, ...]]:
    with at.vault.systems.session("admin") as session:
        return session.execute(f"{FIGURES} FROM tenant_user_statistics ORDER BY tenant_id".encode()).fetchall()


def test_users_files_and_database_are_counted_and_the_others_go_on(at: Stack) -> None:
    done, failed = measure(at, server_of(at), [], quiet)
    assert [(backup.code, backup.users, backup.storage, backup.objects) for backup in done] == [("k001", 1, 100_007, 3)]
    assert list(failed) == ["k002"]
    assert figures(at) == [(1, 100_007, 3, True, True, 0)]


def test_once_more_on_the_same_day_replaces_the_figures_and_nothing_that_the_application_wrote(at: Stack) -> None:
    change(
        at.vault, "INSERT INTO tenant_user_statistics (tenant_id, total_users, logins) VALUES ('k001', 70, 9)", "admin"
    )
    measure(at, server_of(at), ["k001"], quiet)
    at.vault.systems.bucket(at.buckets[0]).put_object("kindergarten/rent/13800138001/e", b"12345")
    measure(at, server_of(at), ["k001"], quiet)
    assert figures(at) == [(1, 100_012, 4, True, True, 9)]


def test_what_a_tenant_lays_in_the_way_runs_with_its_own_rights_alone(at: Stack) -> None:
    change(
        at.vault,
        "SET ROLE rent001; ALTER TABLE users RENAME TO kept;"
        " CREATE FUNCTION trap() RETURNS timestamptz LANGUAGE plpgsql AS"
        " $$ BEGIN EXECUTE 'CREATE ROLE stolen SUPERUSER'; RETURN NULL; END $$;"
        " CREATE VIEW users AS SELECT id, trap() AS deleted_at FROM kept",
    )
    done, failed = measure(at, server_of(at), ["k001"], quiet)
    assert (done, list(failed)) == ([], ["k001"])
    assert "permission denied" in failed["k001"]
    with at.vault.systems.session() as session:
        assert session.execute("SELECT FROM pg_roles WHERE rolname = 'stolen'").fetchall() == []


def test_code_of_a_tenant_that_never_ends_is_ended(at: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a cancelled statement for nothing, and would have all others wait for ever."""
    monkeypatch.setattr(measuring, "PATIENCE_S", 2.0)
    change(
        at.vault,
        "SET ROLE rent001; ALTER TABLE users RENAME TO kept;"
        " CREATE FUNCTION forever() RETURNS timestamptz LANGUAGE plpgsql AS"
        " $$ BEGIN LOOP BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;"
        " CREATE VIEW users AS SELECT id, forever() AS deleted_at FROM kept",
    )
    done, failed = measure(at, server_of(at), ["k001"], quiet)
    assert (done, list(failed)) == ([], ["k001"])
    assert "took longer than 2 s and was ended" in failed["k001"]
