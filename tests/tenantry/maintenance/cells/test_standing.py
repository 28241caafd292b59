"""Only a stack that is made from the same, whose last run ended well and left nothing begun, is passed by."""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.engine.stack.project import Project
from tenantry.engine.state.deployment import Deployment
from tenantry.fleet import load
from tenantry.maintenance.cells import standing
from tenantry.maintenance.cells.site import Turn, placed_stacks
from tenantry.maintenance.cells.standing import unchanged
from tests.support.requests.repository import Clone

GOOD = {"kind": "update", "result": "succeeded", "endTime": "2026-10-01T08:00:07.000Z"}
STACK = "pulumi:pulumi:Stack"
PLATFORM = {"zone": "yyup.cc"}
PENDING = [{"type": "creating", "resource": {"urn": f"urn:pulumi:a::b::{STACK}::c", "type": STACK}}]


class Stacks:
    """The states of all stacks, as operations read them."""

    def __init__(self, project: Project) -> None:
        self.project, self.history = project, GOOD
        self.places = [place for place in placed_stacks(project) if place.site == "prod"]
        self.outputs: dict[str, dict[str, Any]] = {place.name: {"tenants": {}} for place in self.places}
        self.outputs["prod"]["platform"] = PLATFORM
        self.pending: list[Any] = []
        self.written = "2026-10-01T16:00:07.93124711+08:00"  # within the second of the run's end
        self.read: list[str] = []

    def _state(self, name: str) -> Deployment | None:
        self.read.append(name)
        if name not in self.outputs:
            return None
        urn = f"urn:pulumi:{name}::shop::{STACK}::shop-{name}"
        record = {"urn": urn, "type": STACK, "outputs": self.outputs[name]}
        manifest = {"time": self.written}
        return Deployment({"manifest": manifest, "resources": [record], "pending_operations": self.pending})

    def look(self, turn: Turn | None = None) -> set[str]:
        operations: dict[str, Any] = {
            place.name: SimpleNamespace(
                project=self.project,
                stack=place.name,
                records=SimpleNamespace(read=lambda name=place.name: self._state(name)),
                cli=SimpleNamespace(ask=lambda *_: SimpleNamespace(out=json.dumps([self.history]))),
            )
            for place in self.places
        }
        return unchanged(operations, [place for place in self.places if turn in (None, place.turn)])

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each stack's outputs hold the digest that the program leaves."""
        made: dict[str, str] = {}

        def note(root: Path, stack: str, *arguments: Any, **more: Any) -> str:
            made[stack] = standing_digest(root, stack, *arguments, **more)
            return made[stack]

        standing_digest = standing.made_from
        with monkeypatch.context() as patched:
            patched.setattr(standing, "made_from", note)
            self.look()
        for name, digest in made.items():
            self.outputs[name]["madeFrom"] = digest


@pytest.fixture
def stacks(clone: Clone, project: Project, monkeypatch: pytest.MonkeyPatch) -> Stacks:
    (clone.tenants / "plans.yaml").unlink()
    world = Stacks(project)
    world.settle(monkeypatch)
    return world


ALL = {"prod", "prod-c01", "prod-c02", "prod-c03"}


def test_all_that_is_the_same_is_passed_by(stacks: Stacks) -> None:
    assert stacks.look() == ALL


def test_a_tenants_change_is_its_stacks(stacks: Stacks, clone: Clone) -> None:
    clone.replace("k003.yaml", "basic", "standard")
    assert stacks.look() == ALL - {"prod-c02"}


def test_other_facts_of_the_platform_are_the_cells(stacks: Stacks) -> None:
    stacks.outputs["prod"]["platform"] = {"zone": "example.org"}
    assert stacks.look() == {"prod"}


@pytest.mark.parametrize(
    "history",
    [GOOD | {"result": "failed"}, GOOD | {"kind": "refresh"}, {"kind": "update", "result": "succeeded"}, {}],
)
def test_only_a_run_that_ended_well_counts(stacks: Stacks, history: dict[str, str]) -> None:
    stacks.history = history
    assert stacks.look() == set()


def test_a_state_that_was_written_behind_the_last_end_runs(stacks: Stacks) -> None:
    """A run that was killed leaves the digest of the run before it: of files that may be those of today again."""
    stacks.written = "2026-10-01T16:00:08.1+08:00"
    assert stacks.look() == set()
    stacks.written = ""
    assert stacks.look() == set()


def test_a_date_that_is_over_is_its_stacks(stacks: Stacks, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.replace("k003.yaml", "status: active", "status: active\nexpires_at: 2026-11-10")
    monkeypatch.setattr(standing, "today", lambda *_: date(2026, 11, 10))
    stacks.settle(monkeypatch)
    assert stacks.look() == ALL
    monkeypatch.setattr(standing, "today", lambda *_: date(2026, 11, 11))
    assert stacks.look() == ALL - {"prod-c02"}


def test_a_turn_reads_its_own_states_and_its_sites(stacks: Stacks) -> None:
    stacks.read.clear()
    assert stacks.look(Turn.CANARY) == {"prod-c02"}
    assert stacks.read == ["prod", "prod-c02"]


def test_what_was_begun_and_never_made_runs(stacks: Stacks) -> None:
    del stacks.outputs["prod-c03"]
    assert stacks.look() == ALL - {"prod-c03"}
    stacks.pending = PENDING
    assert stacks.look() == set()


def test_the_files_are_read_once_for_all_cells(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Path] = []

    def count(folder: Path, *arguments: Any, **more: Any) -> load.Fleet:
        loads.append(folder)
        return load.load_fleet(folder, *arguments, **more)

    monkeypatch.setattr(standing, "load_fleet", count)
    assert stacks.look() == ALL
    assert len(loads) == 1
