"""`tenantry validate [DIR]`: every fault of every file, one line each on stderr."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tenantry.cli_options import (
    CWD,
    STACK,
    CwdOption,
    DirectoryArgument,
    Place,
    StackOption,
    TodayOption,
    ZoneOption,
    place,
)
from tenantry.faults import Fault, Faults

if TYPE_CHECKING:
    from tenantry.fleet import Fleet


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(
    directory: DirectoryArgument = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Check the tenants' files, of all cells, and the migrations beside them: exit 0 when all are fine, else 1.

    The secrets that they refer to are looked up, by name, in the stack's file. Each fault is a line. What is allowed
    and probably a mistake is a line beginning with `warning:`.
    """
    where = place(stack, cwd, directory, zone, today)
    try:
        fleet = _load(where)
    except Faults as faults:
        files = len({fault.file for fault in faults.faults})
        typer.echo(f"{_count(len(faults.faults), 'fault')} in {_count(files, 'file')}")
        raise
    gone = len(fleet.tombstones) + len(fleet.purging)
    from tenantry.doubts import doubts

    warnings = sorted([*doubts(where.directory, fleet), *_unused_secrets(where, fleet, cwd)])
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    said = f", {_count(len(warnings), 'warning')}" if warnings else ""
    typer.echo(f"{_count(len(fleet.tenants), 'tenant')} and {_count(gone, 'tombstone')} are fine{said}")


def _load(where: Place) -> "Fleet":
    """Raises Faults of the files and of the migrations."""
    from tenantry.migrations import FOLDER, unfit_sets

    sets = where.directory.absolute().parent / FOLDER
    unfit = [Fault(str(folder), 1, "migrations", one.reason, one.remedy) for folder, one in unfit_sets(sets)]
    try:
        fleet = where.load(with_secrets=True)
    except Faults as faults:
        raise Faults((*faults.faults, *unfit)) from None
    if unfit:
        raise Faults(unfit)
    return fleet


def _unused_secrets(where: Place, fleet: "Fleet", cwd: Path) -> Iterator[Fault]:
    """Each at its line of the stack's file."""
    if where.secrets is None:
        return
    from tenantry.engine.project import Project
    from tenantry.engine.stackfile import line_of

    file = Project.find(cwd).file(where.stack)
    for key, wrong, remedy in where.secrets.unused(tenant.spec for tenant in fleet.all):
        yield Fault(file.name, line_of(file, key), key, wrong, remedy)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
