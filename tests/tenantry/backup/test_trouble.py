"""A backup is whole whatever the tenant sets, holds or uses up in its database, or says why there is none."""

from collections.abc import Generator
from dataclasses import replace
from tempfile import TemporaryFile

import psycopg
import pytest

from tenantry.backup.clients import BackupClients
from tenantry.backup.contents import fingerprint, pg_dump
from tenantry.backup.create import BackupStore, BackupSubject, create_backup
from tenantry.backup.errors import BackupError, error_context
from tenantry.backup.restoring.restore import restore
from tenantry.backup.verify import prove
from tests.support.harmful import spoil
from tests.support.owner_powers import REFUSED, exercise
from tests.tenantry.backup.conftest import LIVING, change, quiet


@pytest.fixture
def spoilt(vault: BackupStore) -> BackupStore:
    with vault.systems.session("rent001") as session:
        session.execute('CREATE TABLE "Käse" (name text); INSERT INTO "Käse" VALUES (\'示例幼儿园\')')
        session.execute('ALTER TABLE things OWNER TO rent001; ALTER TABLE "Käse" OWNER TO rent001')
        session.execute("SET ROLE rent001")
        spoil(session, "rent001")
        session.execute("ALTER ROLE rent001 IN DATABASE rent001 SET local_preload_libraries = 'nowhere'")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host="127.0.0.1",
            port=vault.systems.port,
            user="tenantry",
            password=vault.systems.password,
            dbname="rent001",
        )
    return vault


def test_a_backup_of_a_database_with_every_setting_is_proved(spoilt: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(spoilt, tenant, "manual")
    assert manifest.fingerprint.rows == 51
    prove(spoilt, manifest.id, tenant, LIVING, quiet)


def test_such_a_database_is_restored_without_them(spoilt: BackupStore, tenant: BackupSubject) -> None:
    manifest = create_backup(spoilt, tenant, "manual")
    change(spoilt, "DELETE FROM things")
    restore(spoilt, manifest.id, "k001", tenant, quiet)
    with spoilt.systems.session() as session:
        rows = session.execute("SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting").fetchall()
    assert ("rent001_a", ["role=rent001"]) in rows
    with spoilt.systems.session("rent001") as session:
        assert session.execute("SELECT count(*) FROM things").fetchone() == (50,)
        assert session.execute('SELECT name FROM "Käse"').fetchone() == ("示例幼儿园",)


@pytest.mark.parametrize("statement", ["ALTER DATABASE {} ALLOW_CONNECTIONS true", "DROP DATABASE {}"])
def test_the_database_that_a_restore_keeps_is_not_its_tenants_to_drop(
    vault: BackupStore, tenant: BackupSubject, statement: str
) -> None:
    """It is the way back, also where somebody with the tenant's login did the harm."""
    done = restore(vault, create_backup(vault, tenant, "manual").id, "k001", tenant, quiet)
    with vault.systems.session("rent001") as session:
        session.execute("SET SESSION AUTHORIZATION rent001_a; SET ROLE rent001")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner of database"):
            session.execute(statement.format(done.before).encode())


@pytest.mark.parametrize("mode", ["pg_dump", "the checksums"])
def test_a_table_that_stays_locked_ends_the_backup_and_its_holder_is_named(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(pg_dump, "DUMPED", (*pg_dump.DUMPED[:2], "--lock-wait-timeout=2s"))
    monkeypatch.setitem(fingerprint.SETTINGS, "lock_timeout", "2s")
    with vault.systems.session("rent001") as holder, holder.transaction():
        holder.execute("LOCK TABLE things")
        number = holder.info.backend_pid
        with pytest.raises(BackupError, match=rf"held by tenantry \(process {number},"):
            if mode == "pg_dump":
                create_backup(vault, tenant, "manual")
            else:
                _checksums(vault)
    assert create_backup(vault, tenant, "manual").fingerprint.rows == 50


def _checksums(vault: BackupStore) -> None:
    systems = vault.systems
    with (
        error_context("checksums"),
        pg_dump.frozen(systems, "rent001") as (session, snapshot),
        pg_dump.reading(systems, "rent001", session, snapshot) as reader,
    ):
        fingerprint.take(session, reader, "", has_record=False)


# What a tenant may make so that pg_restore runs a function of its own, each for as long as that one likes.
ENDLESS = {
    "an index": "CREATE INDEX ON things (slow(id))",
    "a constraint": "ALTER TABLE things ADD CHECK (slow(id) > 0)",
    "a materialized view": "CREATE MATERIALIZED VIEW seen AS SELECT slow(id) FROM things",
    "a generated column": "CREATE TABLE kept (n int, m int GENERATED ALWAYS AS (slow(n)) STORED); INSERT INTO kept VALUES (1)",
}
SLOW = """
CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF starts_with(current_database(), 'tenantry_scratch_') THEN PERFORM pg_sleep(3600); END IF; RETURN n; END $$
"""


@pytest.mark.parametrize("way", ENDLESS)
def test_a_proof_that_the_tenants_code_would_keep_for_ever_ends(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with vault.systems.session("rent001") as session:
        session.execute(f"SET ROLE rent001; {SLOW}; {ENDLESS[way]}".encode())
    manifest = create_backup(vault, tenant, "manual")
    monkeypatch.setattr(vault.systems, "limit_s", 3.0)
    with pytest.raises(
        BackupError, match=r"pg_restore of tenantry_scratch_\w+ took longer than 0\.05 minutes"
    ) as ended:
        prove(vault, manifest.id, tenant, LIVING, quiet)
    assert "k001" in str(ended.value)
    assert "backupLimitMinutes" in ended.value.remedy
    with vault.systems.session() as session:
        left = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'tenantry_scratch_')")
        assert left.fetchall() == []
        loading = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(usename, 'tenantry_scratch_')"
        assert session.execute(loading).fetchone() == (0,)


@pytest.mark.parametrize("whose", [0, 1], ids=["the catalogs", "the tables"])
def test_a_comparison_that_does_not_end_in_time_ends(
    vault: BackupStore, tenant: BackupSubject, monkeypatch: pytest.MonkeyPatch, whose: int
) -> None:
    def take(*sessions: psycopg.Connection, **_: object) -> None:
        sessions[whose].execute("SELECT pg_sleep(3600)")

    monkeypatch.setattr(vault.systems, "limit_s", 2.0)
    monkeypatch.setattr(fingerprint, "take", take)
    with pytest.raises(BackupError, match=r"backup of k001: reading rent001 took longer than 0\.03"):
        create_backup(vault, tenant, "manual")


@pytest.fixture
def weak(vault: BackupStore) -> Generator[BackupClients]:
    """A provisioner as a managed server has it: it has what the other one owns, and is no superuser."""
    with vault.systems.session() as session:
        session.execute("CREATE ROLE weak LOGIN CREATEDB CREATEROLE PASSWORD 'weak'; GRANT tenantry TO weak")
        session.execute("GRANT rent001 TO weak WITH ADMIN OPTION")  # as who has made a role has it
    yield replace(vault.systems, user="weak", password="weak")
    with vault.systems.session("rent001") as session:
        session.execute("DROP OWNED BY weak; DROP ROLE weak")


def test_rows_that_a_tenant_hides_are_never_missing_in_silence(vault: BackupStore, weak: BackupClients) -> None:
    change(vault, "ALTER TABLE things ENABLE ROW LEVEL SECURITY, OWNER TO rent001")
    with TemporaryFile() as file:
        assert pg_dump.dump(weak, "rent001", file).rows == 50
    change(vault, "ALTER TABLE things FORCE ROW LEVEL SECURITY")
    said = "the owner of rent001 has put public.things under FORCE ROW LEVEL SECURITY, and weak has no BYPASSRLS"
    with TemporaryFile() as file, pytest.raises(BackupError, match=said) as refused:
        pg_dump.dump(weak, "rent001", file)
    change(vault, refused.value.remedy.split("`")[3])
    with TemporaryFile() as file:
        assert pg_dump.dump(weak, "rent001", file).rows == 50


def test_whatever_an_owner_may_do_is_in_a_backup_that_is_proved_and_restored(
    vault: BackupStore, tenant: BackupSubject
) -> None:
    with vault.systems.session("rent001") as session:
        session.execute("SET SESSION AUTHORIZATION rent001_a; SET ROLE rent001")
        exercise(session, "rent001")
        manifest = create_backup(vault, tenant, "manual")
        prove(vault, manifest.id, tenant, LIVING, quiet)
        taken = manifest.fingerprint
    change(vault, "DROP TABLE hidden, odds, cast_rows CASCADE")
    restore(vault, manifest.id, "k001", tenant, quiet)
    assert pg_dump.fingerprint_of(vault.systems, "rent001", taken).tables == taken.tables
    assert taken.tables["public.hidden"].rows == taken.tables["public.cast_rows"].rows == 1
    assert taken.large_objects.rows == 1


@pytest.mark.parametrize("power", REFUSED)
def test_what_an_owner_may_not_do(vault: BackupStore, power: str) -> None:
    with vault.systems.session("rent001") as session:
        session.execute("CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
        session.execute("SET SESSION AUTHORIZATION rent001_a; SET ROLE rent001")
        with pytest.raises(psycopg.Error) as refused:
            for statement in REFUSED[power].replace("{database}", "rent001").split("; "):
                session.execute(statement.encode())
        assert refused.value.sqlstate in ("42501", "55000", "22023", "0LP01"), refused.value


def test_a_template_of_another_collation_version_is_told_its_remedy(systems: BackupClients) -> None:
    """The state after an upgrade of the server's C library; a database that is cloned, by a backup of it and by a restore."""
    with systems.session() as session:
        session.execute("CREATE DATABASE former TEMPLATE template0")
        session.execute("UPDATE pg_database SET datcollversion = '0' WHERE datname = 'former'")
    try:
        with (
            pytest.raises(BackupError, match=r"has a collation version.*: .*docs/opening\.md"),
            error_context("cloning"),
            pg_dump.scratch(systems, template="former"),
        ):
            pass
    finally:
        with systems.session() as session:
            session.execute("DROP DATABASE former")
