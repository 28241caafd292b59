"""`tenantry list`: who there is, on which plan, in which phase."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from tenantry.cli.completion import cells, choices
from tenantry.cli.options import (
    CWD,
    STACK,
    CwdOption,
    DirectoryOption,
    JsonOption,
    StackOption,
    TodayOption,
    ZoneOption,
)
from tenantry.engine.stack.fleet_location import locate_fleet

# Written out, as the models they are of take half of a second to load, which --help need not wait for.
PLANS = ("basic", "standard", "premium", "enterprise")
PHASES = ("active", "asleep", "suspended", "retained", "due", "purging", "gone")
_COLUMNS = ("code", "name", "plan", "phase", "cell", "domain", "database", "users", "storage")
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def _among(choices: Sequence[str]) -> Callable[[list[str] | None], list[str] | None]:
    def check(values: list[str] | None) -> list[str] | None:
        for value in values or ():
            if value not in choices:
                raise typer.BadParameter(f"{value} is none of {', '.join(choices)}")
        return values

    return check


PlanOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plan", callback=_among(PLANS), autocompletion=choices(PLANS), help="Only on this plan; may be repeated."
    ),
]
PhaseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--phase",
        callback=_among(PHASES),
        autocompletion=choices(PHASES),
        help="Only in this phase (docs/life.md); may be repeated.",
    ),
]


def _labels(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        key, equals, wanted = value.partition("=")
        if not key or (equals and not wanted):
            raise typer.BadParameter(f"{value!r} is neither KEY nor KEY=VALUE")
    return values


LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="KEY[=VALUE]", callback=_labels, help="Only with this label; repeated, with all of them."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("list")(list_tenants)


def list_tenants(
    directory: DirectoryOption = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    plan: PlanOption = None,
    phase: PhaseOption = None,
    cell: Annotated[
        list[str] | None, typer.Option("--cell", autocompletion=cells, help="Only of this cell; may be repeated.")
    ] = None,
    label: LabelOption = None,
    gone: Annotated[bool, typer.Option("--gone", help="Also those of whom only a tombstone is left.")] = False,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
    as_json: JsonOption = False,
) -> None:
    """List the tenants of the stack's cells."""
    where = locate_fleet(stack, cwd, directory, zone, today)
    fleet = where.load()
    from tenantry.reports.tenant_details import summary, tombstone

    rows = [summary(tenant) for tenant in fleet.all if where.holds(tenant.cell)]
    gone = gone or "gone" in (phase or ())
    rows += [tombstone(buried) for buried in fleet.tombstones if gone and where.holds(buried.cell)]
    wanted = {"plan": plan, "phase": phase, "cell": cell}
    rows = [row for row in rows if all(not chosen or row[key] in chosen for key, chosen in wanted.items())]
    rows = [row for row in rows if all(_has(row["labels"], wish) for wish in label or ())]
    rows.sort(key=lambda row: int(row["code"][1:]))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print_table(rows)


def _has(labels: Mapping[str, str], wish: str) -> bool:
    key, equals, value = wish.partition("=")
    return labels.get(key) == value if equals else key in labels


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tenantry.spec.quantity import format_bytes

    table = Table(*_COLUMNS, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        storage = format_bytes(row["max_storage"]) if row["max_storage"] else ""
        cells = {**row, "users": row["max_users"], "storage": storage}
        table.add_row(*(Text("" if cells[column] is None else str(cells[column])) for column in _COLUMNS))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
