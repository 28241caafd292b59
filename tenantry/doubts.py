"""What no rule forbids and somebody has probably mistyped: said by `tenantry validate`, which passes all the same."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from tenantry.collisions import next_code
from tenantry.document import Path as FieldPath
from tenantry.document import read_document
from tenantry.engine.project import Project
from tenantry.engine.refusal import Refusal
from tenantry.faults import Fault
from tenantry.fleet import Fleet, plans_file
from tenantry.reading import field_name
from tenantry.regular import read_regular
from tenantry.spec import TenantSpec

MONTHS: Final = 12
_FIRST_CELL: Final = str(TenantSpec.model_fields["cell"].default)  # which no file needs to name
_LEAST_MONTHS: Final = 6  # a year for less than half of its months is no rebate


def doubts(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    """Of files without a fault, each at its line."""
    yield from _prices(directory, fleet)
    yield from _skipped(directory, fleet)
    yield from _cells(directory, fleet)


def _prices(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    for name, plan in fleet.plans.items():
        monthly, yearly = plan.price.monthly, plan.price.yearly
        if not _LEAST_MONTHS * monthly <= yearly <= MONTHS * monthly:
            wrong = f"{yearly} a year is not {_LEAST_MONTHS} to {MONTHS} times {monthly} a month"
            remedy = f"write both in whole yuan; a year of months is {MONTHS * monthly}"
            yield _at(plans_file(directory), ("plans", name, "price", "yearly"), wrong, remedy)


def _skipped(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    """Of the highest code alone: what was opened once stays, and its gap is nobody's mistake any more."""
    ordered = sorted(fleet.codes, key=lambda code: int(code[1:]))
    if len(ordered) < 2:
        return
    *_, before, last = ordered
    free = next_code(fleet.codes - {last})
    if int(last[1:]) > int(before[1:]) + 1:
        wrong = f"{last} skips the codes between it and {before}, and the next will be {fleet.next_code}"
        yield _at(directory / f"{last}.yaml", ("code",), wrong, f"give this tenant the next free code {free}")


def _cells(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    """Where the stacks of the project name their cells, one that none of them names; else one that is like another."""
    used = {one.code: one.cell for one in (*fleet.all, *fleet.tombstones)}
    named = _cells_of_stacks(directory)
    for tenant in fleet.all:
        others = {cell for code, cell in used.items() if code != tenant.code}
        if named and tenant.cell in named:
            continue
        if not named and (tenant.cell in {*others, _FIRST_CELL} or not _is_like(tenant.cell, others)):
            continue
        known = sorted(named or others)
        near = get_close_matches(tenant.cell, known, n=1, cutoff=0.6)
        remedy = f"write {near[0]}" if near else f"write one of {', '.join(known)}"
        wrong = f"no stack of this project holds cell {tenant.cell}" if named else f"nobody else is in {tenant.cell}"
        yield _at(directory / f"{tenant.code}.yaml", ("cell",), wrong, f"{remedy}, or leave it for a cell that is new")


def _is_like(cell: str, others: set[str]) -> bool:
    """c02 beside c01 is the next one and no slip."""
    letters = {"".join(filter(str.isalpha, other)) for other in others}
    bare = "".join(filter(str.isalpha, cell))
    return bare not in letters and bool(get_close_matches(bare, letters, n=1, cutoff=0.7))


def _cells_of_stacks(directory: Path) -> frozenset[str]:
    """Those that are named; nothing where a stack holds whatever cells there are, or where there is no project."""
    try:
        project = Project.find(directory)
        held = [project.cells(path.name.split(".")[1]) for path in sorted(project.root.glob("Pulumi.*.yaml"))]
    except Refusal:
        return frozenset()
    return frozenset(cell for cells in held if cells is not None for cell in cells)


def _at(file: Path, path: FieldPath, wrong: str, remedy: str) -> Fault:
    return Fault(str(file), read_document(read_regular(file)).line_of(path), field_name(path), wrong, remedy)
