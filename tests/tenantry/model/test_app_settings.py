"""The document that an application is told: its schema is current, and every tenant of the project satisfies it."""

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tenantry.fleet.load import PROJECT_TENANTS, Fleet, load_fleet
from tenantry.model.app_settings import app_settings, schema, schema_json

FILE = PROJECT_TENANTS.parent / "docs" / "tenant-settings.schema.json"
PROJECT = load_fleet(PROJECT_TENANTS, today=date(2026, 11, 1), system={"version": "1.0.0", "environment": "test"})


def test_the_file_is_current() -> None:
    assert FILE.read_text() == schema_json(), (
        "run python -m tenantry.model.app_settings > docs/tenant-settings.schema.json"
    )


@pytest.mark.parametrize("tenant", PROJECT.tenants, ids=lambda one: one.code)
def test_every_tenants_document_satisfies_it(tenant: Any) -> None:
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(json.loads(json.dumps(app_settings(tenant))))


@pytest.mark.parametrize(
    "change",
    [{"plan": "gold"}, {"maxUsers": 0}, {"version": "1"}, {"more": 1}, {"features": {"x": "yes"}}, {"quotas": None}],
)
def test_what_is_no_document_does_not(change: dict[str, Any]) -> None:
    broken = copy.deepcopy(app_settings(PROJECT["k001"])) | change
    assert list(Draft202012Validator(schema()).iter_errors(broken))


@pytest.fixture
def make_settings(write: Callable[..., Path], load: Callable[..., Fleet]) -> Callable[..., dict[str, Any]]:
    def make(**changes: str | None) -> dict[str, Any]:
        write(**changes)
        return app_settings(load()["k001"])

    return make


def test_its_version_is_that_of_its_contents(make_settings: Callable[..., dict[str, Any]]) -> None:
    first = make_settings()
    assert make_settings()["version"] == first["version"]
    assert make_settings(contact="{name: 李四, email: a@example.com}")["version"] == first["version"]  # is not told
    assert make_settings(limits="{max_users: 299, max_storage: 50Gi}")["version"] != first["version"]


def test_a_tenants_own_limits_are_those_of_its_quotas(make_settings: Callable[..., dict[str, Any]]) -> None:
    found = make_settings()
    assert (found["quotas"]["users"]["limit"], found["quotas"]["storage"]["limit"]) == (300, 50 * 2**30)


def test_models_are_those_enabled_in_the_tenants_order(make_settings: Callable[..., dict[str, Any]]) -> None:
    ai = make_settings(ai="{models: [qwen-plus, doubao-lite]}")["ai"]
    assert [(model["priority"], model["name"], model["provider"]) for model in ai["models"]] == [
        (1, "qwen-plus", "alibaba"),
        (2, "doubao-lite", "volcengine"),
    ]
    assert (ai["default"], ai["callsPerMinute"], ai["basePath"]) == ("doubao-lite", 100, "/api/v1/ai/bridge")


def test_ai_can_be_switched_off(make_settings: Callable[..., dict[str, Any]]) -> None:
    ai = make_settings(ai="{enabled: false}")["ai"]
    assert (ai["enabled"], ai["default"], ai["models"]) == (False, None, [])


def test_an_expired_key_is_not_told(make_settings: Callable[..., dict[str, Any]]) -> None:
    keys = "[{name: old, scopes: [read], expires_at: 2026-10-31}, {name: new, scopes: [read], expires_at: 2026-11-01}]"
    assert [api_key["name"] for api_key in make_settings(features="{apiAccess: true}", api_keys=keys)["apiKeys"]] == [
        "new"
    ]
