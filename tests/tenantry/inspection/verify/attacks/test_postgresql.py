"""Attempts of `verify` in a real database: whose what is in it is, and whether its Secret's password is the login's."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any, cast

import psycopg
import pytest

from local.postgresql.temporary import TemporaryServer
from tenantry.database import migration_record
from tenantry.inspection.verify.attacks.postgresql import rights
from tenantry.inspection.verify.core.attack import State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tests.tenantry.inspection.verify.attacks.test_network_and_routes import verify_target

UNTOUCHED = {"a password of its own for each login role": "PostgreSQL's own"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        with running.connect() as session:
            session.execute("CREATE ROLE rent001; CREATE ROLE rent001_a LOGIN PASSWORD 'a' IN ROLE rent001")
            session.execute("CREATE DATABASE rent001 OWNER rent001")
            session.execute("ALTER ROLE rent001_a IN DATABASE rent001 SET role = 'rent001'")
        yield running


@pytest.fixture
def context(server: TemporaryServer) -> VerifyContext:
    made = VerifyContext(
        replace(verify_target(), postgresql=("127.0.0.1", server.port, "disable")), frozenset({"k001"})
    )
    cast(Any, made)._kept["login k001"] = ("rent001_a", "a")
    return made


def verdict(attack: str, context: VerifyContext) -> Verdict:
    (chosen,) = [entry for entry in rights.ATTACKS if entry.id == attack]
    (trial,) = [trial for trial in chosen.trials(context) if trial.tenant == "k001"]
    return trial.run()


def test_what_belongs_to_another_role_is_found(server: TemporaryServer, context: VerifyContext) -> None:
    with server.connect("rent001") as session:
        session.execute("SET ROLE rent001; CREATE TABLE mine (a int, b int); CREATE TYPE span AS RANGE (SUBTYPE = int)")
        assert verdict("database.owners", context) == Verdict(State.HELD)
        session.execute("RESET ROLE; CREATE STATISTICS st (dependencies) ON a, b FROM mine; SELECT lo_create(4711)")
        said = "large object 4711 belongs to tenantry; statistics public.st belongs to tenantry"
        assert verdict("database.owners", context) == Verdict(State.HOLE, said)
        session.execute("SELECT lo_create(n) FROM generate_series(5000, 5010) n")
        assert verdict("database.owners", context).said.endswith("; 8 more")


@pytest.mark.parametrize(
    ("statement", "did"),
    {
        "SELECT": set(),
        "GRANT USAGE ON SCHEMA tenantry_platform TO rent001": {"PREPARE"},
        "GRANT USAGE, CREATE ON SCHEMA tenantry_platform TO rent001": {"PREPARE", "CREATE"},
        f"GRANT USAGE ON SCHEMA tenantry_platform TO rent001; GRANT SELECT ON {migration_record.TABLE} TO PUBLIC": {
            "TABLE",
            "PREPARE",
            "LOCK",
        },
        "ALTER SCHEMA tenantry_platform OWNER TO rent001": {"PREPARE", "DROP", "ALTER", "CREATE"},
    }.items(),
)
def test_a_record_that_a_tenant_gets_at_is_found(
    server: TemporaryServer, context: VerifyContext, statement: str, did: set[str]
) -> None:
    with server.connect("rent001") as session:
        migration_record.make(session)
        session.execute(statement.encode())
    try:
        (attack,) = [attack for attack in rights.ATTACKS if attack.id == "database.record"]
        verdicts = {trial.target: trial.run() for trial in attack.trials(context) if trial.tenant == "k001"}
        found = {name.split()[0] for name, verdict in verdicts.items() if verdict.state is State.HOLE}
        assert found == did
        assert {verdict.state for verdict in verdicts.values()} <= {State.HELD, State.HOLE}
    finally:
        with server.connect("rent001") as session:
            session.execute("DROP SCHEMA tenantry_platform CASCADE")


def test_what_a_tenant_lays_in_the_way_hides_nothing(server: TemporaryServer, context: VerifyContext) -> None:
    with server.connect("rent001") as session:
        session.execute("""
            SET ROLE rent001; CREATE FUNCTION no(oid, regrole) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE OPERATOR <> (LEFTARG = oid, RIGHTARG = regrole, FUNCTION = no);
            ALTER DATABASE rent001 SET search_path = public, pg_catalog;
            RESET ROLE; CREATE TABLE theirs (n int)""")
    assert verdict("database.owners", context).state is State.HOLE


def test_a_password_that_is_not_the_secrets_any_more_is_broken(server: TemporaryServer, context: VerifyContext) -> None:
    assert verdict("database.login", context) == Verdict(State.HELD)
    with server.connect() as session:
        session.execute("ALTER ROLE rent001_a CONNECTION LIMIT 0")
        assert verdict("database.login", context).state is State.UNCLEAR
        session.execute("ALTER ROLE rent001_a CONNECTION LIMIT -1 PASSWORD 'mine'")
    assert verdict("database.login", context) == Verdict(
        State.BROKEN, "the server calls the password of its Secret wrong"
    )


def test_a_database_of_somebody_else_that_a_tenant_gets_into_is_a_hole_until_it_is_closed(
    server: TemporaryServer, context: VerifyContext
) -> None:
    def gets_in() -> bool:
        login = f"host=127.0.0.1 port={server.port} dbname=metabase user=rent001_a password=a sslmode=disable"
        try:
            psycopg.connect(login).close()
        except psycopg.OperationalError:
            return False
        return True

    with server.connect() as session:
        session.execute("REVOKE ALL ON DATABASE postgres, template1, rent001 FROM PUBLIC")
        session.execute("GRANT CONNECT ON DATABASE rent001 TO rent001_a; ALTER ROLE rent001_a PASSWORD 'a'")
        assert verdict("database.rights", context) == Verdict(State.HELD)
        session.execute("CREATE DATABASE metabase")
        try:
            found = verdict("database.rights", context)
            assert (found.state, gets_in()) == (State.HOLE, True)
            assert "PUBLIC has CONNECT on metabase" in found.said
            session.execute("REVOKE CONNECT, TEMPORARY ON DATABASE metabase FROM PUBLIC")
            assert verdict("database.rights", context) == Verdict(State.HELD)
            assert not gets_in()
        finally:
            session.execute("DROP DATABASE metabase")
            session.execute("GRANT CONNECT ON DATABASE postgres, template1, rent001 TO PUBLIC")
