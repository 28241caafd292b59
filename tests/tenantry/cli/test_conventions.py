"""The command line as people expect it, held for every command there is."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tenantry.changes.report.statements import Effect
from tenantry.cli import app
from tenantry.cli.commands.files.list_tenants import PHASES, PLANS
from tenantry.cli.commands.files.plan_diff import AFFECTED, LESS
from tenantry.cli.commands.stack.verify import UNREACHABLE
from tenantry.engine.errors import ExitCode
from tenantry.model.lifecycle import Phase
from tenantry.spec.tenant import PLAN_NAMES

ROOT = Path(__file__).resolve().parents[3]
GROUP: Any = typer.main.get_command(app.app)


def commands(group: Any = GROUP, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


COMMANDS = dict(commands())
SAVED_ALONE = {"report render", "report post", "report compare", "report collect", "report drift"}  # files of any stack
OF_MANY_STACKS = {"affected"}
OF_A_STACK = [name for name in COMMANDS if name not in SAVED_ALONE | OF_MANY_STACKS]


def test_there_are_commands() -> None:
    assert {"new", "validate", "list", "show", "plan diff", "up", "verify"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", OF_A_STACK)
@pytest.mark.parametrize(
    ("parameter", "flags", "default", "variable"),
    [("stack", {"--stack", "-s"}, "local", "TENANTRY_STACK"), ("cwd", {"--cwd", "-C"}, Path(), None)],
)
def test_stack_and_folder_mean_the_same_everywhere(
    name: str, parameter: str, flags: set[str], default: object, variable: str | None
) -> None:
    (option,) = (entry for entry in COMMANDS[name].params if entry.name == parameter)
    same = {parameter.name: parameter.help for parameter in COMMANDS["up"].params}
    assert (set(option.opts), option.default, option.envvar) == (flags, default, variable)
    assert option.help == same[parameter]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_calls_that_can_be_made(name: str) -> None:
    title, *examples = COMMANDS[name].epilog.split("\n\n")
    assert title in ("Example:", "Examples:")
    for example in examples:
        words = shlex.split(example)
        assert words[0] == "tenantry"
        command, rest = GROUP, words[1:]
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        assert command is COMMANDS[name]
        command.make_context(name, rest)


@pytest.mark.parametrize("arguments", [["--version"], ["--show-completion", "bash"]])
def test_what_people_try_first(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tenantry", *arguments])
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    with pytest.raises(SystemExit) as ended:
        app.main()
    out = capsys.readouterr().out
    assert ended.value.code in (0, None)
    assert re.fullmatch(r"tenantry [0-9]+\.[0-9]+\.[0-9]+\n", out) or "complete -o default -F" in out


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("tenantry show k00", [f"k00{number}" for number in range(1, 10)]),
        ("tenantry purge k001 k002", ["k002"]),
        ("tenantry up --stack pr", ["prod", "prod-adopt"]),
        ("tenantry list --phase s", ["suspended"]),
        ("tenantry list --plan ", ["basic", "standard", "premium", "enterprise"]),
        ("tenantry new --stack prod-adopt --cell ", []),
        ("tenantry show --cwd / k", []),
    ],
)
def test_a_shell_completes_values(line: str, shown: list[str]) -> None:
    asked = {"_TENANTRY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    environment = {name: value for name, value in os.environ.items() if name != "TENANTRY_STACK"}
    done = subprocess.run(
        [Path(sys.executable).with_name("tenantry")],
        cwd=ROOT,
        env=environment | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == shown, done.stderr


def test_every_code_and_stack_is_completed() -> None:
    """Whatever is called so takes a tenant or a stack."""
    named = {"code", "tenants", "tenant", "stack", "plan", "phase", "only", "skip"}
    without = [
        f"{name} {parameter.name}"
        for name, command in COMMANDS.items()
        for parameter in command.params
        if parameter.name in named and parameter._custom_shell_complete is None  # click's own place for it
    ]
    assert without == ["verify only"]  # attacks


def test_one_table_has_every_exit_code() -> None:
    rows = re.findall(r"^\| ([0-9]+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted({*map(int, ExitCode), *map(int, Effect), 2, AFFECTED, LESS, UNREACHABLE})


def test_the_table_names_every_command_that_may_fail_in_part() -> None:
    """Each command's file says whether it ends so; `report render` tells it of others."""
    (row,) = re.findall(r"^\| 3 \|.*", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    files = (ROOT / "tenantry" / "cli" / "commands").glob("*/*.py")
    failing = {file.stem for file in files if "ExitCode.FAILED" in file.read_text()} - {"request_report"}
    assert {"backup", "purge", "usage", "exporter"} <= failing
    assert {stem for stem in failing if f"`{stem}" not in row.rpartition(" | ")[2]} == set()


def test_the_choices_of_list_are_those_of_the_models() -> None:
    assert PLANS == PLAN_NAMES
    assert list(PHASES) == [phase.value for phase in Phase]


@pytest.mark.parametrize(
    ("arguments", "field", "values"),
    [
        (["--plan", "premium"], "plan", {"premium"}),
        (["--plan", "premium", "--plan", "enterprise"], "plan", {"premium", "enterprise"}),
        (["--phase", "active"], "phase", {"active"}),
        (["--phase", "gone"], "phase", {"gone"}),
        (["--cell", "main"], "cell", {"main"}),
        (["--label", "region=south"], "code", {"k001", "k003"}),
        (["--label", "region", "--label", "group=yunfan"], "code", {"k001"}),
        (["--label", "region=nowhere"], "code", set[str]()),
        (["--cell", "nowhere"], "cell", set[str]()),
    ],
)
def test_list_takes_some(
    arguments: list[str],
    field: str,
    values: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["tenantry", "list", "--json", "--today", "2026-11-01", *arguments])
    with pytest.raises(SystemExit):
        app.main()
    assert {row[field] for row in json.loads(capsys.readouterr().out)} == values
