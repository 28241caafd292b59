"""What several sub-commands take, and where they look: in the stack's own folder, zone, cells and day."""

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.names import DEFAULT_ZONE, is_zone

if TYPE_CHECKING:
    from tenantry.fleet import Fleet
    from tenantry.tenant_secrets import StackSecrets


def _zone(value: str | None) -> str | None:
    if value is not None and not is_zone(value):
        raise typer.BadParameter(f"no DNS zone in lower-case ASCII, such as {DEFAULT_ZONE}")
    return value


_WHERE = "Where the tenants' files are; not given, the stack's own folder."
DirectoryArgument = Annotated[Path | None, typer.Argument(exists=True, file_okay=False, help=_WHERE)]
DirectoryOption = Annotated[Path | None, typer.Option("--dir", exists=True, file_okay=False, help=_WHERE)]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", callback=_zone, help="The DNS zone of the domains; not given, the stack's.")
]
TodayOption = Annotated[
    datetime | None,
    typer.Option("--today", formats=["%Y-%m-%d"], envvar="TENANTRY_TODAY", help="Look at it as of another day."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")]
StackOption = Annotated[str, typer.Option("--stack", "-s", help="Which stack.", envvar="TENANTRY_STACK")]
CwdOption = Annotated[Path, typer.Option("--cwd", "-C", help="Where to look for Pulumi.yaml.", file_okay=False)]

STACK = "local"
CWD = Path()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command looks."""

    stack: str
    directory: Path
    zone: str
    cells: frozenset[str] | None  # that the stack holds; None: all of them
    today: date
    secrets: "StackSecrets | None" = None  # of the stack, where these are its own tenants

    def load(self, *, with_secrets: bool = False) -> "Fleet":
        """The tenants' files; `with_secrets`: against the stack's configuration, too. Raises Faults."""
        from tenantry.fleet import load_fleet  # pydantic and the models: half of a second that --help need not wait

        secrets = self.secrets if with_secrets else None
        return load_fleet(self.directory, self.zone, today=self.today, secrets=secrets)

    def holds(self, cell: str) -> bool:
        """Whether a tenant of this cell is one of the stack's."""
        return self.cells is None or cell in self.cells


def place(
    stack: str, cwd: Path, directory: Path | None = None, zone: str | None = None, today: datetime | None = None
) -> Place:
    """What is told, else what the stack's settings say, and never what the shell's folder happens to hold.

    Raises Refusal for a stack that has no settings. Any day is harmless, as these commands only look.
    """
    from tenantry.clock import today as today_of
    from tenantry.clock import utc_day
    from tenantry.engine.project import Project
    from tenantry.engine.refusal import Refusal

    told = today.date() if today else None
    try:
        project = Project.find(cwd)
    except Refusal:
        if directory is None and not (cwd / "tenants").is_dir():
            raise
        return Place(stack, directory or cwd / "tenants", zone or DEFAULT_ZONE, None, told or utc_day())
    stack = project.stack(stack)
    project.require(stack)
    own = project.tenants(stack)
    return Place(
        stack,
        directory or _from_here(own),
        zone or project.zone(stack),
        project.cells(stack),
        told or today_of(project, stack),
        project.tenant_secrets(stack) if directory is None or directory.resolve() == own.resolve() else None,
    )


def _from_here(folder: Path) -> Path:
    """Faults name files as a person or an editor would from where they stand."""
    here = Path.cwd()
    return Path(os.path.relpath(folder, here)) if folder.is_relative_to(here) else folder
