"""What several sub-commands take, and how they load the fleet: once, and only when they run."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.names import DEFAULT_ZONE, is_zone

if TYPE_CHECKING:
    from tenantry.fleet import Fleet


def _zone(value: str) -> str:
    if not is_zone(value):
        raise typer.BadParameter(f"no DNS zone in lower-case ASCII, such as {DEFAULT_ZONE}")
    return value


DirectoryArgument = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Where the tenants' files are.")]
DirectoryOption = Annotated[
    Path, typer.Option("--dir", exists=True, file_okay=False, help="Where the tenants' files are.")
]
ZoneOption = Annotated[str, typer.Option("--zone", callback=_zone, help="The DNS zone of the domains.")]
TodayOption = Annotated[
    datetime | None,
    typer.Option("--today", formats=["%Y-%m-%d"], envvar="TENANTRY_TODAY", help="Look at it as of another day."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")]

DIRECTORY = Path("tenants")
ZONE = DEFAULT_ZONE


def day(today: datetime | None) -> date:
    """These commands only look, so any day is harmless; `up` takes its day from the stack."""
    from tenantry.clock import utc_day

    return today.date() if today else utc_day()


def load(directory: Path, zone: str, today: datetime | None) -> "Fleet":
    from tenantry.fleet import (
        load_fleet,
    )  # pydantic and the models: half of a second that --help need not wait

    return load_fleet(directory, zone, today=day(today))
