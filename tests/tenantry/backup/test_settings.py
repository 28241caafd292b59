"""A backup reads, and a restore writes, the systems that the stack names, whatever the shell is set to."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from local.shared.paths import ROOT
from tenantry.backup.clients import LIMIT_MINUTES
from tenantry.backup.errors import BackupError
from tenantry.cli.commands.data.backup import stack_of
from tenantry.engine.errors import CommandError

SHELL = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "15432",
    "PGUSER": "tenantry",
    "PGPASSWORD": "of-the-shell",
    "PGSSLMODE": "disable",
    "PGHOSTADDR": "127.0.0.1",
    "ALICLOUD_ACCESS_KEY": "LTAIshell",
    "ALICLOUD_SECRET_KEY": "of-the-shell",
    "ALICLOUD_SECURITY_TOKEN": "of-the-shell",
    "TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:8085",
}
CONFIGURED = {
    "databaseHost": "db.internal",
    "databasePort": "5432",
    "databaseUser": "provisioner",
    "databasePassword": "of-the-stack",
    "databaseSslmode": "verify-full",
    "alibabaAccessKey": "LTAIstack",
    "alibabaSecretKey": "of-the-stack",
}
BUCKETS = "\n".join(
    f"  tenantry:{name}Bucket: {name}-files\n  tenantry:{name}Region: cn-{name}"
    for name in ("system", "photo", "backup")
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In a shell that has read `.local/env`, with an engine that answers what is configured."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    for stack in ("prod", "local"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(f"config:\n{BUCKETS}\n")
    for name in [name for name in os.environ if name.startswith(("PG", "ALI", "TENANTRY_"))]:
        monkeypatch.delenv(name)
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    configured(tmp_path, CONFIGURED)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def configured(folder: Path, values: Mapping[str, str]) -> None:
    answer = json.dumps({f"tenantry:{key}": {"value": value} for key, value in values.items()})
    program = folder / "pulumi"
    program.write_text(f"#!{sys.executable}\nimport sys\nassert sys.argv[1] == 'config', sys.argv\nprint({answer!r})\n")
    program.chmod(0o755)


@pytest.mark.parametrize("stack", ["prod", "organization/shop/prod"])
def test_the_stacks_own_systems_are_meant_in_a_shell_of_another(project: Path, stack: str) -> None:
    stack_ = stack_of(project, stack)
    systems = stack_.vault.systems
    assert (systems.host, systems.port, systems.user, systems.password) == (
        "db.internal", "5432", "provisioner", "of-the-stack",
    )  # fmt: skip
    assert (systems.access_key, systems.secret_key, systems.token, systems.proxy) == (
        "LTAIstack", "of-the-stack", None, None,
    )  # fmt: skip
    assert stack_.vault.place.name == "backup-files"
    assert not os.environ.keys() & SHELL.keys()  # libraries would take them by themselves


def test_the_embedded_defaults_are_those_of_its_environment(project: Path) -> None:
    systems = stack_of(project, "local").vault.systems
    assert (systems.host, systems.port, systems.access_key) == ("127.0.0.1", "15432", "LTAIshell")
    assert (systems.proxy, systems.token) == (SHELL["TENANTRY_ALIBABA_PROXY"], "of-the-shell")


@pytest.mark.parametrize("stack", ["test-nope", "local-2"])
def test_an_embedded_stack_that_was_never_made_has_not_those_of_the_shell(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    state = tmp_path / "state"
    (project / f"Pulumi.{stack}.yaml").write_text((project / "Pulumi.local.yaml").read_text())
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{state}")
    with pytest.raises(CommandError, match=f"there is no stack `{stack}` in this state"):
        stack_of(project, stack)
    made = state / ".pulumi" / "stacks" / "shop" / f"{stack}.json"
    made.parent.mkdir(parents=True)
    made.write_text('{"version": 3, "checkpoint": {}}')
    assert stack_of(project, stack).vault.systems.host == "127.0.0.1"


def test_the_nightly_job_has_them_from_its_stack_by_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pulumi").unlink()  # its image has no engine, and no key to the configuration
    monkeypatch.setenv("TENANTRY_SYSTEMS_OF", "prod")
    assert stack_of(project, "prod").vault.systems.host == "127.0.0.1"
    monkeypatch.setenv("TENANTRY_SYSTEMS_OF", "stage")
    with pytest.raises(CommandError, match="pulumi"):
        stack_of(project, "prod")


@pytest.mark.parametrize("key", CONFIGURED)
def test_what_the_stack_does_not_say_is_named_and_not_taken_from_the_shell(project: Path, key: str) -> None:
    configured(project, CONFIGURED | {key: ""})
    with pytest.raises(BackupError, match=rf"`prod` does not say .*{key}"):
        stack_of(project, "prod")


@pytest.mark.parametrize("stack", ["prdo", "organization/other/prod"])
def test_a_stack_that_is_none_of_this_project_has_no_systems(project: Path, stack: str) -> None:
    with pytest.raises(CommandError, match=r"has no settings|no stack of the project"):
        stack_of(project, stack)


@pytest.mark.parametrize(("said", "seconds"), [("", 3600.0), ("  tenantry:backupLimitMinutes: 240\n", 14_400.0)])
def test_how_long_one_database_may_take_is_the_stacks(project: Path, said: str, seconds: float) -> None:
    (project / "Pulumi.prod.yaml").write_text(f"config:\n{BUCKETS}\n{said}")
    assert stack_of(project, "prod").vault.systems.limit_s == seconds


@pytest.mark.parametrize("said", ["0", "-5", "1h", '"²"'])
def test_a_limit_that_is_no_number_of_minutes_is_refused(project: Path, said: str) -> None:
    (project / "Pulumi.prod.yaml").write_text(f"config:\n{BUCKETS}\n  tenantry:backupLimitMinutes: {said}\n")
    with pytest.raises(BackupError, match="backupLimitMinutes"):
        stack_of(project, "prod")


def test_the_default_limit_is_that_of_the_program() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    assert declared["backupLimitMinutes"]["default"] == LIMIT_MINUTES
