"""`tenantry drift`: looks for what others have changed, and mends what is safe."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.changes.report.report_format import ReportFormat
from tenantry.cli.commands.stack.up import previewed, refusals
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption, stack_list
from tenantry.engine.errors import CommandError
from tenantry.parsing.faults import Faults

if TYPE_CHECKING:
    from tenantry.inspection.drift.model import Drift

RepairOption = Annotated[
    bool,
    typer.Option(
        "--repair", help="Mend what is safe, then look again. Never removes volumes, databases, schemas, objects."
    ),
]
FormatOption = Annotated[ReportFormat, typer.Option("--format", help="Form of what is found.")]


def register(app: typer.Typer) -> None:
    app.command("drift")(drift)


def drift(
    stack: StackOption = STACK,
    repair: RepairOption = False,
    form: FormatOption = ReportFormat.TEXT,
    cwd: CwdOption = CWD,
) -> None:
    """Find what others have changed, tenant by tenant, and what is there that nobody declared. Changes nothing.

    Reads every declared resource, and looks beside them: in the tenants' namespaces, their databases and roles, at
    RAM and in the zone (docs/drift.md). `up` alone sees nothing of it.

    Exit 0: nothing differs. 5: harmless. 6: a quota, a limit or access. 7: isolation is broken or data is at risk.
    3: something could not be looked at. 4: a run has changed the stack meanwhile.
    """
    with refusals(as_json=False):
        try:
            result = _found(stack, cwd, repair=repair)
        except (Faults, CommandError) as reason:
            if form is not ReportFormat.TEXT:  # whoever reads the file learns that nobody has looked, and why
                sys.stdout.write(written(_nothing_seen(stack.rpartition("/")[2], reason), form))
            raise
    sys.stdout.write(written(result, form))
    raise typer.Exit(result.exit_code)


def _found(stack: str, cwd: Path, *, repair: bool) -> "Drift":
    from tenantry.inspection.drift.last_look import record_look
    from tenantry.inspection.drift.look import look
    from tenantry.inspection.drift.repair import repair as mend

    operation, watcher = previewed(stack, None, cwd)
    with watcher:
        result = mend(operation) if repair else look(operation).drift
        if not result.unseen and (why := record_look(operation.server, result)):
            watcher.say(why)
    return result


def _nothing_seen(stack: str, reason: Exception) -> "Drift":
    from tenantry.changes.report.findings import masked
    from tenantry.inspection.drift.model import Drift

    return Drift(stack, datetime.now(UTC).isoformat(timespec="seconds"), 0, 0.0, unseen=(masked(str(reason)),))


def written(result: "Drift", form: ReportFormat) -> str:
    """Ends with a new line."""
    from tenantry.inspection.drift.markdown import markdown
    from tenantry.inspection.drift.saved import to_json
    from tenantry.inspection.drift.text import plain_text

    match form:
        case ReportFormat.TEXT:
            return plain_text(result)
        case ReportFormat.MARKDOWN:
            return markdown([result])
        case ReportFormat.JSON:
            return to_json(result)


def read_looks(files: list[Path]) -> "list[Drift]":
    """One of each stack: of one that comes twice the later counts. Raises Refusal where a file is none."""
    from tenantry.changes.report.request_report import UnreadableReportError
    from tenantry.inspection.drift.saved import from_json

    looks: dict[str, Drift] = {}
    for file in files:
        try:
            look = from_json(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {getattr(error, 'strerror', error)}", "name a saved look for drift") from None
        except UnreadableReportError as error:
            raise CommandError(f"{file}: {error}", "save it anew: `tenantry drift --format json`") from None
        looks[look.stack] = look
    return [looks[name] for name in sorted(looks)]


def read_all(files: list[Path], stacks: str) -> "list[Drift]":
    """One of each of the stacks, a JSON list. A look that is missing or unreadable has seen nothing, and says so."""
    from tenantry.inspection.drift.model import Drift

    wanted = stack_list(stacks)
    looks: dict[str, Drift] = {}
    for file in files:
        try:
            looks |= {look.stack: look for look in read_looks([file])}
        except CommandError as error:
            typer.echo(f"{error}", err=True)
    for stack in wanted:
        nobody = "nobody has looked: the job has left no result, see its log"
        looks.setdefault(stack, Drift(stack, "never", 0, 0.0, unseen=(nobody,)))
    return [looks[name] for name in sorted(looks)]
