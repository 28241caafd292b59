"""The command as people call it: exit codes, which stream says what, and how long --help takes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.cli import app
from tenantry.fleet.load import PROJECT_TENANTS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


def test_validate_says_how_many_are_fine(run: Run) -> None:
    assert run("validate", PROJECT_TENANTS) == (0, "13 tenants and 9 tombstones are fine\n", "")


def test_validate_looks_in_tenants_by_default(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_TENANTS.parent)
    assert run("validate")[0] == 0


def test_validate_tells_one_line_a_fault_on_stderr(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(phone="13800138001", plan="gold")
    code, out, err = run("validate", tmp_path)
    assert code == 1
    assert out == "2 faults in 1 file\n"
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        [f"{path}:3", "phone"],
        [f"{path}:4", "plan"],
    ]


def test_validate_looks_at_the_migrations_beside_the_tenants(run: Run, write: Callable[..., Path]) -> None:
    path = write()
    tenants = path.parent / "tenants"
    tenants.mkdir()
    path.rename(tenants / path.name)
    sets = path.parent / "provider" / "migrations"
    (sets / "template").mkdir(parents=True)
    for name in ("0001_first", "0001_second"):
        (sets / "template" / f"{name}.sql").write_text("SELECT 1")
    code, out, err = run("validate", tenants)
    assert (code, out) == (1, "1 fault in 1 file\n")
    assert err.startswith(f"{sets}/template:1: migrations: the number 0001 is taken twice, by 0001_first and by")


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "nowhere"),
        ("validate", "--zone", "*"),
        ("show", "k1"),
        ("show",),
        ("list", "--today", "tomorrow"),
        ("fly",),
        ("list", "--fly"),
    ],
)
def test_a_wrong_call(arguments: tuple[str, ...], run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err


@pytest.mark.parametrize("arguments", [("list",), ("show", "k001"), ("list", "--json")])
def test_no_command_works_with_faults(
    arguments: tuple[str, ...], run: Run, write: Callable[..., Path], tmp_path: Path
) -> None:
    write(plan="gold")
    code, out, err = run(*arguments, "--dir", tmp_path)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_list(run: Run) -> None:
    code, out, _ = run("list", "--dir", PROJECT_TENANTS)
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == [
        "code",
        "k001",
        "k002",
        "k003",
        *(f"k{n:03d}" for n in (5, 7, 8, 10, 12, 14, 16, 18, 20, 22)),
    ]
    assert "rent001" in lines[1]
    assert "50Gi" in lines[1]


def test_list_as_json(run: Run) -> None:
    rows = json.loads(run("list", "--dir", PROJECT_TENANTS, "--json")[1])
    assert len(rows) == 13
    assert rows[0]["domain"] == "k001.yyup.cc"
    assert rows[0]["max_storage"] == 50 * 2**30
    everyone = json.loads(run("list", "--dir", PROJECT_TENANTS, "--json", "--gone")[1])
    assert len(everyone) == 22
    assert {row["phase"] for row in everyone} == {"active", "gone"}
    assert all(row.keys() >= rows[0].keys() for row in everyone)


def test_names_are_shown_as_they_are_and_never_as_markup(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    write(name='"[bold red]园[/]"')
    assert "[bold red]园[/]" in run("list", "--dir", tmp_path)[1]


def test_show(run: Run) -> None:
    code, out, _ = run("show", "k001", "--dir", PROJECT_TENANTS)
    assert code == 0
    assert "prefix: kindergarten/rent/13800138001/" in out
    assert "max_users: 300" in out


def test_show_as_json(run: Run) -> None:
    shown = json.loads(run("show", "k001", "--dir", PROJECT_TENANTS, "--json", "--zone", "example.com")[1])
    assert shown["names"]["login_roles"] == ["rent001_a", "rent001_b"]
    assert shown["domain"] == "k001.example.com"
    assert shown["features"]["customBranding"] is True
    assert shown["config"]["security"]["access_token_minutes"] == 30
    assert len(shown["quotas"]) == 8


def test_show_of_one_who_is_gone(run: Run) -> None:
    shown = json.loads(run("show", "k004", "--dir", PROJECT_TENANTS, "--json")[1])
    assert (shown["phase"], shown["domain"]) == ("gone", None)


def test_show_of_nobody(run: Run) -> None:
    code, out, err = run("show", "k099", "--dir", PROJECT_TENANTS)
    assert (code, out) == (1, "")
    assert "k023" in err


def test_another_day(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    write(status="deleted", deleted_at="2026-10-01")
    for day, phase in (("2026-10-30", "retained"), ("2026-10-31", "due")):
        (row,) = json.loads(run("list", "--dir", tmp_path, "--json", "--today", day)[1])
        assert (row["phase"], row["due_on"]) == (phase, "2026-10-31")


def test_a_terminal_without_chinese(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tenantry.cli", "list", "--dir", PROJECT_TENANTS],
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
        cwd=PROJECT_TENANTS.parent,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"k001" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    """This keeps it under half a second; a clock would measure the machine's other work."""
    script = "import sys, tenantry.cli.app; print({'pydantic', 'yaml', 'pulumi'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
