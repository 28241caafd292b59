"""The rules as Pulumi knows them: a policy a domain for single resources, `together` and `totals` for the whole stack.

A last policy, which only advises, reports what the others let pass: exemptions, and rules that need a value only the
update knows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import IntEnum
from threading import Lock
from typing import Any, Final

from policies.analyzer import exemptions
from policies.analyzer.catalogue import POLICIES, rules_of
from policies.analyzer.evaluator import Evaluation, RuleEvaluator
from policies.facts.plan_figures import Folder
from policies.model.resource import Resource
from policies.model.settings import Settings, settable
from policies.model.stack import Stack
from policies.model.stack_settings import BOUNDS, settled, tenants

PACK: Final = "tenantry"
REPORT: Final = "report"
ON_STACK: Final = ("together", "totals")
STACK: Final = "pulumi:pulumi:Stack"
DESCRIPTIONS: Final = {**POLICIES, REPORT: "Exemptions that were used, and rules that only the update can decide"}

Clock = Callable[[], date]


class Level(IntEnum):
    """The enforcement level of a violation, by the protocol's numbers."""

    ADVISORY = 0
    MANDATORY = 1
    DISABLED = 2
    REMEDIATE = 3  # nothing here does: it is as good as mandatory


DEFAULTS: Final = {**dict.fromkeys(POLICIES, Level.MANDATORY), REPORT: Level.ADVISORY}


@dataclass(frozen=True, slots=True)
class Line:
    """One violation."""

    policy: str
    level: Level
    message: str
    urn: str = ""


def today() -> date:
    return datetime.now(UTC).date()


class ReportBuffer:
    """Violations that one run's policies let pass, until they are reported. The engine calls from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._exempted: dict[str, None] = {}  # a set in order
        self._undecided: Counter[str] = Counter()

    def keep(self, verdict: Evaluation) -> None:
        if not verdict.exempted and not verdict.undecided:
            return
        with self._lock:
            self._exempted.update(dict.fromkeys(map(str, verdict.exempted)))
            self._undecided.update(f"{rule.name} ({path})" for rule, path in verdict.undecided)

    def take(self) -> Iterable[str]:
        with self._lock:
            exempted, undecided = list(self._exempted), dict(self._undecided)
            self._exempted.clear()
            self._undecided.clear()
        yield from exempted
        if undecided:
            listed = ", ".join(f"{what} x{count}" for what, count in sorted(undecided.items()))
            yield f"not known before the update, which decides: {listed}"


@dataclass
class Pack:
    """All policies with what an installation set for them."""

    clock: Clock = today
    memory: ReportBuffer = field(default_factory=ReportBuffer)
    levels: dict[str, Level] = field(default_factory=lambda: dict(DEFAULTS))
    _judges: dict[str, RuleEvaluator] = field(default_factory=dict[str, RuleEvaluator])
    _given: Mapping[str, tuple[int, Mapping[str, Any]]] = field(
        default_factory=dict[str, tuple[int, Mapping[str, Any]]]
    )
    _stack: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.configure({})

    def of_stack(self, config: Mapping[str, str]) -> None:
        """The configuration of the stack that is judged: what the installation is, and where its tenants are."""
        self._stack = dict(config)
        Folder.tenants = tenants(config)
        self.configure(self._given)

    def configure(self, given: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
        """Policy -> level and settings, replacing all that was configured before. Raises ValueError for an expiry that
        is no day: nothing runs with that."""
        self._given = given
        self.levels = DEFAULTS | {name: Level(level) for name, (level, _) in given.items()}
        self._judges = {name: self._judge(name, given.get(name, (0, {}))[1]) for name in POLICIES}

    def _judge(self, policy: str, config: Mapping[str, Any]) -> RuleEvaluator:
        allowed = tuple(exemptions.read(config.get("exemptions")))
        settings = settled(policy, config, self._stack)
        return RuleEvaluator(rules_of(policy), Settings(policy, settings), allowed, self.clock())

    def on_resource(self, resource: Resource) -> Iterator[Line]:
        for policy, judge in self._on(lambda name: name not in ON_STACK):
            if resource.type == STACK:  # the first resource of every run
                yield from (self._line(policy, exemption) for exemption in judge.ended)
            verdict = judge.resource(resource)
            self.memory.keep(verdict)
            yield from (self._line(policy, str(violation)) for violation in verdict.broken)

    def on_stack(self, stack: Stack) -> Iterator[Line]:
        for policy, judge in self._on(lambda name: name in ON_STACK):
            yield from (self._line(policy, exemption) for exemption in judge.ended)
            verdict = judge.stack(stack)
            self.memory.keep(verdict)
            for violation in verdict.broken:
                yield self._line(policy, str(violation), violation.resource.urn if violation.resource else "")
        if self.levels[REPORT] is not Level.DISABLED:
            yield from (self._line(REPORT, line) for line in self.memory.take())

    def _on(self, chosen: Callable[[str], bool]) -> Iterator[tuple[str, RuleEvaluator]]:
        for name, judge in self._judges.items():
            if chosen(name) and self.levels[name] is not Level.DISABLED:
                yield name, judge

    def _line(self, policy: str, message: str, urn: str = "") -> Line:
        level = self.levels[policy]
        return Line(policy, Level.MANDATORY if level is Level.REMEDIATE else level, message, urn)


def schema(policy: str) -> Mapping[str, Any]:
    """The schema of the policy's configuration: its properties."""
    if policy == REPORT:
        return {}
    rules = [rule.name for rule in rules_of(policy)]
    properties = {name: dict(setting) for name, setting in settable(policy).items()}
    for name in BOUNDS.get(policy, {}):
        properties[name].pop("default")  # the engine would fill it in, over what the stack says
    return {**properties, "exemptions": dict(exemptions.schema(rules))}
