"""The record of migrations is the platform's: a tenant, which owns the database, neither writes, locks nor removes
it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg import Connection, errors

from provider.resources.database.clone_rights import CloneRights
from provider.systems.connections import Connections
from tenantry.database import migration_record
from tenantry.database.migrations import RECORD, MigrationSetInvalid
from tenantry.engine.clients.postgresql import Server
from tenantry.maintenance.rollout.rollout import State
from tenantry.names import TEMPLATE_DATABASE
from tests.tenantry.maintenance.rollout.conftest import CONNECTIONS, settings

ONE = "CREATE TABLE one (id bigint PRIMARY KEY)"
TWO = "CREATE TABLE two (id bigint PRIMARY KEY)"
TABLE = migration_record.TABLE
Tenant = Callable[[str], Connection]

LOCKS = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
# What PostgreSQL's reference says about tables, schemas and owners, tried on what is not the tenant's. A prepared
# statement takes its locks before anybody asks whether it may be executed.
REFUSED = {
    "read": f"SELECT * FROM {TABLE}",
    "copy out": f"COPY {TABLE} TO STDOUT",
    "insert": f"INSERT INTO {TABLE} VALUES (999, 'x', 'x')",
    "copy in": f"COPY {TABLE} FROM STDIN",
    "update": f"UPDATE {TABLE} SET checksum = 'x'",
    "delete": f"DELETE FROM {TABLE}",
    "merge": f"MERGE INTO {TABLE} t USING (SELECT 0 n) s ON t.version = s.n WHEN MATCHED THEN DELETE",
    "truncate": f"TRUNCATE {TABLE}",
    "rows for update": f"SELECT FROM {TABLE} FOR UPDATE",
    "prepare to read": f"PREPARE p AS SELECT * FROM {TABLE}",
    "prepare to write": f"PREPARE p AS DELETE FROM {TABLE}",
    "a view of it": f"CREATE VIEW v AS SELECT * FROM {TABLE}",
    "a function of its row": f"CREATE FUNCTION f() RETURNS {TABLE} LANGUAGE sql AS 'SELECT NULL'",
    "a table like it": f"CREATE TABLE t (LIKE {TABLE})",
    "a child of it": f"CREATE TABLE t () INHERITS ({TABLE})",
    "a reference to it": f"CREATE TABLE t (n int REFERENCES {TABLE})",
    "drop": f"DROP TABLE {TABLE}",
    "rename": f"ALTER TABLE {TABLE} RENAME TO mine",
    "move": f"ALTER TABLE {TABLE} SET SCHEMA public",
    "own": f"ALTER TABLE {TABLE} OWNER TO CURRENT_USER",
    "add a column": f"ALTER TABLE {TABLE} ADD more int",
    "drop a column": f"ALTER TABLE {TABLE} DROP checksum",
    "a default": f"ALTER TABLE {TABLE} ALTER name SET DEFAULT 'x'",
    "a constraint": f"ALTER TABLE {TABLE} ADD CHECK (version < 1)",
    "row security": f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    "a policy": f"CREATE POLICY p ON {TABLE} USING (false)",
    "a rule": f"CREATE RULE r AS ON INSERT TO {TABLE} DO INSTEAD NOTHING",
    "a trigger": f"CREATE TRIGGER no BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION touch_updated_at()",
    "an index": f"CREATE INDEX ON {TABLE} (name)",
    "statistics": f"CREATE STATISTICS s ON version, name FROM {TABLE}",
    "a publication": f"CREATE PUBLICATION p FOR TABLE {TABLE}",
    "every publication": "CREATE PUBLICATION p FOR ALL TABLES",
    "a comment": f"COMMENT ON TABLE {TABLE} IS 'x'",
    "grant": f"GRANT ALL ON {TABLE} TO PUBLIC",
    "grant all": "GRANT ALL ON ALL TABLES IN SCHEMA tenantry_platform TO PUBLIC",
    "later rights": "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry GRANT ALL ON TABLES TO PUBLIC",
    "reindex the table": f"REINDEX TABLE {TABLE}",
    "reindex the schema": "REINDEX SCHEMA tenantry_platform",
    "cluster": f"CLUSTER {TABLE} USING schema_migrations_pkey",
    "vacuum": f"VACUUM FULL {TABLE}",
    "analyze": f"ANALYZE {TABLE}",
    "drop the schema": "DROP SCHEMA tenantry_platform CASCADE",
    "rename the schema": "ALTER SCHEMA tenantry_platform RENAME TO mine",
    "own the schema": "ALTER SCHEMA tenantry_platform OWNER TO CURRENT_USER",
    "grant the schema": "GRANT ALL ON SCHEMA tenantry_platform TO PUBLIC",
    "make something in it": "CREATE TABLE tenantry_platform.more (n int)",
    "move something into it": "CREATE TABLE t (n int); ALTER TABLE t SET SCHEMA tenantry_platform",
    "drop what the provisioner owns": "DROP OWNED BY tenantry CASCADE",
    "take what the provisioner owns": "REASSIGN OWNED BY tenantry TO CURRENT_USER",
    "be the provisioner": "SET ROLE tenantry",
    "be the provisioner's session": "SET SESSION AUTHORIZATION tenantry",
    "join the provisioner": "GRANT tenantry TO CURRENT_USER",
    "switch triggers off": "SET session_replication_role = replica",
    "an event trigger": "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION touch_updated_at()",
    **{f"lock {mode}": f"LOCK TABLE {TABLE} IN {mode} MODE" for mode in LOCKS},
}
# What a database's owner may do to all that is in it: harmless, and no lock of it stays.
ALLOWED = (
    "VACUUM FULL",
    "ANALYZE",
    "REINDEX DATABASE rent002",
    "DROP OWNED BY CURRENT_USER",  # what is its own
    "CREATE SCHEMA IF NOT EXISTS tenantry_platform",
    "GRANT ALL ON DATABASE rent002 TO PUBLIC",
    "REVOKE ALL ON DATABASE rent002 FROM tenantry",
    "ALTER DATABASE rent002 SET search_path = tenantry_platform",
)
AS_WHOM = {"the owner": "", "the login": "SET ROLE NONE"}


def standing(server: Server) -> Any:
    with server.session("rent002") as session:
        rights = session.execute(
            "SELECT nspowner::regrole::text, relowner::regrole::text, nspacl, relacl FROM pg_class"
            " JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relname = 'schema_migrations'"
        ).fetchall()
        inside = session.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tenantry_platform'::regnamespace ORDER BY 1"
        )
        return rights, inside.fetchall(), migration_record.rows(session)


def locks(server: Server) -> Any:
    with server.session("rent002") as session:
        wanted = "SELECT mode FROM pg_locks WHERE relation = %s::regclass AND pid <> pg_backend_pid()"
        return session.execute(wanted, [TABLE]).fetchall()


def test_what_a_tenant_may_try_is_refused(
    rollout: Any, written: Any, tenant: Tenant, server: Server, subtests: Any
) -> None:
    before = standing(server)
    assert [row[0] for row in before[2]] == [0]
    for whom, become in AS_WHOM.items():
        session = tenant("k002")
        session.execute(become.encode() or b"SELECT")
        for what, statement in REFUSED.items():
            with subtests.test(f"{what}, as {whom}"):
                with pytest.raises(errors.InsufficientPrivilege):
                    refused(session, statement)
                assert locks(server) == []
    assert standing(server) == before
    assert {result.state for result in rollout(written(v0001_one=ONE)).run()} == {State.MIGRATED}


def refused(session: Connection, statement: str) -> None:
    """In a transaction that stays open for a look at its locks, where it can be one."""
    if statement.startswith(("VACUUM", "REINDEX SCHEMA")):
        session.execute(statement.encode())
        return
    session.execute("BEGIN")
    try:
        session.execute("SAVEPOINT before")
        try:
            if statement.startswith("COPY"):
                with session.cursor() as cursor, cursor.copy(statement.encode()):
                    pass
            else:
                session.execute(statement.encode())
        except psycopg.Error:
            session.execute("ROLLBACK TO before")
            raise
    finally:
        session.execute("ROLLBACK")


def test_what_a_database_owner_may_do_leaves_the_record_alone(
    rollout: Any, written: Any, tenant: Tenant, server: Server, subtests: Any
) -> None:
    before = standing(server)
    for statement in ALLOWED:
        with subtests.test(statement):
            session = tenant("k002")
            session.execute("SET client_min_messages = error")
            session.execute(statement.encode())
            session.close()
            assert standing(server) == before
            assert locks(server) == []
    results = {result.label: result for result in rollout(written(v0001_one="SELECT 1"), only=["k002"]).run()}
    assert results["k002"].state is State.MIGRATED, results["k002"].error


def test_an_extension_in_the_schema_changes_nothing(rollout: Any, written: Any, tenant: Tenant, server: Server) -> None:
    before = standing(server)[2]
    with suppress(errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile):
        tenant("k002").execute("CREATE EXTENSION hstore SCHEMA tenantry_platform")
    results = {result.label: result for result in rollout(written(v0001_one=ONE)).run()}
    assert (results["k002"].state, standing(server)[2][:1]) == (State.MIGRATED, before)


# The tenant's code that runs with a migration: it may leave the role, as the login of the migration.
ATTEMPTS = f"""
CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE attempt text; done text := '';
BEGIN
    FOREACH attempt IN ARRAY ARRAY[
        $$INSERT INTO {TABLE} VALUES (999, 'x', 'x')$$, $$DELETE FROM {TABLE}$$, $$DROP TABLE {TABLE}$$,
        $$LOCK TABLE {TABLE}$$, $$PREPARE _pg3_0 AS SELECT * FROM {TABLE}$$, $$CREATE VIEW v AS SELECT * FROM {TABLE}$$,
        $$GRANT ALL ON {TABLE} TO PUBLIC$$, $$SET ROLE tenantry$$
    ] LOOP
        BEGIN
            SET ROLE NONE;
            EXECUTE attempt;
            done := done || attempt || '; ';
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END LOOP;
    EXECUTE format('SET ROLE %I', 'rent002');
    SET search_path = evil;
    INSERT INTO public.tried VALUES (done);
    RETURN NULL;
END $body$;
CREATE TABLE tried (done text);
CREATE SCHEMA evil;
INSERT INTO kindergartens (code, name) VALUES ('k002', 'one');
CREATE CONSTRAINT TRIGGER mine AFTER UPDATE ON kindergartens DEFERRABLE INITIALLY {{when}}
    FOR EACH ROW EXECUTE FUNCTION mine()
"""


@pytest.mark.parametrize("when", ["IMMEDIATE", "DEFERRED"])  # before the record is written, and after it, at the end
def test_a_tenants_code_in_the_migrations_own_session_gets_no_further(
    rollout: Any, written: Any, tenant: Tenant, server: Server, when: str
) -> None:
    tenant("k002").execute(ATTEMPTS.replace("{when}", when).encode())
    texts = {f"v000{n}_u": f"UPDATE public.kindergartens SET name = '{n}'" for n in range(1, 8)}
    results = {result.label: result for result in rollout(written(**texts)).run()}
    assert results["k002"].state is State.MIGRATED, results["k002"].error
    rights, inside, rows = standing(server)
    assert [row[0] for row in rows] == list(range(8))
    assert rights[0][:2] == ("tenantry", "tenantry")
    assert "rent002" not in str(rights)
    assert len(inside) == 2  # the table and its key
    with server.session("rent002") as session:
        assert set(session.execute("SELECT done FROM tried").fetchall()) == {("",)}


def test_every_migration_runs_as_the_tenants_owner(rollout: Any, written: Any, server: Server, owned: None) -> None:
    list(rollout(written(v0001_one=ONE, v0002_who="CREATE TABLE who AS SELECT current_user::text AS name")).run())
    with server.session("rent002") as session:
        assert session.execute("SELECT name FROM who").fetchall() == [("rent002",)]


def test_a_migration_that_fails_is_not_recorded_and_leaves_no_right(
    rollout: Any, written: Any, tenant: Tenant, server: Server
) -> None:
    before = standing(server)
    tenant("k002").execute("""
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        INSERT INTO kindergartens (code, name) VALUES ('k002', 'one');
        CREATE CONSTRAINT TRIGGER no AFTER UPDATE ON kindergartens DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION no()""")
    results = {
        result.label: result for result in rollout(written(v0001_u="UPDATE kindergartens SET name = 'two'")).run()
    }
    assert (results["k002"].state, results["k002"].after) == (State.FAILED, 0)
    assert standing(server)[2] == before[2]
    assert "rent002" not in str(standing(server)[0])


def test_a_right_that_a_killed_run_has_left_goes_with_the_login(
    rollout: Any, written: Any, tenant: Tenant, server: Server
) -> None:
    with server.session("rent002") as session:
        session.execute("CREATE ROLE rent002_m IN ROLE rent002 ROLE CURRENT_USER")
        session.execute(
            f"GRANT USAGE ON SCHEMA tenantry_platform TO rent002_m; GRANT INSERT ON {TABLE} TO rent002_m".encode()
        )
    results = {result.label: result for result in rollout(written(v0001_one=ONE)).run()}
    assert results["k002"].state is State.MIGRATED, results["k002"].error
    assert "rent002" not in str(standing(server)[0])


def test_rights_that_somebody_gave_are_drift_and_go(server: Server, owned: None, running: Any) -> None:
    with server.session("rent002") as session:
        session.execute(
            f"GRANT USAGE ON SCHEMA tenantry_platform TO rent002; GRANT SELECT ON {TABLE} TO PUBLIC".encode()
        )
    at = Connections(settings(running))
    declared = {"database": "rent002", "owner": "rent002", "logins": ["rent002_a"], "connectionLimit": CONNECTIONS}
    declared |= {"statementTimeout": 30, "idleTimeout": 600}
    found = CloneRights().observe(at, "rent002", declared)
    assert (found or {})["drift"] == [
        "PUBLIC holds SELECT on table tenantry_platform.schema_migrations",
        "rent002 holds USAGE on schema tenantry_platform",
    ]
    CloneRights().apply(at, declared, {})
    found = CloneRights().observe(at, "rent002", declared)
    assert (found or {})["drift"] == []


@pytest.fixture
def former(server: Server, running: Any, owned: None) -> None:
    """Template and tenants as releases before had made them: the record among the tenant's own tables."""
    with running.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} WITH ALLOW_CONNECTIONS true".encode())
    for name in (TEMPLATE_DATABASE, "kargerdensales_test", "rent001", "rent002", "rent003"):
        with running.connect(name) as session:
            session.execute(RECORD)
            session.execute(f"INSERT INTO public.schema_migrations SELECT * FROM {TABLE}".encode())
            session.execute("DROP SCHEMA tenantry_platform CASCADE")
            if name.startswith("rent"):
                session.execute(f"ALTER TABLE public.schema_migrations OWNER TO {name}".encode())
    with running.connect() as session:
        session.execute(f"ALTER DATABASE {TEMPLATE_DATABASE} WITH ALLOW_CONNECTIONS false".encode())


def test_a_record_of_the_former_layout_comes_over(
    rollout: Any, written: Any, server: Server, former: None, tenant: Tenant
) -> None:
    looked = {entry.label: entry for entry in rollout(written(v0001_one=ONE)).look()}
    assert looked["k002"].pending == ("the record, from public.schema_migrations", "0001_one")
    results = {
        result.label: (result.state, result.before, result.after) for result in rollout(written(v0001_one=ONE)).run()
    }
    assert set(results.values()) == {(State.MIGRATED, 0, 1)}
    assert [row[0] for row in standing_rows(server)] == [0, 1]
    tenant("k002").execute("INSERT INTO public.schema_migrations VALUES (999, 'x', 'x')")  # is not read any more
    assert {result.state for result in rollout(written()).run()} == {State.CURRENT}


def test_it_comes_over_where_nothing_else_is_to_do(rollout: Any, written: Any, server: Server, former: None) -> None:
    assert {result.state for result in rollout(written()).run()} <= {State.CURRENT, State.MIGRATED}
    assert [row[0] for row in standing_rows(server)] == [0]


def standing_rows(server: Server) -> Any:
    with server.session("rent002") as session:
        return migration_record.rows(session)


TABLE_OF_THAT_NAME = "CREATE VIEW tenantry_platform.schema_migrations AS SELECT 1 AS version, 'x' AS checksum"
FORMER = {
    "a row of a version to come": ("INSERT INTO schema_migrations VALUES (999, 'x', 'x')", "version 0999"),
    "the record renamed": ("ALTER TABLE schema_migrations RENAME TO mine", "it has no record"),
    "the record emptied": ("DELETE FROM schema_migrations", "it has no record"),
    "a schema of the platform's name": ("CREATE SCHEMA tenantry_platform", "tenantry_platform belongs to rent003"),
    "a record of the platform's name": (
        f"CREATE SCHEMA tenantry_platform; {TABLE_OF_THAT_NAME}",
        "schema tenantry_platform belongs to rent002",
    ),
}


@pytest.mark.parametrize("whats", [list(FORMER)[:2], list(FORMER)[2:]], ids=str)
def test_what_a_tenant_made_of_the_former_record_is_told(
    rollout: Any, written: Any, tenant: Tenant, server: Server, former: None, whats: list[str]
) -> None:
    """One tenant each; nobody stops the run."""
    troubled = dict(zip(("k001", "k003", "k002"), whats, strict=False))
    for code, what in troubled.items():
        tenant(code).execute(FORMER[what][0].encode())
    results = {result.label: result for result in rollout(written(v0001_one=ONE)).run()}
    for code, result in results.items():
        if code in troubled:
            assert (result.state, result.stops) == (State.FAILED, False)
            assert FORMER[troubled[code]][1] in result.error
            with server.session(f"rent{code[1:]}") as session:
                assert not migration_record.is_ours(session)
        else:
            assert result.state is State.MIGRATED


def test_a_name_that_is_somebody_elses_is_refused_with_what_to_do(server: Server, owned: None, running: Any) -> None:
    with running.connect("rent002") as session:
        session.execute(f"ALTER TABLE {TABLE} OWNER TO rent002".encode())
    with server.session("rent002") as session:
        for read in (migration_record.is_there, migration_record.make):
            with pytest.raises(
                MigrationSetInvalid,
                match=r"table tenantry_platform.schema_migrations belongs to rent002: .*OWNER TO tenantry",
            ):
                read(session)
