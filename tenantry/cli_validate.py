"""`tenantry validate [DIR]`: every fault of every file, one line each on stderr."""

import typer

from tenantry.cli_options import (
    CWD,
    STACK,
    CwdOption,
    DirectoryArgument,
    StackOption,
    TodayOption,
    ZoneOption,
    place,
)
from tenantry.faults import Faults


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(
    directory: DirectoryArgument = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Check the tenants' files, of all cells: exit 0 when all are fine, else 1 with one line a fault."""
    try:
        fleet = place(stack, cwd, directory, zone, today).load()
    except Faults as faults:
        files = len({fault.file for fault in faults.faults})
        typer.echo(f"{_count(len(faults.faults), 'fault')} in {_count(files, 'file')}")
        raise
    gone = len(fleet.tombstones) + len(fleet.purging)
    typer.echo(f"{_count(len(fleet.tenants), 'tenant')} and {_count(gone, 'tombstone')} are fine")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
