"""Likely mistakes that no rule forbids: `tenantry validate` reports them and passes all the same."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Final

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.project import Project
from tenantry.fleet.collisions import next_code
from tenantry.fleet.load import Fleet, plans_file
from tenantry.parsing.faults import Fault
from tenantry.parsing.regular_file import read_regular
from tenantry.parsing.yaml_document import FieldPath, read_document
from tenantry.spec.loader import field_name
from tenantry.spec.tenant import TenantSpec

Free = Callable[[Iterable[str], str], str]  # the next code after some and below one, as far as any is known elsewhere
MONTHS: Final = 12
_FIRST_CELL: Final = str(TenantSpec.model_fields["cell"].default)  # which no file needs to name
_LEAST_MONTHS: Final = 6  # a year for less than half of its months is no rebate


def _of_these(codes: Iterable[str], _: str) -> str:
    return next_code(codes)


def likely_mistakes(
    directory: Path, fleet: Fleet, before: frozenset[str] | None = None, free: Free = _of_these
) -> Iterator[Fault]:
    """Likely mistakes of files without a fault, each at its line. `before`: the codes that a request found taken."""
    yield from _prices(directory, fleet)
    yield from _skipped(directory, fleet, before, free)
    yield from _cells(directory, fleet)


def _prices(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    for name, plan in fleet.plans.items():
        monthly, yearly = plan.price.monthly, plan.price.yearly
        if not _LEAST_MONTHS * monthly <= yearly <= MONTHS * monthly:
            problem = f"{yearly} a year is not {_LEAST_MONTHS} to {MONTHS} times {monthly} a month"
            remedy = f"write both in whole yuan; a year of months is {MONTHS * monthly}"
            yield _at(plans_file(directory), ("plans", name, "price", "yearly"), problem, remedy)


def _skipped(directory: Path, fleet: Fleet, before: frozenset[str] | None, free: Free) -> Iterator[Fault]:
    """A gap below each new code, or below the highest where nobody says which are new: an older gap is nobody's
    mistake any more, nor is one that other requests are about to fill.
    """
    ordered = sorted(fleet.codes, key=lambda code: int(code[1:]))
    new = frozenset(ordered[-1:]) if before is None else fleet.codes - before
    for place, (lower, code) in enumerate(pairwise(ordered), 1):
        if code not in new or int(code[1:]) == int(lower[1:]) + 1:
            continue
        if (unused := free(ordered[:place], code)) != code:
            problem = f"{code} skips the codes between it and {lower}, and the next will be {fleet.next_code}"
            remedy = f"give this tenant the next free code {unused}"
            yield _at(directory / f"{code}.yaml", ("code",), problem, remedy)


def _cells(directory: Path, fleet: Fleet) -> Iterator[Fault]:
    """Cells that none of the project's stacks names; where they name none, cells that are like another."""
    used = Counter(tenant.cell for tenant in (*fleet.all, *fleet.tombstones))
    named = _cells_of_stacks(directory)
    for tenant in fleet.all:
        if tenant.cell in named or (not named and (used[tenant.cell] > 1 or tenant.cell == _FIRST_CELL)):
            continue
        others = used.keys() - {tenant.cell}
        if not named and not _is_like(tenant.cell, others):
            continue
        known = sorted(named or others)
        near = get_close_matches(tenant.cell, known, n=1, cutoff=0.6)
        remedy = f"write {near[0]}" if near else f"write one of {', '.join(known)}"
        problem = f"no stack of this project holds cell {tenant.cell}" if named else f"nobody else is in {tenant.cell}"
        yield _at(
            directory / f"{tenant.code}.yaml", ("cell",), problem, f"{remedy}, or leave it for a cell that is new"
        )


def _is_like(cell: str, others: set[str]) -> bool:
    """c02 beside c01 is the next one and no slip."""
    letters = {"".join(filter(str.isalpha, other)) for other in others}
    bare = "".join(filter(str.isalpha, cell))
    return bare not in letters and bool(get_close_matches(bare, letters, n=1, cutoff=0.7))


def _cells_of_stacks(directory: Path) -> frozenset[str]:
    """Those that are named; nothing where a stack holds whatever cells there are, or where there is no project."""
    try:
        project = Project.find(directory)
        held = [project.cells(stack) for stack in project.stacks()]
    except CommandError:
        return frozenset()
    return frozenset(cell for cells in held if cells is not None for cell in cells)


def _at(file: Path, path: FieldPath, problem: str, remedy: str) -> Fault:
    return Fault(str(file), read_document(read_regular(file)).line_of(path), field_name(path), problem, remedy)
