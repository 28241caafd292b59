"""The gravity of a difference of a declared resource, by its kind and the properties that differ.

Every kind that the program declares has a row (tests/tenantry/inspection/drift/test_gravity.py), among its other facts
in tenantry/model/resources/systems/. What no row names counts as lost data where the kind holds data, else as broken
isolation.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.facts import DATA, ISOLATION, LIMIT, DriftGravity, Gravity

ROWS: Final[Mapping[str, DriftGravity]] = {name: kind.drift for name, kind in KINDS.items() if kind.drift}
UNKNOWN: Final = DriftGravity(ISOLATION, ISOLATION)
DATA_ROW: Final = DriftGravity(DATA, DATA)  # of a kind without a row that holds data
_POD: Final = "spec.template.spec"
_AMOUNTS: Final = (".resources",)  # of a container, below spec.template.spec.containers[...]


def gravity_of(kind: str, paths: Iterable[str], *, is_gone: bool = False) -> Gravity:
    """`kind` is that of `tenantry.changes.report.resource_weights.kind_of`; without `paths` it is not known what
    differs."""
    row = ROWS.get(kind) or (DATA_ROW if kind in KINDS and KINDS[kind].holds_data else UNKNOWN)
    if is_gone:
        return row.gone
    return min((_gravity(row, path) for path in paths), default=row.differs)


def _gravity(row: DriftGravity, path: str) -> Gravity:
    if path.startswith(_POD) and any(part in path for part in _AMOUNTS):
        return LIMIT
    matching = [known for known in row.properties if path == known or path.startswith((f"{known}.", f"{known}["))]
    return row.properties[max(matching, key=len)] if matching else row.differs
