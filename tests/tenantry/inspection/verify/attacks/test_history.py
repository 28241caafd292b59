"""Attempts of `verify` on the history, in a real admin database with the rights that the provider gives."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from local.postgresql.temporary import TemporaryServer
from provider.resources.database.clone_rights import CloneRights
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.inspection.verify.attacks.postgresql import history
from tenantry.inspection.verify.core.attack import State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import ADMIN_DATABASE
from tests.e2e.attack.sabotage import sql
from tests.tenantry.inspection.verify.attacks.test_network_and_routes import verify_target

LOGIN = f"{ADMIN_DATABASE}_a"
TAKEN_AWAY = {
    "a history that the admin service may write": (
        ("database.history",),
        sql(
            f"GRANT INSERT ON operation_runs TO {LOGIN}",
            f"REVOKE INSERT ON operation_runs FROM {LOGIN}",
            ADMIN_DATABASE,
        ),
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        with running.connect() as session:
            session.execute(f"CREATE ROLE {ADMIN_DATABASE}; CREATE ROLE {LOGIN} LOGIN PASSWORD 'a'".encode())
            session.execute(f"CREATE DATABASE {ADMIN_DATABASE} OWNER {ADMIN_DATABASE}".encode())
        settings = {"host": "127.0.0.1", "port": running.port, "username": "tenantry", "sslmode": "disable"}
        at = Connections({**settings, "password": running.password})
        rights = {"database": ADMIN_DATABASE, "owner": ADMIN_DATABASE, "logins": [LOGIN], "rights": "rows"}
        CloneRights().apply(at, {**rights, "statementTimeout": 30, "idleTimeout": 60, "connectionLimit": 20}, {})
        # After the rights, as the components make it: new tables come with the rights on rows.
        Migrations().apply(at, {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})
        yield running


@pytest.fixture
def context(server: TemporaryServer) -> VerifyContext:
    at = replace(verify_target(), postgresql=("127.0.0.1", server.port, "disable"), admin_login=(LOGIN, "a"))
    return VerifyContext(at, frozenset({"k001"}))


def verdicts(context: VerifyContext) -> dict[str, Verdict]:
    (attack,) = history.ATTACKS
    return {trial.target: trial.run() for trial in attack.trials(context)}


def test_nothing_can_be_changed_and_all_be_read(context: VerifyContext) -> None:
    by_target = verdicts(context)
    assert len(by_target) == 1 + len(history.TABLES) * len(history.CHANGES) + 1
    assert {target: verdict for target, verdict in by_target.items() if verdict != Verdict(State.HELD)} == {}


@pytest.mark.parametrize(
    ("given", "state"), [("INSERT ON operation_runs", State.HOLE), ("UPDATE ON operation_ends", State.HOLE)]
)
def test_a_right_too_many_is_found(server: TemporaryServer, context: VerifyContext, given: str, state: State) -> None:
    with server.connect(ADMIN_DATABASE) as session:
        session.execute(f"GRANT {given} TO {LOGIN}".encode())
        try:
            assert state in {verdict.state for verdict in verdicts(context).values()}
        finally:
            session.execute(f"REVOKE {given} FROM {LOGIN}".encode())


def test_a_history_that_cannot_be_read_is_broken(server: TemporaryServer, context: VerifyContext) -> None:
    with server.connect(ADMIN_DATABASE) as session:
        session.execute(f"REVOKE SELECT ON operation_ends FROM {LOGIN}".encode())
        try:
            assert verdicts(context)["reading it"].state is State.BROKEN
        finally:
            session.execute(f"GRANT SELECT ON operation_ends TO {LOGIN}".encode())


def test_a_stack_that_names_no_login_is_unclear(context: VerifyContext) -> None:
    without = VerifyContext(replace(context.target, admin_login=("", "")), frozenset({"k001"}))
    assert {verdict.state for verdict in verdicts(without).values()} == {State.UNCLEAR}
