"""`tenantry list`: who there is, on which plan, in which phase."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tenantry.cli_options import (
    CWD,
    STACK,
    CwdOption,
    DirectoryOption,
    JsonOption,
    StackOption,
    TodayOption,
    ZoneOption,
    place,
)

_COLUMNS = ("code", "name", "plan", "phase", "cell", "domain", "database", "users", "storage")
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def register(app: typer.Typer) -> None:
    app.command("list")(list_tenants)


def list_tenants(
    directory: DirectoryOption = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    gone: Annotated[bool, typer.Option("--gone", help="Also those of whom only a tombstone is left.")] = False,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
    as_json: JsonOption = False,
) -> None:
    """List the tenants of the stack's cells."""
    where = place(stack, cwd, directory, zone, today)
    fleet = where.load()
    from tenantry.report import summary, tombstone

    rows = [summary(tenant) for tenant in fleet.all if where.holds(tenant.cell)]
    rows += [tombstone(stone) for stone in fleet.tombstones if gone and where.holds(stone.cell)]
    rows.sort(key=lambda row: int(row["code"][1:]))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print_table(rows)


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tenantry.quantity import written

    table = Table(*_COLUMNS, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        storage = written(row["max_storage"]) if row["max_storage"] else ""
        cells = {**row, "users": row["max_users"], "storage": storage}
        table.add_row(*(Text("" if cells[column] is None else str(cells[column])) for column in _COLUMNS))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
