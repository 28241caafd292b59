"""Additions of `tenantry up` to an opening's record, on a real server; and where commands find that server."""

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg import Connection

from local.postgresql.temporary import TemporaryServer
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.database import onboarding_steps
from tenantry.engine.clients.postgresql import Server, server_of
from tenantry.engine.errors import CommandError
from tenantry.engine.process.events import Step
from tenantry.engine.process.pulumi_cli import Answer, Cli
from tenantry.engine.run.onboarding_recorder import Recorder, behind, read
from tenantry.engine.run.progress import Finding, Progress
from tenantry.names import ADMIN_DATABASE

STACK = "urn:pulumi:test::tenantry::pulumi:pulumi:Stack::tenantry-test"
TENANT = "urn:pulumi:test::tenantry::tenantry:components:Tenant::k001"
DATABASE = "urn:pulumi:test::tenantry::tenantry:components:Tenant$tenantry:components:Database::k001-db"
ROLE = f"{DATABASE[: DATABASE.rindex('::')]}$postgresql:index/role:Role::k001-db-owner"
SEED = f"{DATABASE[: DATABASE.rindex('::')]}$tenantry:index:Seed::k001-db-seed"
PASSWORD = f"{DATABASE[: DATABASE.rindex('::')]}$random:index/randomPassword:RandomPassword::k001-db-password-a"
RECORD = "urn:pulumi:test::tenantry::tenantry:components:Tenant$alicloud:dns/alidnsRecord:AlidnsRecord::k001-dns"
PARENTS = {DATABASE: TENANT, ROLE: DATABASE, SEED: DATABASE, PASSWORD: DATABASE, RECORD: TENANT, TENANT: STACK}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one, one.connect() as session:
        session.execute(f"CREATE DATABASE {ADMIN_DATABASE}".encode())
        settings = {
            "host": "127.0.0.1",
            "port": one.port,
            "username": "tenantry",
            "password": one.password,
            "sslmode": "disable",
        }
        Migrations().apply(Connections(settings), {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})
        yield one


@pytest.fixture
def server(running: TemporaryServer) -> Server:
    return Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")


@pytest.fixture
def admin(running: TemporaryServer) -> Generator[Connection]:
    """With one opening begun."""
    with running.connect(ADMIN_DATABASE) as session:
        session.execute("TRUNCATE tenant_init_progress, tenant_init_steps")
        write(session, onboarding_steps.Change(begun=[onboarding_steps.VALIDATE]))
        yield session


def write(session: Connection, change: onboarding_steps.Change) -> None:
    for statement, values in onboarding_steps.record("k001", change):
        session.execute(statement, values)


def step(session: Connection, name: str) -> Any:
    query = "SELECT status, error_message FROM tenant_init_steps WHERE tenant_id = 'k001' AND step_name = %s"
    return session.execute(query, [name]).fetchone()


@dataclass
class Heard:
    said: list[str] = field(default_factory=list[str])

    def __call__(self, text: str) -> None:
        self.said.append(text)


def failed(urn: str, text: str) -> Finding:
    return Finding(Progress(PARENTS).place(urn), urn, text)


def begun(urn: str, operation: str = "create") -> Step:
    return Step("begun", operation, urn, PARENTS[urn], True)


def test_a_failure_of_another_provider_is_written_to_its_step(server: Server, admin: Connection) -> None:
    recorder = Recorder(lambda: server, Heard())
    recorder.finding(failed(ROLE, "permission denied"))
    assert step(admin, "database") == ("failed", "k001-db-owner (postgresql:index/role:Role): permission denied")
    recorder.finding(failed(RECORD, "no such zone"))
    assert step(admin, "domain")[0] == "failed"
    found = read(server)["k001"]
    assert (found.status, found.failed) == ("failed", ("domain", "database"))
    assert str(found) == "0/8 domain ✗ database ✗"
    assert "no such zone" in found.error


def test_a_resource_that_begins_puts_its_step_to_work_again(server: Server, admin: Connection) -> None:
    recorder = Recorder(lambda: server, Heard())
    recorder.finding(failed(ROLE, "permission denied"))
    recorder.event(begun(ROLE), Progress(PARENTS))
    assert step(admin, "database") == ("in_progress", None)


@pytest.mark.parametrize("event", [begun(SEED), begun(PASSWORD), begun(ROLE, "same"), begun(ROLE, "delete")])
def test_what_records_itself_or_makes_nothing_begins_no_step(server: Server, admin: Connection, event: Step) -> None:
    Recorder(lambda: server, Heard()).event(event, Progress(PARENTS))
    assert step(admin, "database") == (("pending", None))


def test_an_error_of_our_own_provider_is_left_to_it(server: Server, admin: Connection) -> None:
    Recorder(lambda: server, Heard()).finding(failed(SEED, "seeding"))
    assert step(admin, "database") == ("pending", None)


def test_what_is_complete_stays_so(server: Server, admin: Connection) -> None:
    recorder = Recorder(lambda: server, Heard())
    write(admin, onboarding_steps.Change(completed=[onboarding_steps.DATABASE]))
    recorder.finding(failed(ROLE, "a password could not be changed"))
    assert step(admin, "database") == ("completed", None)
    write(admin, onboarding_steps.Change(completed=onboarding_steps.STEPS))
    recorder.finding(failed(RECORD, "throttled"))
    assert (read(server)["k001"].status, str(read(server)["k001"])) == ("completed", "8/8")


def test_a_tenant_of_which_nothing_is_recorded_gets_no_record(server: Server, admin: Connection) -> None:
    admin.execute("TRUNCATE tenant_init_progress, tenant_init_steps")
    Recorder(lambda: server, Heard()).finding(failed(ROLE, "permission denied"))
    assert read(server) == {}


def test_an_error_that_cannot_be_written_is_told_once_and_stops_nothing() -> None:
    heard = Heard()
    recorder = Recorder(lambda: Server("127.0.0.1", "1", "nobody", "hidden-password", "disable"), heard)
    recorder.event(begun(ROLE), Progress(PARENTS))
    assert heard.said == []
    recorder = Recorder(lambda: Server("127.0.0.1", "1", "nobody", "hidden-password", "disable"), heard)
    recorder.finding(failed(ROLE, "x"))
    recorder.finding(failed(RECORD, "y"))
    assert len(heard.said) == 1
    assert "the opening of k001 cannot be recorded" in heard.said[0]
    assert "hidden-password" not in heard.said[0]


def test_a_step_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no steps of an opening: cooking"):
        list(onboarding_steps.record("k001", onboarding_steps.Change(begun=["cooking"])))


def test_who_is_behind(server: Server, admin: Connection) -> None:
    found = read(server)
    assert behind(found, 3) == []  # not known
    admin.execute(
        "INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, "
        "schema_version) VALUES ('k001', 'x', 'x', 'rent001', 'active', 'basic', 1, 1, 2) ON CONFLICT DO NOTHING"
    )
    assert behind(read(server), 3) == ["k001"]
    assert behind(read(server), 2) == []


@dataclass
class FakeCli:
    environment: dict[str, str]
    answer: Answer

    def ask(self, *arguments: str) -> Answer:
        assert arguments[0] == "config"
        return self.answer


def configured(**values: str) -> Answer:
    return Answer(0, json.dumps({f"tenantry:{key}": {"value": value} for key, value in values.items()}), "")


PRODUCTION = {"databaseHost": "db", "databasePort": "5432", "databaseUser": "p", "databasePassword": "secret-of-db"}


def test_production_is_reached_by_the_stacks_configuration_and_never_by_a_shells(tmp_path: Path) -> None:
    shell = {"PGHOST": "elsewhere", "PGPASSWORD": "x", "PGUSER": "x", "PGPORT": "1"}
    cli = cast(Cli, FakeCli(shell, configured(**PRODUCTION, databaseSslmode="verify-full")))
    found = server_of(cli, "prod")
    assert (found.host, found.port, found.user, found.sslmode) == ("db", "5432", "p", "verify-full")
    assert "secret-of-db" not in repr(found)


def test_the_embedded_default_is_reached_by_its_environment() -> None:
    shell = {"PGHOST": "127.0.0.1", "PGPASSWORD": "x", "PGUSER": "tenantry", "PGPORT": "5", "PGSSLMODE": "disable"}
    assert server_of(cast(Cli, FakeCli(shell, Answer(1, "", ""))), "local").port == "5"


def test_a_stack_that_does_not_say_where_its_server_is_is_told() -> None:
    with pytest.raises(CommandError, match="databasePassword"):
        server_of(cast(Cli, FakeCli({}, configured(**{**PRODUCTION, "databasePassword": ""}))), "prod")
    with pytest.raises(CommandError, match="cannot be read"):
        server_of(cast(Cli, FakeCli({}, Answer(255, "", "error: no stack named 'prod' found"))), "prod")
