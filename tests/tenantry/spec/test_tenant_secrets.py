"""References to secrets: what a tenant's file may say, and what the stack's configuration must hold for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tenantry.cli.app import app
from tenantry.fleet.load import load_fleet
from tenantry.model.app_settings import app_settings
from tenantry.parsing.faults import Faults
from tenantry.reports.tenant_details import details
from tenantry.spec.secret_detection.text import credential_in
from tenantry.spec.tenant_secrets import StackSecrets

PAY = "[{name: wechat-pay-key, from: config:k001.wechatPayKey}]"
STACK = StackSecrets("prod", {"k001.wechatPayKey": "", "k002.other": ""})
SETS = "pulumi config set --secret tenantry-secrets:k001.wechatPayKey --stack prod"
VALUE = "sk_live_9a8b7c6d5e4f3a2b1c0d"  # looks like one, and is none


@pytest.fixture
def said(write: Callable[..., Path], tmp_path: Path, today: Any) -> Callable[..., list[str]]:
    """The faults of the good file with these secrets, without its folder."""

    def load(secrets: str, stack: StackSecrets | None = None, **changes: Any) -> list[str]:
        write(secrets=secrets, **changes)
        try:
            load_fleet(tmp_path, today=today, secrets=stack)
        except Faults as error:
            found = error.faults
        else:
            found = ()
        assert not [fault for fault in found if VALUE in str(fault) or "hunter2" in str(fault)]
        return [str(fault).removeprefix(f"{tmp_path}/") for fault in found]

    return load


def test_a_reference_that_the_stack_holds_is_fine(said) -> None:
    assert said(PAY) == []
    assert said(PAY, STACK) == []
    assert said('[{name: a, from: "config:k001.wechatPayKey"}, {name: b, from: config:k001.wechatPayKey}]', STACK) == []


@pytest.mark.parametrize(
    "value", [VALUE, "hunter2", "k001.wechatPayKey", "config:wechatPayKey", "vault:k001.key", "config:k001.a b", ""]
)
def test_a_value_in_place_of_a_reference_is_refused_and_not_repeated(said, value: str) -> None:
    (line,) = said(f'[{{name: wechat-pay-key, from: "{value}"}}]', STACK)
    assert line.startswith("k001.yaml:13: secrets[0].from: is ")
    assert "pulumi config set --secret tenantry-secrets:CODE.KEY" in line
    assert ("is a secret (" in line) == (credential_in(value) is not None)


@pytest.mark.parametrize(
    "secrets", [f"{{wechat-pay-key: {VALUE}}}", f"[{VALUE}]", f"[{{name: a, value: {VALUE}}}]", f"{VALUE}"]
)
def test_other_shapes_are_refused_and_not_repeated(said, secrets: str) -> None:
    lines = said(secrets)
    assert lines
    assert all(line.startswith("k001.yaml:13: secrets") for line in lines)


def test_an_unknown_reference_names_the_command_and_what_was_probably_meant(said) -> None:
    (line,) = said(PAY, StackSecrets("prod", {"k001.weChatPayKey": "", "k002.wechatPayKey": ""}))
    assert "is not in the configuration of the stack prod" in line
    assert f"run `{SETS}`" in line
    assert "or write config:k001.weChatPayKey, which is there" in line


def test_what_is_wrong_with_a_value_is_said_where_it_is_referred_to(said) -> None:
    (line,) = said(PAY, StackSecrets("prod", {"k001.wechatPayKey": "has 20000 bytes, more than 16384"}))
    assert line.startswith(
        "k001.yaml:13: secrets[0].from: tenantry-secrets:k001.wechatPayKey of the stack prod has 20000"
    )
    assert SETS in line


def test_a_reference_to_another_tenants_secret_is_refused_also_where_it_exists(said) -> None:
    (line,) = said("[{name: a, from: config:k002.other}]", STACK)
    assert "secrets[0].from: refers to a secret of k002, write config:k001.other and run `pulumi config set" in line
    (alone,) = said("[{name: a, from: config:k002.other}]")
    assert "tenantry-secrets:k001.other --stack STACK" in alone


@pytest.mark.parametrize(
    "name",
    [
        "user-id", "port", "path", "home", "hostname", "db-password", "db-host", "jwt-secret", "oss-prefix", "ai-token",
        "redis-url", "unified-tenant-api-key", "alibaba-cloud-role-arn", "tenant-settings", "kubernetes-service-host",
        "ld-preload", "node-options", "pythonpath", "pgpassword", "java-tool-options", "https-proxy", "no-proxy",
        "admin-service-url", "gateway-url", "credentials-previous-until", "service-name", "required-roles",
    ],
)  # fmt: skip
def test_no_name_takes_the_place_of_a_variable_of_the_platform(said, name: str) -> None:
    (line,) = said(f"[{{name: {name}, from: config:k001.wechatPayKey}}]", STACK)
    assert f"secrets[0].name: would be the variable {name.upper().replace('-', '_')}, which is the platform's" in line


def test_no_name_is_that_of_the_variable_for_another_ones_file(said) -> None:
    (line,) = said("[{name: wechat-pay-key-file, from: config:k001.wechatPayKey}]", STACK)
    assert "secrets[0].name: would be the variable WECHAT_PAY_KEY_FILE" in line


def test_one_name_twice_and_too_many_are_refused(said) -> None:
    (twice,) = said("[{name: a, from: config:k001.b}, {name: a, from: config:k001.c}]")
    assert "secrets: has two secrets of the name a" in twice
    many = ", ".join(f"{{name: a{number}, from: config:k001.b}}" for number in range(33))
    (line,) = said(f"[{many}]")
    assert "secrets: has too many entries, write at most 32" in line


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"status": "deleted", "deleted_at": "2026-10-30"}])
def test_of_a_tenant_without_access_the_value_is_not_needed(said, changes: dict[str, str]) -> None:
    assert said(PAY, StackSecrets("prod", {}), **changes) == []
    assert said("[{name: a, from: config:k002.other}]", STACK, **changes)


def test_a_cell_that_the_stack_does_not_hold_is_not_looked_up(said) -> None:
    assert said(PAY, StackSecrets("prod", {}, cells=frozenset({"c02"}))) == []
    assert said(PAY, StackSecrets("prod", {}, cells=frozenset({"main"})))


def test_a_secret_that_nobody_refers_to_is_named_with_both_remedies(write, load, today) -> None:
    write(secrets=PAY, status="deleted", deleted_at="2026-10-30")
    ((key, problem, remedy),) = STACK.unused(tenant.spec for tenant in load().all)
    assert (key, problem) == ("tenantry-secrets:k002.other", "no tenant's file refers to it")
    assert "config:k002.other" in remedy
    assert "pulumi config rm tenantry-secrets:k002.other --stack prod" in remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"address": VALUE},
        {"config": f'{{integrations: {{pay: "{VALUE}"}}}}'},
        {"config": "{integrations: {password: hunter2}}"},
        {"config": "{integrations: {token: 123456789}}"},
    ],
)
def test_where_a_secret_stands_in_the_file_the_remedy_is_the_place_for_it(said, changes: dict[str, str]) -> None:
    (line,) = said("[]", **changes)
    assert "a tenant's `secrets:` refers to those of the stack's encrypted configuration (docs/secrets.md)" in line


def test_the_application_and_show_are_told_names_alone(write, load) -> None:
    write(secrets=PAY)
    tenant = load()["k001"]
    assert app_settings(tenant)["secrets"] == [{"name": "wechat-pay-key", "variable": "WECHAT_PAY_KEY"}]
    shown = {"name": "wechat-pay-key", "from": "config:k001.wechatPayKey", "variable": "WECHAT_PAY_KEY"}
    assert details(tenant)["secrets"] == [shown]


@pytest.fixture
def project(tmp_path: Path, write: Callable[..., Path]) -> Callable[[str], Any]:
    """Runs `tenantry validate` in a project whose stack `prod` has this configuration."""

    def run(config: str) -> Any:
        write(secrets=PAY).rename(tmp_path / "k001.yaml.new")
        folder = tmp_path / "project"
        (folder / "tenants").mkdir(parents=True, exist_ok=True)
        (tmp_path / "k001.yaml.new").rename(folder / "tenants" / "k001.yaml")
        (folder / "Pulumi.yaml").write_text("name: tenantry\nruntime: python\nconfig:\n  zone: {default: yyup.cc}\n")
        (folder / "Pulumi.prod.yaml").write_text(f"config:\n  tenantry:zone: yyup.cc\n{config}")
        return CliRunner().invoke(app, ["validate", "--stack", "prod", "-C", str(folder), "--today", "2026-11-01"])

    return run


KEY = "  tenantry-secrets:k001.wechatPayKey"


def test_validate_looks_into_the_stacks_file(project) -> None:
    assert project(f"{KEY}:\n    secure: v1:AAAA\n").exit_code == 0
    missing = project("")
    assert missing.exit_code == 1
    assert f"run `{SETS}`" in missing.output


def test_validate_refuses_a_secret_in_clear_at_its_line(project) -> None:
    lines = project(f"{KEY}: hunter2\n")
    assert lines.exit_code == 1
    assert f"Pulumi.prod.yaml:3: tenantry-secrets:k001.wechatPayKey: stands in clear: run `{SETS}`" in str(
        lines.exception
    )
    assert "hunter2" not in str(lines.exception) + lines.output


@pytest.mark.parametrize("key", ["wechatPayKey", "k1.a", "K001.a", "k001", "k001.", "k001.a.b"])
def test_validate_refuses_a_key_that_is_no_tenants_secret(project, key: str) -> None:
    lines = project(f"{KEY}:\n    secure: v1:AAAA\n  tenantry-secrets:{key}:\n    secure: v1:AAAA\n")
    assert f"Pulumi.prod.yaml:5: tenantry-secrets:{key} is no tenant's secret" in str(lines.exception)


def test_validate_warns_of_a_secret_that_nobody_refers_to_and_passes(project) -> None:
    lines = project(f"{KEY}:\n    secure: v1:AAAA\n  tenantry-secrets:k001.old:\n    secure: v1:AAAA\n")
    assert lines.exit_code == 0
    assert "warning: Pulumi.prod.yaml:5: tenantry-secrets:k001.old: no tenant's file refers to it" in lines.output
