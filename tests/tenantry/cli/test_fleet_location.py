"""Commands that only look do so where the stack says: in its folder, zone and cells, wherever the shell stands."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.cli import app
from tenantry.fleet.load import PROJECT_TENANTS

Run = Callable[..., tuple[int, str, str]]
STACKS = {
    "local": "",
    "prod": "config:\n  tenantry:tenants: customers\n  tenantry:zone: example.org\n",
    "prod-c02": "config:\n  tenantry:tenants: customers\n  tenantry:holds: [cell/c02]\n",
    "prod-c03": "config:\n  tenantry:tenants: customers\n  tenantry:holds: '[\"cell/c03\"]'\n",
    "gone": "config:\n  tenantry:tenants: nowhere\n",
}


@pytest.fixture
def project(tmp_path: Path, good: str) -> Path:
    """Stacks with a folder, a zone and cells of their own; k001 in the shell's place is of none but `local`."""
    root = tmp_path / "project"
    for folder, phones in (("tenants", {"k001": "main"}), ("customers", {"k007": "main", "k008": "c02"})):
        (root / folder).mkdir(parents=True)
        for code, cell in phones.items():
            text = good.replace("k001", code).replace("13800138001", f"1380013800{code[-1]}")
            text = text.replace("cell: main", f"cell: {cell}").replace("zhangsan", code)
            (root / folder / f"{code}.yaml").write_text(text)
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    for stack, text in STACKS.items():
        (root / f"Pulumi.{stack}.yaml").write_text(text)
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path) -> Run:
    monkeypatch.chdir(project)
    monkeypatch.delenv("TENANTRY_STACK", raising=False)
    monkeypatch.delenv("TENANTRY_TODAY", raising=False)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


def listed(run: Run, *arguments: str | Path) -> dict[str, str]:
    code, out, err = run("list", "--json", *arguments)
    assert (code, err) == (0, "")
    return {row["code"]: row["domain"] for row in json.loads(out)}


def test_the_list_is_of_the_stacks_folder_zone_and_cells(run: Run) -> None:
    assert listed(run) == {"k001": "k001.yyup.cc"}
    assert listed(run, "--stack", "prod") == {"k007": "k007.example.org", "k008": "k008.example.org"}
    assert listed(run, "--stack", "organization/shop/prod-c02") == {"k008": "k008.yyup.cc"}
    assert listed(run, "--stack", "prod-c03") == {}


def test_what_is_told_wins(run: Run) -> None:
    told = listed(run, "--stack", "prod", "--dir", "tenants", "--zone", "example.net")
    assert told == {"k001": "k001.example.net"}


def test_the_shells_place_counts_for_nothing(
    run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tenants").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENANTRY_STACK", "prod")
    assert listed(run, "-C", project) == {"k007": "k007.example.org", "k008": "k008.example.org"}
    code, said, _ = run("validate", "-C", project)
    assert (code, said.split(",")[0].strip()) == (0, "2 tenants and 0 tombstones are fine")
    assert json.loads(run("show", "k007", "--json", "-C", project)[1])["domain"] == "k007.example.org"


def test_validate_checks_the_stacks_folder(run: Run, project: Path) -> None:
    file = project / "customers" / "k007.yaml"
    file.write_text(file.read_text().replace("plan: standard", "plan: gold"))
    assert run("validate")[0] == 0
    code, out, err = run("validate", "--stack", "prod")
    assert (code, out) == (1, "1 fault in 1 file\n")
    assert err.startswith("customers/k007.yaml:4: plan:")


def test_nobody_of_another_cell_is_shown_or_affected(run: Run, project: Path, tmp_path: Path) -> None:
    code, out, err = run("show", "k007", "--stack", "prod-c02")
    assert (code, out) == (1, "")
    assert "`prod-c02` does not hold" in err
    before = Path(shutil.copytree(project / "customers", tmp_path / "before"))
    for file in (project / "customers").glob("k00*.yaml"):
        file.write_text(file.read_text().replace("plan: standard", "plan: premium"))
    (before / "k008.yaml").write_text((before / "k008.yaml").read_text())
    arguments = ("plan", "diff", "--against", before, "--json")
    assert [row["code"] for row in json.loads(run(*arguments, "--stack", "prod-c02")[1])] == ["k008"]
    assert [row["code"] for row in json.loads(run(*arguments, "--stack", "prod")[1])] == ["k007", "k008"]
    assert run(*arguments, "--stack", "prod-c03")[0] == 0


COMMANDS = [["validate"], ["list"], ["show", "k007"], ["plan", "diff", "--against", "customers"]]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("stack", ["prdo", "organization/other/prod", "gone"])
def test_a_gate_never_opens_for_a_stack_or_a_folder_that_is_not_there(run: Run, command: list[str], stack: str) -> None:
    code, out, err = run(*command, "--stack", stack)
    assert code == 1
    assert err
    assert "fine" not in out


def test_a_folder_of_no_project_is_checked_as_it_stands(run: Run, tmp_path: Path) -> None:
    shutil.copytree(PROJECT_TENANTS, tmp_path / "alone")
    assert run("validate", tmp_path / "alone", "-C", tmp_path)[0] == 0
    code, _, err = run("list", "-C", tmp_path)
    assert code == 1
    assert "Pulumi.yaml" in err
