"""`tenantry show CODE`: one tenant as it works out, derived names and values in force."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

import typer

from tenantry.cli_options import DIRECTORY, ZONE, DirectoryOption, JsonOption, TodayOption, ZoneOption, load
from tenantry.names import is_code


def _code(value: str) -> str:
    if not is_code(value):
        raise typer.BadParameter("a tenant's code is k and 3 to 6 digits, such as k001")
    return value


def register(app: typer.Typer) -> None:
    app.command("show")(show)


def show(
    code: Annotated[str, typer.Argument(callback=_code, help="The tenant's code, such as k001.")],
    directory: DirectoryOption = DIRECTORY,
    zone: ZoneOption = ZONE,
    today: TodayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one tenant: derived names, and the values in force after plan and file."""
    fleet = load(directory, zone, today)
    from tenantry.report import details, tombstone

    gone = next((one for one in fleet.tombstones if one.code == code), None)
    if gone is None and code not in fleet.codes:
        typer.echo(f"{code}: no file of {directory} has this code, the next free one is {fleet.next_code}", err=True)
        raise typer.Exit(1)
    shown = tombstone(gone) if gone else details(fleet[code])
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(shown)))


def _lines(value: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield f"{indent}{key}:"
            yield from _lines(cast(Mapping[str, Any], item), indent + "  ")
        else:
            yield f"{indent}{key}: {_text(item)}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in cast(list[Any], value)) or "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
