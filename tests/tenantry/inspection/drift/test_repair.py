"""A repair mends what is safe and nothing else, and rolls nothing out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.engine.errors import CommandError, ExitCode, StackLocked
from tenantry.engine.run.progress import Change
from tenantry.engine.stack.urns import ResourceOwner
from tenantry.inspection.drift import repair as module
from tenantry.inspection.drift.look import Looked
from tenantry.inspection.drift.model import Drift, Finding, Gravity, Mending
from tenantry.inspection.drift.repair import repair
from tenantry.inspection.drift.undeclared.removal import Undeclared


def finding(mending: Mending, subject: str = "thing", tenant: str = "k001") -> Finding:
    return Finding(tenant, "Kubernetes", subject, "differs", Gravity.ISOLATION, mending, "see")


UP, REMOVAL, PERSON = finding(Mending.UP), finding(Mending.REMOVAL, "extra"), finding(Mending.PERSON, "volume")
CHANGE = Change(ResourceOwner("k002", "database"), "urn:pulumi:prod::shop::a:b:C::k002-db", "update", ())


@dataclass
class Stack:
    """Looks in their order, and what was asked of the engine."""

    looks: list[Looked] = field(default_factory=list[Looked])
    calls: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    changes: list[Change] = field(default_factory=list[Change])
    preview_code: ExitCode = ExitCode.OK
    up: Callable[[], Any] = lambda: SimpleNamespace(code=ExitCode.OK, progress=SimpleNamespace(failed_tenants={}))

    def operation(self) -> Any:
        def preview() -> Any:
            self.calls.append("preview")
            return SimpleNamespace(code=self.preview_code, progress=SimpleNamespace(changes=self.changes))

        def up(*, refresh: bool) -> Any:
            self.calls.append(f"up refresh={refresh}")
            return self.up()

        watcher, cli = SimpleNamespace(say=self.said.append), SimpleNamespace(redact=str)
        return SimpleNamespace(preview=preview, up=up, watcher=watcher, cli=cli)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    made = Stack()

    def look(_: object) -> Looked:
        made.calls.append("look")
        return made.looks.pop(0)

    monkeypatch.setattr(module, "look", look)
    return made


def looked(*findings: Finding, remove: Callable[[], None] | None = None) -> Looked:
    undeclared = tuple(Undeclared(entry, remove if entry.mending is Mending.REMOVAL else None) for entry in findings)
    return Looked(Drift("prod", "now", 1, 1.0, findings), undeclared)


def test_each_is_mended_in_its_way_and_then_it_looks_again(stack: Stack) -> None:
    removed: list[str] = []
    stack.looks = [looked(UP, REMOVAL, PERSON, remove=lambda: removed.append("extra")), looked(PERSON)]
    drift = repair(stack.operation())
    assert stack.calls == ["look", "preview", "up refresh=True", "look"]
    assert removed == ["extra"]
    assert drift.findings == (PERSON,)
    assert [line.partition(":")[0] for line in drift.mended] == ["removed", "made right"]


@pytest.mark.parametrize("left", [(), (PERSON,)])
def test_where_nothing_can_be_mended_nothing_is_run(stack: Stack, left: tuple[Finding, ...]) -> None:
    stack.looks = [looked(*left)]
    assert repair(stack.operation()).findings == left
    assert stack.calls == ["look"]


def test_what_nobody_declared_needs_no_run(stack: Stack) -> None:
    stack.looks = [looked(REMOVAL, remove=lambda: None), looked()]
    repair(stack.operation())
    assert stack.calls == ["look", "preview", "look"]


def test_changes_that_no_run_has_made_stop_it_before_its_first_change(stack: Stack) -> None:
    removed: list[str] = []
    stack.looks, stack.changes = [looked(UP, REMOVAL, remove=lambda: removed.append("extra"))], [CHANGE]
    with pytest.raises(CommandError, match=r"nothing was repaired:\n  k002 database: update k002-db"):
        repair(stack.operation())
    assert (stack.calls, removed) == (["look", "preview"], [])


def test_a_preview_that_fails_stops_it_too(stack: Stack) -> None:
    stack.looks, stack.preview_code = [looked(UP)], ExitCode.FAILED
    with pytest.raises(CommandError, match="nothing was changed"):
        repair(stack.operation())
    assert stack.calls == ["look", "preview"]


def test_what_a_system_refuses_to_remove_is_said_and_the_rest_goes_on(stack: Stack) -> None:
    def refuses() -> None:
        raise LookupError("403 forbidden")

    stack.looks = [looked(UP, REMOVAL, remove=refuses), looked(REMOVAL, remove=refuses)]
    drift = repair(stack.operation())
    assert stack.calls[-2:] == ["up refresh=True", "look"]
    assert any("not removed: k001, Kubernetes extra: differs: 403 forbidden" in line for line in stack.said)
    assert [line.partition(":")[0] for line in drift.mended] == ["made right"]


def test_data_that_is_gone_is_left_to_a_person(stack: Stack) -> None:
    def up() -> Any:
        raise CommandError("what holds data is gone; nothing was changed", "see")

    stack.looks, stack.up = [looked(UP), looked(UP)], up
    drift = repair(stack.operation())
    assert drift.mended == ()
    assert any("not made right: what holds data is gone" in line for line in stack.said)


def test_who_works_on_the_stack_is_not_disturbed(stack: Stack) -> None:
    def up() -> Any:
        raise StackLocked("somebody", "wait")

    stack.looks, stack.up = [looked(UP)], up
    with pytest.raises(StackLocked):
        repair(stack.operation())


def test_only_what_is_gone_afterwards_is_called_right(stack: Stack) -> None:
    failed = SimpleNamespace(code=ExitCode.FAILED, progress=SimpleNamespace(failed_tenants={"k001": ["database"]}))
    stack.looks, stack.up = [looked(UP, finding(Mending.UP, tenant="k002")), looked(UP)], lambda: failed
    assert [line[:16] for line in repair(stack.operation()).mended] == ["made right: k002"]
    assert any("not all was made right" in line for line in stack.said)


def test_what_nobody_could_see_is_not_called_right(stack: Stack) -> None:
    blind = replace(looked().drift, unseen=("PostgreSQL: no answer",))
    stack.looks = [looked(UP), Looked(blind, ())]
    assert repair(stack.operation()).mended == ()
