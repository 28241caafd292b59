"""The program reads the tenants' secrets from the encrypted configuration, and refuses before it registers anything."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from stacks import program

KEY = "tenantry-secrets:k001.payKey"
FILE = {"k001": {"secrets": [{"name": "pay-key", "from": "config:k001.payKey"}]}}


@pytest.fixture
def with_secrets(record, settings, environment, tenants, monkeypatch) -> Callable[..., Any]:
    """Runs the program over k001 and k002 with these entries of the configuration, all encrypted but for `clear`."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def execute(entries: dict[str, str], clear: tuple[str, ...] = (), **files: Any) -> Any:
        folder = tenants(**({"k001": {}, "k002": {}} | FILE | files))
        config = settings(tenants=str(folder), today="2026-10-20") | entries
        encrypted = tuple(key for key in entries if key not in clear)
        stacks = {"organization/tenantry/test": {}}
        return record(program.main, config=config, secrets=encrypted, stacks=stacks)

    return execute


def refusal(run: Callable[[], Any]) -> str:
    with pytest.raises(pulumi.RunError) as error:
        run()
    assert "nothing was changed" in str(error.value)
    assert "hidden" not in str(error.value)
    return str(error.value)


def test_a_secret_reaches_its_tenant_alone(with_secrets) -> None:
    recording = with_secrets({KEY: "hidden-1", "tenantry-secrets:k002.payKey": "hidden-2"})
    data = recording.named("k001-app-tenant-secrets").inputs["data"]
    assert b64decode(data["PAY_KEY"].value).decode() == "hidden-1"
    assert not [resource for resource in recording.resources if resource.name == "k002-app-tenant-secrets"]
    assert "hidden" not in str(recording.result)


def test_one_that_is_missing_is_named_with_file_line_and_command(with_secrets) -> None:
    said = refusal(lambda: with_secrets({}))
    assert "k001.yaml:" in said
    assert "secrets[0].from: is not in the configuration of the stack test" in said
    assert "pulumi config set --secret tenantry-secrets:k001.payKey --stack test" in said


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("hidden\0", "holds a NUL character"),
        ("hidden" + "x" * 16 * 1024, "has 16390 bytes, more than 16384"),
        ("密" * 6000, "has 18000 bytes, more than 16384"),
    ],
    ids=["nothing", "blank", "nul", "long", "long-in-bytes"],
)
def test_a_value_that_no_pod_can_be_given_is_refused(with_secrets, value: str, problem: str) -> None:
    said = refusal(lambda: with_secrets({KEY: value}))
    assert f"secrets[0].from: {KEY} of the stack test {problem}" in said
    assert "密" not in said


@pytest.mark.parametrize("key", [KEY, "tenantry-secrets:k002.unused"])
def test_one_in_clear_is_refused_whether_or_not_it_is_referred_to(with_secrets, key: str) -> None:
    entries = {KEY: "hidden-1", key: "hidden-2"}
    said = refusal(lambda: with_secrets(entries, clear=(key,)))
    assert f"{key} stands in the stack's file in clear: run `pulumi config set --secret {key} --stack test`" in said


def test_one_that_nobody_refers_to_is_a_warning(with_secrets, monkeypatch) -> None:
    warned = list[str]()
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    with_secrets({KEY: "hidden-1", "tenantry-secrets:k001.old": "hidden-2"})
    (line,) = [line for line in warned if "tenantry-secrets" in line]
    assert "tenantry-secrets:k001.old: no tenant's file refers to it" in line


def test_a_suspended_tenant_needs_no_value_and_gets_none(with_secrets) -> None:
    recording = with_secrets({}, k001={**FILE["k001"], "status": "suspended"})
    assert recording.named("k001-app-tenant-secrets").inputs["data"] == {}
    assert (
        with_secrets({KEY: "hidden-1"}, k001={**FILE["k001"], "status": "suspended"})
        .named("k001-app-tenant-secrets")
        .inputs["data"]
        == {}
    )
