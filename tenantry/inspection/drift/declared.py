"""Findings of a refresh: declared resources that differ or are gone."""

from collections.abc import Iterator
from typing import Any, Final

from tenantry.changes.report.resource_weights import kind_of
from tenantry.engine.run.progress import Change
from tenantry.engine.run.refresh import GONE, Reading
from tenantry.engine.stack.urns import name_of
from tenantry.engine.state.deployment import Deployment
from tenantry.inspection.drift.differences import Difference, differences
from tenantry.inspection.drift.gravity import gravity_of
from tenantry.inspection.drift.lines import gravity_of_line
from tenantry.inspection.drift.model import Finding, Gravity, Mending
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

MENDED: Final = "`tenantry drift --repair` makes it so again, as `tenantry up --refresh` does"
LOST: Final = (
    "see whether this is the right server, cluster and account; made anew it would be empty: docs/life.md, and"
    " `tenantry restore` for its data"
)
_SYSTEMS: Final = {"postgresql": "PostgreSQL", "kubernetes": "Kubernetes", "random": "keys"}
_OF_ALIBABA: Final = {"oss": "OSS", "dns": "DNS", "ram": "RAM", "ims": "RAM"}
_OURS: Final = {  # systems of our own provider's resources; all others are PostgreSQL's
    "tenantry:index:Directories": "OSS",
    "tenantry:index:Backup": "OSS",
}
# Their values are amounts, names of the installation and switches: no personal data, no credentials.
_SHOWN: Final = frozenset(
    {
        "alicloud:dns:AlidnsRecord",
        "kubernetes:core:LimitRange",
        "kubernetes:core:Namespace",
        "kubernetes:core:ResourceQuota",
        "kubernetes:gateway.envoyproxy.io:BackendTrafficPolicy",
        "kubernetes:gateway.envoyproxy.io:HTTPRouteFilter",
        "postgresql:index:Database",
    }
)
_SHOWN_PROPERTIES: Final = frozenset(
    {"connectionLimit", "login", "superuser", "createDatabase", "createRole", "validUntil"}
)
_MOST: Final = 6  # properties of one resource


def findings_of(reading: Reading, record: Deployment) -> Iterator[Finding]:
    """The findings on every resource that differs; one whose every difference is noise is none."""
    for change in reading.drift:
        kind = kind_of(change.urn)
        if change.operation == GONE:
            yield _gone(change, kind, record)
            continue
        recorded, live = reading.states.get(change.urn, ({}, {}))
        lines = [str(line) for line in sequence(mapping(live.get("outputs")).get("drift"))]
        listed = _differences(change.urn, recorded, live, record)
        if lines:
            yield from (_finding(change, kind, line, gravity_of_line(line)) for line in lines)
            listed = [difference for difference in listed if not difference.path.startswith("drift")]
        if listed:
            gravity = gravity_of(kind, [difference.path for difference in listed])
            yield _finding(change, kind, f"differs: {_words(kind, listed)}", gravity)
        elif recorded == live and not lines:  # not told by the engine, or secrets, which it does not tell
            named = f": {', '.join(change.properties)}" if change.properties else ""
            yield _finding(change, kind, f"differs{named}", gravity_of(kind, change.properties))


def told_paths(reading: Reading, record: Deployment) -> dict[str, list[str]]:
    """URN -> paths of what differs."""
    return {
        urn: [difference.path for difference in _differences(urn, *states, record)]
        for urn, states in reading.states.items()
    }


def _differences(urn: str, recorded: Tree, live: Tree, record: Deployment) -> list[Difference]:
    """Without what the program says that it does not look after (`ignoreChanges`): the record keeps its first value."""
    ignored = tuple(str(path) for path in sequence((record.living(urn) or {}).get("ignoreChanges")))
    all_differences = differences(recorded, live, in_kubernetes=kind_of(urn).startswith("kubernetes:"))
    return [difference for difference in all_differences if not _is_below(difference.path, ignored)]


def _is_below(path: str, above: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in above)


def _gone(change: Change, kind: str, record: Deployment) -> Finding:
    held = record.living(change.urn)
    is_protected = bool(held and held.get("protect"))
    gravity = gravity_of(kind, (), is_gone=True)
    if not is_protected:
        return _finding(change, kind, GONE, gravity)
    return _finding(change, kind, GONE, gravity, Mending.PERSON, LOST)


def _finding(
    change: Change,
    kind: str,
    said: str,
    gravity: Gravity,
    mending: Mending = Mending.UP,
    remedy: str = MENDED,
) -> Finding:
    subject = f"{kind.rpartition(':')[2]} {_name(change)}"
    return Finding(change.place.tenant, _system(kind), subject, said, gravity, mending, remedy)


def _name(change: Change) -> str:
    return name_of(change.urn)


def _system(kind: str) -> str:
    package, module, _ = kind.split(":")
    if package == "alicloud":
        return _OF_ALIBABA.get(module, "Alibaba Cloud")
    return _SYSTEMS.get(package) or _OURS.get(kind, "PostgreSQL")


def _words(kind: str, listed: list[Difference]) -> str:
    shown = [_said(kind, difference) for difference in listed[:_MOST]]
    return ", ".join(shown) + (f" and {len(listed) - _MOST} more" if len(listed) > _MOST else "")


def _said(kind: str, difference: Difference) -> str:
    is_shown: Any = kind in _SHOWN or difference.path in _SHOWN_PROPERTIES
    return str(difference) if is_shown else difference.path
