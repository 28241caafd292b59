"""A provisioner as a managed server has it: it makes roles and databases, and is no superuser."""

from collections.abc import Generator
from typing import Any

import psycopg
import pytest

from provider.systems.connections import Connections
from tenantry.database import migration_record
from tenantry.database.migrations import Migration
from tests.support.owner_powers import exercise


def login(server, database: str, name: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user=name,
        password=name,
        dbname=database,
        sslmode="disable",
        autocommit=True,
    )


@pytest.fixture
def provisioner(server, admin) -> Generator[str]:
    """The provisioner of a managed server: may make roles and databases, is no superuser; makes its own of both."""
    admin.execute("CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD 'provisioner'")
    with login(server, "postgres", "provisioner") as session:
        session.execute("CREATE ROLE rent NOLOGIN")
        session.execute("GRANT rent TO provisioner WITH INHERIT TRUE, SET TRUE")
        for name in ("rent_a", "rent_b"):
            session.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE rent".encode())
        session.execute("CREATE DATABASE rent OWNER rent")
    with login(server, "rent", "provisioner") as session:
        session.execute("CREATE TABLE made_by_the_template (n int); CREATE TYPE mood AS ENUM ('a')")
        migration_record.make(session)
        session.execute("REVOKE rent FROM provisioner")  # as who makes a database for its owner does
    yield "rent"
    admin.execute("DROP DATABASE rent WITH (FORCE)")
    for name in ("rent_a", "rent_b", "rent", "provisioner"):
        admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def managed(**changed: Any) -> dict[str, Any]:
    return {
        "database": "rent",
        "owner": "rent",
        "logins": ["rent_a", "rent_b"],
        "statementTimeout": 30,
        "idleTimeout": 60,
        "connectionLimit": 50,
        **changed,
    }


def test_a_provisioner_that_is_no_superuser_suffices(plugin, settings, server, provisioner: str) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    plugin.create("Migrations", {"database": "rent", "set": "admin", "digest": "abc"})
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    with login(server, "rent", "rent_a") as session:
        session.execute("INSERT INTO made_by_the_template VALUES (1); ALTER TABLE tenants ADD extra int")
    plugin.delete("CloneRights", made)


def test_what_the_provisioner_cannot_correct_is_no_success(plugin, settings, admin, refused, provisioner: str) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    admin.execute("REVOKE rent FROM provisioner CASCADE")
    admin.execute("GRANT CONNECT ON DATABASE rent TO PUBLIC")
    assert plugin.read("CloneRights", made).outputs["drift"] == [
        "PUBLIC holds CONNECT",
        "the provisioner may not act as rent",
    ]
    with refused("CloneRights rent", "permission denied to grant role", "let the provisioner act as the owner role"):
        plugin.update("CloneRights", made, managed())


def test_what_somebody_else_gave_is_no_success_either(plugin, settings, server, refused, provisioner: str) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "rent", "rent_a") as session:
        session.execute("GRANT CONNECT ON DATABASE rent TO rent_a WITH GRANT OPTION")
        session.execute("SET ROLE NONE; GRANT CONNECT ON DATABASE rent TO PUBLIC")
    with refused("CloneRights rent", "could not correct this: PUBLIC holds CONNECT", "a more powerful one"):
        plugin.update("CloneRights", made, managed())


def test_a_membership_that_was_lost_is_told_and_taken_again(plugin, settings, server, admin, provisioner: str) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "postgres", "provisioner") as session:
        session.execute("REVOKE rent FROM provisioner")
    state = plugin.read("CloneRights", made)  # nothing of what is in it can be looked at
    assert state.outputs["drift"] == ["the provisioner may not act as rent"]
    plugin.update("CloneRights", state, managed())
    assert plugin.read("CloneRights", made).outputs["drift"] == []


def test_its_record_of_migrations_is_its_own(plugin, settings, server, provisioner: str) -> None:
    known = settings(username="provisioner", password="provisioner")
    plugin.configure(postgresql=known)
    made = plugin.create("CloneRights", managed())
    at = Connections(known)
    for version in (1, 2):
        with at.as_owner("rent") as inside, at.catalogs("rent") as session, inside.transaction():
            session.commit()
            session.autocommit = True  # as a roll-out's are
            assert migration_record.is_there(session)
            migration_record.remember(session, inside, Migration(version, "x", b"x"))
    with at.catalogs("rent") as session:
        assert list(migration_record.applied(session)) == [1, 2]
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    with login(server, "rent", "rent_a") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("DROP SCHEMA tenantry_platform CASCADE")


def test_rows_that_a_tenant_hides_from_its_owner_are_told_and_shown_again(
    plugin, settings, server, provisioner: str
) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "rent", "rent_a") as session:
        session.execute("INSERT INTO made_by_the_template VALUES (1)")
        session.execute("ALTER TABLE made_by_the_template ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        session.execute("CREATE TABLE own (n int)")  # policies that do not bind its owner are its own affair
        session.execute("ALTER TABLE own ENABLE ROW LEVEL SECURITY")
        state = plugin.read("CloneRights", made)
        assert state.outputs["drift"] == ["table public.made_by_the_template hides rows from its owner"]
        plugin.update("CloneRights", state, managed())
        assert plugin.read("CloneRights", made).outputs["drift"] == []
        assert session.execute("SELECT n FROM made_by_the_template").fetchall() == [(1,)]


def test_whatever_an_owner_may_do_stops_no_update_and_is_mended_where_it_must_be(
    plugin, settings, server, provisioner: str
) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "rent", "rent_a") as session:
        exercise(session, "rent")
        state = plugin.read("CloneRights", made)
        assert state.outputs["drift"] == []
        session.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
        session.execute("ALTER TABLE hidden FORCE ROW LEVEL SECURITY")
        state = plugin.read("CloneRights", made)
        assert state.outputs["drift"] == [
            "PUBLIC holds CREATE, USAGE on schema public",
            "table public.hidden hides rows from its owner",
        ]
        plugin.update("CloneRights", state, managed())
        assert plugin.read("CloneRights", made).outputs["drift"] == []


SERVERS_OWN = {"databases": ["postgres", "template1"]}


def test_what_only_the_servers_administrator_can_close_is_said_in_its_words_and_done_after_that(
    plugin, settings, server, admin, refused, provisioner: str
) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    said = (
        'GRANT CONNECT ON DATABASE "postgres" TO "provisioner";'
        ' REVOKE CONNECT ON DATABASE "postgres", "template1" FROM PUBLIC;'
    )
    with refused("everybody may still connect to postgres, template1", f"as the server's administrator run `{said}`"):
        plugin.create("ClosedDatabases", SERVERS_OWN)
    try:
        admin.execute(said)
        made = plugin.create("ClosedDatabases", SERVERS_OWN)
        assert plugin.read("ClosedDatabases", made).outputs["drift"] == []
        plugin.create("CloneRights", managed())
        plugin.delete("ClosedDatabases", made)  # who could not close them does not open them
    finally:
        admin.execute("GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC")
        admin.execute("REVOKE CONNECT ON DATABASE postgres FROM provisioner")


def test_a_tenant_that_lets_nobody_in_locks_the_provisioner_out_no_more(
    plugin, settings, server, provisioner: str
) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "rent", "rent_a") as session:
        session.execute("ALTER DATABASE rent CONNECTION LIMIT 0")
    state = plugin.read("CloneRights", made)
    assert state.outputs["drift"] == ["it takes 0 connections instead of 50"]
    plugin.update("CloneRights", state, managed())
    assert plugin.read("CloneRights", made).outputs["drift"] == []


def test_whatever_it_has_made_is_given_to_the_owner(plugin, settings, server, provisioner: str) -> None:
    """A new owner must have CREATE in the schema, so that the schema changes hands first."""
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    with login(server, "rent", "provisioner") as session:
        session.execute("""
            GRANT rent TO provisioner WITH INHERIT TRUE, SET TRUE;
            CREATE SCHEMA apart;
            CREATE TABLE apart.pairs (a int, b int);
            CREATE STATISTICS apart.st (dependencies) ON a, b FROM apart.pairs;
            CREATE FUNCTION apart.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE TYPE apart.span AS RANGE (SUBTYPE = int);
            CREATE OPERATOR apart.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
            CREATE COLLATION apart.plain FROM "C";
            CREATE TEXT SEARCH CONFIGURATION apart.search (PARSER = default);
            CREATE PUBLICATION news FOR TABLE apart.pairs;
            SELECT lo_create(4711)""")
    made = plugin.create("CloneRights", managed())
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    with login(server, "rent", "rent_a") as session:
        session.execute("""
            ALTER STATISTICS apart.st SET STATISTICS 100; DROP FUNCTION apart.one; DROP TYPE apart.span;
            DROP OPERATOR apart.=== (int, int); DROP COLLATION apart.plain; DROP TEXT SEARCH CONFIGURATION apart.search;
            DROP PUBLICATION news; SELECT lo_unlink(4711); DROP SCHEMA apart CASCADE""")
