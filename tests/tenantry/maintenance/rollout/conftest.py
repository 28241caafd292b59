"""A real server with the template, the test site, an admin database and three tenants that are only databases and
rows."""

import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from local.postgresql.temporary import TemporaryServer
from provider.resources.database.clone_rights import CloneRights
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.database.migrations import Migration, migrations_of
from tenantry.engine.clients.postgresql import Server
from tenantry.maintenance.rollout.rollout import Plan, Rollout
from tenantry.names import ADMIN_DATABASE, TEMPLATE_DATABASE, TEST_DATABASE

CONNECTIONS = 5
CODES = ("k001", "k002", "k003")
ROW = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage)
VALUES (%s, 'x', %s, %s, 'active', 'basic', 1, 1)
"""


def settings(running: TemporaryServer) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": running.port,
        "username": "tenantry",
        "password": running.password,
        "sslmode": "disable",
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as one:
        one.make_template()
        with one.connect() as session:
            session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(ADMIN_DATABASE)))
        inputs = {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}
        Migrations().apply(Connections(settings(one)), inputs, {})
        with one.connect(ADMIN_DATABASE) as session:
            for code in CODES:
                session.execute(ROW, [code, f"{code}.yyup.cc", f"rent{code[1:]}"])
                owner = f"rent{code[1:]}"
                session.execute(
                    f"CREATE ROLE {owner}; CREATE ROLE {owner}_a LOGIN PASSWORD 'a' IN ROLE {owner}".encode()
                )
                session.execute(f"ALTER ROLE {owner}_a CONNECTION LIMIT {CONNECTIONS}".encode())
        yield one


@pytest.fixture
def server(running: TemporaryServer) -> Generator[Server]:
    """Every database as the template was built, for each test anew."""
    with running.connect() as session:
        for name in (TEST_DATABASE, *(f"rent{code[1:]}" for code in CODES)):
            session.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, TEMPLATE_DATABASE)))
            )
        session.execute(sql.SQL("CREATE DATABASE kept TEMPLATE {}").format(sql.Identifier(TEMPLATE_DATABASE)))
    yield Server("127.0.0.1", str(running.port), "tenantry", running.password, "disable")
    with running.connect() as session:
        for name in (TEST_DATABASE, *(f"rent{code[1:]}" for code in CODES), TEMPLATE_DATABASE):
            quoted = sql.Identifier(name)
            session.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(quoted))
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))
        session.execute(sql.SQL("ALTER DATABASE kept RENAME TO {}").format(sql.Identifier(TEMPLATE_DATABASE)))
        session.execute(
            sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                sql.Identifier(TEMPLATE_DATABASE)
            )
        )
    with running.connect(ADMIN_DATABASE) as session:
        session.execute("TRUNCATE audit_logs, tenant_init_steps")
        session.execute("UPDATE tenants SET schema_version = NULL")


@pytest.fixture
def owned(running: TemporaryServer, server: Server) -> None:
    """The tenants' databases are theirs, as after an opening."""
    at = Connections(settings(running))
    for code in CODES:
        name = f"rent{code[1:]}"
        given = {"database": name, "owner": name, "logins": [f"{name}_a"], "connectionLimit": CONNECTIONS}
        CloneRights().apply(at, {**given, "statementTimeout": 30, "idleTimeout": 600}, {})


@pytest.fixture
def tenant(running: TemporaryServer, owned: None) -> Generator[Callable[[str], Connection]]:
    """Sessions of a tenant's application in its own database."""
    with ExitStack() as stack:

        def connect(code: str) -> Connection:
            name = f"rent{code[1:]}"
            session = psycopg.connect(
                host="127.0.0.1", port=running.port, user=f"{name}_a", password="a", dbname=name, autocommit=True
            )
            return stack.enter_context(closing(session))

        yield connect


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., list[Migration]]:
    """A set of migrations, by version."""

    def write(**texts: str) -> list[Migration]:
        folder = tmp_path / "template"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name.removeprefix('v')}.sql").write_text(text)
        return migrations_of("template", tmp_path)

    return write


@pytest.fixture
def rollout(server: Server) -> Callable[..., Rollout]:
    def make(wanted: list[Migration], **options: Any) -> Rollout:
        to = options.pop("to", wanted[-1].version if wanted else 0)
        return Rollout(server, Plan(wanted, to, **options), lambda _: None)

    return make


@pytest.fixture
def later() -> Callable[[float, Callable[[], object]], threading.Timer]:
    def start(seconds: float, action: Callable[[], object]) -> threading.Timer:
        timer = threading.Timer(seconds, action)
        timer.start()
        return timer

    return start


@pytest.fixture
def admin(running: TemporaryServer) -> Generator[Connection]:
    with running.connect(ADMIN_DATABASE) as session:
        yield session
