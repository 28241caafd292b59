"""A repository of two sites: `prod` with the cells c01, c02 (the canary), c03, and `small`, which holds all by itself."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tenantry.engine.stack.project import Project
from tests.support.requests.repository import ACTIVE, Clone

CELLS: Final = {"k001": "main", "k002": "c01", "k003": "c02", "k004": "c03"}
ON_PROD: Final = "tenantry:platformStack: organization/shop/prod"
STACKS: Final = {
    "prod": "tenantry:holds: [platform, cell/main]",
    "prod-c01": f"tenantry:holds: [cell/c01]\n  {ON_PROD}",
    "prod-c02": f"tenantry:holds: [cell/c02]\n  {ON_PROD}\n  tenantry:canary: 'true'",
    "prod-c03": f"tenantry:holds: [cell/c03]\n  {ON_PROD}",
    "small": "tenantry:tenants: customers",
    "local": "tenantry:zone: yyup.cc",
}


def tenant(code: str, cell: str, **changes: str) -> str:
    text = ACTIVE.replace("k001", code).replace("13800138001", f"1380013800{code[-1]}")
    text = text.replace("cell: main", f"cell: {cell}")
    for old, new in changes.items():
        text = text.replace(f"{old}: ", f"{old}: {new} #", 1)
    return text


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("repository")
    clone = Clone.make(parent, {f"{code}.yaml": tenant(code, cell) for code, cell in CELLS.items()})
    write(clone.root, {f"Pulumi.{name}.yaml": f"config:\n  {text}\n" for name, text in STACKS.items()})
    write(
        clone.root,
        {
            "Pulumi.yaml": "name: shop\nruntime: python\n",
            "customers/k009.yaml": tenant("k009", "main"),
            "tenants/plans.yaml": "plans: {}\n",
            "stacks/program.py": "",
            "docs/life.md": "",
        },
    )
    clone.commit("all")
    clone.git("push", "-q", "origin", "HEAD:main")
    return clone.root


@pytest.fixture
def clone(prepared: Path, tmp_path: Path) -> Clone:
    """A copy of its own."""
    return Clone(Path(shutil.copytree(prepared, tmp_path / "clone", symlinks=True)))


@pytest.fixture
def project(clone: Clone) -> Project:
    return Project(clone.root)
