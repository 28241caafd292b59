"""`tenantry overview`: the fleet as one file for a browser."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tenantry.cli.commands.stack.up import operation, refusals
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("overview")(overview)


def overview(
    html: Annotated[Path, typer.Option("--html", dir_okay=False, help="The file to write; one that is there goes.")],
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Write the fleet as one HTML file: plans, phases, money, quotas as bars, what falls due, drift, runs, openings.

    The file holds all that it needs and asks nobody for anything: sort, search and print it anywhere (docs/usage.md).
    It names customers and prices: it is readable to its owner alone.
    """
    with refusals(as_json=False):
        import psycopg

        from tenantry.database.history.reading import NoHistory
        from tenantry.engine.clients.postgresql import DatabaseUnavailable
        from tenantry.engine.errors import CommandError
        from tenantry.watch.overview.facts import read_overview
        from tenantry.watch.overview.page import to_html

        try:
            page = read_overview(operation(stack, cwd).server().session, stack)
        except DatabaseUnavailable as error:
            raise CommandError(
                f"the admin database does not answer: {error}", "see that it runs, then run again"
            ) from None
        except (NoHistory, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            raise CommandError("the admin database lacks tables for it", "the next `tenantry up` makes them") from None
        try:
            _write(html, to_html(page))
        except OSError as error:
            raise CommandError(
                f"{html} cannot be written: {error.strerror}", "name a file in a folder of yours"
            ) from None
    typer.echo(f"{html}: {len(page.tenants)} tenants")


def _write(path: Path, text: str) -> None:
    """Complete or not at all."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
