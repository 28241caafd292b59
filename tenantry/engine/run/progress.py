"""The progress of one run, from its events: the state of every step of every tenant, failures, warnings, counts."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tenantry.engine.process.events import Event, Message, Step, Summary, Violation
from tenantry.engine.run.remedies import with_remedy
from tenantry.engine.stack.urns import ResourceOwner, describe, is_plumbing, place_of, type_of

# Said by the engine after its own errors; they name nothing.
_ECHOES = tuple(f"{kind} {end}" for kind in ("update", "preview", "destroy") for end in ("failed", "canceled"))
# An operation that ends so had no fault of its own: the engine stopped it after the fault of another. A plugin too, of
# which the engine then says that it "exited prematurely".
_CANCELLED: Final = re.compile(
    r"context cancell?ed|\bcode = cancell?ed|\bwas cancelled\b|cancelled while waiting"
    r"|canceling statement due to user request|resource monitor shut down|client connection is closing"
    r"|Detected that \S+ exited prematurely",
    re.IGNORECASE,
)
LAST: Final = "tenantry:index:Opened"  # stands on all that a tenant has: once it is done, the tenant is
# What a summary counts under which heading.
_CREATED = ("create", "import")
_DELETED = ("delete",)
_UPDATED = ("update",)
_REPLACED = ("replace",)


@dataclass
class StepState:
    """One step of one tenant, such as its database."""

    begun: set[str] = field(default_factory=set[str])  # URNs
    done: set[str] = field(default_factory=set[str])
    failed: set[str] = field(default_factory=set[str])
    stopped: set[str] = field(default_factory=set[str])  # after the fault of another
    has_changed: bool = False

    @property
    def glyph(self) -> str:
        """✗ failed, … at work, ✓ done."""
        if self.failed:
            return "✗"
        return "✓" if self.begun and self.begun <= self.done else "…"


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning with its place; no URN when it is about the run as a whole."""

    place: ResourceOwner
    urn: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {describe(self.urn)}: {self.text}" if self.urn else self.text


@dataclass(frozen=True, slots=True)
class Change:
    """One planned change."""

    place: ResourceOwner
    urn: str
    operation: str
    properties: tuple[str, ...]


class Progress:
    """Folds events."""

    def __init__(
        self,
        parents: Mapping[str, str] | None = None,
        expected: int = 0,
        redact: Callable[[str], str] = str,  # takes secrets out of what was said
    ) -> None:
        self._redact = redact
        self._parents = dict(parents or {})  # URN -> parent's URN: what the state knew before
        self._expected = expected
        self.steps: dict[ResourceOwner, StepState] = {}
        self.errors: list[Finding] = []
        self.stopped: list[Finding] = []  # operations that were cancelled after the fault of another
        self.left_out: Collection[str] = ()  # tenants that the engine was told to leave out: nothing is said of them
        self.warnings: list[Finding] = []
        self.changes: list[Change] = []
        self.summary: Summary | None = None
        self.failed: dict[str, ResourceOwner] = {}  # URN -> place of every resource whose operation failed
        self.undeleted: set[str] = set()  # URNs whose deletion failed: whether it goes on nobody knows
        self.unmade: dict[str, Mapping[str, Any]] = {}  # URN -> what a failed creation was to make
        self._begun: set[str] = set()
        self._done: set[str] = set()
        self._changed: set[tuple[str, str]] = set()
        self._ready: set[str] = set()  # tenants whose last resource is done

    @property
    def done(self) -> int:
        """Resources finished so far."""
        return len(self._done)

    @property
    def total(self) -> int:
        """Resources of this run as far as is known: at least those the stack held before."""
        return max(self._expected, len(self._begun))

    @property
    def failed_tenants(self) -> dict[str, list[str]]:
        """Tenant -> its failed steps."""
        steps: dict[str, list[str]] = {}
        for finding in self.errors:
            if finding.place.tenant and finding.place.step not in steps.setdefault(finding.place.tenant, []):
                steps[finding.place.tenant].append(finding.place.step)
        return steps

    @property
    def converged(self) -> list[str]:
        """The tenants all of whose steps were reached and have ended well."""
        failed = {place.tenant for place, state in self.steps.items() if state.failed or state.stopped}
        return sorted(self._ready - failed - self.failed_tenants.keys())

    def end(self) -> list[Finding]:
        """Counts cancelled operations as errors when there is no other error. Called after the last event.

        Returns the errors that are new.
        """
        if self.errors:
            return []
        new, self.stopped = self.stopped, []
        self.errors += new
        return new

    def counts(self) -> dict[str, int]:
        """created, updated, replaced, deleted, unchanged."""
        changes = self.summary.changes if self.summary else {}

        def sum_of(names: tuple[str, ...]) -> int:
            return sum(changes.get(name, 0) for name in names)

        return {
            "created": sum_of(_CREATED),
            "updated": sum_of(_UPDATED),
            "replaced": sum_of(_REPLACED),
            "deleted": sum_of(_DELETED),
            "unchanged": changes.get("same", 0),
        }

    def take(self, event: Event) -> Finding | None:
        """Takes one event in; returns the error or warning to show, when it brought a new one."""
        match event:
            case Step():
                self._step(event)
                return None
            case Message(severity="error"):
                return self._find(self.errors, event.urn, event.text)
            case Message(severity="warning"):
                return self._find(self.warnings, event.urn, event.text)
            case Violation():
                into = self.errors if event.is_mandatory else self.warnings
                return self._find(into, event.urn, f"policy {event.policy}: {event.text}")
            case Summary():
                self.summary = event
                return None
            case Message():
                return None

    def place(self, urn: str) -> ResourceOwner:
        """Tenant and step of a resource."""
        return place_of(urn, self._parents)

    def _step(self, event: Step) -> None:
        if event.parent:
            self._parents[event.urn] = event.parent
        if is_plumbing(type_of(event.urn)) or not event.is_custom:
            return
        place = self.place(event.urn)
        if place.tenant in self.left_out and place.tenant:
            return
        state = self.steps.setdefault(place, StepState())
        state.begun.add(event.urn)
        self._begun.add(event.urn)
        if event.operation not in ("same", "refresh", "read"):
            state.has_changed = True
            if event.stage == "begun" and (event.urn, event.operation) not in self._changed:
                self._changed.add((event.urn, event.operation))
                self.changes.append(Change(place, event.urn, event.operation, event.changed))
        if event.stage == "done":
            state.done.add(event.urn)
            self._done.add(event.urn)
            if type_of(event.urn) == LAST:
                self._ready.add(place.tenant)
        elif event.stage == "failed":
            cancelled = any(finding.urn == event.urn for finding in self.stopped)
            (state.stopped if cancelled else state.failed).add(event.urn)
            self.failed[event.urn] = place
            if event.operation.startswith("delete"):
                self.undeleted.add(event.urn)
            if event.operation == "create" and event.asked is not None:
                self.unmade[event.urn] = event.asked

    def _find(self, into: list[Finding], urn: str, text: str) -> Finding | None:
        if text.lower().rstrip(".") in _ECHOES:
            return None
        finding = Finding(self.place(urn) if urn else ResourceOwner("", ""), urn, self._redact(with_remedy(text)))
        if finding in into or (finding.place.tenant and finding.place.tenant in self.left_out):
            return None
        if into is self.errors and _CANCELLED.search(text):
            self.stopped.append(finding)
            return None
        into.append(finding)
        return finding
