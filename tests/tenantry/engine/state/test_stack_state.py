"""A real stack's record is recovered with that stack's own key at Alibaba Cloud, asked for only when it is needed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Answer, Cli
from tenantry.engine.state.deployment import Record
from tenantry.engine.state.stack_state import NoStack, StackState

DNS, ROLE = "alicloud:dns/alidnsRecord:AlidnsRecord", "postgresql:index/role:Role"
STACK_KEY = {"ALICLOUD_ACCESS_KEY": "LTAIstack", "ALICLOUD_SECRET_KEY": "of-the-stack"}
CONFIGURED = {"alibabaAccessKey": "LTAIstack", "alibabaSecretKey": "of-the-stack"}


def record(token: str) -> Record:
    return {
        "urn": f"urn:pulumi:prod::shop::{token}::x",
        "type": token,
        "custom": True,
        "inputs": {"domainName": "yyup.cc", "rr": "k001", "type": "A", "value": "192.0.2.10", "name": "rent001"},
    }


@dataclass
class FakeCli:
    """An engine over one stored deployment, in a shell with another account's key."""

    deployment: dict[str, Any]
    configured: Mapping[str, str]
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"ALICLOUD_ACCESS_KEY": "LTAIshell", "ALICLOUD_SECRET_KEY": "of-the-shell"}
    )
    asked: list[str] = field(default_factory=list[str])

    def ask(self, *arguments: str, **_: object) -> Answer:
        self.asked.append(" ".join(arguments[:2]))
        if arguments[0] == "config":
            entries = {f"tenantry:{key}": {"value": value} for key, value in self.configured.items()}
            return Answer(0, json.dumps(entries), "")
        if arguments[:2] == ("stack", "export"):
            return Answer(0, json.dumps({"deployment": self.deployment}), "")
        return Answer(0, "", "")

    def redact(self, text: str) -> str:
        return text


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """The environments in which AliDNS was asked; it knows no record."""
    found: list[Mapping[str, str]] = []

    def call(_: str, __: str, ___: str, ____: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, Any]:
        found.append(environment)
        return {}

    monkeypatch.setattr("tenantry.engine.clients.dns_records.call", call)
    return found


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[OSError], None]:
    def with_error(error: OSError) -> None:
        def call(*_: object) -> None:
            raise error

        monkeypatch.setattr("tenantry.engine.clients.dns_records.call", call)

    return with_error


def records(token: str = DNS, configured: Mapping[str, str] = CONFIGURED) -> tuple[StackState, FakeCli]:
    pending = [{"type": "creating", "resource": record(token)}]
    cli = FakeCli({"resources": [], "pending_operations": pending}, configured)
    return StackState(cast(Cli, cli), "prod", None, lambda _: False), cli


def quiet(_: str) -> None:
    """Nobody listens."""


def test_an_interrupted_record_is_looked_up_with_the_stacks_key(environments: list[Mapping[str, str]]) -> None:
    assert "before anything was made" in records()[0].recover(quiet).notes[0]
    assert environments == [STACK_KEY]


def test_the_second_look_takes_the_same_key(environments: list[Mapping[str, str]]) -> None:
    which, cli = records()
    assert not which.suspect({"x": record(DNS)})
    assert not which.suspect({"x": record(DNS)})
    assert environments == [STACK_KEY, STACK_KEY]
    assert cli.asked.count("config --stack") == 1


def test_a_key_that_nobody_needs_is_not_asked_for() -> None:
    which, cli = records(ROLE)
    which.recover(quiet)
    assert "config --stack" not in cli.asked


def test_a_stack_without_a_key_is_told_what_to_set(environments: list[Mapping[str, str]]) -> None:
    which, cli = records(configured={})
    with pytest.raises(CommandError, match="pulumi config set --secret tenantry:alibabaAccessKey --stack prod"):
        which.recover(quiet)
    assert not which.suspect({"x": record(DNS)})  # after a run: its own errors say more
    assert environments == []
    assert "stack import" not in cli.asked


def test_what_refuses_the_key_is_told_with_the_setting(fail: Callable[[OSError], None]) -> None:
    fail(OSError("alidns.aliyuncs.com does not answer DescribeDomainRecords: InvalidAccessKeyId.NotFound"))
    with pytest.raises(CommandError, match="InvalidAccessKeyId") as caught:
        records()[0].recover(quiet)
    assert "tenantry:alibabaAccessKey" in caught.value.remedy
    assert "of-the-stack" not in str(caught.value)


@dataclass(frozen=True)
class Speechless:
    """An engine that answers every command with one error."""

    error: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def ask(self, *_: str, **__: object) -> Answer:
        return Answer(255, "", self.error)


def failing(error: str) -> StackState:
    return StackState(cast(Cli, Speechless(error)), "prod", None, lambda _: False)


def test_no_stack_is_what_the_engine_says_in_a_line_of_its_own() -> None:
    which = failing("warning: a plugin is old\nerror: no stack named 'prod' found\n")
    assert which.read() is None
    with pytest.raises(NoStack, match="there is no stack `prod`"):
        which.existing()


OTHER_ERRORS = [
    "error: get stack: blob (key '.pulumi/stacks/tenantry/prod.json') (code=NotFound): NoSuchBucket: bucket not found",
    "error: could not load plugin: resource plugin random not found",
    "error: getting secrets manager: hashivault key 'tenants' not found",
    "error: passphrase file '/run/key' not found",
    "error: reading state: no stack named 'prod' found in the cache, and the bucket does not answer",
]


@pytest.mark.parametrize("error", OTHER_ERRORS)
def test_whatever_else_is_not_found_is_an_error_and_no_missing_stack(error: str) -> None:
    which = failing(error)
    for look in (which.read, which.existing, lambda: which.recover(quiet)):
        with pytest.raises(CommandError, match="record cannot be read") as caught:
            look()
        assert not isinstance(caught.value, NoStack)


def test_a_stack_is_there_already_only_when_the_engine_says_just_that() -> None:
    assert not failing("error: stack 'organization/shop/prod' already exists\n").make()
    with pytest.raises(CommandError, match="cannot be made"):
        failing("error: a bucket of this name already exists and is another account's\n").make()
