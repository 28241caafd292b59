"""A run without the policy pack: loud where it is embedded or a preview, refused where it would change production."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from stacks.guards.engine_command import EngineCommand
from stacks.guards.unchecked_run import has_pack, refuse_unchecked

ROOT = Path(__file__).resolve().parents[3]
PLAIN = ("/opt/bin/pulumi", "up", "--stack", "prod", "--yes")
CONFIGURED = ("--policy-pack-config", "policies/prod.json")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    return texts


def start(command: Sequence[str], *, stack: str = "prod", embedded: bool = False, **environment: str) -> None:
    config: Any = SimpleNamespace(stack=stack, embedded=embedded)
    refuse_unchecked(config, environment, EngineCommand(command, folder=ROOT))


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
        (*PLAIN, "--policy-pack", "policies", *CONFIGURED),
        (*PLAIN, "--policy-pack=policies", f"--policy-pack-config={ROOT}/policies/prod.json"),
        (*PLAIN, "--policy-pack", "elsewhere,./policies/", "--policy-pack-config", "else.json,policies/prod.json"),
        (*PLAIN, "--policy-pack", str(ROOT / "policies"), *CONFIGURED),
        ("pulumi", "--non-interactive", "destroy", "--run-program"),
        ("pulumi", "-C", "up", "down", "--run-program"),
        ("pulumi", "refresh", "--run-program"),
    ],
)
def test_nothing_is_said_where_there_is_a_pack_or_nothing_to_check(said: list[str], command: Sequence[str]) -> None:
    start(command)
    assert said == []


@pytest.mark.parametrize(
    "options",
    [
        ("--policy-pack", "policies"),
        ("--policy-pack", "policies", "--policy-pack-config", "policies/loose.json"),
        ("--policy-pack", "policies", "--policy-pack-config", "/tmp/policies/prod.json"),
        ("--policy-pack", "other,policies", "--policy-pack-config", "policies/prod.json,loose.json"),
        ("--policy-pack", "policies", "--message", "--policy-pack-config=policies/prod.json"),
    ],
)
@pytest.mark.parametrize("stack", ["prod", "prod-c02"])
def test_the_pack_without_the_stacks_own_configuration_is_as_none(options: Sequence[str], stack: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"has not the configuration.*--policy-pack-config policies/prod\.json"):
        start((*PLAIN, *options), stack=stack)


def test_a_stack_without_a_configuration_is_told_its_name(said: list[str]) -> None:
    with pytest.raises(pulumi.RunError, match=r"--policy-pack-config policies/stage\.json"):
        start((*PLAIN, "--policy-pack", "policies"), stack="stage")
    start((*PLAIN, "--policy-pack", "policies"), stack="local", embedded=True)
    assert said == []


@pytest.mark.parametrize("option", ["--cwd", "-C", "--color", "--message"])
def test_a_value_that_reads_like_a_command_is_none(option: str) -> None:
    with pytest.raises(pulumi.RunError, match="the policy pack does not run"):
        start(("pulumi", option, "destroy", "up", "--stack", "prod", "--yes"))


def test_the_configuration_of_a_pack_is_no_pack() -> None:
    assert not has_pack(EngineCommand((*PLAIN, "--policy-pack-config", "policies/prod.json"), folder=ROOT))


@pytest.mark.parametrize("pack", ["other", "other/policies", "policies/rules", "", "~/policies"])
def test_another_pack_is_none_of_ours(pack: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"the policy pack does not run"):
        start((*PLAIN, "--policy-pack", pack))


def test_a_pack_of_our_name_in_another_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    command = EngineCommand((*PLAIN, "--policy-pack", "policies"), folder=tmp_path)
    assert not has_pack(command)
    config: Any = SimpleNamespace(stack="prod", embedded=False)
    with pytest.raises(pulumi.RunError, match=r"does not run \(policies is another one\)"):
        refuse_unchecked(config, {}, command)


def test_a_link_to_ours_is_ours(tmp_path: Path) -> None:
    (tmp_path / "pack").symlink_to(ROOT / "policies")
    assert has_pack(EngineCommand((*PLAIN, "--policy-pack", "pack"), folder=tmp_path))


def test_a_pack_that_the_environment_names_counts_too() -> None:
    assert has_pack(EngineCommand(PLAIN, {"PULUMI_OPTION_POLICY_PACK": "policies"}, ROOT))
    assert not has_pack(EngineCommand(PLAIN, {"PULUMI_OPTION_POLICY_PACK": "other"}, ROOT))


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
