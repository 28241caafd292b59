"""A plan, or a tenant's own limit, below what is in use: refused where the figures are known."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.changes.use_limits import read_usage
from tenantry.cli import app
from tenantry.engine.errors import CommandError
from tests.support.requests.repository import Clone

GIB = 2**30
Validate = Callable[..., tuple[int, str]]


def figures(**used: int | None) -> str:
    quotas = {name: {"name": name, "limit": 1, "used": amount} for name, amount in used.items()}
    return json.dumps({"tenants": [{"code": "k002", "quotas": quotas}], "failed": {}})


@pytest.fixture
def validate(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Validate:
    """The words of `tenantry validate --base origin/main --usage FILE` on the clone."""

    def run(usage: str) -> tuple[int, str]:
        file = tmp_path / "usage.json"
        file.write_text(usage, encoding="utf-8")
        given = ("validate", str(clone.tenants), "--base", "origin/main", "--usage", str(file), "--today", "2026-11-01")
        monkeypatch.chdir(clone.root)
        monkeypatch.setattr(sys, "argv", ["tenantry", *given])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out + err

    return run


def downgraded(clone: Clone) -> None:
    """From premium (1000 users, 200 GiB) to standard (200 users, 40 GiB)."""
    for taken in ("enabled_services: [enrollment, activities, posters, messaging, assessments]\n", "api_keys:\n"):
        clone.replace("k002.yaml", taken, "")
    clone.replace("k002.yaml", "  - {name: crm, scopes: [read], expires_at: 2027-10-01, rotation: 3}\n", "")
    clone.replace("k002.yaml", "plan: premium", "plan: standard")


@pytest.mark.parametrize(
    ("used", "said"),
    [
        (
            {"users": 201},
            "plan: gives users 200, and 201 are in use, have users removed until it fits, or keep the limit of 1000",
        ),
        ({"storage": 50 * GIB}, "plan: gives storage 40Gi, and 50Gi are in use"),
        ({"storage": 40 * GIB + 1}, f"and {40 * GIB + 1} bytes are in use"),
    ],
)
def test_a_plan_below_what_is_in_use(clone: Clone, validate: Validate, used: dict[str, int], said: str) -> None:
    downgraded(clone)
    code, text = validate(figures(**used))
    assert code == 1
    assert said in text
    assert "k002.yaml:4:" in text


@pytest.mark.parametrize(
    "used",
    [{"users": 200, "storage": 40 * GIB}, {"users": None}, {"api_calls": 10**9}, {}],
    ids=["at the limit", "unknown", "what starts anew each day", "nobody has measured"],
)
def test_what_fits_or_is_not_known_passes(clone: Clone, validate: Validate, used: dict[str, int | None]) -> None:
    downgraded(clone)
    code, text = validate(figures(**used))
    assert code == 0, text


def test_a_limit_of_its_own_is_named_by_its_field(clone: Clone, validate: Validate) -> None:
    clone.replace("k002.yaml", "cell: main", "limits: {max_users: 300}")
    code, text = validate(figures(users=301))
    assert code == 1
    assert "k002.yaml:6: limits.max_users: gives users 300, and 301 are in use" in text


def test_who_is_above_a_limit_already_is_no_fault_of_this_request(clone: Clone, validate: Validate) -> None:
    clone.replace("k002.yaml", "name: 示例幼儿园", "name: 示例")
    assert validate(figures(users=5000))[0] == 0


def test_who_is_deleted_needs_no_limit(clone: Clone, validate: Validate) -> None:
    downgraded(clone)
    clone.replace("k002.yaml", "status: active", "status: deleted\ndeleted_at: 2026-11-01")
    assert validate(figures(users=5000))[0] == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"tenants": [{"code": "k002"}]}', '{"tenants": [{"code": "k002", "quotas": []}]}']
)
def test_a_file_that_holds_no_figures_is_refused(text: str, tmp_path: Path, validate: Validate) -> None:
    code, said = validate(text)
    assert code == 1
    assert "usage.json holds no figures of use" in said
    assert "tenantry usage --stack NAME --json" in said
    with pytest.raises(CommandError):
        read_usage(tmp_path / "nowhere")
