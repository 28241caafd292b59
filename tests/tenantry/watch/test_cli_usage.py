"""`tenantry usage`: the table of one tenant and of all, JSON, and what it refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import Connection
from typer.testing import CliRunner

from tenantry.cli.app import app
from tenantry.cli.commands.stack import usage
from tenantry.cli.commands.stack.usage import amount
from tenantry.engine.clients.postgresql import Server


@dataclass
class Operation:
    """A stack whose server is told beforehand."""

    at: Server

    def server(self) -> Server:
        return self.at


@pytest.fixture
def call(
    server: Server, admin: Connection, people: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs the command on three tenants; k001 uses 95 of its 100 users, k002 10."""
    people(3)
    admin.execute("INSERT INTO tenant_user_statistics (tenant_id, total_users) VALUES ('k001', 95), ('k002', 10)")

    def run(*arguments: str, at: Server | None = None) -> Any:
        monkeypatch.setattr(usage, "operation", lambda stack, cwd: Operation(at or server))
        return CliRunner().invoke(app, ["usage", *arguments])

    return run


def test_one_tenants_quotas_stand_line_by_line(call: Callable[..., Any]) -> None:
    lines = {line.split()[0]: line for line in call("k001").stdout.splitlines()}
    assert "95 % !95" in lines["users"]
    assert lines["api_calls"].split()[1:4] == ["unknown", "1000", "unknown"]
    assert "of 60 connections" in lines["database"]


def test_all_tenants_are_a_line_each(call: Callable[..., Any]) -> None:
    lines = call().stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["code", "k001", "k002", "k003"]
    assert "10 %" in lines[2]
    assert "unknown" in lines[3]


@pytest.mark.parametrize(("percent", "codes"), [("10", ["k001", "k002"]), ("11", ["k001"]), ("96", [])])
def test_only_who_is_near_a_limit(call: Callable[..., Any], percent: str, codes: list[str]) -> None:
    found = json.loads(call("--reached", percent, "--json").stdout)["tenants"]
    assert [facts["code"] for facts in found] == codes


def test_programs_get_null_for_what_is_unknown(call: Callable[..., Any]) -> None:
    (found,) = json.loads(call("k001", "--json").stdout)["tenants"]
    assert found["quotas"]["users"] | {"at": ""} == {
        "name": "users", "limit": 100, "unit": "users", "reset": "none", "thresholds": [75, 90, 95], "used": 95,
        "source": "tenant_user_statistics", "at": "", "percent": 95.0, "reached": 95,
    }  # fmt: skip
    assert (found["quotas"]["storage"]["used"], found["quotas"]["storage"]["percent"]) == (None, None)


@pytest.mark.parametrize(("code", "words"), [("k1", "no tenant's code"), ("k099", "has no tenant k099")])
def test_nobody_is_refused(call: Callable[..., Any], code: str, words: str) -> None:
    done = call(code)
    assert done.exit_code == 1
    assert words in done.stderr


def test_a_server_that_does_not_answer_is_one_line(call: Callable[..., Any]) -> None:
    done = call(at=Server("127.0.0.1", "1", "nobody", "hidden-password", "disable"))
    assert done.exit_code == 1
    assert "does not answer" in done.stderr
    assert "hidden-password" not in done.stderr


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "bytes", "unknown"), (0, "bytes", "0 B"), (1023, "bytes", "1023 B"), (1024, "bytes", "1.0 KiB"),
     (3 * 2**30, "bytes", "3.0 GiB"), (5000 * 2**50, "bytes", "5000.0 PiB"), (1024, "calls", "1024")],
)  # fmt: skip
def test_amounts_are_as_people_read_them(value: int | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text
