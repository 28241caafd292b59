"""Values that a shell completes: stacks, codes, plans, phases, cells. By files' names and settings alone."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tenantry.engine.errors import CommandError

if TYPE_CHECKING:
    from tenantry.engine.stack.fleet_location import FleetLocation

Complete = Callable[[typer.Context, str], list[str]]


def _begun(values: Iterable[str], incomplete: str) -> list[str]:
    return sorted(value for value in values if value.startswith(incomplete))


def choices(values: Sequence[str]) -> Complete:
    """Some of a list, in its order."""

    def complete(_: typer.Context, incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete


def stacks(context: typer.Context, incomplete: str) -> list[str]:
    from tenantry.engine.stack.project import Project

    try:
        return _begun(Project.find(_folder(context)).stacks(), incomplete)
    except (CommandError, OSError):
        return []


def codes(context: typer.Context, incomplete: str) -> list[str]:
    from tenantry.names import CODE

    try:
        names = (path.stem for path in _location(context).directory.glob("k*.yaml"))
        return _begun((name for name in names if CODE.fullmatch(name)), incomplete)
    except (CommandError, OSError):
        return []


def cells(context: typer.Context, incomplete: str) -> list[str]:
    """Those that the stack names; nothing where it holds whatever cells there are."""
    try:
        return _begun(_location(context).cells or (), incomplete)
    except (CommandError, OSError):
        return []


def _folder(context: typer.Context) -> Path:
    return Path(context.params.get("cwd") or ".")


def _location(context: typer.Context) -> "FleetLocation":
    from tenantry.engine.stack.fleet_location import locate_fleet

    given = context.params.get("directory")
    return locate_fleet(
        context.params.get("stack") or "local", _folder(context), Path(given) if given is not None else None
    )
