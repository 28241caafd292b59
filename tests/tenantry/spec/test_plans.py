"""The plans of the project, and what a plan that does not add up is told."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from tenantry.fleet.load import PROJECT_TENANTS, Fleet
from tenantry.parsing.faults import Fault
from tenantry.spec.plans import QuotaName, with_defaults
from tenantry.spec.quantity import bytes_of
from tenantry.spec.tenant import PLAN_NAMES
from tests.tenantry.spec.test_secret_detection import NAMED, TEXTS

PLANS = (PROJECT_TENANTS / "plans.yaml").read_text()


@pytest.fixture
def fleet(write: Callable[..., Path], load: Callable[..., Fleet]) -> Fleet:
    write()
    return load()


def test_the_defaults_of_the_requirements(fleet: Fleet) -> None:
    basic = fleet.plans["basic"]
    assert basic.max_users == 100
    assert basic.max_storage == 10 * 2**30
    assert basic.quotas.api_calls.limit == 10_000
    assert basic.quotas.bandwidth.limit == 100 * 2**30
    assert (basic.compute.cpu, basic.compute.memory, basic.compute.ephemeral_storage) == (
        "1000m",
        "2Gi",
        "10Gi",
    )
    assert basic.database.pool == 20
    assert basic.ai.calls_per_minute == 100


def test_every_plan_has_all_eight_quotas_with_the_thresholds(fleet: Fleet) -> None:
    for _, plan in fleet.plans.items():
        quotas = dict(plan.quotas.items())
        assert set(quotas) == set(get_args(QuotaName))
        assert all(quota.thresholds == (75, 90, 95) for quota in quotas.values())


def test_every_plan_lets_all_pools_connect_during_a_roll_out(fleet: Fleet) -> None:
    for _, plan in fleet.plans.items():
        assert plan.database.connections >= plan.database.pool * (plan.compute.replicas + plan.compute.surge)


def test_temporary_files_are_what_the_plan_says_else_its_storage_over_its_connections(fleet: Fleet) -> None:
    files = {name: plan.temp_files for name, plan in fleet.plans.items()}
    assert files == {
        "basic": 10 * 2**30 // 50,
        "standard": 40 * 2**30 // 60,
        "premium": 2**30,
        "enterprise": 2 * 2**30,
    }


@pytest.mark.parametrize(("storage", "connections", "files"), [("1Mi", 50, 2**20), ("9999Ti", 50, 2**40)])
def test_temporary_files_that_follow_stay_what_postgresql_can_count(
    fleet: Fleet, storage: str, connections: int, files: int
) -> None:
    basic = fleet.plans["basic"]
    quota = basic.quotas.storage.model_copy(update={"limit": bytes_of(storage)})
    quotas = basic.quotas.model_copy(update={"storage": quota})
    database = basic.database.model_copy(update={"connections": connections})
    assert basic.model_copy(update={"quotas": quotas, "database": database}).temp_files == files


def test_a_larger_plan_gives_more(fleet: Fleet) -> None:
    plans = [fleet.plans[name] for name in PLAN_NAMES]
    for small, large in pairwise(plans):
        assert small.price.monthly < large.price.monthly
        assert small.max_users < large.max_users
        assert small.max_storage < large.max_storage
        assert small.request_rate < large.request_rate
        assert small.temp_files < large.temp_files
        assert {*small.features.included} <= {*large.features.included}
        assert {*small.ai.models} <= {*large.ai.models}


@pytest.mark.parametrize(
    ("old", "new", "field", "word"),
    [
        ("connections: 50", "connections: 39", "plans.basic.database.connections", "= 40"),
        ("temp_files: 1Gi", "temp_files: 2Ti", "plans.premium.database.temp_files", "is above"),
        ("temp_files: 1Gi", "temp_files: 1GB", "plans.premium.database.temp_files", "50Gi"),
        ("pods: 6", "pods: 1", "plans.basic.objects.pods", "replicas + surge"),
        ("max: 150}", "max: 99}", "plans.basic.allowance.max_users", "widen"),
        ("max: 20Gi}", "max: 9Gi}", "plans.basic.allowance.max_storage", "widen"),
        ("optional: [auditLogs]", "optional: [fileStorage]", "plans.basic.features.optional", "once"),
        ("optional: [auditLogs]", "optional: [teleportation]", "plans.basic.features.optional[0]", "one of"),
        ("monthly: 299", "monthly: 299.5", "plans.basic.price.monthly", "whole number"),
        (
            "[75, 90, 95]}\n    storage",
            "[95, 75]}\n    storage",
            "plans.basic.quotas.users.thresholds",
            "rising",
        ),
        ("limit: 10Gi", "limit: 10GB", "plans.basic.quotas.storage.limit", "50Gi"),
        ("default: doubao-lite", "default: other", "plans.basic.ai.default", "models"),
        ("min_replicas: 1\n", "min_replicas: 2\n", "plans.basic.compute.min_replicas", "lower"),
        ("sleep: {idle_minutes: 60}", "sleep: {idle_minutes: 1}", "plans.basic.sleep.idle_minutes", "5"),
        (
            "    branding: {}\n",
            "    branding: {}\n    region: cn-beijing\n",
            "plans.basic.config.region",
            "system",
        ),
    ],
)
def test_a_plan_that_does_not_add_up(
    old: str,
    new: str,
    field: str,
    word: str,
    write: Callable[..., Path],
    faults_of: Callable[..., tuple[Fault, ...]],
) -> None:
    assert old in PLANS
    write("plans.yaml", content=PLANS.replace(old, new, 1))
    write()
    faults = {fault.field: str(fault) for fault in faults_of()}
    assert word in faults[field]


@pytest.mark.parametrize(("config", "locked"), [(None, False), ("{branding: {}}", False), ("{branding: {a: 1}}", True)])
def test_a_locked_section_is_only_overridden_by_what_is_in_it(
    write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]], config: str | None, locked: bool
) -> None:
    write("plans.yaml", content=PLANS.replace("locked: [", "locked: [branding, "))
    write(config=config)
    assert [fault.field for fault in faults_of()] == (["config.branding"] if locked else [])


def test_a_missing_plan(write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]) -> None:
    path = write("plans.yaml", content="defaults: {}\nplans: {}\n")
    assert {(fault.file, fault.field) for fault in faults_of()} == {(str(path), f"plans.{name}") for name in PLAN_NAMES}


def test_plans_merge_over_defaults_key_by_key() -> None:
    document: dict[str, Any] = {
        "defaults": {"a": {"b": 1, "c": 2}},
        "plans": {"basic": {"a": {"c": 3}}, "odd": 5},
    }
    assert with_defaults(document)["plans"] == {"basic": {"a": {"b": 1, "c": 3}}, "odd": 5}


@pytest.mark.parametrize(
    ("old", "new", "field", "word"),
    [
        ("plans:\n", "surprise: 1\nplans:\n", "surprise", "is no field here"),
        ("defaults:\n", "defaults: 5\nrest:\n", "defaults", "mapping"),
        ("plans:\n", "others:\n", "plans", "is missing"),
    ],
)
def test_beside_the_plans_only_defaults(
    old: str, new: str, field: str, word: str, write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]
) -> None:
    text = PLANS.replace(f"\n{old}", f"\n{new}", 1)
    path = write("plans.yaml", content=text)
    (fault,) = [fault for fault in faults_of() if fault.field == field]
    assert word in fault.problem
    assert fault.file == str(path)
    if word != "is missing":
        assert text.splitlines()[fault.line - 1].startswith(field)


def test_a_model_that_no_catalogue_has(write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]) -> None:
    write("models.yaml", content=(PROJECT_TENANTS / "models.yaml").read_text().replace("  qwen-max:", "  qwen-most:"))
    write()
    (fault,) = faults_of()
    assert fault.field == "plans.enterprise.ai.models[3]"
    assert "choose from doubao-lite, doubao-pro, qwen-plus, qwen-most" in fault.remedy


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("    integrations: {}\n", "    integrations: {sms: {api_key: hunter2}}\n", "defaults.config.integrations.sms.api_key"),
        ("      security: {mfa_required: true}\n", "      security: {hook: 'https://a:hunter2@example.com'}\n",
         "plans.enterprise.config.security.hook"),
        ("    branding: {}\n", "    branding: {note: AKIDhunter2hunter2hunter2}\n", "defaults.config.branding.note"),
    ],
)  # fmt: skip
def test_plans_hold_no_secrets(
    old: str, new: str, field: str, write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]
) -> None:
    assert old in PLANS
    text = PLANS.replace(old, new, 1)
    path = write("plans.yaml", content=text)
    write()
    (fault,) = faults_of()
    assert (fault.file, fault.field) == (str(path), field)
    assert new.strip() == text.splitlines()[fault.line - 1].strip()
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize("value", [*({"value": text} for text in TEXTS.values()), *NAMED.values()])
def test_plans_hold_no_secret_of_any_family(
    value: object, write: Callable[..., Path], faults_of: Callable[..., tuple[Fault, ...]]
) -> None:
    """Those that no tenant's file may hold."""
    flow = json.dumps(value, ensure_ascii=False)
    write("plans.yaml", content=PLANS.replace("    integrations: {}\n", f"    integrations: {flow}\n", 1))
    write()
    faults = faults_of()
    assert faults
    assert all("looks like a secret" in fault.problem for fault in faults)
    assert all(fault.field.startswith("defaults.config.integrations") for fault in faults)
