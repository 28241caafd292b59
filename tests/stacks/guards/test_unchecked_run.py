"""A run without the policy pack: loud where it is embedded or a preview, refused where it would change production."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from stacks.guards.unchecked_run import engine_command, has_pack, refuse_unchecked

ROOT = Path(__file__).resolve().parents[3]
PLAIN = ("/opt/bin/pulumi", "up", "--stack", "prod", "--yes")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


def start(command: Sequence[str], *, stack: str = "prod", embedded: bool = False, **environment: str) -> None:
    config: Any = SimpleNamespace(stack=stack, embedded=embedded)
    refuse_unchecked(config, environment, command)


def test_production_is_not_changed_without_the_pack(said: list[str]) -> None:
    with pytest.raises(pulumi.RunError, match=r"nothing was changed: the policy pack does not run.*tenantry up"):
        start(PLAIN)
    with pytest.raises(pulumi.RunError):
        start(PLAIN, TENANTRY_WITHOUT_POLICIES="staging")
    assert said == []


@pytest.mark.parametrize(
    "options", [{"embedded": True, "stack": "local"}, {"TENANTRY_WITHOUT_POLICIES": "prod"}], ids=["embedded", "told"]
)
def test_where_it_goes_on_it_says_so_loudly(said: list[str], options: Any) -> None:
    start(PLAIN, **options)
    assert len(said) == 1
    assert "the policy pack does not run" in said[0]
    assert "--policy-pack policies" in said[0]


def test_a_preview_goes_on(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    start(("pulumi", "preview", "-s", "prod"))
    assert len(said) == 1


@pytest.mark.parametrize(
    "command",
    [
        (*PLAIN, "--policy-pack", "policies"),
        (*PLAIN, "--policy-pack=policies"),
        ("pulumi", "--non-interactive", "destroy", "--run-program"),
        ("pulumi", "refresh", "--run-program"),
    ],
)
def test_nothing_is_said_where_there_is_a_pack_or_nothing_to_check(said: list[str], command: Sequence[str]) -> None:
    start(command)
    assert said == []


def test_the_configuration_of_a_pack_is_no_pack() -> None:
    assert not has_pack((*PLAIN, "--policy-pack-config", "policies/prod.json"))


def test_the_engine_above_is_found(tmp_path: Path) -> None:
    """As a language host below it starts the program: with a process between the two."""
    engine = tmp_path / "pulumi"
    engine.symlink_to(sys.executable)
    program = "from stacks.guards.unchecked_run import engine_command; print(engine_command()[1:][-2:])"
    host = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {program!r}], check=True)"
    command = [str(engine), "-c", host, "--policy-pack", "policies"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('--policy-pack', 'policies')"


def test_without_an_engine_above_there_is_no_command() -> None:
    assert engine_command() == ()


def test_the_program_asks_before_it_registers_anything(
    run: Callable[..., Any], tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stacks import program

    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))
    asked: list[str] = []

    def refuse(config: Any, environment: Any) -> None:
        asked.append(config.stack)
        raise pulumi.RunError("refused")

    monkeypatch.setattr(program, "refuse_unchecked", refuse)
    with pytest.raises(pulumi.RunError, match="refused"):
        run(tenants(k001={}))
    assert asked == ["test"]
