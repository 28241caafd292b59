"""A preview makes and changes nothing, and looks behind the first fault; a stack keeps its file's secrets provider."""

from collections.abc import Callable
from typing import Any

import pytest

from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.run.operations import Operation, Outcome
from tenantry.engine.state.stack_state import NoStack
from tests.tenantry.engine.runs import NAMESPACE, OPENED, PENDING, fails, good_file, step


def test_a_preview_applies_nothing_and_leaves_interrupted_operations(
    operation: Callable[[], Operation], scene: Any
) -> None:
    scene.store({"resources": [], "pending_operations": [PENDING]})
    scene.engine.plays("failed", code=0)
    outcome = operation().preview()
    assert scene.engine.commands == ["preview"]
    assert "--yes" not in scene.engine.calls[0]
    assert outcome.progress.changes
    assert scene.stored()["pending_operations"]


def test_a_preview_looks_behind_the_first_fault(operation: Any, scene: Any) -> None:
    good_file(scene, "k002", "13800138002")
    good_file(scene, "k003", "13800138003")
    scene.store({"resources": []})
    first = scene.engine.says(
        "first", *fails("k001", NAMESPACE, "a fault"), *fails("k002", NAMESPACE, "context canceled")
    )
    # Without k001 the engine speaks of its removal; k002 has a fault of its own.
    removal = fails("k001", NAMESPACE, "it is protected", "delete")
    second = scene.engine.says("second", *removal, *fails("k002", NAMESPACE, "another fault"))
    third = scene.engine.says("third", step("resOutputsEvent", "k003", OPENED))
    scene.engine.plays(first, code=1, then={"events": second, "then": {"events": third, "code": 0}})
    outcome = operation().preview()
    assert outcome.code == ExitCode.FAILED
    assert [finding.text for finding in outcome.progress.errors] == ["a fault", "another fault"]
    assert outcome.as_json()["failed"] == {"k001": ["namespace"], "k002": ["namespace"]}
    assert (outcome.as_json()["converged"], outcome.as_json()["unfinished"]) == (["k003"], [])
    assert scene.engine.commands == ["preview"] * 3


def test_a_preview_makes_no_stack(operation: Callable[[], Operation], scene: Any) -> None:
    with pytest.raises(NoStack, match="`tenantry up --stack test` makes it"):
        operation().preview()
    assert scene.engine.calls == []
    assert not scene.state_file.exists()


def test_a_preview_gives_the_engine_a_copy_of_the_settings(operation: Callable[[], Operation], scene: Any) -> None:
    """Its writes there, such as another secrets provider's key, change nothing."""
    scene.store({"resources": []})
    file = scene.project.root / "Pulumi.test.yaml"
    text = "secretsprovider: hashivault://tenants\nconfig: {}\n"
    file.write_text(text)
    del scene.environment["PULUMI_CONFIG_PASSPHRASE"]  # a passphrase is not what decrypts this stack's secrets
    operation().preview()
    call = scene.engine.calls[-1]
    given = call[call.index("--config-file") + 1]
    assert given != str(file)
    assert given.endswith("/Pulumi.test.yaml")
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("named", "chosen"),
    [
        ("secretsprovider: hashivault://tenants", ["--secrets-provider", "hashivault://tenants"]),
        (
            "secretsprovider: awskms://alias/x?region=cn-north-1",
            ["--secrets-provider", "awskms://alias/x?region=cn-north-1"],
        ),
        ("secretsprovider: passphrase", []),
        ("encryptionsalt: v1:abc", []),
    ],
)
def test_a_stack_is_made_with_the_secrets_provider_of_its_file(
    up: Callable[[], Outcome], scene: Any, named: str, chosen: list[str]
) -> None:
    (scene.project.root / "Pulumi.test.yaml").write_text(f"{named}\nconfig: {{}}\n")
    if chosen:
        del scene.environment["PULUMI_CONFIG_PASSPHRASE"]
    up()
    made = scene.engine.calls[0]
    assert made[:3] == ["stack", "init", "test"]
    assert ("--secrets-provider" in made) == bool(chosen)
    assert [word for word in made if word in chosen] == chosen


@pytest.mark.parametrize("provider", ["alikms://key", "hashivualt://tenants", "service", "hashivault", "hashivault://"])
@pytest.mark.parametrize("run", ["preview", "up"])
def test_a_provider_that_the_engine_has_not_is_named_before_the_first_call(
    operation: Callable[[], Operation], scene: Any, provider: str, run: str
) -> None:
    scene.store({"resources": []})
    text = f"# ours\nsecretsprovider: {provider}\nconfig: {{}}\n"
    file = scene.project.root / "Pulumi.test.yaml"
    file.write_text(text)
    with pytest.raises(CommandError) as refused:
        getattr(operation(), run)()
    said = str(refused.value)
    assert f"Pulumi.test.yaml:2: secretsprovider: the engine has no provider `{provider.partition('://')[0]}`" in said
    assert "hashivault://KEY" in said
    assert "PASSPHRASE" not in said
    assert scene.engine.calls == []
    assert file.read_text() == text


def test_without_a_provider_a_passphrase_is_needed(up: Callable[[], Outcome], scene: Any) -> None:
    (scene.project.root / "Pulumi.test.yaml").write_text("secretsprovider: passphrase\nconfig: {}\n")
    del scene.environment["PULUMI_CONFIG_PASSPHRASE"]
    with pytest.raises(CommandError, match="no PULUMI_CONFIG_PASSPHRASE"):
        up()


@pytest.mark.parametrize("refresh", [True, False])
def test_a_preview_reads_first_only_where_it_is_told_to(
    operation: Callable[[], Operation], scene: Any, refresh: bool
) -> None:
    scene.store({"resources": []})
    operation().preview(refresh=refresh)
    assert ("--refresh" in scene.engine.calls[-1]) is refresh
