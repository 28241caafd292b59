"""`tenantry purge`: removes deleted tenants whose days are over, one proved step after the other."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.commands.data.backup import refusals, report_progress, stack_of
from tenantry.cli.commands.stack.up import JsonOption
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption

if TYPE_CHECKING:
    from tenantry.engine.run.operations import Operation
    from tenantry.engine.state.deployment import Deployment
    from tenantry.fleet.load import Fleet
    from tenantry.maintenance.purge.next_step import Next
    from tenantry.model.due_change import DueChange

ROUNDS = 4  # prove, bury, finish, and one to see that nothing is left to do


def _days(value: str | None) -> str | None:
    if value is not None and re.fullmatch(r"[0-9]{1,4}d", value) is None:
        raise typer.BadParameter("a number of days, such as 7d")
    return value


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("purge")(purge)


def purge(
    tenants: Annotated[
        list[str] | None, typer.Argument(autocompletion=codes, help="Codes; everybody who is due without.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which step is next for whom.")] = False,
    within: Annotated[
        str | None, typer.Option("--within", callback=_days, help="Only list who falls due in so many days: 7d.")
    ] = None,
    commit: Annotated[bool, typer.Option("--commit", help="Commit each changed file with git.")] = False,
    up: Annotated[bool, typer.Option("--up", help="Run the stack between the steps, to the end.")] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Take the next step for every deleted tenant that is due.

    First its backup is restored and compared and `status: purged` is written; after a run of the stack the tombstone;
    after another one it is checked that nothing is left. Nothing is removed without a proof.
    """
    with refusals(as_json):
        from tenantry.engine.errors import CommandError, ExitCode

        operation = _operation(cwd, stack)
        steps = _look(operation, tenants)[1]
        if within is not None or dry_run:
            _show(steps, operation, within, as_json)
            return
        failed: dict[str, str] = {}
        for _ in range(ROUNDS if up else 1):
            failed = _recorded_round(operation, tenants, cwd, commit)
            if failed or not up or not _needs_up(_look(operation, tenants)[1]):
                break
            outcome = operation.up()
            if outcome.code:
                raise CommandError(
                    "the run between the steps failed", f"see `tenantry up --stack {stack}`", outcome.code
                )
        steps = _look(operation, tenants)[1]
        _show(steps, operation, None, as_json, failed)
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _operation(cwd: Path, stack: str) -> "Operation":
    from tenantry.cli.run_view import PlainView
    from tenantry.engine.run.operations import Operation
    from tenantry.engine.stack.project import Project

    return Operation(Project.find(cwd), stack, PlainView())


def due_without_request(operation: "Operation") -> "tuple[list[DueChange], Deployment]":
    """Changes that the next run makes though no request says so, and the state that they were looked for in."""
    from datetime import UTC, datetime

    from tenantry.engine.stack.clock import today
    from tenantry.engine.state.shared_rules import codes_with_rules
    from tenantry.maintenance.purge.due_changes import due_changes
    from tenantry.maintenance.purge.stack_memory import stack_memory

    deployment = operation.records.existing()
    fleet, steps = _look(operation, None, deployment)
    changed_at = deployment.changed_at
    last_run = datetime.fromisoformat(changed_at).astimezone(UTC).date() if changed_at else None
    day = today(operation.project, operation.stack)
    ruled = codes_with_rules(deployment)
    return due_changes(fleet, steps, stack_memory(deployment), last_run, day, ruled), deployment


def _look(
    operation: "Operation", codes: list[str] | None, known: "Deployment | None" = None
) -> "tuple[Fleet, list[Next]]":
    """The files, and the next step for each tenant, from a state read anew unless it is `known`."""
    from tenantry.engine.errors import CommandError
    from tenantry.engine.stack.clock import today
    from tenantry.fleet.load import load_fleet
    from tenantry.maintenance.purge.next_step import plan
    from tenantry.maintenance.purge.stack_memory import stack_memory

    project, stack = operation.project, operation.stack
    day, memory = today(project, stack), stack_memory(known or operation.records.existing())
    first = {code: seen.deletion_seen for code, seen in memory.items() if seen.deletion_seen is not None}
    zone = project.zone(stack)
    fleet = load_fleet(project.tenants(stack), zone, today=day, first_seen_deleted=first, unseen=day)
    cells = project.cells(stack)
    own = {tenant.code for tenant in (*fleet.all, *fleet.tombstones) if cells is None or tenant.cell in cells}
    steps = [step for step in plan(fleet, memory, day) if step.code in own]
    if strangers := set(codes or ()) - {step.code for step in steps}:
        raise CommandError(
            f"{', '.join(sorted(strangers))}: not being deleted", "write `status: deleted` and its day first"
        )
    return fleet, [step for step in steps if not codes or step.code in codes]


def _recorded_round(operation: "Operation", codes: list[str] | None, cwd: Path, commit: bool) -> dict[str, str]:
    """`_round`, with its steps in the history of operations."""
    from tenantry.database.history.model import Done, Entry
    from tenantry.engine.run.recording import recorded
    from tenantry.maintenance.purge.next_step import Step

    due = {
        entry.code: entry.step
        for entry in _look(operation, codes)[1]
        if entry.step in (Step.PROVE, Step.BURY, Step.FINISH)
    }
    if not due:
        return _round(operation, codes, cwd, commit)
    journal = operation.journal("purge")
    with recorded(journal) as ending:
        failed = _round(operation, codes, cwd, commit)
        for code, step in due.items():
            outcome = Done.FAILED if code in failed else Done.DONE
            journal.add(Entry(code, "removal", "tenant", code, f"purge {step}", outcome, error=failed.get(code, "")))
        ending.failed("; ".join(f"{code}: {why}" for code, why in failed.items()))
    return failed


def _round(operation: "Operation", codes: list[str] | None, cwd: Path, commit: bool) -> dict[str, str]:
    from tenantry.maintenance.purge.steps import Steps
    from tenantry.maintenance.purge.tenant_file import commit as commit_file

    fleet, planned = _look(operation, codes)

    def wrote(path: Path, message: str) -> None:
        if commit:
            commit_file(operation.project.root, path, message)

    tenants = operation.project.tenants(operation.stack)
    steps = Steps(stack_of(cwd, operation.stack), tenants, report_progress, wrote)
    for step in planned:
        steps.take(fleet, step)
    return steps.failed


def _needs_up(steps: "list[Next]") -> bool:
    from tenantry.maintenance.purge.next_step import Step

    return any(step.step is Step.UP for step in steps)


def _show(
    steps: "list[Next]",
    operation: "Operation",
    within: str | None,
    as_json: bool,
    failed: dict[str, str] | None = None,
) -> None:
    from tenantry.engine.stack.clock import today
    from tenantry.maintenance.purge.next_step import Step
    from tenantry.maintenance.purge.next_step import within as falling_due

    if within is not None:
        steps = list(falling_due(steps, today(operation.project, operation.stack), int(within[:-1])))
    if as_json:
        document = {"tenants": [asdict(step) for step in steps], "failed": failed or {}}
        print(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        return
    for step in steps:
        if step.step is not Step.DONE:
            print(f"{step.code}  {step.step:6}  {(failed or {}).get(step.code, step.why)}")
    if not any(step.step is not Step.DONE for step in steps):
        print(f"nobody falls due{f' within {within}' if within else ''}")
