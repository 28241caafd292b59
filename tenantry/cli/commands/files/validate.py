"""`tenantry validate [DIR]`: every fault of every file, one line each on stderr."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.options import CWD, STACK, CwdOption, DirectoryArgument, StackOption, TodayOption, ZoneOption
from tenantry.engine.stack.fleet_location import FleetLocation, locate_fleet
from tenantry.parsing.faults import Fault, Faults
from tenantry.parsing.regular_file import reading_once
from tenantry.reports.fault_formats import FaultFormat

if TYPE_CHECKING:
    from tenantry.fleet.load import Fleet


BaseOption = Annotated[
    str | None,
    typer.Option("--base", metavar="REF", help="Also compare with this commit, tag or branch, such as origin/main."),
]
UsageOption = Annotated[
    Path | None,
    typer.Option("--usage", metavar="FILE", help="What tenants use, of `usage --json`: no plan below; with --base."),
]
FormatOption = Annotated[
    FaultFormat, typer.Option("--format", help="`github` annotates the lines of a pull request; sarif, json.")
]


def register(app: typer.Typer) -> None:
    app.command("validate")(validate)


def validate(
    directory: DirectoryArgument = None,
    base: BaseOption = None,
    usage: UsageOption = None,
    format_: FormatOption = FaultFormat.TEXT,
    zone: ZoneOption = None,
    today: TodayOption = None,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Check the tenants' files, of all cells, and the migrations beside them: exit 0 when all are fine, else 1.

    The secrets that they refer to are looked up, by name, in the stack's file. Each fault is a line. What is allowed
    and probably a mistake is a line beginning with `warning:`.

    With --base also what a request may not change: a file that vanished, a code, a phone, a cell, a tombstone; and
    whether all are still fine once it is merged. It needs git and no credentials; what tenants use it knows from the
    file of --usage alone (`preview --base` asks the stack).
    """
    if usage is not None and base is None:
        raise typer.BadParameter("is for what a request changes: give --base too", param_hint="--usage")
    where = locate_fleet(stack, cwd, directory, zone, today)
    with reading_once():
        fleet, faults = _load(where)
        if base is not None:
            faults = [*faults, *_against(base, where, faults)]
        if base is not None and usage is not None and not faults:
            faults = _below_use(base, where, usage)
        warnings = _warnings(where, fleet, cwd, base)
    _tell(sorted(set(faults)), warnings, fleet, format_)
    if faults:
        raise typer.Exit(1)


def _tell(faults: list[Fault], warnings: list[Fault], fleet: "Fleet | None", format_: FaultFormat) -> None:
    from tenantry.reports import fault_formats as formats

    gone = len(fleet.tombstones) + len(fleet.purging) if fleet else 0
    tenants = len(fleet.tenants) if fleet else 0
    if format_ in (FaultFormat.SARIF, FaultFormat.JSON):
        faults, warnings = formats.from_repository_root(faults), formats.from_repository_root(warnings)
        log = (
            formats.sarif(faults, warnings, version("tenantry"))
            if format_ is FaultFormat.SARIF
            else formats.as_json(faults, warnings, tenants, gone)
        )
        typer.echo(formats.to_text(log))
        return
    if format_ is FaultFormat.GITHUB:
        placed = formats.from_repository_root(faults), formats.from_repository_root(warnings)
        for line in formats.github_commands(*placed):
            typer.echo(line)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    if faults:
        files = len({fault.file for fault in faults})
        typer.echo(f"{_count(len(faults), 'fault')} in {_count(files, 'file')}")
        typer.echo(str(Faults(faults)), err=True)
    else:
        said = f", {_count(len(warnings), 'warning')}" if warnings else ""
        typer.echo(f"{_count(tenants, 'tenant')} and {_count(gone, 'tombstone')} are fine{said}")


def _against(base: str, where: FleetLocation, own: list[Fault]) -> list[Fault]:
    from tenantry.changes.check import request_faults
    from tenantry.reports.baseline import BaselineUnavailable

    try:
        return request_faults(base, where.directory, where.zone, where.today, own)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None


def _below_use(base: str, where: FleetLocation, usage: Path) -> list[Fault]:
    from tenantry.changes.request_facts import both_sides
    from tenantry.changes.use_limits import read_usage, use_faults
    from tenantry.reports.baseline import BaselineUnavailable

    used = read_usage(usage)
    try:
        sides = both_sides(base, where)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
    return list(use_faults(sides.base, sides.head, used, where.directory))


def _warnings(where: FleetLocation, fleet: "Fleet | None", cwd: Path, base: str | None) -> list[Fault]:
    """Only of files that could be read together. Of a reference that can be read: `_against` asks for it first."""
    if fleet is None:
        return []
    from tenantry.changes.new_tenant import free_code
    from tenantry.reports.likely_mistakes import likely_mistakes

    def free(codes: Iterable[str], below: str) -> str:
        return free_code(where.directory, codes, below)

    before = None
    if base is not None:
        from tenantry.changes.check import taken_codes

        before = taken_codes(base, where.directory)
    return sorted([*likely_mistakes(where.directory, fleet, before, free), *_unused_secrets(where, fleet, cwd)])


def _load(where: FleetLocation) -> "tuple[Fleet | None, list[Fault]]":
    """The files, and the faults of the files and of the migrations; None where there are some in the files."""
    from tenantry.database.migrations import FOLDER, unfit_sets

    sets = where.directory.absolute().parent / FOLDER
    unfit = [Fault(str(folder), 1, "migrations", fault.reason, fault.remedy) for folder, fault in unfit_sets(sets)]
    try:
        return where.load(with_secrets=True), unfit
    except Faults as faults:
        return None, [*faults.faults, *unfit]


def _unused_secrets(where: FleetLocation, fleet: "Fleet", cwd: Path) -> Iterator[Fault]:
    """Each at its line of the stack's file."""
    if where.secrets is None:
        return
    from tenantry.engine.stack.project import Project
    from tenantry.engine.stack.stack_file import line_of

    file = Project.find(cwd).file(where.stack)
    for key, problem, remedy in where.secrets.unused(tenant.spec for tenant in fleet.all):
        yield Fault(file.name, line_of(file, key), key, problem, remedy)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
