"""`tenantry affected`: the stacks that a request or a deploy touches, for people and for a pipeline's jobs."""

import json
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tenantry.cli.completion import stacks as completed
from tenantry.cli.options import CWD, CwdOption, stack_list
from tenantry.engine.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from tenantry.engine.stack.project import Project
    from tenantry.maintenance.cells.affected import AffectedStack

AUTO: Final = "auto"
_SHOWN: Final = 3  # files of a stack, on its line


class Form(StrEnum):
    """Form of the list."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"  # a line for each turn, as GITHUB_OUTPUT takes it: site=["prod"]


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("affected")(affected)


def affected(
    base: Annotated[
        str,
        typer.Option(
            "--base", help="The commit, tag or branch to compare the work tree with; `auto`: the last deploy's."
        ),
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="In place of --base: whatever has changed.")] = False,
    stack: Annotated[
        list[str] | None,
        typer.Option(
            "--stack",
            "-s",
            autocompletion=completed,
            help="This stack and those that stand on its platform; repeatable. Not given: all but the embedded ones.",
        ),
    ] = None,
    stacks: Annotated[
        str, typer.Option("--stacks", help="These stacks alone, a JSON list; of the same turn they keep its order.")
    ] = "",
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

    With `--base auto`, at GitHub, it goes by the run of deploy.yml before this one; all stacks where that failed.
    """
    from tenantry.engine.stack.project import Project
    from tenantry.maintenance.cells.affected import AffectedStack, affected_stacks
    from tenantry.maintenance.cells.site import listed_stacks, placed_stacks, waves
    from tenantry.reports.baseline import BaselineUnavailable

    if bool(base) is every:
        raise CommandError("stacks are chosen by --base REF or by --all", "give one of them")
    project = Project.find(cwd)
    names = _names(project, stacks, stack)
    placed = placed_stacks(project, stack or ()) if names is None else listed_stacks(project, names)
    since = None if every else _last_deploy(project) if base == AUTO else base
    try:
        result = [AffectedStack(place, ()) for place in placed]
        result = result if since is None else affected_stacks(project, since, placed)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(ExitCode.REFUSED) from None
    if names:
        result.sort(key=lambda entry: names.index(entry.stack.name))
    if matrix:
        lists = waves([entry.stack for entry in result])
        typer.echo(json.dumps([[place.name for place in wave] for wave in lists]))
    else:
        typer.echo("\n".join(_shown(result, form)))


def _names(project: "Project", stacks: str, stack: list[str] | None) -> list[str] | None:
    """The stacks of `--stacks` by their short names; None without it. Raises CommandError for what is no such list."""
    if not stacks:
        return None
    if stack:
        raise CommandError("--stack and --stacks are two ways of choosing", "give one of them")
    return [project.stack(name) for name in stack_list(stacks)]


def _last_deploy(project: "Project") -> str | None:
    from tenantry.changes.forge.deployed_before import deployed_before
    from tenantry.changes.forge.github_runs import Runs

    run = os.environ.get("GITHUB_RUN_ID", "")

    def say(text: str) -> None:
        typer.echo(text, err=True)

    return deployed_before(Runs.of_workflow(os.environ), int(run) if run else None, Path(project.root), say)


def _shown(result: "Sequence[AffectedStack]", form: Form) -> list[str]:
    if form is Form.GITHUB:
        return _turns(result)
    if form is Form.JSON:
        return [json.dumps([entry.as_json() for entry in result], ensure_ascii=False, indent=1)]
    width = max((len(entry.stack.name) for entry in result), default=0)
    return [f"{entry.stack.name:{width}}  {entry.stack.turn:6}  {_some(entry.files)}".rstrip() for entry in result] or [
        "no stack is touched"
    ]


def _turns(result: "Sequence[AffectedStack]") -> list[str]:
    """Raises CommandError where a turn has more stacks than one matrix of GitHub may have."""
    from tenantry.maintenance.cells.site import MOST_AT_ONCE, Turn

    named = {turn: [entry.stack.name for entry in result if entry.stack.turn is turn] for turn in Turn}
    for turn, names in named.items():
        if len(names) > MOST_AT_ONCE:
            problem = f"{len(names)} stacks have the turn `{turn}`, a matrix of GitHub takes {MOST_AT_ONCE}"
            raise CommandError(problem, "run them by `tenantry up --all-stacks`, or a workflow for each site")
    return [f"{turn}={json.dumps(names)}" for turn, names in named.items()]


def _some(files: Sequence[str]) -> str:
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return ", ".join(files[:_SHOWN]) + more
