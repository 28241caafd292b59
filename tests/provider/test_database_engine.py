"""A database component under the real engine and the real postgresql plugin: closed from birth, open ever after."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Generator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.provider.test_engine import ROOT, Engine

PROGRAM = """
import json
import pulumi
from pulumi_postgresql import Provider
from components.parts.database import Database, DatabaseArgs
from components.shared.installation import Providers
from components.shared.provider_resources import StepsProvider

with open("settings.json", encoding="utf-8") as stream:
    given = json.load(stream)["postgresql"]
steps = StepsProvider("steps", postgresql=given, alibaba={})
made = Provider("postgresql", host=given["host"], port=int(given["port"]), username=given["username"],
    password=given["password"], sslmode=given["sslmode"], superuser=True)
providers = Providers(kubernetes=made, postgresql=made, system=made, photos=made, backups=made, random=made, steps=steps)
Database("born", DatabaseArgs(database="born", logins=("born_a", "born_b"), connections=5, statement_timeout_s=30,
    idle_timeout_s=60, providers=providers, protect=False, template="kargerdensales", passwords=("born", "born")))
Database("rows", DatabaseArgs(database="rows", logins=("rows_a", "rows_b"), connections=5, statement_timeout_s=30,
    idle_timeout_s=60, providers=providers, protect=False, passwords=("born", "born"), rights="rows",
    migrations=("admin", "one")))
"""


@pytest.fixture
def engine(settings: Callable[..., dict[str, Any]], tmp_path: Path) -> Generator[Engine]:
    built = Path(os.environ.get("TENANTRY_BIN", ROOT / ".local" / "built")) / "pulumi-resource-tf"
    made = Engine(tmp_path, {"postgresql": settings()})
    plugin = tmp_path / "home" / "plugins" / f"resource-postgresql-v{version('pulumi-postgresql')}"
    plugin.mkdir(parents=True)
    shutil.copy2(built, plugin / "pulumi-resource-postgresql")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    made("stack", "init", "dev")
    yield made
    made("destroy", "--yes", "--skip-preview")


def login(server: Any, name: str, password: str, database: str) -> psycopg.Connection:
    at = {"host": "127.0.0.1", "port": server.port, "sslmode": "disable", "connect_timeout": 10}
    return psycopg.connect(**at, user=name, password=password, dbname=database, autocommit=True)


def test_nobody_else_ever_gets_into_it_and_nothing_closes_it_again(engine: Engine, server: Any, admin: Any) -> None:
    admin.execute("CREATE ROLE neighbour LOGIN PASSWORD 'neighbour'")
    got, over = list[psycopg.Connection](), threading.Event()

    def knock(database: str) -> None:
        while not over.is_set():
            try:
                got.append(login(server, "neighbour", "neighbour", database))
            except psycopg.OperationalError:
                time.sleep(0.002)

    threads = [threading.Thread(target=knock, args=[database]) for database in ("born", "rows")]
    for thread in threads:
        thread.start()
    try:
        shown = engine.up()
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for session in got:
            session.close()
        admin.execute("DROP ROLE neighbour")
    assert got == [], shown

    def is_open() -> None:
        with login(server, "born_a", "born", "born") as session:
            session.execute("SELECT count(*) FROM students; CREATE TABLE own (n int); DROP TABLE own")
        with login(server, "rows_a", "born", "rows") as session:
            session.execute(
                "SELECT count(*) FROM tenants; DELETE FROM system_config; SELECT count(*) FROM usable_api_keys"
            )

    is_open()
    for command in (("up",), ("refresh",), ("up",)):
        shown = engine(*command, "--yes", "--skip-preview")
        assert "updated" not in shown, shown
        is_open()
    admin.execute("ALTER DATABASE born ALLOW_CONNECTIONS false")
    engine("refresh", "--yes", "--skip-preview")
    engine.up()
    is_open()
    with login(server, "born_a", "born", "born") as session:
        session.execute("SET ROLE NONE; ALTER ROLE born_a PASSWORD 'mine'")
    engine("refresh", "--yes", "--skip-preview")
    engine.up()
    is_open()
