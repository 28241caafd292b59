"""The schema in the directory is the models', and says of a file what the models say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.spec.json_schema import schema, schema_json

LIVING = ("contact", "address", "limits", "features", "enabled_services", "config")


@pytest.fixture
def faulty() -> Callable[[str], bool]:
    """Tells whether the schema refuses a file of this text."""
    validator: Any = Draft202012Validator(schema())
    return lambda text: bool(list(validator.iter_errors(parsed(text))))


def parsed(text: str) -> Any:
    """Dates as text, which is how JSON, and so the schema, sees them."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def test_the_file_is_current() -> None:
    assert (PROJECT_TENANTS / "schema.json").read_text() == schema_json(), (
        "run python -m tenantry.spec.json_schema > tenants/schema.json"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", sorted(PROJECT_TENANTS.glob("k*.yaml")), ids=lambda path: path.stem)
def test_the_projects_tenants_satisfy_it(path: Path, faulty: Callable[[str], bool]) -> None:
    assert not faulty(path.read_text())


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "deleted", "deleted_at": "2026-10-01"},
        {"status": "purged", "proof": "backup-1"},
        {"status": "purged", "proof": "backup-1", "plan": None} | dict.fromkeys(LIVING),
    ],
)
def test_what_it_accepts(changes: dict[str, str], alter: Callable[..., str], faulty: Callable[[str], bool]) -> None:
    assert not faulty(alter(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "k01"},
        {"code": "k００１"},
        {"phone": "13800138001"},
        {"phone": '"12800138001"'},
        {"plan": "gold"},
        {"status": None},
        {"status": "deleted"},
        {"deleted_at": "2026-10-01"},
        {"status": "purged"},
        {"proof": "backup-1"},
        {"name": "园" * 65},
        {"contact": "{name: 张三}"},
        {"limits": "{max_users: 0}"},
        {"limits": "{max_storage: 50GB}"},
        {"features": "{other: true}"},
        {"config": "{region: x}"},
        {"api_keys": "[{name: a, scopes: [], expires_at: 2027-01-01}]"},
        {"enabled_services": "posters"},
        {"paln": "basic"},
    ],
)
def test_what_it_refuses(changes: dict[str, str], alter: Callable[..., str], faulty: Callable[[str], bool]) -> None:
    assert faulty(alter(**changes))
