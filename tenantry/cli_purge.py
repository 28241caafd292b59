"""`tenantry purge`: removes deleted tenants whose days are over, one proved step after the other."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli_backup import FAILED, refusals, say, stack_of
from tenantry.cli_options import CWD, STACK, CwdOption, StackOption
from tenantry.cli_up import JsonOption

if TYPE_CHECKING:
    from tenantry.engine.operations import Operation
    from tenantry.fleet import Fleet
    from tenantry.purge.plan import Next

ROUNDS = 4  # prove, bury, finish, and one to see that nothing is left to do


def _days(value: str | None) -> str | None:
    if value is not None and re.fullmatch(r"[0-9]{1,4}d", value) is None:
        raise typer.BadParameter("a number of days, such as 7d")
    return value


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("purge")(purge)


def purge(
    tenants: Annotated[list[str] | None, typer.Argument(help="Codes; everybody who is due without.")] = None,
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
        from tenantry.engine.refusal import Refusal

        operation = _operation(cwd, stack)
        found = _look(operation, tenants)[1]
        if within is not None or dry_run:
            _show(found, operation, within, as_json)
            return
        failed: dict[str, str] = {}
        for _ in range(ROUNDS if up else 1):
            failed = _recorded_round(operation, tenants, cwd, commit)
            if failed or not up or not _needs_up(_look(operation, tenants)[1]):
                break
            outcome = operation.up()
            if outcome.code:
                raise Refusal("the run between the steps failed", f"see `tenantry up --stack {stack}`", outcome.code)
        found = _look(operation, tenants)[1]
        _show(found, operation, None, as_json, failed)
    if failed:
        raise typer.Exit(FAILED)


def _operation(cwd: Path, stack: str) -> "Operation":
    from tenantry.cli_up_view import PlainView
    from tenantry.engine.operations import Operation
    from tenantry.engine.project import Project

    return Operation(Project.find(cwd), stack, PlainView())


def _look(operation: "Operation", codes: list[str] | None) -> "tuple[Fleet, list[Next]]":
    """The files, and the next step for each tenant, from a state read anew."""
    from tenantry.clock import today
    from tenantry.engine.refusal import Refusal
    from tenantry.fleet import load_fleet
    from tenantry.purge.memory import seen
    from tenantry.purge.plan import plan

    project, stack = operation.project, operation.stack
    day, memory = today(project, stack), seen(operation.records.existing())
    first = {code: one.deletion_seen for code, one in memory.items() if one.deletion_seen is not None}
    zone = project.zone(stack)
    fleet = load_fleet(project.tenants(stack), zone, today=day, first_seen_deleted=first, unseen=day)
    cells = project.cells(stack)
    mine = {one.code for one in (*fleet.all, *fleet.tombstones) if cells is None or one.cell in cells}
    found = [one for one in plan(fleet, memory, day) if one.code in mine]
    if strangers := set(codes or ()) - {one.code for one in found}:
        raise Refusal(f"{', '.join(sorted(strangers))}: not being deleted", "write `status: deleted` and its day first")
    return fleet, [one for one in found if not codes or one.code in codes]


def _recorded_round(operation: "Operation", codes: list[str] | None, cwd: Path, commit: bool) -> dict[str, str]:
    """`_round`, with its steps in the history of operations."""
    from tenantry.engine.recording import recorded
    from tenantry.history.model import Done, Entry
    from tenantry.purge.plan import Step

    due = {one.code: one.step for one in _look(operation, codes)[1] if one.step in (Step.PROVE, Step.BURY, Step.FINISH)}
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
    from tenantry.purge.files import commit as commit_file
    from tenantry.purge.steps import Steps

    fleet, found = _look(operation, codes)

    def wrote(path: Path, message: str) -> None:
        if commit:
            commit_file(operation.project.root, path, message)

    tenants = operation.project.tenants(operation.stack)
    steps = Steps(stack_of(cwd, operation.stack), tenants, say, wrote)
    for one in found:
        steps.take(fleet, one)
    return steps.failed


def _needs_up(found: "list[Next]") -> bool:
    from tenantry.purge.plan import Step

    return any(one.step is Step.UP for one in found)


def _show(
    found: "list[Next]",
    operation: "Operation",
    within: str | None,
    as_json: bool,
    failed: dict[str, str] | None = None,
) -> None:
    from tenantry.clock import today
    from tenantry.purge.plan import Step
    from tenantry.purge.plan import within as falling_due

    if within is not None:
        found = list(falling_due(found, today(operation.project, operation.stack), int(within[:-1])))
    if as_json:
        document = {"tenants": [asdict(one) for one in found], "failed": failed or {}}
        print(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        return
    for one in found:
        if one.step is not Step.DONE:
            print(f"{one.code}  {one.step:6}  {(failed or {}).get(one.code, one.why)}")
    if not any(one.step is not Step.DONE for one in found):
        print(f"nobody falls due{f' within {within}' if within else ''}")
