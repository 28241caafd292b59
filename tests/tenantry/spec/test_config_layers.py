"""System, plan, tenant: who may say what over whom."""

import pytest

from tenantry.spec.config_layers import deep_freeze, locked_overrides, merge_layers, to_plain


def test_the_tenant_speaks_over_the_plan_key_by_key() -> None:
    plan = {"security": {"mfa": False, "length": 10}, "branding": {"colors": [1, 2]}}
    tenant = {"security": {"mfa": True}, "branding": {"colors": [3]}}
    merged = merge_layers({"region": "cn-guangzhou"}, plan, tenant)
    assert merged == {
        "region": "cn-guangzhou",
        "security": {"mfa": True, "length": 10},
        "branding": {"colors": [3]},
    }
    assert plan == {"security": {"mfa": False, "length": 10}, "branding": {"colors": [1, 2]}}


@pytest.mark.parametrize("key", ["version", "environment", "region", "zone"])
@pytest.mark.parametrize("layer", ["plan", "tenant"])
def test_nobody_speaks_over_the_system(key: str, layer: str) -> None:
    layers = {"plan": {}, "tenant": {}} | {layer: {key: "mine"}}
    with pytest.raises(ValueError, match=key):
        merge_layers({"zone": "yyup.cc"}, layers["plan"], layers["tenant"])


def test_locked_paths() -> None:
    locked = ("security.tokens.minutes", "branding.logo")
    assert locked_overrides(locked, {"security": {"other": 1}}) == ()
    assert locked_overrides(locked, {"security": {"tokens": {"minutes": 1}}}) == ("security.tokens.minutes",)
    assert locked_overrides(locked, {"security": {"tokens": None}}) == ("security.tokens.minutes",)


def test_frozen_is_frozen_all_the_way_down_and_thaws_again() -> None:
    value = {"a": {"b": [1, {"c": 2}]}}
    ice = deep_freeze(value)
    with pytest.raises(TypeError):
        ice["a"]["b"][1]["c"] = 3
    assert to_plain(ice) == value
