"""The fingerprint of a database, on a real server: every difference is told, and a dump and restore make none."""

import tempfile
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.postgresql.binaries import binary
from local.postgresql.temporary import TemporaryServer
from tenantry.backup.clients import BackupClients
from tenantry.backup.contents import fingerprint, pg_dump
from tenantry.backup.contents.fingerprint import Fingerprint, differences
from tenantry.backup.contents.objects import temporary_file
from tenantry.backup.errors import BackupError
from tenantry.database import migration_record
from tenantry.database.owner_login import CATALOG_ALONE

SCHEMA = """
CREATE TABLE one (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text, at timestamptz, n numeric, f float8, b bytea);
INSERT INTO one (t, at, n, f, b) VALUES ('园', '2026-01-01', 1.50, 0.1, '\\x00ff'), (NULL, NULL, NULL, 'NaN', NULL);
CREATE TABLE empty (id int);
CREATE TABLE "Odd name" ("the row" int);
INSERT INTO "Odd name" VALUES (1), (1);
CREATE VIEW seen AS SELECT t FROM one;
SELECT lo_from_bytea(0, 'large');
"""


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Generator[BackupClients]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(binary("pg_dump").parent), prepend=":")
        yield BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", "key", "secret")


@pytest.fixture
def source(systems: BackupClients) -> Generator[str]:
    with systems.session() as session:
        session.execute("CREATE DATABASE source")
        with systems.session("source") as inside:
            inside.execute(SCHEMA.encode())
        yield "source"
        session.execute("DROP DATABASE source WITH (FORCE)")


def test_a_dump_restores_to_the_same(systems: BackupClients, source: str) -> None:
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        taken = pg_dump.dump(systems, source, file)
        assert taken.tables["public.one"].rows == 2
        assert taken.rows == 4
        pg_dump.load(systems, file, name, taken)
        assert differences(taken, pg_dump.fingerprint_of(systems, name)) == []
    with systems.session() as session:
        assert not session.execute("SELECT FROM pg_database WHERE datname ~ '^tenantry_scratch'").fetchall()


APPLIED = [(0, "baseline", "x", datetime(2026, 11, 1, tzinfo=UTC)), (1, "more", "y", datetime(2026, 11, 2, tzinfo=UTC))]
# The tenant's code that runs when its dump is restored, before anything of the platform's might be there.
TAKES_THE_NAME = """
CREATE FUNCTION public.early() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN CREATE SCHEMA IF NOT EXISTS tenantry_platform; CREATE TABLE tenantry_platform.schema_migrations (); RETURN 1;
    EXCEPTION WHEN insufficient_privilege THEN RETURN 1; END $$;
CREATE TABLE public.first (n int CHECK (n = public.early()));
"""


@pytest.fixture
def owned(systems: BackupClients) -> Generator[str]:
    """A tenant's database, with the platform's record in it."""
    with systems.session() as session:
        session.execute("CREATE ROLE tenant")
        session.execute("CREATE DATABASE owned OWNER tenant")
        yield "owned"
        session.execute("DROP DATABASE owned WITH (FORCE)")
        session.execute("DROP ROLE tenant")


def test_the_record_comes_back_as_the_platforms(systems: BackupClients, owned: str) -> None:
    with systems.session(owned, CATALOG_ALONE) as session:
        migration_record.make(session, APPLIED)
        session.execute(f"SET ROLE tenant; {TAKES_THE_NAME}; INSERT INTO public.first VALUES (1)".encode())
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        taken = pg_dump.dump(systems, owned, file)
        assert taken.record is not None
        assert [row.version for row in taken.record] == [0, 1]
        pg_dump.load(systems, file, name, Fingerprint.model_validate_json(taken.model_dump_json()))
        assert differences(taken, pg_dump.fingerprint_of(systems, name)) == []
        with systems.session(name, CATALOG_ALONE) as session:
            assert migration_record.is_there(session)
            assert migration_record.rows(session) == APPLIED


def test_a_tenants_own_schema_of_that_name_is_in_its_dump(systems: BackupClients, owned: str) -> None:
    """A database of the former layout: nothing of it is read, nothing of it is lost."""
    with systems.session(owned) as session:
        session.execute("SET ROLE tenant; CREATE SCHEMA tenantry_platform")
        session.execute("CREATE TABLE tenantry_platform.schema_migrations AS SELECT 7 AS version")
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        taken = pg_dump.dump(systems, owned, file)
        assert taken.record is None
        pg_dump.load(systems, file, name, taken)
        assert differences(taken, pg_dump.fingerprint_of(systems, name, taken)) == []


# What a tenant may lay out in its database so that it runs when somebody copies, reads or restores it.
TRAPS = """
SET ROLE tenant;
CREATE FUNCTION trap() RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN
        IF current_setting('trap.sprung', true) = 'yes' THEN
            SET ROLE NONE;
            EXECUTE 'CREATE ROLE stolen SUPERUSER';
        END IF;
        RETURN true;
    END $$;
CREATE TABLE public.trapped (x int CHECK (public.trap()));
INSERT INTO public.trapped VALUES (1);
CREATE FUNCTION as_text(public.trapped) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.trap(); RETURN 'nothing'; END $$;
CREATE CAST (public.trapped AS text) WITH FUNCTION as_text(public.trapped) AS IMPLICIT;
CREATE FUNCTION public.sum(bigint) RETURNS bigint LANGUAGE plpgsql AS
    $$ BEGIN PERFORM public.trap(); RETURN 1; END $$;
ALTER DATABASE trapped SET search_path = public, pg_catalog;
"""


def test_what_a_tenant_lays_out_never_runs_with_our_rights(systems: BackupClients) -> None:
    with systems.session() as session:
        session.execute("CREATE ROLE tenant")
        session.execute("CREATE DATABASE trapped OWNER tenant")
        with systems.session("trapped") as inside:
            inside.execute(TRAPS.encode())
        session.execute("ALTER ROLE tenantry SET trap.sprung = 'yes'")
        session.execute("ALTER DATABASE trapped SET trap.sprung = 'yes'")
        try:
            with temporary_file() as file, pg_dump.scratch(systems) as name:
                taken = pg_dump.dump(systems, "trapped", file)
                session.execute(f"ALTER DATABASE {name} SET trap.sprung = 'yes'".encode())
                with pytest.raises(BackupError, match="permission denied to create role"):
                    pg_dump.load(systems, file, name, taken)
            assert taken.tables["public.trapped"].rows == 1
            query = "SELECT rolname FROM pg_roles WHERE rolname ~ '^(stolen|tenantry_scratch|tenant_m)'"
            assert session.execute(query).fetchall() == []
        finally:
            session.execute("ALTER ROLE tenantry RESET trap.sprung")
            session.execute("DROP DATABASE trapped WITH (FORCE)")
            session.execute("DROP ROLE tenant")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM one WHERE t IS NULL", "table public.one has 1 rows instead of 2"),
        ("UPDATE one SET n = 1.5 WHERE id = 1", "table public.one has other content in its 2 rows"),
        ("UPDATE one SET b = '\\x00fe' WHERE id = 1", "table public.one has other content in its 2 rows"),
        ('DELETE FROM "Odd name" WHERE ctid = (SELECT min(ctid) FROM "Odd name")', "table public.Odd name has 1 rows"),
        ("CREATE INDEX ON one (t)", "the schema differs"),
        ("ALTER TABLE empty ADD c int DEFAULT 1", "the schema differs"),
        ("DROP TABLE empty", "table public.empty is missing"),
        ("CREATE TABLE more ()", "table public.more is one too many"),
        ("SELECT nextval('one_id_seq')", "sequences differ (public.one_id_seq)"),
        ("SELECT lo_unlink(oid) FROM pg_largeobject_metadata", "large objects differ"),
    ],
)
def test_every_difference_is_told(systems: BackupClients, source: str, change: str, told: str) -> None:
    before = pg_dump.fingerprint_of(systems, source)
    with systems.session(source) as session:
        session.execute(change.encode())
    assert any(told in difference for difference in differences(before, pg_dump.fingerprint_of(systems, source)))


def test_a_dump_of_what_is_written_to_meanwhile_restores_to_what_was_taken(
    systems: BackupClients, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump's program reads a sequence first or last, a row's number is drawn before and after."""
    run = pg_dump.run

    def write() -> None:
        with systems.session(source) as session:
            session.execute("INSERT INTO one (t) VALUES ('meanwhile')")
            session.execute("CREATE SEQUENCE IF NOT EXISTS later")
            session.execute("SELECT nextval('never')")

    def busy(systems: BackupClients, name: str, *arguments: str, **files: Any) -> bytes:
        write()
        try:
            return run(systems, name, *arguments, **files)
        finally:
            write()

    with systems.session(source) as session:
        session.execute("CREATE SEQUENCE never")
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        with monkeypatch.context() as patch:
            patch.setattr(pg_dump, "run", busy)
            taken = pg_dump.dump(systems, source, file)
        assert taken.tables["public.one"].rows == 2
        pg_dump.load(systems, file, name, taken)
        found = pg_dump.fingerprint_of(systems, name)
        assert found.sequences != taken.sequences
        assert differences(taken, found) == []
        for value in (2**31, 1):  # beyond, and before it
            with systems.session(name) as session:
                session.execute("SELECT setval('one_id_seq', %s)", [value])
            told = differences(taken, pg_dump.fingerprint_of(systems, name))
            assert told == ["sequences differ (public.one_id_seq)"]


def test_a_fingerprint_of_an_older_program_is_read(systems: BackupClients, source: str) -> None:
    taken = pg_dump.fingerprint_of(systems, source)
    assert taken.sequences_before is None
    assert Fingerprint.model_validate_json(taken.model_dump_json(exclude={"sequences_before"})) == taken


def test_the_order_of_rows_does_not_matter(systems: BackupClients, source: str) -> None:
    before = pg_dump.fingerprint_of(systems, source)
    with systems.session(source) as session:
        session.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM one; DELETE FROM one")
        session.execute("INSERT INTO one OVERRIDING SYSTEM VALUE SELECT * FROM kept ORDER BY id DESC")
    assert differences(before, pg_dump.fingerprint_of(systems, source)) == []


def test_a_large_object_beyond_what_a_value_may_be_is_read(systems: BackupClients, source: str) -> None:
    """PostgreSQL's values end at 1 GB, its large objects at 4 TB; one byte behind a gap of any size costs a tenant
    nothing."""
    with systems.session(source) as session:
        session.execute("DO $$ BEGIN PERFORM lo_put(lo_create(4711), 1100000000, 'x'); END $$")
    with pg_dump.frozen(systems, source) as (session, _):
        assert fingerprint.take(session, session, "", has_record=False).large_objects.rows == 2


def test_a_large_object_in_parts_is_compared_to_its_end(
    systems: BackupClients, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pg_dump.fingerprint_of(systems, source).large_objects
    monkeypatch.setattr(fingerprint, "PART_BYTES", 5)  # of `large`: as long as a part
    assert pg_dump.fingerprint_of(systems, source).large_objects == whole
    monkeypatch.setattr(fingerprint, "PART_BYTES", 2)
    before = pg_dump.fingerprint_of(systems, source)
    with systems.session(source) as session:
        session.execute("SELECT lo_put(oid, 4, 'E') FROM pg_largeobject_metadata")
    assert differences(before, pg_dump.fingerprint_of(systems, source)) == ["large objects differ"]


def test_a_session_with_other_settings_says_the_same(systems: BackupClients, source: str) -> None:
    before = pg_dump.fingerprint_of(systems, source)
    with systems.session() as session:
        session.execute("ALTER DATABASE source SET timezone = 'Asia/Shanghai'")
        session.execute("ALTER DATABASE source SET datestyle = 'German'")
    assert differences(before, pg_dump.fingerprint_of(systems, source)) == []


def test_a_scratch_database_is_closed_to_others_and_an_abandoned_one_goes(systems: BackupClients) -> None:
    with systems.session() as session:
        session.execute("CREATE DATABASE tenantry_scratch_abandoned")
        session.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
        with pg_dump.scratch(systems) as first, pg_dump.scratch(systems) as second:
            names = [row[0] for row in session.execute("SELECT datname FROM pg_database").fetchall()]
            assert {first, second} <= set(names)
            assert "tenantry_scratch_abandoned" not in names
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(host="127.0.0.1", port=systems.port, user="stranger", password="stranger", dbname=first)
        session.execute("DROP ROLE stranger")


def test_a_missing_program_is_named(systems: BackupClients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BackupError, match="pg_dump is not on PATH"):
        pg_dump.fingerprint_of(systems, "postgres")


def test_what_a_program_says_holds_no_password(systems: BackupClients) -> None:
    with pytest.raises(BackupError) as caught:
        pg_dump.run(systems, "pg_dump", "nowhere")
    assert "nowhere" in str(caught.value)
    assert systems.password not in str(caught.value)
    assert systems.password not in repr(systems)


def test_a_spool_has_no_name_that_could_outlive_a_killed_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_file() as file:
        file.write(b"x")
        assert list(tmp_path.iterdir()) == []
