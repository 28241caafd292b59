"""The policies' configuration for production: what the stack declares keeps it, and what it lists is refused beyond."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.analyzer.catalogue import POLICIES
from policies.model.settings import settable
from policies.model.stack_settings import settled
from tests.policies.conftest import ROOT, Wires, recorded

SECRETS = {
    "databasePassword": "pg-hidden",
    "alibabaAccessKey": "id-hidden",
    "alibabaSecretKey": "key-hidden",
    "kubeconfig": "apiVersion: v1",
}


@pytest.fixture
def settings() -> Mapping[str, Any]:
    """The settings that the pack is told, and those that the stack says of itself."""
    told = json.loads((ROOT / "policies" / "prod.json").read_text("utf-8"))
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    stack = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text("utf-8"))["config"]
    values = {key: value["default"] for key, value in project.items()} | {
        key.removeprefix("tenantry:"): value for key, value in stack.items()
    }
    config = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return {policy: settled(policy, told.get(policy, {}), config) for policy in POLICIES}


def test_no_fact_of_the_installation_is_written_twice() -> None:
    told = json.loads((ROOT / "policies" / "prod.json").read_text("utf-8"))
    for policy, given in told.items():
        assert given.keys() <= settable(policy).keys() | {"exemptions"}, policy


@pytest.fixture
def prod(record: Any, secret_type: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wires]:
    monkeypatch.setenv("TENANTRY_WITHOUT_POLICIES", "prod")  # here the rules are run beside the program
    given = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text("utf-8"))["config"]
    values = {key.removeprefix("tenantry:"): value for key, value in given.items()}
    return lambda **changes: recorded(record, secret_type, tmp_path, values | changes, "prod", SECRETS)


def test_what_the_stack_declares_keeps_them(
    prod: Callable[..., Wires], broken: Callable[..., Any], settings: Mapping[str, Any]
) -> None:
    assert [str(violation) for violation in broken(prod(), settings=settings).broken] == []


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("workload-image", {"backupImage": "tenantry:0.1.0"}),
        ("network-ingress", {"gatewayProxyNamespace": ""}),
        ("network-egress", {"egress": ["tenantry-platform:4001", "192.0.2.0/24:5432"]}),
    ],
)
def test_what_it_declares_beyond_is_refused(
    prod: Callable[..., Wires], broken: Callable[..., Any], settings: Mapping[str, Any], rule: str, changes: Any
) -> None:
    assert {violation.rule.name for violation in broken(prod(**changes), settings=settings).broken} == {rule}
