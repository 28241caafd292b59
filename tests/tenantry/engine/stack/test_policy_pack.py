"""The policies that a run is held against, and its refusal without them."""

from pathlib import Path

import pytest

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.policy_pack import arguments


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "prod.json").write_text("{}")
    (folder / "prod-c02.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("stack", "config"),
    [
        ("prod", "prod.json"),
        ("prod-c01", "prod.json"),
        ("prod-c02", "prod-c02.json"),
        ("prod-c02-b", "prod-c02.json"),
    ],
)
def test_a_stack_has_its_own_configuration_or_that_of_its_kind(root: Path, stack: str, config: str) -> None:
    wanted = ("--policy-pack", "policies", "--policy-pack-config", f"policies/{config}")
    assert arguments(root, stack, pytest.fail) == wanted


@pytest.mark.parametrize("stack", ["local", "test-1"])
def test_an_embedded_stack_needs_none(root: Path, stack: str) -> None:
    assert arguments(root, stack, pytest.fail) == ("--policy-pack", "policies")


def test_any_other_is_refused_without_a_configuration(root: Path) -> None:
    with pytest.raises(CommandError, match=r"policies/stage-c02\.json or policies/stage\.json"):
        arguments(root, "stage-c02", pytest.fail)
    (root / "policies" / "prod.json").unlink()
    with pytest.raises(CommandError, match=r"policies/prod\.json"):
        arguments(root, "prod", pytest.fail)


def test_without_the_pack_only_an_embedded_stack_runs_and_is_told(root: Path) -> None:
    (root / "policies" / "PulumiPolicy.yaml").unlink()
    said: list[str] = []
    assert arguments(root, "local", said.append) == ()
    assert "nothing is checked" in said[0]
    with pytest.raises(CommandError, match="no policy pack"):
        arguments(root, "prod", said.append)
