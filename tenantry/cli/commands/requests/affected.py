"""`tenantry affected`: the stacks that a request touches, for people and for a pipeline's jobs."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tenantry.cli.completion import stacks
from tenantry.cli.options import CWD, CwdOption
from tenantry.engine.errors import ExitCode

if TYPE_CHECKING:
    from tenantry.maintenance.cells.affected import AffectedStack

_SHOWN: Final = 3  # files of a stack, on its line


class Form(StrEnum):
    """Form of the list."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("affected")(affected)


def affected(
    base: Annotated[str, typer.Option("--base", help="The commit, tag or branch to compare the work tree with.")],
    stack: Annotated[
        list[str] | None,
        typer.Option(
            "--stack",
            "-s",
            autocompletion=stacks,
            help="This stack and those that stand on its platform; repeatable. Not given: all but the embedded ones.",
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Form of the list.")] = Form.TEXT,
    matrix: Annotated[
        bool,
        typer.Option("--matrix", help="As JSON, lists of stacks: those of a list may run at once, list after list."),
    ] = False,
    cwd: CwdOption = CWD,
) -> None:
    """Show which stacks the changed files touch, in the order of their runs. Changes nothing, needs no credential.

    A site's own stack goes first, then a canary, then the other cells (docs/scale.md); a list of --matrix holds at most
    256 stacks. It goes by the files since the branch left --base: a date that is over today is in none of them.
    """
    from tenantry.engine.stack.project import Project
    from tenantry.maintenance.cells.affected import affected_stacks
    from tenantry.maintenance.cells.site import waves
    from tenantry.reports.baseline import BaselineUnavailable

    try:
        result = affected_stacks(Project.find(cwd), base, stack or ())
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(ExitCode.REFUSED) from None
    if matrix:
        typer.echo(json.dumps([[place.name for place in wave] for wave in waves([entry.stack for entry in result])]))
    elif form is Form.JSON:
        typer.echo(json.dumps([entry.as_json() for entry in result], ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(_lines(result)))


def _lines(result: "Sequence[AffectedStack]") -> list[str]:
    width = max((len(entry.stack.name) for entry in result), default=0)
    return [f"{entry.stack.name:{width}}  {entry.stack.turn:6}  {_some(entry.files)}" for entry in result] or [
        "no stack is touched"
    ]


def _some(files: Sequence[str]) -> str:
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return ", ".join(files[:_SHOWN]) + more
