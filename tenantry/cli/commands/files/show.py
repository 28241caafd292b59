"""`tenantry show CODE`: one tenant as it works out, every value in force and where it comes from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from tenantry.cli.completion import codes
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
from tenantry.names import is_code
from tenantry.spec.config_layers import SYSTEM_KEYS


def _code(value: str) -> str:
    if not is_code(value):
        raise typer.BadParameter("a tenant's code is k and 3 to 6 digits, such as k001")
    return value


def register(app: typer.Typer) -> None:
    app.command("show")(show)


def show(
    code: Annotated[str, typer.Argument(callback=_code, autocompletion=codes, help="The tenant's code, such as k001.")],
    directory: DirectoryOption = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    stack: StackOption = STACK,
    applied: Annotated[
        bool, typer.Option("--applied", help="Show also what the stack itself sets, as it applied it last.")
    ] = False,
    cwd: CwdOption = CWD,
    as_json: JsonOption = False,
) -> None:
    """Show one tenant: every value in force, and in brackets where it comes from (plan, default, line of its file)."""
    where = locate_fleet(stack, cwd, directory, zone, today)
    directory, fleet = where.directory, where.load()
    from tenantry.reports.tenant_details import details, tombstone

    gone = next((tombstone for tombstone in fleet.tombstones if tombstone.code == code), None)
    if gone is None and code not in fleet.codes:
        typer.echo(f"{code}: no file of {directory} has this code, the next free one is {fleet.next_code}", err=True)
        raise typer.Exit(1)
    if gone is not None:
        typer.echo(_json(tombstone(gone)) if as_json else "\n".join(_lines(tombstone(gone), {})))
        return
    tenant = fleet[code]
    if not where.holds(tenant.cell):
        typer.echo(f"{code} is of the cell {tenant.cell}, which the stack `{where.stack}` does not hold", err=True)
        raise typer.Exit(1)
    shown = details(tenant)
    shown["config"] = _system(code, where.stack if applied else None, cwd) | shown["config"]
    from tenantry.fleet.load import plans_file
    from tenantry.reports.provenance import leaves, origins

    provenance = origins(directory, plans_file(directory), tenant.spec, tenant.plan)
    where = {key: provenance.of(key) for key, _ in leaves(shown)}
    if as_json:
        typer.echo(_json({**shown, "origins": {".".join(key): origin for key, origin in where.items()}}))
    else:
        typer.echo("\n".join(_lines(shown, where)))


def _system(code: str, stack: str | None, cwd: Path) -> dict[str, Any]:
    """The lowest layer stands in no file: only the stack's record has it."""
    if stack is None:
        return dict.fromkeys(SYSTEM_KEYS)
    from tenantry.cli.last_applied import from_stack
    from tenantry.reports.baseline import BaselineUnavailable, system_of

    try:
        return system_of(code, from_stack(stack, cwd))
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _lines(
    value: Mapping[str, Any], origins: Mapping[tuple[str, ...], str], above: tuple[str, ...] = ()
) -> Iterator[str]:
    indent = "  " * len(above)
    for name, item in value.items():
        key = (*above, name)
        if isinstance(item, Mapping) and item:
            yield f"{indent}{name}:"
            yield from _lines(cast(Mapping[str, Any], item), origins, key)
        else:
            origin = f"  [{origins[key]}]" if key in origins else ""
            yield f"{indent}{name}: {_text(item)}{origin}"


def _text(value: Any) -> str:
    if value is None or value == {}:
        return "-"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in cast(list[Any], value)) or "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
