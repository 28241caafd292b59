"""Options that several sub-commands share."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tenantry.cli.completion import stacks
from tenantry.engine.errors import CommandError
from tenantry.names import DEFAULT_ZONE, is_zone


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
StackOption = Annotated[
    str, typer.Option("--stack", "-s", help="Which stack.", envvar="TENANTRY_STACK", autocompletion=stacks)
]
CwdOption = Annotated[Path, typer.Option("--cwd", "-C", help="Where to look for Pulumi.yaml.", file_okay=False)]

STACK = "local"
CWD = Path()


def stack_list(text: str) -> list[str]:
    """The names in a JSON list, as the variable TENANTRY_STACKS of a forge holds them. Raises CommandError."""
    from tenantry.parsing.json_narrowing import sequence

    try:
        names = [name for name in sequence(json.loads(text)) if isinstance(name, str)]
    except ValueError:
        names = []
    if not names:
        raise CommandError(f"--stacks {text!r} is no JSON list of names", "name them as in '[\"prod\"]'")
    return names
