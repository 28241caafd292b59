"""File, plan, layers and day worked into one value."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tenantry.fleet.load import Fleet
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import resolve


def test_the_example(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    tenant = load()["k001"]
    assert tenant.names.domain == "k001.yyup.cc"
    assert (tenant.max_users, tenant.max_storage) == (300, 50 * 2**30)
    assert tenant.quotas["users"].limit == 300
    assert tenant.quotas["storage"].limit == 50 * 2**30
    assert tenant.quotas["email_sends"].limit == tenant.plan.quotas.email_sends.limit
    assert tenant.features["customBranding"]
    assert not tenant.features["apiAccess"]
    assert tenant.config["branding"]["color"] == "#0a7"
    assert tenant.config["security"]["access_token_minutes"] == 30
    assert tenant.phase is Phase.ACTIVE


def test_what_the_tenant_leaves_out_is_the_plans(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write(limits=None, features=None, config=None)
    tenant = load()["k001"]
    assert (tenant.max_users, tenant.max_storage) == (tenant.plan.max_users, tenant.plan.max_storage)
    assert dict(tenant.features) == tenant.plan.features.defaults()
    assert tenant.ai_models == tenant.plan.ai.models
    assert tenant.ai_default == tenant.plan.ai.default


@pytest.mark.parametrize(
    ("ai", "default"),
    [
        ("{models: [qwen-plus, doubao-lite]}", "doubao-lite"),
        ("{models: [qwen-plus]}", "qwen-plus"),
        ("{models: [doubao-lite, qwen-plus], default: qwen-plus}", "qwen-plus"),
    ],
)
def test_the_default_model(ai: str, default: str, write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write(ai=ai)
    assert load()["k001"].ai_default == default


def test_a_feature_can_be_switched_off(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write(features="{fileStorage: false, ssoIntegration: false}")
    features = load()["k001"].features
    assert not features["fileStorage"]
    assert not features["ssoIntegration"]
    assert features["userManagement"]


def test_the_systems_layer(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    fleet = load()
    system = {"version": "1.2.3", "environment": "test", "region": "cn-guangzhou"}
    tenant = resolve(fleet["k001"].spec, fleet.plans, "example.com", date(2026, 11, 1), system=system)
    assert tenant.config["region"] == "cn-guangzhou"
    assert tenant.names.domain == "k001.example.com"


def test_it_cannot_be_changed(write: Callable[..., Path], load: Callable[..., Fleet]) -> None:
    write()
    tenant = load()["k001"]
    with pytest.raises(TypeError):
        tenant.config["branding"]["color"] = "red"  # pyright: ignore[reportIndexIssue]  (that is the test)
    with pytest.raises(TypeError):
        tenant.features["apiAccess"] = True  # pyright: ignore[reportIndexIssue]  (that is the test)
