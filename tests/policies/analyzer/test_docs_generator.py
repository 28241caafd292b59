"""The document of the controls says what the code says, and its configuration is one that the engine takes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policies.analyzer.catalogue import POLICIES
from policies.analyzer.docs_generator import FILE, document
from policies.analyzer.pack import DESCRIPTIONS, schema
from policies.model.settings import SCHEMAS

ROOT = Path(__file__).resolve().parents[3]


def test_the_document_is_the_one_that_the_code_writes() -> None:
    assert FILE.read_text("utf-8") == document(), "run `python -m policies.analyzer.docs_generator`"


def examples() -> list[dict[str, Any]]:
    shown = re.findall(r"```json\n(.*?)```", document(), re.DOTALL)
    return [json.loads(text) for text in [*shown, (ROOT / "policies" / "prod.json").read_text("utf-8")]]


@pytest.mark.parametrize("example", examples())
def test_a_configuration_shown_has_only_settings_and_rules_that_exist(example: dict[str, Any]) -> None:
    for policy, settings in example.items():
        assert settings.keys() <= {*SCHEMAS.get(policy, {}), "exemptions"}
        allowed = schema(policy)["exemptions"]["items"]
        for entry in settings.get("exemptions", []):
            assert entry.keys() == set(allowed["required"])
            assert entry["rule"] in allowed["properties"]["rule"]["enum"]
            assert re.match(allowed["properties"]["tenant"]["pattern"], entry["tenant"])


def test_every_policy_that_judges_takes_exemptions() -> None:
    taking = {name for name in DESCRIPTIONS if "exemptions" in schema(name)}
    assert taking == set(POLICIES)
