"""Each rule on quotas and totals objects when its one thing is changed."""

import math
from collections.abc import Callable
from typing import Any

import pytest

SCALER, PLUGIN = "k003-app-horizontalpodautoscaler", "k001-svc-enrollment-deployment"
RATE, PLUGIN_RATE = "k001-app-backendtrafficpolicy", "k001-svc-enrollment-backendtrafficpolicy"
LIMIT = "spec.rateLimit.local.rules.0.limit"
QUOTA, LIMITS, APP, ROW = "k001-ns-resourcequota-plan", "k001-ns-limitrange-plan", "k001-app-deployment", "k001-row"
MAIN = "spec.template.spec.containers.0"
CASES: list[tuple[str, str, str, Any]] = [
    ("quotas-quota", QUOTA, "spec.hard.pods", "1000"),
    ("quotas-quota", QUOTA, "spec.hard.secrets", None),
    ("quotas-quota", QUOTA, "spec.hard", None),
    ("quotas-quota", QUOTA, "spec.scopes", ["Terminating"]),
    ("quotas-limits", LIMITS, "spec.limits.0.max.cpu", "64"),
    ("quotas-limits", LIMITS, "spec.limits.0.default", None),
    ("quotas-limits", LIMITS, "spec.limits", []),
    ("quotas-container", APP, f"{MAIN}.resources", None),
    ("quotas-container", APP, f"{MAIN}.resources.limits.memory", None),
    ("quotas-container", APP, f"{MAIN}.resources.limits.memory", "64Gi"),
    ("quotas-container", APP, f"{MAIN}.resources.requests.cpu", "1m"),
    ("quotas-container", APP, f"{MAIN}.resources.requests.cpu", "much"),
    ("quotas-replicas", APP, "spec.replicas", 100),
    ("quotas-container", PLUGIN, f"{MAIN}.resources.limits.memory", "2Gi"),
    ("quotas-plan", APP, "spec.replicas", None),
    ("quotas-plan", SCALER, "-", None),
    ("quotas-plan", SCALER, "spec.maxReplicas", 3),
    ("quotas-scaling", SCALER, "spec.maxReplicas", 100),
    ("quotas-scaling", SCALER, "spec.maxReplicas", None),
    ("quotas-scaling", SCALER, "spec.scaleTargetRef.name", "plugin-enrollment"),
    ("quotas-rate", RATE, f"{LIMIT}.requests", 1_000_000),
    ("quotas-rate", RATE, f"{LIMIT}.unit", "Second"),
    ("quotas-rate", RATE, "spec.rateLimit", None),
    ("quotas-rate", RATE, "spec.requestBuffer.limit", "999999999"),
    ("quotas-rate", RATE, "spec.targetRefs.0.name", "other"),
    ("quotas-rate", RATE, "spec.targetRefs.0.kind", "Gateway"),
    ("quotas-rate", PLUGIN_RATE, f"{LIMIT}.requests", 301),
    ("quotas-limited", RATE, "-", None),
    ("quotas-limited", RATE, "spec.targetRefs.0.sectionName", "realtime"),
    ("quotas-limited", RATE, f"{LIMIT}.requests", 600),
    ("quotas-limited", PLUGIN_RATE, "-", None),
    ("quotas-replicas", APP, "spec.strategy.rollingUpdate.maxSurge", 50),
    ("quotas-allowance", ROW, "maxUsers", 1_000_000),
    ("quotas-allowance", ROW, "maxStorage", 2**60),
    ("quotas-allowance", ROW, "maxUsers", None),
    ("quotas-allowance", ROW, "planType", "gold"),
    ("quotas-present", QUOTA, "-", None),
    ("quotas-present", LIMITS, "-", None),
    ("quotas-plan", "k003-row", "planType", "basic"),
    ("quotas-plan", "k003-app-deployment", "spec.replicas", 3),
    ("quotas-replicas", "k003-app-deployment", "spec.replicas", 100),
    ("quotas-plan", "k003-ns-resourcequota-plan", "spec.hard.pods", "6"),
    ("quotas-plan", "k003-ns-limitrange-plan", "spec.limits.0.max.cpu", "1"),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value)


def test_a_quotas_amounts_may_be_written_in_other_units(declared, change, broken) -> None:
    hard = declared[QUOTA].props["spec"]["hard"]
    assert hard["requests.cpu"] == "8000m"
    cpu = change(declared[QUOTA], "spec.hard", {**hard, "requests.cpu": "8"})
    assert broken({**declared, QUOTA: cpu}, only=[QUOTA]).broken == []


# Setting -> a value that the four tenants of the recorded program just keep, and the rule.
KEPT: dict[str, tuple[float, str]] = {
    "tenants": (4, "totals-count"),
    "resources": (172, "totals-count"),
    "connections": (60 + 50 + 80 + 120 + 60 + 20, "totals-connections"),
    "cpu": (2.5 + 2 + 6 + 16 + 0.1, "totals-reserved"),  # with the service of k001, twice a quarter; and the exporter
    "memoryGi": (5 + 4 + 12 + 32 + 0.1, "totals-reserved"),
    "ephemeralStorageGi": (22 + 20 + 30 + 40 + 0.1, "totals-reserved"),
    "pods": (4 + 2 + 3 + 4 + 1, "totals-reserved"),
    "ramRoles": (6, "totals-account"),
    "ramPolicies": (6, "totals-account"),
    "lifecycleRules": (5, "totals-account"),
}


@pytest.mark.parametrize(("setting", "kept", "rule"), [(name, *kept) for name, kept in KEPT.items()])
def test_totals_are_held_against_what_is_there(declared, broken, setting: str, kept: float, rule: str) -> None:
    kept = len(declared) if setting == "resources" else kept
    rest = {"reservedConnections": 0}
    fits = broken(declared, only=[], settings={"totals": {**rest, setting: math.ceil(kept)}})
    short = broken(declared, only=[], settings={"totals": {**rest, setting: math.ceil(kept) - 1}})
    assert [str(violation) for violation in fits.broken] == []
    assert {violation.rule.name for violation in short.broken} == {rule}
    assert f"{setting}: {kept} of {math.ceil(kept) - 1}" in str(short.broken[0])


def test_what_the_server_reserves_is_not_for_tenants(declared, broken) -> None:
    told = {"connections": KEPT["connections"][0] + 23}
    assert broken(declared, only=[], settings={"totals": told}).broken == []
    (short,) = broken(declared, only=[], settings={"totals": {**told, "reservedConnections": 24}}).broken
    assert short.rule.name == "totals-connections"


CASES_ELSEWHERE = sorted({rule for _, rule in KEPT.values()})
