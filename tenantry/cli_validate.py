"""`tenantry validate [DIR]`: every fault of every file, one line each on stderr."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tenantry.cli_options import DIRECTORY, ZONE, DirectoryArgument, TodayOption, ZoneOption, load
from tenantry.faults import Fault, Faults

if TYPE_CHECKING:
    from tenantry.fleet import Fleet


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(directory: DirectoryArgument = DIRECTORY, zone: ZoneOption = ZONE, today: TodayOption = None) -> None:
    """Check the tenants' files and the migrations beside them: exit 0 when all are fine, else 1 with one line a fault.

    What is allowed and probably a mistake is a line beginning with `warning:`.
    """
    try:
        fleet = _checked(directory, zone, today)
    except Faults as faults:
        files = len({fault.file for fault in faults.faults})
        typer.echo(f"{_count(len(faults.faults), 'fault')} in {_count(files, 'file')}")
        raise
    gone = len(fleet.tombstones) + len(fleet.purging)
    from tenantry.doubts import doubts

    warnings = sorted(doubts(directory, fleet))
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    said = f", {_count(len(warnings), 'warning')}" if warnings else ""
    typer.echo(f"{_count(len(fleet.tenants), 'tenant')} and {_count(gone, 'tombstone')} are fine{said}")


def _checked(directory: Path, zone: str, today: datetime | None) -> "Fleet":
    from tenantry.migrations import FOLDER, unfit_sets

    sets = directory.absolute().parent / FOLDER
    unfit = [Fault(str(folder), 1, "migrations", one.reason, one.remedy) for folder, one in unfit_sets(sets)]
    try:
        fleet = load(directory, zone, today)
    except Faults as faults:
        raise Faults((*faults.faults, *unfit)) from None
    if unfit:
        raise Faults(unfit)
    return fleet


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
