"""A login that reads columns by name: it may do nothing else, and what somebody adds is told and taken."""

from collections.abc import Generator

import psycopg
import pytest

from tests.provider.database.test_row_grants import DECLARED as OFFICE

READER = "office_reader"
DECLARED = {
    "database": "office",
    "login": READER,
    "columns": {"tenants": ["tenant_id", "plan_type"], "tenant_figures": ["tenant_id", "quotas"], "Odd Table": ["id"]},
}
DOORS = {**OFFICE, "readers": [READER]}
REFUSED = (
    "SELECT * FROM tenants",
    "SELECT contact_phone FROM tenants",
    "SELECT phase FROM tenant_figures",
    "SELECT FROM admin_users",
    "UPDATE tenants SET plan_type = plan_type",
    "INSERT INTO tenants (tenant_id) VALUES ('k009')",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "SET ROLE office",
)


@pytest.fixture
def office(plugin, server, admin) -> Generator[str]:
    """The admin service's database with its tables, one of them with a name that has to be quoted."""
    names = (*OFFICE["logins"], READER)
    admin.execute("CREATE ROLE office NOLOGIN")
    for name in names:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'".encode())
    admin.execute("CREATE DATABASE office OWNER office")
    plugin.create("CloneRights", DOORS)
    plugin.create("Migrations", {"database": "office", "set": "admin", "digest": "abc"})
    with server.connect("office") as session:
        session.execute('SET ROLE office; CREATE TABLE public."Odd Table" (id int)')
    yield "office"
    admin.execute("DROP DATABASE office WITH (FORCE)")
    for name in (*names, "office"):
        admin.execute(f"DROP OWNED BY {name}; DROP ROLE IF EXISTS {name}".encode())


@pytest.fixture
def given(plugin, office: str):
    return plugin.create("ReadGrants", DECLARED)


def login(server, database: str = "office") -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user=READER, password=READER, dbname=database, sslmode="disable",
        autocommit=True,
    )  # fmt: skip


def test_it_reads_its_columns_in_sessions_that_write_nothing(server, given) -> None:
    with login(server) as session:
        session.execute("SELECT tenant_id, plan_type FROM tenants")
        session.execute("SELECT tenant_id, quotas FROM tenant_figures")
        session.execute('SELECT id FROM "Odd Table"')
        told = session.execute("SELECT current_setting('default_transaction_read_only')").fetchone()
        assert told == ("on",)


@pytest.mark.parametrize("statement", REFUSED)
def test_it_may_do_nothing_else_also_when_it_lifts_that(server, given, statement: str) -> None:
    with login(server) as session:
        session.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement.encode())


def test_what_comes_later_is_not_its(server, given) -> None:
    with server.connect("office") as session:
        session.execute("SET ROLE office; CREATE TABLE public.later (id int); ALTER TABLE tenants ADD later text")
    with login(server) as session:
        for statement in ("SELECT id FROM later", "SELECT later FROM tenants"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement.encode())


DRIFTS = {
    "a table": ("GRANT SELECT ON tenants TO office_reader", "holds SELECT on table public.tenants instead of nothing"),
    "a column": ("GRANT SELECT (name) ON tenants TO office_reader", "on table public.tenants (name) instead of nothing"),
    "writing": ("GRANT UPDATE (plan_type) ON tenants TO office_reader", "SELECT, UPDATE on table public.tenants (plan"),
    "passing on": ("GRANT SELECT (tenant_id) ON tenants TO office_reader WITH GRANT OPTION", "SELECT to pass on"),
    "too little": ("REVOKE SELECT (tenant_id) ON tenants FROM office_reader", "holds nothing on table public.tenants ("),
    "schema": ("GRANT CREATE ON SCHEMA public TO office_reader", "holds CREATE, USAGE on schema public"),
    "routine": ("GRANT EXECUTE ON FUNCTION touch_updated_at() TO office_reader", "EXECUTE on routine public.touch"),
    "sequence": ("GRANT USAGE ON tenants_id_seq TO office_reader", "holds USAGE on sequence public.tenants_id_seq"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "told"), DRIFTS.values(), ids=DRIFTS)
def test_drift_is_told_and_repaired(plugin, server, given, statement: str, told: str) -> None:
    assert plugin.read("ReadGrants", given).outputs["drift"] == []
    with server.connect("office") as session:
        session.execute(statement.encode())
    found = plugin.read("ReadGrants", given)
    assert any(told in line for line in found.outputs["drift"]), found.outputs
    assert plugin.diff("ReadGrants", found, DECLARED) == (["drift"], [])
    repaired = plugin.update("ReadGrants", found, DECLARED)
    assert plugin.read("ReadGrants", repaired).outputs["drift"] == []


def test_fewer_columns_take_the_others_away(plugin, server, given) -> None:
    fewer = {**DECLARED, "columns": {"tenants": ["plan_type"]}}
    plugin.update("ReadGrants", given, fewer)
    with login(server) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("SELECT tenant_id FROM tenants")


def test_what_is_there_can_be_imported(plugin, given) -> None:
    found = plugin.read("ReadGrants", type(given)(given.identity, {}, {}))
    assert {**found.outputs, "columns": None, "drift": None} == {**DECLARED, "columns": None, "drift": None}
    assert {table: sorted(names) for table, names in found.outputs["columns"].items()} == {
        "Odd Table": ["id"], "tenant_figures": ["quotas", "tenant_id"], "tenants": ["plan_type", "tenant_id"],
    }  # fmt: skip


def test_after_removal_the_role_can_be_dropped(plugin, server, admin, given) -> None:
    plugin.delete("ReadGrants", given)
    plugin.create("CloneRights", OFFICE)
    admin.execute(f"DROP ROLE {READER}; CREATE ROLE {READER}".encode())


def test_without_the_role_nothing_is_given(plugin, office: str, refused) -> None:
    with refused("there is no role nobody_of_this_name", "declare its role first"):
        plugin.create("ReadGrants", {**DECLARED, "login": "nobody_of_this_name"})


def test_a_reader_is_no_stranger_and_no_login_that_writes(plugin, server, admin, given) -> None:
    rights = plugin.read("CloneRights", type(given)("office", {}, {}))
    assert (rights.inputs["readers"], rights.inputs["logins"]) == ([READER], OFFICE["logins"])
    with server.connect("office") as session:
        session.execute(f"GRANT TEMPORARY ON DATABASE office TO {READER}".encode())
    found = plugin.read("CloneRights", rights)
    assert any("TEMPORARY" in line for line in found.outputs["drift"])
    plugin.update("CloneRights", found, DOORS)
    found = plugin.read("CloneRights", rights)
    assert found.outputs["drift"] == []
    plugin.update("CloneRights", found, OFFICE)  # it is declared no more
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(server)
