"""Reading all that a stack holds (`tenantry up --refresh`): what differs from the stack's record, and what is gone."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from tenantry.engine.errors import CommandError
from tenantry.engine.process.events import Step
from tenantry.engine.run.progress import Change, Progress
from tenantry.engine.stack.urns import describe, is_plumbing, type_of
from tenantry.engine.state.deployment import Deployment
from tenantry.parsing.json_narrowing import Tree, mapping

GONE: Final = "is gone"
DIFFERS: Final = "differs"
_REFERENCE: Final = "pulumi:pulumi:StackReference"  # holds outputs of a run, which every run changes
# What a refresh found, by the operation that the engine reports it as.
_FOUND: Final[Mapping[str, str]] = {"delete": GONE, "update": DIFFERS}
# Kubernetes, RAM, OSS and PostgreSQL about what a resource stands in or belongs to.
_MISSING: Final = re.compile(
    r"not ?found|does not exist|could not find|there is no database|entitynotexist|noexist|nosuch|invaliddomainrecord"
    r"|recordnotbelong",
    re.IGNORECASE,
)


class Reading(Progress):
    """The result of a refresh: every resource is read, and nothing is made or changed."""

    def __init__(
        self, parents: Mapping[str, str] | None = None, expected: int = 0, redact: Callable[[str], str] = str
    ) -> None:
        super().__init__(parents, expected, redact)
        self.states: dict[str, tuple[Tree, Tree]] = {}  # URN of what differs -> as the record has it, as it is

    @property
    def drift(self) -> list[Change]:
        """Resources that are gone or differ, in the order of the tenants."""
        return sorted(self.changes, key=lambda change: (change.place, change.urn))

    @property
    def gone(self) -> list[Change]:
        return [change for change in self.drift if change.operation == GONE]

    def _step(self, event: Step) -> None:
        if event.parent:
            self._parents[event.urn] = event.parent
        if is_plumbing(type_of(event.urn)) or type_of(event.urn) == _REFERENCE or not event.is_custom:
            return
        self._begun.add(event.urn)
        if event.stage == "done":
            self._done.add(event.urn)
            if event.states is not None:
                self.states[event.urn] = mapping(event.states[0]), mapping(event.states[1])
            if event.operation in _FOUND:
                self.changes.append(Change(self.place(event.urn), event.urn, _FOUND[event.operation], event.changed))


def line_of(change: Change) -> str:
    """`k001 boundary: k001-ns-closed (...NetworkPolicy) is gone`."""
    properties = f" ({', '.join(change.properties)})" if change.properties and change.operation == DIFFERS else ""
    return f"{change.place}: {describe(change.urn)} {change.operation}{properties}"


def names_what_is_missing(progress: Progress) -> bool:
    """Tells whether a resource failed because something is not there that the stack's record holds: a tenant's, or
    shared.
    """
    return any(finding.urn and _MISSING.search(finding.text) for finding in progress.errors)


def refuse_lost(reading: Reading, before: Deployment, stack: str) -> None:
    """Raises Refusal when something is gone that holds data: made anew it would be empty, and look as if all were well.

    A server that is not the right one looks just like it.
    """
    protected = {record["urn"] for record in before.resources if record.get("protect")}
    lost = [line_of(change) for change in reading.gone if change.urn in protected]
    if lost:
        raise CommandError(
            "\n".join(["what holds data is gone; nothing was changed:", *lost]),
            "see whether this is the right server, cluster and account. Where the data is really lost,"
            f" `pulumi refresh --stack {stack}` accepts that, the next `tenantry up` makes it anew and empty, and"
            " `tenantry restore` brings the data back (docs/life.md)",
        )
