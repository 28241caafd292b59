"""The place of a stack's tenants: folder, zone, cells and day."""

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.names import DEFAULT_ZONE, TENANTS_FOLDER

if TYPE_CHECKING:
    from tenantry.fleet.load import Fleet
    from tenantry.spec.tenant_secrets import StackSecrets


@dataclass(frozen=True, slots=True)
class FleetLocation:
    """The place where a command looks: stack, folder, zone, cells and day."""

    stack: str
    directory: Path
    zone: str
    cells: frozenset[str] | None  # that the stack holds; None: all of them
    today: date
    secrets: "StackSecrets | None" = None  # of the stack, where these are its own tenants

    def load(self, *, with_secrets: bool = False) -> "Fleet":
        """The tenants' files; `with_secrets`: against the stack's configuration, too. Raises Faults."""
        from tenantry.fleet.load import (
            load_fleet,  # pydantic and the models: half of a second that --help need not wait
        )

        secrets = self.secrets if with_secrets else None
        return load_fleet(self.directory, self.zone, today=self.today, secrets=secrets)

    def holds(self, cell: str) -> bool:
        """Tells whether a tenant of this cell is one of the stack's."""
        return self.cells is None or cell in self.cells


def locate_fleet(
    stack: str, cwd: Path, directory: Path | None = None, zone: str | None = None, today: datetime | None = None
) -> FleetLocation:
    """The place from the options, else from the stack's settings, and never from the shell's folder.

    Raises Refusal for a stack that has no settings. Any day is harmless, as these commands only look.
    """
    from tenantry.engine.errors import CommandError
    from tenantry.engine.stack.clock import today as today_of
    from tenantry.engine.stack.clock import utc_day
    from tenantry.engine.stack.project import Project

    day = today.date() if today else None
    try:
        project = Project.find(cwd)
    except CommandError:
        if directory is None and not (cwd / TENANTS_FOLDER).is_dir():
            raise
        return FleetLocation(stack, directory or cwd / TENANTS_FOLDER, zone or DEFAULT_ZONE, None, day or utc_day())
    stack = project.stack(stack)
    project.require(stack)
    own = project.tenants(stack)
    return FleetLocation(
        stack,
        directory or from_here(own),
        zone or project.zone(stack),
        project.cells(stack),
        day or today_of(project, stack),
        project.tenant_secrets(stack) if directory is None or directory.resolve() == own.resolve() else None,
    )


def from_here(folder: Path) -> Path:
    """Faults name files as a person or an editor would from where they stand."""
    here = Path.cwd()
    return Path(os.path.relpath(folder, here)) if folder.is_relative_to(here) else folder
