"""Commits of main that `tenantry purge` makes by itself, told apart from whatever else a commit may be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.changes.main_commits import is_of_purge
from tenantry.maintenance.purge.tenant_file import anonymize_tombstone, commit, write_purged, write_tombstone
from tests.support.requests.repository import ACTIVE, PROOF, Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone.make(tmp_path, {"k001.yaml": ACTIVE})


def removal(clone: Clone) -> Path:
    """A deleted tenant; its file."""
    file = clone.tenants / "k001.yaml"
    file.write_text(ACTIVE.replace("active", "deleted\ndeleted_at: 2026-08-01"), encoding="utf-8")
    clone.commit("k001 is deleted")
    return file


STEPS: dict[str, Callable[[Path], None]] = {
    f"k001: purged, proved by {PROOF}": lambda file: write_purged(file, PROOF),
    "k001: tombstone": write_tombstone,
    "k001: gone": anonymize_tombstone,
}


@pytest.mark.parametrize("message", STEPS)
def test_each_step_is_known_by_what_the_command_writes(clone: Clone, message: str) -> None:
    file = removal(clone)
    for words, take in STEPS.items():
        take(file)
        commit(clone.root, file, words)
        if words == message:
            break
    assert is_of_purge(clone.root, "HEAD")


def by_hand(text: str, message: str) -> Callable[[Clone, Path], None]:
    def change(clone: Clone, file: Path) -> None:
        file.write_text(text, encoding="utf-8")
        clone.commit(message)

    return change


def step(number: int, *, message: str = "", beside: str = "", merged: bool = False) -> Callable[[Clone, Path], None]:
    """The steps up to this one are purge's; this one has another message, another file beside it, or is a merge."""

    def change(clone: Clone, file: Path) -> None:
        steps = list(STEPS.items())
        for words, take in steps[:number]:
            take(file)
            clone.commit(words)
        words, take = steps[number]
        if merged:
            clone.git("checkout", "-q", "-b", "request")
        take(file)
        if beside:
            place = clone.root / beside
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(ACTIVE.replace("k001", "k002").replace("8001", "8002"), encoding="utf-8")
        clone.commit(message or words)
        if merged:
            clone.git("checkout", "-q", "main")
            clone.git("merge", "-q", "--no-ff", "-m", words, "request")

    return change


def as_executable(clone: Clone, file: Path) -> None:
    write_purged(file, PROOF)
    file.chmod(0o755)
    clone.commit(next(iter(STEPS)))


def as_link(clone: Clone, file: Path) -> None:
    write_purged(file, PROOF)
    file.rename(clone.root / "k001.yaml")
    file.symlink_to("../k001.yaml")
    clone.commit(next(iter(STEPS)))


PURGED_AT_ONCE = ACTIVE.replace("active", f"purged\nproof: {PROOF}\ndeleted_at: 2026-08-01")
TOMBSTONE = f'code: k001\nname: 示例幼儿园\nphone: "13800138001"\nstatus: purged\ncell: main\nproof: {PROOF}\n'


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(by_hand(PURGED_AT_ONCE.replace("basic", "premium"), next(iter(STEPS))), id="another plan with it"),
        pytest.param(by_hand(PURGED_AT_ONCE, "k001: tombstone"), id="the message of another step"),
        pytest.param(by_hand(PURGED_AT_ONCE, "Open k030 (#17)"), id="a request's message"),
        pytest.param(by_hand(TOMBSTONE + "deleted_at: 2026-08-01\n", "k001: tombstone"), id="a tombstone at once"),
        pytest.param(by_hand("nothing", "k001: gone"), id="no tenant's file"),
        pytest.param(step(0, beside="sitecustomize.py"), id="code beside it"),
        pytest.param(step(0, beside="tenants/k002.yaml"), id="another tenant beside it"),
        pytest.param(step(0, beside="tenants/below/k001.yaml"), id="a folder beside it"),
        pytest.param(step(0, message="k001: gone"), id="other words"),
        pytest.param(step(1, message="k001: gone"), id="other words of a tombstone"),
        pytest.param(step(1, merged=True), id="a merge"),
        pytest.param(as_executable, id="an executable file"),
        pytest.param(as_link, id="a link"),
    ],
)
def test_nothing_else_passes_for_a_commit_of_purge(clone: Clone, change: Callable[[Clone, Path], None]) -> None:
    change(clone, removal(clone))
    assert not is_of_purge(clone.root, "HEAD")


def test_a_tenant_that_was_not_deleted_is_not_purged_without_a_request(clone: Clone) -> None:
    by_hand(PURGED_AT_ONCE, next(iter(STEPS)))(clone, clone.tenants / "k001.yaml")
    assert not is_of_purge(clone.root, "HEAD")
