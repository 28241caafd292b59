"""`tenantry up --all-stacks`: a stack and those that stand on its platform, in waves."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tenantry.maintenance.cells.site import PlacedStack


def up_all_stacks(
    stack: str,
    cwd: Path,
    arguments: Sequence[str],
    *,
    most: int | None,
    is_forced: bool,
    is_resumed: bool,
    as_json: bool,
) -> None:
    """Ends with the exit code of the whole. `arguments` go to the run of each stack."""
    from tenantry.cli.run_view import PlainView
    from tenantry.engine.errors import CommandError
    from tenantry.engine.run.operations import Operation
    from tenantry.engine.stack.project import Project
    from tenantry.engine.state.process_lock import exclusive, run_directory
    from tenantry.maintenance.cells import run
    from tenantry.maintenance.cells.health import PATIENCE_SECONDS, problems_of
    from tenantry.maintenance.cells.process import StackProcesses, at_once
    from tenantry.maintenance.cells.site import placed_stacks
    from tenantry.maintenance.cells.standing import unchanged
    from tenantry.maintenance.cells.stopped_run import StoppedRun

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    project = Project.find(cwd)
    stacks = placed_stacks(project, [stack])
    names = {name for place in stacks for name in (place.name, place.site) if project.file(name).is_file()}
    operations = {name: Operation(project, name, PlainView()) for name in names}
    first = operations[project.stack(stack)]
    stopped = StoppedRun.of(first)
    processes = StackProcesses(project.root, arguments, say)

    def problems(place: "PlacedStack", waits: bool) -> list[str]:
        return problems_of(operations[place.name], PATIENCE_SECONDS if waits else 0, processes.pause)

    work = run.Work(lambda turn: unchanged(operations, turn), processes.up, problems, say, stopped.write)
    with exclusive(run_directory(first.environment), f"{first.cli.key}-all", first.stack), processes.interruptible():
        settled = stopped.read() if is_resumed else frozenset[str]()
        if settled is None:
            raise CommandError(f"no run over `{stack}` has stopped here", "leave --resume out")
        stopped.write(settled)  # also a run that is killed in its first wave can be resumed, and none before it
        results = run.AllStacks(stacks, work, most or at_once(), is_forced, settled).run()
        code = run.code_of(results)
        if not code:
            stopped.remove()
    if as_json:
        document = {"result": code.name.lower(), "stacks": [result.as_json() for result in results]}
        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(run.summary(results)))
    raise typer.Exit(code)
