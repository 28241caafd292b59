"""Rights of a clone: given, kept by others' hands off, told by a refresh and repaired by an update."""

import time

import psycopg
import pytest

OWNER, LOGINS = "clone", ["clone_a", "clone_b"]


def declared(database: str, **changed):
    return {
        "database": database,
        "owner": OWNER,
        "logins": LOGINS,
        "statementTimeout": 30,
        "idleTimeout": 60,
        "connectionLimit": 50,
        **changed,
    }


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
def given(plugin, clone: str):
    return plugin.create("CloneRights", declared(clone))


@pytest.fixture
def stranger(admin):
    admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    yield "stranger"
    admin.execute("DROP OWNED BY stranger")
    admin.execute("DROP ROLE stranger")


def test_a_login_acts_as_the_owner_within_its_limits(server, clone: str, given) -> None:
    for name in LOGINS:
        with login(server, clone, name) as session:
            row = session.execute(
                "SELECT session_user, current_user, current_setting('statement_timeout'), "
                "current_setting('idle_in_transaction_session_timeout')"
            ).fetchone()
            assert row == (name, OWNER, "30s", "1min")
            session.execute("CREATE TABLE mine (n int)")
            session.execute("ALTER TABLE students ADD COLUMN extra text")
            session.execute("ALTER TABLE students DROP COLUMN extra")
            session.execute("DROP TABLE mine")


def test_nobody_else_may_connect(server, clone: str, stranger: str, given) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(server, clone, stranger)


def test_every_object_belongs_to_the_owner(plugin, server, clone: str) -> None:
    with server.connect(clone) as session:
        session.execute("CREATE SCHEMA extra; CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN small AS int")
        session.execute('CREATE VIEW "odd Name" AS SELECT 1; CREATE SEQUENCE alone; CREATE TYPE pair AS (a int, b int)')
        session.execute("CREATE MATERIALIZED VIEW stored AS SELECT 1 AS one")
        session.execute('CREATE FUNCTION extra."odd F"(int, text[]) RETURNS int LANGUAGE sql AS $$SELECT 1$$')
        session.execute("CREATE PROCEDURE did() LANGUAGE sql AS $$SELECT 1$$")
    plugin.create("CloneRights", declared(clone))
    with server.connect(clone) as session:
        strays = session.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> 'clone'::regrole "
            "UNION SELECT proname FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'extra'::regnamespace) "
            "AND proowner <> 'clone'::regrole "
            "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace "
            "AND typowner <> 'clone'::regrole"
        ).fetchall()
    assert strays == []


def test_extensions_and_what_they_hold_stay_with_who_installed_them(plugin, server, clone: str) -> None:
    with server.connect(clone) as session:
        session.execute("CREATE EXTENSION vector")
    plugin.create("CloneRights", declared(clone))
    with server.connect(clone) as session:
        owners = session.execute(
            "SELECT extowner::regrole::text FROM pg_extension WHERE extname = 'vector' "
            "UNION SELECT proowner::regrole::text FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid AND deptype = 'e' "
            "UNION SELECT typowner::regrole::text FROM pg_type JOIN pg_depend ON objid = pg_type.oid AND deptype = 'e'"
        ).fetchall()
    assert owners == [("tenantry",)]


def test_it_is_the_same_again(plugin, clone: str, given) -> None:
    assert plugin.create("CloneRights", declared(clone)).outputs == given.outputs
    assert plugin.read("CloneRights", given).outputs == given.outputs
    assert plugin.diff("CloneRights", given, declared(clone)) == ([], [])


DRIFTS = {
    "PUBLIC": ("GRANT CONNECT ON DATABASE clone TO PUBLIC", "PUBLIC holds CONNECT"),
    "stranger": ("GRANT CONNECT ON DATABASE clone TO stranger", "stranger holds CONNECT"),
    "revoked": ("REVOKE CONNECT ON DATABASE clone FROM clone_a", "clone_a may not connect"),
    "too much": ("GRANT CREATE ON DATABASE clone TO clone_b", "clone_b holds"),
    "role": ("ALTER ROLE clone_a IN DATABASE clone RESET role", "clone_a lacks its setting role"),
    "timeout": (
        "ALTER ROLE clone_a IN DATABASE clone SET statement_timeout = 0",
        "clone_a lacks its setting statement_timeout",
    ),
    "added": ("ALTER ROLE clone_a IN DATABASE clone SET work_mem = '1GB'", "clone_a has a setting work_mem"),
    "added, not by its name": (
        "ALTER ROLE clone_a IN DATABASE clone SET transaction_read_only = on",
        "clone_a has a setting transaction_read_only",
    ),
    "of the database": (
        "ALTER DATABASE clone SET default_transaction_read_only = on; ALTER DATABASE clone SET role = 'stranger'",
        "the database has settings of its own: default_transaction_read_only, role",
    ),
    "of the database, not by its name": (
        "ALTER DATABASE clone SET transaction_read_only = on",
        "the database has settings of its own: transaction_read_only",
    ),
    "of a login": ("ALTER ROLE clone_b SET work_mem = '1GB'", "clone_b has settings of its own: work_mem"),
    "of the owner": ("ALTER ROLE clone SET lock_timeout = 1", "clone has settings of its own: lock_timeout"),
    "of a login elsewhere": (
        "ALTER ROLE clone_b IN DATABASE postgres SET work_mem = '1GB'",
        "clone_b in postgres has settings of its own: work_mem",
    ),
    "owner": ("ALTER DATABASE clone OWNER TO tenantry", "database belongs to tenantry"),
    "table": ("CREATE TABLE theirs (n int)", "table public.theirs does not belong to clone"),
    "schema": ("GRANT USAGE ON SCHEMA public TO PUBLIC", "PUBLIC holds USAGE on schema public"),
    "the owner's way in": (
        "REVOKE CONNECT ON DATABASE clone FROM clone",
        "database clone keeps CONNECT from its owner",
    ),
    "the owner's schema": (
        "REVOKE USAGE ON SCHEMA public FROM pg_database_owner",
        "schema public keeps USAGE from its owner",
    ),
    "the owner's table": ("REVOKE ALL ON students FROM clone", "table public.students keeps DELETE, INSERT, "),
    "the owner's sequence": (
        "SET ROLE clone; CREATE SEQUENCE s; REVOKE USAGE ON SEQUENCE s FROM clone; RESET ROLE",
        "sequence public.s keeps USAGE from its owner",
    ),
    "the owner's function": (
        "SET ROLE clone; CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; REVOKE ALL ON FUNCTION f() FROM clone;"
        " RESET ROLE",
        "routine public.f() keeps EXECUTE from its owner",
    ),
    "the owner's type": (
        "SET ROLE clone; CREATE TYPE mood AS ENUM ('a'); REVOKE ALL ON TYPE mood FROM clone; RESET ROLE",
        "type public.mood keeps USAGE from its owner",
    ),
    "the owner's large object": (
        "SET ROLE clone; SELECT lo_create(4711); REVOKE UPDATE ON LARGE OBJECT 4711 FROM clone; RESET ROLE",
        "large object 4711 keeps UPDATE from its owner",
    ),
    "a name of several lines": (
        'SET ROLE clone; CREATE TABLE "a\n::error::b" (n int); ALTER TABLE "a\n::error::b" FORCE ROW LEVEL SECURITY',
        "table public.a\\n::error::b hides rows from its owner",
    ),
}


@pytest.mark.parametrize(("statement", "told"), DRIFTS.values(), ids=DRIFTS)
def test_drift_is_told_and_repaired(
    plugin, server, clone: str, stranger: str, given, statement: str, told: str
) -> None:
    with server.connect(clone) as session:
        session.execute(statement.encode())
    state = plugin.read("CloneRights", given)
    assert any(told in line for line in state.outputs["drift"]), state.outputs
    assert plugin.diff("CloneRights", state, declared(clone)) == (["drift"], [])
    repaired = plugin.update("CloneRights", state, declared(clone))
    assert repaired.outputs["drift"] == []
    assert plugin.read("CloneRights", repaired).outputs["drift"] == []


def test_the_platforms_own_login_at_work_is_no_stranger(plugin, server, clone: str, given) -> None:
    """One that was let in because the owner has taken its own right to connect, such as a seed that is read."""
    with server.connect() as session:
        session.execute("CREATE ROLE clone_m; GRANT CONNECT ON DATABASE clone TO clone_m")
    try:
        assert plugin.read("CloneRights", given).outputs["drift"] == []
    finally:
        with server.connect() as session:
            session.execute("REVOKE CONNECT ON DATABASE clone FROM clone_m; DROP ROLE clone_m")


def test_an_operator_of_the_tenants_is_not_taken_for_postgresqls(plugin, server, clone: str, given) -> None:
    with server.connect(clone) as session:
        session.execute("SET ROLE clone")
        session.execute("""
            CREATE FUNCTION trap(oid, regrole) RETURNS boolean LANGUAGE plpgsql AS
                $$ BEGIN SET ROLE NONE; EXECUTE 'CREATE ROLE stolen SUPERUSER'; RETURN true; END $$;
            CREATE OPERATOR <> (LEFTARG = oid, RIGHTARG = regrole, FUNCTION = trap);
            ALTER DATABASE clone SET search_path = public, pg_catalog""")
    drift = plugin.read("CloneRights", given).outputs["drift"]
    assert drift == ["the database has settings of its own: search_path"]
    plugin.update("CloneRights", given, declared(clone, idleTimeout=90))
    with server.connect() as session:
        assert session.execute("SELECT FROM pg_roles WHERE rolname = 'stolen'").fetchall() == []


def grantees(server, database: str) -> set[str]:
    with server.connect(database) as session:
        rows = session.execute(
            "SELECT grantee::regrole::text FROM pg_database, aclexplode(datacl) WHERE datname = current_database()"
        )
        return {row[0] for row in rows}


def test_new_limits_are_set_and_a_left_out_login_loses_its_rights(plugin, server, clone: str, given) -> None:
    changed = declared(clone, logins=["clone_a"], statementTimeout=5)
    assert plugin.diff("CloneRights", given, changed) == (["logins", "statementTimeout"], [])
    plugin.update("CloneRights", given, changed)
    with login(server, clone, "clone_a") as session:
        assert session.execute("SHOW statement_timeout").fetchone() == ("5s",)
    assert grantees(server, clone) == {OWNER, "clone_a"}
    with login(server, clone, "clone_b") as session:  # still in the owner role, which is not ours to change
        assert session.execute("SELECT current_user").fetchone() == ("clone_b",)


def test_removal_takes_the_logins_rights_and_gives_nothing_back(plugin, server, clone: str, given) -> None:
    plugin.delete("CloneRights", given)
    assert grantees(server, clone) == {OWNER}
    with server.connect(clone) as session:
        assert session.execute("SELECT has_database_privilege('public', 'clone', 'CONNECT')").fetchone() == (False,)
        assert session.execute("SELECT count(*) > 80 FROM pg_tables WHERE tableowner = 'clone'").fetchone() == (True,)
    plugin.delete("CloneRights", given)


def test_what_is_there_can_be_imported(plugin, clone: str, given) -> None:
    bare = type(given)(given.identity, {}, {})
    state = plugin.read("CloneRights", bare)
    assert state.outputs == given.outputs
    assert state.inputs == declared(clone)


def test_a_missing_role_is_told_with_its_remedy(plugin, clone: str, refused) -> None:
    with refused("CloneRights clone: giving rights", "create the role first"):
        plugin.create("CloneRights", declared(clone, logins=["clone_a", "nobody_of_this_name"]))


def test_no_session_stays_in_the_database(admin, clone: str, given) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'clone' AND application_name = 'tenantry'"
    deadline = time.monotonic() + 4  # DROP DATABASE itself waits 5 s for sessions that are just ending
    while admin.execute(query).fetchone() != (1,):  # the fixture's own
        assert time.monotonic() < deadline
        time.sleep(0.05)
