"""The night's run keeps old backups, tenant by tenant, and by whose plans."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tenantry.backup.create import BackupSubject
from tenantry.backup.errors import BackupError
from tenantry.backup.retention import Counts, counts_of
from tenantry.backup.settings import KnownTenant
from tenantry.cli.app import app
from tenantry.cli.commands.data.backup import exit_code
from tenantry.engine.errors import ExitCode
from tenantry.fleet.load import PROJECT_TENANTS

NIGHT = [
    KnownTenant("k001", "basic", subject_or_error=BackupSubject("k001", "rent001", "k001")),
    KnownTenant("admin", subject_or_error=BackupSubject("admin", "admin")),
]


@pytest.fixture
def pruned(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, Counts]:
    """By whom and what was kept, where backups are taken and removed in a moment; the parameter: objects gone."""
    kept: dict[str, Counts] = {}
    gone = getattr(request, "param", 0)

    def take(_: object, subject: BackupSubject, *__: object, **___: object) -> Any:
        fingerprint = SimpleNamespace(rows=1, tables={})
        return SimpleNamespace(
            id=f"{subject.name}-id", fingerprint=fingerprint, objects=(), size=1, seconds=1.0, lost=gone
        )

    def prune(_: object, subject: BackupSubject, counts: Counts, __: object) -> None:
        kept[subject.name] = counts

    at = SimpleNamespace(vault=None, chosen=lambda _: NIGHT)  # pyright: ignore[reportUnknownLambdaType]
    monkeypatch.setattr("tenantry.cli.commands.data.backup.stack_of", lambda *_: at)
    monkeypatch.setattr("tenantry.backup.create.create_backup", take)
    monkeypatch.setattr("tenantry.backup.retention.prune", prune)
    return kept


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """The plans of a stack whose tenants are in a folder of their own: its basic plan keeps a year of days."""
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {'tenantry:tenants': other}\n")
    document = yaml.safe_load((PROJECT_TENANTS / "plans.yaml").read_text())
    document["plans"]["basic"]["backups"] = {"daily": 365, "weekly": 52, "monthly": 0}
    path = tmp_path / "other" / "plans.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
    return path


def night(project: Path) -> tuple[int, dict[str, Any]]:
    called = ["backup", "--scheduled", "--json", "--stack", "prod", "--cwd", str(project)]
    done = CliRunner().invoke(app, called)
    return done.exit_code, json.loads(done.stdout)


def test_the_stacks_own_plans_say_what_is_kept(plans: Path, pruned: dict[str, Counts]) -> None:
    assert night(plans.parents[1])[0] == 0
    assert pruned == {"k001": Counts(365, 52, 0), "admin": Counts(365, 52, 12)}


def test_a_folder_without_plans_is_on_the_projects(plans: Path, pruned: dict[str, Counts]) -> None:
    plans.unlink()
    assert night(plans.parents[1])[0] == 0
    assert pruned["k001"] == counts_of(PROJECT_TENANTS / "plans.yaml", "basic")


def test_a_fault_in_the_plans_keeps_nobody_from_a_backup(plans: Path, pruned: dict[str, Counts]) -> None:
    plans.write_text("plans: {}\n")
    code, told = night(plans.parents[1])
    assert (code, pruned) == (3, {})
    assert [backup["id"] for backup in told["backups"]] == ["k001-id", "admin-id"]
    assert f"no old backup was removed: {plans}:1: plans.basic" in told["failed"]["k001"]


def test_a_plan_that_the_file_does_not_have_is_told(plans: Path) -> None:
    with pytest.raises(BackupError, match="has no plan gold"):
        counts_of(plans, "gold")


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize("pruned", [3], indirect=True)
def test_objects_that_are_gone_are_in_the_exit_code(plans: Path) -> None:
    """Nobody reads the text of a schedule."""
    code, told = night(plans.parent.parent)
    assert code == ExitCode.LOST
    assert [entry["lost"] for entry in told["backups"]] == [3, 3]


@pytest.mark.parametrize(
    ("lost", "objects", "failed", "code"),
    [
        (0, 0, {}, ExitCode.OK),
        (0, 9, {"k002": "no space"}, ExitCode.FAILED),
        (1, 99, {}, ExitCode.OK),  # a tenant tidies up
        (1, 10, {}, ExitCode.OK),
        (1, 9, {}, ExitCode.LOST),
        (1, 0, {}, ExitCode.LOST),
        (114, 0, {"k002": "no space"}, ExitCode.LOST),
    ],
)
def test_much_that_is_gone_is_said_before_what_failed(
    lost: int, objects: int, failed: dict[str, str], code: ExitCode
) -> None:
    assert exit_code([{"lost": 0, "objects": 0}, {"lost": lost, "objects": objects}], failed) == code
