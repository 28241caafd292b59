"""A stack to run the program in: Pulumi.yaml's own defaults, and the environment of an embedded instance."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from stacks import program

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "5433",
    "PGUSER": "tenantry",
    "PGPASSWORD": "pg-password",
    "PGSSLMODE": "disable",
    "KUBECONFIG": "/instance/kubeconfig",
    "ALICLOUD_ACCESS_KEY": "key-id",
    "ALICLOUD_SECRET_KEY": "key-secret",
    "ALICLOUD_ACCOUNT_ID": "1234567890123456",
    "TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:8085",
}


@pytest.fixture
def project() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def environment() -> dict[str, str]:
    return dict(ENVIRONMENT)


@pytest.fixture
def settings(project) -> Callable[..., dict[str, str]]:
    """A stack's configuration as the engine hands it to the program: defaults from Pulumi.yaml, and the changes."""

    def make(**changes: Any) -> dict[str, str]:
        values = {key: declared["default"] for key, declared in project["config"].items()} | changes
        return {f"tenantry:{key}": as_text(value) for key, value in values.items()}

    return make


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


@pytest.fixture
def tenants(tmp_path: Path) -> Callable[..., Path]:
    """A folder of tenant files: code -> changed fields."""

    def make(**files: Mapping[str, Any]) -> Path:
        folder = tmp_path / "tenants"
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.yaml"):
            old.unlink()
        for code, changes in files.items():
            document = {
                "code": code,
                "name": f"园{code}",
                "phone": f"138{int(code[1:]):08d}",
                "plan": "basic",
                "status": "active",
                "contact": {"name": "张三", "email": f"{code}@example.com"},
                **changes,
            }
            (folder / f"{code}.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return folder

    return make


ME = "organization/tenantry/test"


@pytest.fixture
def run(record, settings, environment, monkeypatch):
    """Runs the program over a folder of tenants; `last` are the outputs of the run before."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def execute(folder: Path, last: Any = None, others: Any = None, options: Any = None, **changes: Any) -> Any:
        stacks = {ME: {} if last is None else {"tenants": last}, **(others or {})}
        values = {"tenants": str(folder), "today": "2026-10-20", **changes}
        return record(program.main, config=settings(**values), stacks=stacks, **(options or {}))

    return execute


@pytest.fixture
def refused(run, record):
    """The refusal, and what was registered all the same."""

    def execute(*args: Any, **changes: Any) -> str:
        with pytest.raises(pulumi.RunError) as error:
            run(*args, **changes)
        return str(error.value)

    return execute


def tenants_of(recording) -> list[str]:
    return [resource.name for resource in recording.of("Tenant")]
