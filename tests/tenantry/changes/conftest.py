"""A clone with one tenant in each stage of life, and what a request in it is told."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tenantry.changes.check import request_faults
from tenantry.parsing.faults import Fault
from tests.support.requests.repository import Clone

TODAY = date(2026, 11, 1)
TENANT = """\
code: {code}
name: 示例幼儿园
phone: "1380013800{digit}"
plan: {plan}
status: active
cell: main
contact: {{name: 张三, email: zhangsan@example.com}}
"""
PROOF = "{code}-20261001T000000Z-0123456789abcdef"
LIVING = {
    "k001": "standard",
    "k002": "premium",
    "k003": "standard",
    "k004": "standard",
}
SERVICES = "enabled_services: [enrollment, activities, posters, messaging, assessments]\n"
KEYS = "api_keys:\n  - {name: crm, scopes: [read], expires_at: 2027-10-01, rotation: 3}\ncredentials: {rotation: 2}\n"


def tenants() -> dict[str, str]:
    """k001 active, k002 with services and keys, k003 deleted, k004 purged, k005 a tombstone, k006 a bare one."""
    files = {f"{code}.yaml": TENANT.format(code=code, digit=code[-1], plan=plan) for code, plan in LIVING.items()}
    files["k002.yaml"] += SERVICES + KEYS
    deleted = "status: deleted\ndeleted_at: 2026-09-01\n"
    files["k003.yaml"] = files["k003.yaml"].replace("status: active\n", deleted)
    purged = f"status: purged\ndeleted_at: 2026-09-01\nproof: {PROOF.format(code='k004')}\n"
    files["k004.yaml"] = files["k004.yaml"].replace("status: active\n", purged)
    bare = f"status: purged\ncell: main\ndeleted_at: 2026-09-01\nproof: {PROOF.format(code='k005')}\n"
    files["k005.yaml"] = f'code: k005\nname: 示例\nphone: "13800138005"\n{bare}'
    files["k006.yaml"] = f"code: k006\n{bare}"
    return files


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("repository")
    Clone.make(parent, tenants())
    return parent


@pytest.fixture
def clone(prepared: Path, tmp_path: Path) -> Clone:
    """A copy of its own; its origin is a copy too."""
    shutil.copytree(prepared, tmp_path / "r", symlinks=True)
    clone = Clone(tmp_path / "r" / "clone")
    clone.git("remote", "set-url", "origin", str(tmp_path / "r" / "origin.git"))
    return clone


@pytest.fixture
def faults(clone: Clone) -> Callable[..., list[Fault]]:
    """Faults of the request beside those of its files by themselves."""

    def look(reference: str = "origin/main") -> list[Fault]:
        return sorted(request_faults(reference, clone.tenants, "yyup.cc", TODAY))

    return look
