"""The stacks of an installation in the order of their runs: a site's own stack, its canary, its other cells."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final, Self

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.project import Project

MOST_AT_ONCE: Final = 256  # jobs that a matrix of GitHub may have


class Turn(StrEnum):
    """The place of a stack in the order of runs."""

    SITE = "site"  # holds what the cells stand on
    CANARY = "canary"  # shows a change to few tenants before the others get it
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class PlacedStack:
    """A stack and its place in the order of runs."""

    name: str
    site: str  # the stack with the platform: its own name, or that of `platformStack`
    turn: Turn
    cells: frozenset[str] | None  # None: all of them
    folder: Path  # of its tenants' files

    @classmethod
    def of(cls, project: Project, name: str) -> Self:
        platform = project.setting(name, "platformStack")
        holds = project.listed(name, "holds") or []
        is_site = platform is None or "platform" in holds
        is_canary = project.setting(name, "canary") == "true"
        turn = Turn.SITE if is_site else Turn.CANARY if is_canary else Turn.CELL
        site = name if platform is None or is_site else project.stack(platform)
        return cls(name, site, turn, project.cells(name), project.tenants(name))

    def holds(self, cell: str) -> bool:
        """Tells whether a tenant of this cell is one of the stack's."""
        return self.cells is None or cell in self.cells


def placed_stacks(project: Project, chosen: Collection[str] = ()) -> list[PlacedStack]:
    """All stacks in the order of their runs, or the chosen ones with the cells that stand on them.

    The embedded default's are not among all. Raises CommandError for a chosen one without settings.
    """
    named = {project.stack(name) for name in chosen}
    for name in named:
        if name not in project.stacks():
            raise CommandError(f"the stack `{name}` has no settings: there is no {project.file(name).name}",
                               "name another with --stack")  # fmt: skip
    stacks = [PlacedStack.of(project, name) for name in project.stacks()]
    if named:
        return in_order(stack for stack in stacks if named & {stack.name, stack.site})
    return in_order(stack for stack in stacks if EMBEDDED_STACKS.fullmatch(stack.name) is None)


def listed_stacks(project: Project, names: Sequence[str]) -> list[PlacedStack]:
    """These stacks alone, in the order of their runs. Raises CommandError for one without settings."""
    plain = {project.stack(name) for name in names}
    return in_order(stack for stack in placed_stacks(project, plain) if stack.name in plain) if plain else []


def in_order(stacks: Iterable[PlacedStack]) -> list[PlacedStack]:
    """By site; in it the site's own stack, one canary, then the cells by name.

    Of several that are marked the first by name is the canary; where none is among them, the first cell.
    """
    return [
        stack for _, site in groupby(sorted(stacks, key=_rank), lambda stack: stack.site) for stack in _placed(site)
    ]


def waves(stacks: Sequence[PlacedStack], most: int = MOST_AT_ONCE) -> Iterator[list[PlacedStack]]:
    """Stacks that may run at once, wave after wave: the sites, their canaries, then the cells; none beyond `most`."""
    for turn in Turn:
        same = [stack for stack in stacks if stack.turn is turn]
        yield from (same[start : start + most] for start in range(0, len(same), most))


def _rank(stack: PlacedStack) -> tuple[str, int, str]:
    return stack.site, list(Turn).index(stack.turn), stack.name


def _placed(site: Iterable[PlacedStack]) -> Iterator[PlacedStack]:
    has_canary = False
    for stack in site:
        if stack.turn is Turn.SITE:
            yield stack
        else:
            yield replace(stack, turn=Turn.CELL if has_canary else Turn.CANARY)
            has_canary = True
