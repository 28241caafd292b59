"""`tenantry backup --list`: whose backups are shown, and what is said where there are none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tenantry.backup.errors import BackupError, HalfDoneError
from tenantry.backup.records import Record
from tenantry.cli.app import app
from tenantry.cli.commands.data.backup import refusals

AT = datetime(2026, 11, 1, tzinfo=UTC)


def record(subject: str, code: str | None, database: str) -> Record:
    sizes, moments = (1, 50, 3, 0.5), (None, AT, None, None)
    return Record(f"{subject}-1", code, database, "manual", "store", "completed", "", *sizes, *moments, None)


ALL = [
    record("k001", "k001", "rent001"),
    record("k002", "k002", "rent002"),
    record("admin_tenant_management", None, "admin_tenant_management"),
]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def call(*arguments: str, records: list[Record] = ALL) -> Any:
        at = SimpleNamespace(vault=SimpleNamespace(records=SimpleNamespace(all=lambda: records)))
        monkeypatch.setattr("tenantry.cli.commands.data.backup.stack_of", lambda *_: at)
        return CliRunner().invoke(app, ["backup", "--list", *arguments])

    return call


def test_everybodys_without_a_name(listed: Callable[..., Any]) -> None:
    done = listed()
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [credential.backup_id for credential in ALL]
    assert listed(records=[]).exit_code == 0


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["k001"], ["k001-1"]),
        (["admin_tenant_management"], ["admin_tenant_management-1"]),
        (["rent002"], ["k002-1"]),
        (["admin_tenant_management", "k002"], ["k002-1", "admin_tenant_management-1"]),
    ],
)
def test_those_of_tenants_and_of_databases(listed: Callable[..., Any], names: list[str], ids: list[str]) -> None:
    done = listed(*names, "--json")
    assert done.exit_code == 0
    assert [load["backup_id"] for load in json.loads(done.stdout)] == ids


@pytest.mark.parametrize("names", [["k009"], ["k001", "k009"], ["kargerdensales", "k009"]])
def test_a_name_without_any_is_told(listed: Callable[..., Any], names: list[str]) -> None:
    done = listed(*names)
    assert done.exit_code == 1
    assert "k009 is on record" in done.stderr
    assert "k001" not in done.stderr
    assert done.stdout == ""
    assert "k009" in json.loads(listed(*names, "--json").stdout)["errors"][0]["text"]


@pytest.mark.parametrize(("error", "code"), [(BackupError("a", "b"), 1), (HalfDoneError("a", "b"), 3)])
def test_what_has_changed_something_is_no_refusal(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """As docs/exit-codes.md has it: 1 has changed nothing."""
    with pytest.raises(typer.Exit) as ended, refusals(as_json=False):
        raise error
    assert ended.value.exit_code == code
    assert capsys.readouterr().err == "a: b\n"
