"""`tenantry show`: each value in force, and where it comes from."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tenantry.cli import app, last_applied
from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.spec.plans import Plan, with_defaults

Show = Callable[..., dict[str, str]]


@pytest.fixture
def show(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Show:
    """The origins of k001, whose file is the good one with some lines changed."""

    def call(**changes: str | None) -> dict[str, str]:
        write(**changes)
        monkeypatch.setattr(sys, "argv", ["tenantry", "show", "k001", "--dir", str(tmp_path), "--json"])
        with pytest.raises(SystemExit):
            app.main()
        return json.loads(capsys.readouterr().out)["origins"]

    return call


@pytest.mark.parametrize(
    ("applied", "environment"),
    [({"k001": "prod", "k002": "test"}, "prod"), ({"k002": "test"}, "test"), ({}, None)],
)
def test_what_the_stack_sets_is_read_from_its_record(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    write: Callable[..., Path],
    tmp_path: Path,
    applied: dict[str, str],
    environment: str | None,
) -> None:
    write()
    record = {
        code: {"config": {"version": "1.2.3", "environment": environment}} for code, environment in applied.items()
    }
    monkeypatch.setattr(last_applied, "from_stack", lambda stack, cwd: record)
    monkeypatch.setattr(
        sys, "argv", ["tenantry", "show", "k001", "--dir", str(tmp_path), "--json", "--stack", "prod", "--applied"]
    )
    with pytest.raises(SystemExit):
        app.main()
    shown = json.loads(capsys.readouterr().out)
    assert shown["config"]["environment"] == environment
    assert shown["origins"]["config.environment"] == "system: set by the stack"


def line_of(text: str, after: str = "") -> int:
    lines = (PROJECT_TENANTS / "plans.yaml").read_text().splitlines()
    start = next((number for number, line in enumerate(lines) if after and line.startswith(after)), 0)
    return next(number for number, line in enumerate(lines[start:], start + 1) if text in line)


def test_the_tenant_goes_before_the_plan_and_the_plan_before_the_defaults(show: Show, tmp_path: Path) -> None:
    own = show()
    assert own["max_users"] == own["quotas.users.limit"] == f"{tmp_path}/k001.yaml:9"
    assert own["config.branding.color"] == f"{tmp_path}/k001.yaml:12"
    without = show(limits=None)
    users = line_of("users: {limit: 200}")
    assert without["max_users"] == f"plan standard (plans.yaml:{users})"
    assert without["quotas.users.unit"] == f"default of all plans (plans.yaml:{line_of('users: {limit: 100')})"
    assert without["compute.cpu"] == f"default of all plans (plans.yaml:{line_of('cpu: 1000m')})"
    assert without["database_limits.connections"] == f"plan standard (plans.yaml:{line_of('connections: 60')})"
    assert without["address"] == f"{tmp_path}/k001.yaml:8"


def test_who_may_not_override_what(show: Show) -> None:
    shown = show()
    line = line_of("security: {access_token_minutes")
    assert shown["config.security.access_token_minutes"] == f"default of all plans, locked (plans.yaml:{line})"
    assert shown["config.security.mfa_required"] == f"default of all plans (plans.yaml:{line})"
    assert {shown[f"config.{key}"] for key in ("version", "environment", "region")} == {"system: set by the stack"}


def test_features_say_whether_the_plan_includes_or_offers_them(show: Show, tmp_path: Path) -> None:
    shown = show(features="{auditLogs: false}")
    assert shown["features.auditLogs"] == f"{tmp_path}/k001.yaml:10"
    assert shown["features.fileStorage"].startswith("included in plan standard (plans.yaml:")
    assert shown["features.apiAccess"].startswith("optional in plan standard (plans.yaml:")
    assert shown["features.ssoIntegration"].startswith("no part of plan standard (plans.yaml:")


def test_what_is_derived_and_what_nobody_set(show: Show) -> None:
    shown = show()
    assert shown["names.database"] == shown["domain"] == "derived from code and phone"
    assert shown["phase"] == "derived from status and day"
    assert shown["services.enrollment.port"] == "catalogue (services.yaml)"
    assert shown["api_keys"] == "not set"
    assert shown["database_limits.temp_files"] == "the plan's storage over its connections"
    assert show(plan="premium")["database_limits.temp_files"].startswith("plan premium (plans.yaml:")


@pytest.mark.parametrize("part", Plan.model_fields)
def test_whatever_a_plan_says_may_stand_under_the_defaults(part: str, show: Show, tmp_path: Path) -> None:
    document = yaml.safe_load((PROJECT_TENANTS / "plans.yaml").read_text())
    whole = with_defaults(document)["plans"]
    document["plans"] = json.loads(json.dumps(whole))  # apart: what two share, PyYAML writes as an alias
    document["defaults"] = {part: document["plans"]["standard"].pop(part)} if part in whole["standard"] else {}
    (tmp_path / "plans.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    assert show()["compute.cpu"].startswith("default of all" if part == "compute" else "plan standard")


def test_features_of_the_defaults_are_found_at_their_line(show: Show, tmp_path: Path) -> None:
    text = (PROJECT_TENANTS / "plans.yaml").read_text()
    own = "    features:\n      included: [userManagement, fileStorage, realTimeChat, auditLogs]\n"
    own += "      optional: [customBranding, apiAccess]\n"
    assert own in text
    text = text.replace(own, "", 1).replace("defaults:\n", "defaults:\n" + own.replace("    ", "  ", 1), 1)
    (tmp_path / "plans.yaml").write_text(text)
    lines = text.splitlines()
    shown = show(features=None)
    included = next(n for n, line in enumerate(lines, 1) if "included: [userManagement, fileStorage, realTime" in line)
    assert shown["features.fileStorage"] == f"included in plan standard (plans.yaml:{included})"
    assert shown["features.apiAccess"] == f"optional in plan standard (plans.yaml:{included + 1})"
    assert shown["features.ssoIntegration"] == f"no part of plan standard (plans.yaml:{included - 1})"


def test_a_field_left_empty_is_the_plans(show: Show) -> None:
    shown = show(limits="{max_users: null, max_storage: 50Gi}", features="{customBranding: null}")
    assert shown["max_users"].startswith("plan standard (plans.yaml:")
    assert shown["features.customBranding"].startswith("optional in plan standard")
