"""`tenantry admin-password`: what it finds in a state, and what it says when there is nothing to show."""

import json
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

import pytest
from typer.testing import CliRunner

from tenantry.cli.app import app
from tenantry.cli.commands.data import admin_password
from tenantry.database.history.journal import Journal
from tenantry.database.history.model import Result
from tenantry.engine.process.pulumi_cli import Answer

JOURNAL = MagicMock(spec=Journal)
MARK = "4dabf18193072939515e22adb298388d"


def tenant(code: str, password: str | None) -> dict[str, Any]:
    secret = {MARK: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps({"login": "138", "password": password})}
    outputs = {} if password is None else {"administrator": secret}
    if password:
        people = {"deputy": {"login": "139", "password": "of-the-deputy"}, "head": {"login": "137", "password": ""}}
        outputs["administrators"] = {**secret, "plaintext": json.dumps(people)}
    return {"urn": f"urn:pulumi:local::tenantry::tenantry:components:Tenant::{code}", "outputs": outputs}


@dataclass
class Operation:
    """A stack whose state is told beforehand."""

    answer: Answer
    stack: str = "local"

    @property
    def cli(self) -> "Operation":
        return self

    def journal(self, command: str) -> Journal:
        assert command == "admin-password"
        return JOURNAL

    def ask(self, *arguments: str) -> Answer:
        assert arguments == ("stack", "export", "--stack", "local", "--show-secrets")
        return self.answer


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*arguments: str, answer: Answer | None = None) -> Any:
        resources = [tenant("k001", "first-password"), tenant("k002", ""), tenant("k003", None)]
        found = answer or Answer(0, json.dumps({"deployment": {"resources": resources}}), "")
        monkeypatch.setattr(admin_password, "operation", lambda stack, cwd: Operation(found))
        return CliRunner().invoke(app, ["admin-password", *arguments])

    return call


def test_it_prints_login_and_password_and_who_read_it_is_written_down(run: Any) -> None:
    JOURNAL.reset_mock()
    done = run("k001")
    (entry,) = JOURNAL.add.call_args.args
    assert (entry.tenant, entry.action, entry.resource_name) == ("k001", "read", "138")
    assert JOURNAL.end.call_args.args[0] is Result.OK
    assert "first-password" not in str(JOURNAL.mock_calls)
    assert done.exit_code == 0
    assert done.stdout.split() == ["login", "138", "password", "first-password"]
    assert json.loads(run("k001", "--json").stdout) == {"login": "138", "password": "first-password"}


def test_a_further_administrator_is_named_by_the_id(run: Any) -> None:
    assert run("k001", "--administrator", "deputy").stdout.split()[1::2] == ["139", "of-the-deputy"]
    assert "the administrator head of k001 has no first password" in run("k001", "--administrator", "head").stderr
    assert "name one of deputy, head" in run("k001", "--administrator", "nobody").stderr
    assert "its contact is the only one" in run("k003", "--administrator", "deputy").stderr


@pytest.mark.parametrize("code", ["k002", "k003"])
def test_an_account_in_use_has_none(run: Any, code: str) -> None:
    done = run(code)
    assert done.exit_code == 1
    assert f"{code} has no first password" in done.stderr


def test_a_tenant_that_is_not_there_is_told(run: Any) -> None:
    done = run("k009")
    assert done.exit_code == 1
    assert "holds no tenant k009" in done.stderr


def test_a_state_that_cannot_be_read_is_told(run: Any) -> None:
    done = run("k001", answer=Answer(255, "", "incorrect passphrase"))
    assert done.exit_code == 1
    assert "incorrect passphrase" in done.stderr
