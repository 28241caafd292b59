"""The limit of the disk that a tenant's session may fill: given to the logins, kept from their hands, tried by `tenantry verify`."""

from collections.abc import Generator
from typing import Any

import psycopg
import pytest

from provider.resources.database.temp_files import UNLIMITED
from tenantry.inspection.verify.attacks.postgresql import temp_files
from tenantry.inspection.verify.core.declared import RIGHTS, declared
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of
from tests.provider.database.test_clone_rights import declared as rights
from tests.provider.database.test_clone_rights import login
from tests.provider.systems.test_managed_server import managed
from tests.provider.systems.test_managed_server import provisioner as provisioner

LIMIT = 4096  # kB
SHOWN = "SELECT setting::int, source FROM pg_settings WHERE name = 'temp_file_limit'"
# All at once: what the login itself may not set stays.
EVERYTHING = "SET ROLE NONE; ALTER ROLE SESSION_USER IN DATABASE clone RESET ALL; ALTER ROLE SESSION_USER RESET ALL"


class Context:
    """One tenant whose database is the clone."""

    def __init__(self, server: Any, inputs: Any) -> None:
        names = names_of("k001", "13800138001")
        self.names = type("Names", (), {"code": "k001", "database": inputs["database"], "domain": names.domain})
        self.with_access, self.server = [self.names], server
        stated = declared([{"type": RIGHTS, "inputs": inputs}])
        target = {"postgresql": ("127.0.0.1", server.port, "disable"), "declared": stated, "tenants": Phase}
        self.target = type("Target", (), target)

    def login(self, _: Any) -> tuple[str, str]:
        return ("clone_a", "clone_a")

    def bad(self) -> dict[str, str]:
        context: Any = self
        found = {trial.target: trial.run() for attack in temp_files.ATTACKS for trial in attack.trials(context)}
        assert len(found) == 1 + len(temp_files.AROUND)
        return {target: verdict.said for target, verdict in found.items() if verdict.state != "held"}


@pytest.fixture
def inputs(clone: str) -> dict[str, Any]:
    return rights(clone, tempFileLimit=LIMIT)


@pytest.fixture
def given(plugin, inputs: dict[str, Any]):
    return plugin.create("CloneRights", inputs)


def test_a_sort_that_needs_more_is_ended(server, clone: str, given) -> None:
    for name in ("clone_a", "clone_b"):
        with login(server, clone, name) as session:
            assert session.execute(SHOWN).fetchone() == (LIMIT, "database user")
            session.execute(temp_files.PATIENCE)
            assert session.execute(temp_files.SPILL, [2]).fetchone() == (2,)
            with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
                session.execute(temp_files.SPILL, [6])


def test_a_login_that_resets_all_of_its_settings_keeps_it(server, clone: str, given) -> None:
    with login(server, clone, "clone_a") as session:
        session.execute(EVERYTHING)
    with login(server, clone, "clone_a") as session:
        assert session.execute(SHOWN).fetchone() == (LIMIT, "database user")
        assert session.execute("SHOW statement_timeout").fetchone() == ("0",)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER ROLE clone_a IN DATABASE clone RESET temp_file_limit", "clone_a lacks its setting temp_file_limit"),
        ("ALTER ROLE clone_b IN DATABASE clone SET temp_file_limit = -1", "clone_b lacks its setting temp_file_limit"),
        ("ALTER ROLE clone_a SET temp_file_limit = -1", "clone_a has settings of its own: temp_file_limit"),
        ("ALTER DATABASE clone SET temp_file_limit = -1", "the database has settings of its own: temp_file_limit"),
    ],
    ids=["taken away", "lifted", "of the role", "of the database"],
)
def test_the_declared_limit_is_no_drift_and_another_is(
    plugin, server, inputs, given, statement: str, told: str
) -> None:
    assert plugin.read("CloneRights", given).outputs["drift"] == []
    with server.connect("clone") as session:
        session.execute(statement.encode())
    state = plugin.read("CloneRights", given)
    assert state.outputs["drift"] == [told]
    plugin.update("CloneRights", state, inputs)
    assert plugin.read("CloneRights", given).outputs["drift"] == []


def test_it_changes_with_the_plan(plugin, server, clone: str, inputs, given) -> None:
    larger = inputs | {"tempFileLimit": 2 * LIMIT}
    assert plugin.diff("CloneRights", given, larger) == (["tempFileLimit"], [])
    plugin.update("CloneRights", given, larger)
    with login(server, clone, "clone_a") as session:
        assert session.execute(SHOWN).fetchone() == (2 * LIMIT, "database user")


def test_it_can_be_imported(plugin, inputs, given) -> None:
    assert plugin.read("CloneRights", type(given)(given.identity, {}, {})).inputs == inputs


def test_verify_tries_it_and_the_ways_around(server, admin, inputs, given) -> None:
    field = Context(server, inputs)
    assert field.bad() == {}
    admin.execute("GRANT SET ON PARAMETER temp_file_limit TO clone")
    try:
        assert len(field.bad()) == len(temp_files.AROUND)
    finally:
        admin.execute("REVOKE SET ON PARAMETER temp_file_limit FROM clone")
    admin.execute(f"ALTER ROLE clone_a IN DATABASE clone SET temp_file_limit = {2 * LIMIT}".encode())
    assert field.bad() == {
        "a sort beyond it": f"one session may fill {2 * LIMIT} kB with temporary files, and {LIMIT} were given (-1: any)"
    }
    without = {key: value for key, value in inputs.items() if key != "tempFileLimit"}
    assert list(Context(server, without).bad()) == ["a sort beyond it"]


@pytest.fixture
def of_server(admin) -> Generator[None]:
    """The server's own parameter."""
    admin.execute("ALTER SYSTEM SET temp_file_limit = '1GB'")
    admin.execute("SELECT pg_reload_conf()")
    yield
    admin.execute("ALTER SYSTEM RESET temp_file_limit")
    admin.execute("SELECT pg_reload_conf()")


def as_provisioner(plugin, settings) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))


def test_where_nobody_limits_it_that_is_said_with_what_to_do(
    plugin, settings, admin, refused, provisioner: str
) -> None:
    as_provisioner(plugin, settings)
    with refused(
        f"CloneRights rent: limiting temporary files: {UNLIMITED}",
        "run `GRANT SET ON PARAMETER temp_file_limit TO provisioner`, or set the",
    ):
        plugin.create("CloneRights", managed(tempFileLimit=LIMIT))
    admin.execute("GRANT SET ON PARAMETER temp_file_limit TO provisioner")
    made = plugin.create("CloneRights", managed(tempFileLimit=LIMIT))
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    rows = admin.execute(
        "SELECT setrole::regrole::text FROM pg_db_role_setting WHERE %s = ANY(setconfig) ORDER BY 1",
        [f"temp_file_limit={LIMIT}kB"],
    ).fetchall()
    assert rows == [("rent_a",), ("rent_b",)]
    admin.execute("REVOKE SET ON PARAMETER temp_file_limit FROM provisioner")
    assert plugin.read("CloneRights", made).outputs["drift"] == [UNLIMITED]


def test_a_limit_of_the_server_suffices_and_one_that_its_administrator_gave_stays(
    plugin, settings, admin, of_server, provisioner: str
) -> None:
    as_provisioner(plugin, settings)
    made = plugin.create("CloneRights", managed(tempFileLimit=LIMIT))
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    admin.execute("ALTER ROLE rent_a IN DATABASE rent SET temp_file_limit = '8MB'")
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    plugin.update("CloneRights", made, managed(tempFileLimit=LIMIT, idleTimeout=61))
    rows = admin.execute("SELECT FROM pg_db_role_setting WHERE 'temp_file_limit=8MB' = ANY(setconfig)").fetchall()
    assert len(rows) == 1
