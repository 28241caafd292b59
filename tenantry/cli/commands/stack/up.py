"""`tenantry up`, `preview`, `status` and `destroy`: shows a run to a person, or as JSON to a program."""

import json
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.changes.report.report_format import ReportFormat
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption
from tenantry.parsing.faults import Faults

if TYPE_CHECKING:
    from tenantry.engine.run.engine_process import RunListener
    from tenantry.engine.run.operations import Operation, Outcome

JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, progress on the other.")
]
ParallelOption = Annotated[int | None, typer.Option("--parallel", "-p", min=1, help="Operations at once.")]
RefreshOption = Annotated[
    bool, typer.Option("--refresh", "-r", help="First read all that the stack holds: finds what others have changed.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Accepted and implied: nothing is ever asked.")]


def register(app: typer.Typer) -> None:
    """Adds the sub-commands."""
    for name, command in (("up", up), ("preview", preview), ("status", status), ("destroy", destroy)):
        app.command(name)(command)


def up(
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    parallel: ParallelOption = None,
    refresh: RefreshOption = False,
    cwd: CwdOption = CWD,
    yes: YesOption = True,
    approved: Annotated[
        list[Path] | None,
        typer.Option(
            "--approved",
            help="Preview first, and stop before any change if it is more than this report, or a folder's; repeatable.",
        ),
    ] = None,
    all_stacks: Annotated[
        bool, typer.Option("--all-stacks", help="Also the stacks that stand on this one's platform (docs/scale.md).")
    ] = False,
    wave: Annotated[
        int | None,
        typer.Option("--wave", min=1, max=64, help="With --all-stacks: stacks at once; else what this machine takes."),
    ] = None,
    also_unchanged: Annotated[
        bool, typer.Option("--all", help="With --all-stacks: also those that are made from the same already.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="With --all-stacks: go on with the run that has stopped.")
    ] = False,
) -> None:
    """Make the tenants real: converge the stack, recovering what an earlier run left behind.

    Without --refresh it compares the files with what its last run made, not with what is there: what somebody has
    changed or removed by other means stays so until a run with --refresh. What nobody declared `drift` alone finds.

    With --all-stacks the stack itself goes first, then a canary, then the others in waves, each as a process of its
    own. It passes by what is made from the same already, looks at the tenants behind each wave, and stops there.
    """
    if all_stacks:
        from tenantry.cli.commands.stack.all_stacks import up_all_stacks

        if approved:
            raise typer.BadParameter("is the report of one stack: run each by itself", param_hint="--approved")
        arguments = ["--refresh"] * refresh + ([] if parallel is None else ["--parallel", str(parallel)])
        with refusals(as_json):
            up_all_stacks(
                stack, cwd, arguments, most=wave, is_forced=also_unchanged, is_resumed=resume, as_json=as_json
            )
    beside = {"--wave": wave is not None, "--all": also_unchanged, "--resume": resume}
    if alone := [option for option, is_given in beside.items() if is_given]:
        raise typer.BadParameter("is for --all-stacks", param_hint=alone[0])

    def action(operation: "Operation") -> "Outcome":
        is_new = operation.records.read() is None
        outcome = _up(operation)
        outcome.reminder = "" if is_new else _reminder(operation)
        return outcome

    def _up(operation: "Operation") -> "Outcome":
        if not approved:
            return operation.up(refresh=refresh)
        from tenantry.cli.commands.requests.request_report import refuse_beyond

        with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
            plan = None if refresh else Path(folder) / "plan.json"  # reading changes what a plan was made of
            refuse_beyond(operation, approved, refresh=refresh, plan=plan)
            return operation.up(refresh=refresh, plan=plan)

    _run(action, stack, as_json, parallel, cwd)


def _reminder(operation: "Operation") -> str:
    """A reminder that nobody has looked for drift within a day, as far as the admin database says it."""
    from datetime import UTC, datetime

    from tenantry.inspection.drift.last_look import read_last_look

    known = read_last_look(operation.server, operation.stack)
    return known.reminder(datetime.now(UTC)) if known is not None else ""


def preview(
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    parallel: ParallelOption = None,
    refresh: RefreshOption = False,
    cwd: CwdOption = CWD,
    base: Annotated[
        str | None, typer.Option("--base", help="Report it as the change of a request against this revision.")
    ] = None,
    form: Annotated[ReportFormat | None, typer.Option("--format", help="Form of the report of a request.")] = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", help="The request's own last commit, where its files are laid over another; for --base."
        ),
    ] = None,
) -> None:
    """Show what `up` would change, tenant by tenant.

    With --base or --format as the report of a request, by what it means to whom (docs/report.md). Its exit code
    then is the gravest: 0 nothing, 5 additions, 6 somebody gets less, 7 deletion, replacement or isolation.
    """
    if base is not None or form is not None or head is not None:
        if as_json:
            raise typer.BadParameter(
                "is the outcome of the engine: leave it out with --base, --head or --format", param_hint="--json"
            )
        from tenantry.cli.commands.requests.request_report import preview_report

        if head is not None and base is None:
            raise typer.BadParameter("names what is compared with a base: give --base too", param_hint="--head")
        preview_report(stack, cwd, base, form or ReportFormat.TEXT, head, parallel=parallel, refresh=refresh)
    _run(lambda operation: operation.preview(refresh=refresh), stack, as_json, parallel, cwd, is_preview=True)


def destroy(
    yes_destroy: Annotated[str | None, typer.Option("--yes-destroy", help="The stack's name, once more.")] = None,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    parallel: ParallelOption = None,
    cwd: CwdOption = CWD,
) -> None:
    """Remove everything a stack holds; refused while tenants live unless its configuration allows it."""

    def action(operation: "Operation") -> "Outcome":
        from tenantry.engine.state.destroy_guard import check_destroy
        from tenantry.engine.state.tenant_rows import rows

        check_destroy(operation.project, operation.stack, rows(operation.records.read()), yes_destroy)
        operation.records.existing()
        return operation.destroy()

    _run(action, stack, as_json, parallel, cwd)


def status(stack: StackOption = STACK, as_json: JsonOption = False, cwd: CwdOption = CWD) -> None:
    """Show the tenants, and how the last run ended. Changes nothing."""
    with refusals(as_json):
        from tenantry.cli.run_view import show_status
        from tenantry.cli.stack_status import status as look

        operation = _operation(stack, None, cwd, _watcher(as_json))
        stack_status = replace(look(operation), reminder=_reminder(operation))
        if as_json:
            _print_json(stack_status.as_json())
        else:
            show_status(stack_status)


def _run(
    action: "Callable[[Operation], Outcome]",
    stack: str,
    as_json: bool,
    parallel: int | None,
    cwd: Path,
    is_preview: bool = False,
) -> None:
    with refusals(as_json):
        from tenantry.cli.run_view import show_outcome

        watcher = _watcher(as_json)
        with watcher:
            outcome = action(_operation(stack, parallel, cwd, watcher))
        if as_json:
            _print_json(outcome.as_json())
        else:
            show_outcome(outcome, is_preview)
    raise typer.Exit(outcome.code)


def operation(stack: str, cwd: Path) -> "Operation":
    """For commands beside `up` that only need what the stack says."""
    return _operation(stack, None, cwd, _watcher(False))


def previewed(stack: str, parallel: int | None, cwd: Path) -> "tuple[Operation, Any]":
    """For a command that shows the outcome in its own form: with who shows the run on standard error."""
    watcher = _watcher(False)
    return _operation(stack, parallel, cwd, watcher), watcher


def _operation(stack: str, parallel: int | None, cwd: Path, watcher: "RunListener") -> "Operation":
    from tenantry.engine.run.operations import Operation
    from tenantry.engine.stack.project import Project

    return Operation(Project.find(cwd), stack, watcher, parallel=parallel)


def _watcher(as_json: bool) -> Any:
    from tenantry.cli.run_view import LiveView, PlainView

    return LiveView() if sys.stderr.isatty() and not as_json else PlainView()


@contextmanager
def refusals(as_json: bool) -> Generator[None]:
    """Prints a command's error as lines or as JSON, and ends with its exit code."""
    from tenantry.engine.errors import CommandError, ExitCode

    def tell(code: ExitCode, *texts: str) -> None:
        if as_json:
            _print_json({"result": code.name.lower(), "errors": [{"text": text} for text in texts]})

    try:
        yield
    except Faults as faults:
        tell(ExitCode.REFUSED, *map(str, faults.faults))
        raise  # main prints them, as for every other command
    except CommandError as refusal:
        tell(refusal.code, str(refusal))
        print(refusal, file=sys.stderr)
        raise typer.Exit(refusal.code) from None
    except KeyboardInterrupt:  # between two calls of the engine: nothing runs, the next run goes on from here
        tell(ExitCode.INTERRUPTED, "interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1))
