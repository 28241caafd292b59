"""A provisioner as a managed server has it: it makes roles and databases, and is no superuser."""

from collections.abc import Generator
from typing import Any

import psycopg
import pytest


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
    """As on a managed server: may make roles and databases, is no superuser; makes its own of both."""
    admin.execute("CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD 'provisioner'")
    with login(server, "postgres", "provisioner") as session:
        session.execute("CREATE ROLE rent NOLOGIN")
        session.execute("GRANT rent TO provisioner WITH INHERIT TRUE, SET TRUE")
        for name in ("rent_a", "rent_b"):
            session.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE rent".encode())
        session.execute("CREATE DATABASE rent OWNER rent")
    with login(server, "rent", "provisioner") as session:
        session.execute("CREATE TABLE made_by_the_template (n int); CREATE TYPE mood AS ENUM ('a')")
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
    with refused("CloneRights rent", "could not correct this: PUBLIC holds CONNECT", "a more powerful one"):
        plugin.update("CloneRights", made, managed())


def test_a_tenant_that_lets_nobody_in_locks_the_provisioner_out_no_more(
    plugin, settings, server, provisioner: str
) -> None:
    plugin.configure(postgresql=settings(username="provisioner", password="provisioner"))
    made = plugin.create("CloneRights", managed())
    with login(server, "rent", "rent_a") as session:
        session.execute("ALTER DATABASE rent CONNECTION LIMIT 0")
    found = plugin.read("CloneRights", made)
    assert found.outputs["drift"] == ["it takes 0 connections instead of 50"]
    plugin.update("CloneRights", found, managed())
    assert plugin.read("CloneRights", made).outputs["drift"] == []
