"""The digest among the outputs: there once everything is done, equal for the same, and else empty."""

import re
from typing import Any

import pytest

from stacks.guards import ending
from stacks.guards.engine_command import EngineCommand
from tests.stacks.conftest import ME

FACTS = "organization/tenantry/prod"


def test_it_is_left_and_stays_the_same(run: Any, tenants: Any) -> None:
    folder = tenants(k001={}, k002={"cell": "c02"})
    first = run(folder).result
    assert re.fullmatch("[0-9a-f]{64}", first["madeFrom"])
    assert run(folder, others={ME: first}, today="2026-10-21").result["madeFrom"] == first["madeFrom"]


def test_a_cell_counts_its_own_tenants(run: Any, tenants: Any) -> None:
    facts = run(tenants(k001={})).result["platform"]
    cell: Any = {"holds": ["cell/c02"], "platformStack": FACTS, "others": {FACTS: {"platform": facts}}}
    first = run(tenants(k001={}, k002={"cell": "c02"}), **cell).result["madeFrom"]
    assert run(tenants(k001={"notes": "x"}, k002={"cell": "c02"}), **cell).result["madeFrom"] == first
    assert run(tenants(k001={}, k002={"cell": "c02", "notes": "x"}), **cell).result["madeFrom"] != first


@pytest.mark.parametrize(
    "arguments", [("--target", "urn"), ("-c", "tenantry:zone=a.cc"), ("--config-file=other.yaml",)]
)
def test_a_run_beside_the_files_leaves_none(
    run: Any, tenants: Any, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "engine_command", lambda: EngineCommand(("pulumi", "up", *arguments)))
    assert run(tenants(k001={})).result["madeFrom"] == ""


def test_settings_of_the_engines_environment_are_beside_the_files() -> None:
    assert EngineCommand(("pulumi", "up"), {"PULUMI_OPTION_CONFIG_FILE": "other.yaml"}).has_other_settings
    assert not EngineCommand(("pulumi", "up", "--message", "--config-file")).has_other_settings


def test_a_tenant_that_failed_leaves_none(run: Any, tenants: Any) -> None:
    async def failed(_: Any) -> bool:
        return False

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ending, "came_to_its_end", failed)
        assert run(tenants(k001={})).result["madeFrom"] == ""
