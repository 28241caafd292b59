"""Nobody destroys living tenants by mistake."""

from pathlib import Path

import pytest

from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.stack.project import Project
from tenantry.engine.state.destroy_guard import check_destroy
from tenantry.engine.state.tenant_rows import Row

LIVING = [Row(f"k{number:03}") for number in range(1, 8)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    return Project(tmp_path)


def allow(project: Project, stack: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(f"config: {{'tenantry:allowDestroy': {stack}}}\n")


def test_living_tenants_need_both_words(project: Project) -> None:
    allow(project, "prod")
    check_destroy(project, "prod", LIVING, "prod")


@pytest.mark.parametrize("allowed", ["", "test", "true"])
def test_a_configuration_that_does_not_name_the_stack_allows_nothing(project: Project, allowed: str) -> None:
    allow(project, allowed)
    with pytest.raises(CommandError, match=r"7 tenant.*two steps|7 tenant"):
        check_destroy(project, "prod", LIVING, "prod")


@pytest.mark.parametrize("told", [None, "", "PROD", "test"])
def test_the_name_must_be_told_even_for_an_empty_stack(project: Project, told: str | None) -> None:
    allow(project, "prod")
    with pytest.raises(CommandError) as caught:
        check_destroy(project, "prod", [], told)
    assert caught.value.code == ExitCode.REFUSED
    assert "--yes-destroy prod" in caught.value.remedy


def test_an_empty_stack_needs_the_name_alone(project: Project) -> None:
    check_destroy(project, "prod", [], "prod")
