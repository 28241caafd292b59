"""Whatever a tenant lays out in its tables never runs with the provisioner's rights while they are read, compared or
kept: not when a query is planned, and not when the server itself computes what an index needs."""

from collections.abc import Generator

import psycopg
import pytest

from local.postgresql.binaries import binary
from local.postgresql.temporary import TemporaryServer
from tenantry.backup.clients import BackupClients
from tenantry.backup.contents import pg_dump
from tenantry.backup.contents.fingerprint import differences
from tenantry.backup.contents.objects import temporary_file
from tenantry.backup.contents.table_reader import table_reader
from tenantry.database import migration_record
from tenantry.database.owner_login import CATALOG_ALONE
from tenantry.inspection.drift.undeclared.postgresql import ROLES

OWNER = "SET SESSION AUTHORIZATION rent007_a; SET ROLE rent007; "
# Constant in its argument, so the planner computes it; as whom, it tells by failing.
TRAP = """
CREATE FUNCTION public.volatile() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    SET ROLE NONE;
    IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN RAISE 'run by %', current_user; END IF;
    RETURN 1; EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN RETURN 1;
END $$;
CREATE FUNCTION public.trap(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN RAISE 'run by %', current_user; END IF;
    RETURN public.volatile() + $1; END $$;
CREATE TABLE public.trapped (n int, m int);
INSERT INTO public.trapped SELECT n, n FROM generate_series(1, 9) AS n;
"""
WAYS = {
    "an index": "CREATE INDEX ON trapped ((n + trap(1)))",
    "a part of an index": "CREATE INDEX ON trapped (n) WHERE n > trap(1)",
    "an exclusion": "ALTER TABLE trapped ADD EXCLUDE ((n + trap(1)) WITH =)",
    "statistics": "CREATE STATISTICS st ON (n + trap(1)), m FROM trapped",
    "a constraint": "ALTER TABLE trapped ADD CHECK (n < trap(1000))",
    "a generated column": "ALTER TABLE trapped ADD g int GENERATED ALWAYS AS (n + trap(1)) STORED",
    "a default": "ALTER TABLE trapped ALTER m SET DEFAULT trap(1)",
    "a policy": "ALTER TABLE trapped ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON trapped USING (n < trap(1000))",
    "a forced policy": "ALTER TABLE trapped FORCE ROW LEVEL SECURITY, ENABLE ROW LEVEL SECURITY;"
    " CREATE POLICY p ON trapped USING (n < trap(1))",
    "a partition's key": "CREATE TABLE parted (n int) PARTITION BY LIST ((n + trap(1)));"
    " CREATE TABLE part PARTITION OF parted DEFAULT; INSERT INTO parted VALUES (1)",
}


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Generator[BackupClients]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(binary("pg_dump").parent), prepend=":")
        clients = BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", "key", "secret")
        with clients.session() as session:
            session.execute("CREATE ROLE rent007; CREATE ROLE rent007_a LOGIN IN ROLE rent007")
        yield clients


@pytest.fixture
def database(systems: BackupClients) -> Generator[str]:
    with systems.session() as session:
        session.execute("CREATE DATABASE rent007 OWNER rent007")
        session.execute("REVOKE ALL ON DATABASE rent007 FROM PUBLIC; GRANT CONNECT ON DATABASE rent007 TO rent007_a")
        with systems.session("rent007", CATALOG_ALONE) as inside:
            migration_record.make(inside)
        yield "rent007"
        session.execute("DROP DATABASE rent007 WITH (FORCE)")


def run(systems: BackupClients, *statements: str, database: str = "rent007") -> None:
    with systems.session(database) as session:
        for statement in statements:
            session.execute(statement.encode())


def roles(systems: BackupClients) -> list[str]:
    with systems.session() as session:
        found = session.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1").fetchall()
        return [name for (name,) in found]


@pytest.mark.parametrize("way", WAYS)
def test_a_tenants_code_runs_as_the_tenant_alone(systems: BackupClients, database: str, way: str) -> None:
    run(systems, OWNER + TRAP + WAYS[way])
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        taken = pg_dump.dump(systems, database, file)
        assert taken.tables["public.trapped"].rows == 9
        pg_dump.load(systems, file, name, taken)
        assert differences(taken, pg_dump.fingerprint_of(systems, name, taken)) == []
        run(systems, "VACUUM (ANALYZE)", database=name)  # as autovacuum does, at its own time
    assert roles(systems) == ["rent007", "rent007_a", "tenantry"]


def test_the_trap_is_one(systems: BackupClients, database: str) -> None:
    run(systems, OWNER + TRAP + WAYS["an index"])
    with systems.session(database, CATALOG_ALONE) as session, pytest.raises(psycopg.Error, match="run by tenantry"):
        session.execute("SELECT count(*) FROM ONLY public.trapped")


def test_what_runs_meanwhile_changes_no_checksum(systems: BackupClients, database: str) -> None:
    """The names in the statement are PostgreSQL's own, whatever the search path is by then."""
    before = pg_dump.fingerprint_of(systems, database).tables
    run(systems, OWNER + "CREATE TABLE public.kept (n int); INSERT INTO kept VALUES (1), (2)")
    honest = pg_dump.fingerprint_of(systems, database).tables
    shadows = """
    CREATE FUNCTION public.md5(text) RETURNS text LANGUAGE sql AS $$ SELECT repeat('0', 32) $$;
    CREATE FUNCTION public.concat(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x0' $$;
    CREATE AGGREGATE public.count(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 100);
    CREATE FUNCTION public.turn(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        PERFORM set_config('search_path', 'public, pg_catalog', false); RETURN $1; END $$;
    CREATE TABLE public.a_first (n int); CREATE INDEX ON public.a_first ((n + turn(1)));
    """
    run(systems, OWNER + shadows)
    assert pg_dump.fingerprint_of(systems, database).tables["public.kept"] == honest["public.kept"]
    assert before.keys() == honest.keys() - {"public.kept"} == {migration_record.TABLE}


def test_what_a_login_has_made_for_itself_is_read_too(systems: BackupClients, database: str) -> None:
    run(
        systems,
        "GRANT CREATE ON SCHEMA public TO rent007_a; SET SESSION AUTHORIZATION rent007_a; CREATE TABLE mine (n int)",
    )
    assert pg_dump.fingerprint_of(systems, database).tables["public.mine"].rows == 0


@pytest.mark.parametrize(
    "closed",
    [
        f"{OWNER} CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); REVOKE ALL ON kept FROM rent007",
        f"{OWNER} CREATE SCHEMA own CREATE TABLE kept (n int); INSERT INTO own.kept VALUES (1);"
        " REVOKE ALL ON SCHEMA own FROM rent007",
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)",  # by the administrator
        f"{OWNER} CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); REVOKE ALL ON DATABASE rent007 FROM rent007",
    ],
)
def test_what_is_closed_to_the_owner_is_read_all_the_same(systems: BackupClients, database: str, closed: str) -> None:
    run(systems, closed)
    with temporary_file() as file, pg_dump.scratch(systems) as name:
        taken = pg_dump.dump(systems, database, file)
        assert taken.rows == 1
        pg_dump.load(systems, file, name, taken)
        assert differences(taken, pg_dump.fingerprint_of(systems, name, taken)) == []
    assert roles(systems) == ["rent007", "rent007_a", "tenantry"]
    with systems.session(database) as session:
        assert session.execute("SELECT FROM pg_class WHERE relacl::text ~ 'rent007_r'").fetchall() == []


def test_a_copy_has_an_owner_of_its_own_that_goes_with_it(systems: BackupClients, database: str) -> None:
    run(systems, OWNER + TRAP + WAYS["an index"])
    copy = "rent007_restored_20261130120000"
    with temporary_file() as file, systems.session() as session:
        taken = pg_dump.dump(systems, database, file)
        pg_dump.create(session, copy)
        pg_dump.load(systems, file, copy, taken)
        owner = session.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [copy])
        assert owner.fetchone() == (copy,)
        values = {"prefix": "rent007_", "own": ["rent007_a"], "platform": ["rent007_m", "rent007_r"]}
        assert session.execute(ROLES, values).fetchall() == []  # drift tells the database, and that is enough
        session.execute(f'DROP DATABASE "{copy}"'.encode())  # by a person
    assert copy in roles(systems)
    with pg_dump.scratch(systems):
        pass
    assert copy not in roles(systems)


def test_a_reader_is_at_work_beside_a_change(systems: BackupClients, database: str) -> None:
    """A backup that reads for an hour keeps no migration waiting, and drift takes neither login for a stranger."""
    values = {"prefix": "rent007_", "own": ["rent007_a"], "platform": ["rent007_m", "rent007_r"]}
    with systems.session() as session:
        with table_reader(systems, database) as reader, pg_dump.loader(systems, database) as login:
            assert (reader.info.user, login.name) == ("rent007_r", "rent007_m")
            assert session.execute(ROLES, values).fetchall() == []
        session.execute("CREATE ROLE rent007_m LOGIN")  # as a killed run leaves it
        assert session.execute(ROLES, values).fetchall() == [("rent007_m", True)]
        session.execute("DROP ROLE rent007_m")
