"""The engine's own command line and environment, read from the processes above."""

import subprocess
import sys
from pathlib import Path

import pytest

from stacks.guards.engine_command import TARGETING, EngineCommand, engine_command

ROOT = Path(__file__).resolve().parents[3]
WHOLE = ("pulumi", "up", "--stack", "prod-test", "--yes")


def below(tmp_path: Path, expression: str, *arguments: str, **environment: str) -> str:
    """The value of an expression in a program below an engine: with a process between the two, as a language host is."""
    engine = tmp_path / "pulumi"
    engine.symlink_to(sys.executable)
    program = f"from stacks.guards.engine_command import engine_command; print({expression})"
    path = {"PYTHONPATH": str(ROOT)}
    host = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {program!r}], check=True, env={path!r})"
    command = [str(engine), "-c", host, *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=path | environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_engine_above_is_found(tmp_path: Path) -> None:
    said = below(tmp_path, "engine_command().arguments[-2:], str(engine_command().folder)", "--target", "urn")
    assert said == f"('--target', 'urn') {tmp_path}"


def test_the_engines_own_environment_counts(tmp_path: Path) -> None:
    assert below(tmp_path, "engine_command().is_partial", PULUMI_OPTION_TARGET="urn") == "True"


def test_without_an_engine_above_there_is_no_command() -> None:
    assert engine_command() == EngineCommand()


@pytest.mark.parametrize(
    "option", [*(f"--{name}" for name in TARGETING), "--target=urn", "-t", "-turn", "-yt", "-fyt", "-rt", "-x", "-xurn"]
)
def test_a_run_with_targets_is_partial(option: str) -> None:
    assert EngineCommand((*WHOLE, option, "urn")).is_partial


@pytest.mark.parametrize("option", TARGETING)
def test_so_is_one_whose_environment_says_so(option: str) -> None:
    variable = f"PULUMI_OPTION_{option.upper().replace('-', '_')}"
    assert EngineCommand(WHOLE, {variable: "urn"}).is_partial


@pytest.mark.parametrize("option", ["-sprod-test", "-mtext", "-v9", "-y", "-ys", "-r=t", "--suppress-outputs", "-"])
def test_no_other_run_is(option: str) -> None:
    assert not EngineCommand((*WHOLE, option)).is_partial
    assert not EngineCommand(WHOLE, {"PULUMI_OPTION_TARGET": "", "PULUMI_OPTION_STACK": "prod"}).is_partial


def test_values_of_a_list_add_up() -> None:
    engine = EngineCommand((*WHOLE, "--policy-pack", "a,b", "--policy-pack=c", "--policy-pack-config", "d"))
    assert engine.values("policy-pack") == ("a", "b", "c")
    assert EngineCommand(WHOLE, {"PULUMI_OPTION_POLICY_PACK": "a,b"}).values("policy-pack") == ("a", "b")
    assert EngineCommand(WHOLE).values("policy-pack") == ()


@pytest.mark.parametrize("value", ["--target", "-t", "--policy-pack=policies"])
@pytest.mark.parametrize("option", ["--message", "-m", "-ym", "--config-file"])
def test_the_value_of_an_option_is_no_option(option: str, value: str) -> None:
    engine = EngineCommand((*WHOLE, option, value))
    assert not engine.is_partial
    assert engine.values("policy-pack") == ()


def test_nothing_behind_two_dashes_is_an_option() -> None:
    assert not EngineCommand((*WHOLE, "--", "--target", "urn")).is_partial


@pytest.mark.parametrize(
    "before",
    [
        (),
        ("--non-interactive",),
        *((option, "destroy") for option in ("--cwd", "-C", "--color", "-v", "--tracing", "--message", "--yes")),
        ("--cwd=destroy", "-Cdestroy", "-Qe", "-e"),
    ],
)
def test_the_command_is_the_first_word_that_is_no_value(before: tuple[str, ...]) -> None:
    assert EngineCommand(("pulumi", *before, "up", "--run-program", "refresh")).subcommand == "up"


def test_without_a_command_there_is_none() -> None:
    assert EngineCommand().subcommand == ""
    assert EngineCommand(("pulumi", "--cwd", "up")).subcommand == ""
