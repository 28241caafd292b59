"""`tenantry verify`: attacks the live stack as its tenants, and shows what held."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.cli.commands.stack.up import JsonOption
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption

if TYPE_CHECKING:
    from tenantry.inspection.verify.core.attack import Result
    from tenantry.inspection.verify.report import Report

UNREACHABLE = 2  # also what a wrong call ends with; 1 says that something was tried and did not hold
MINUTES = 15
_SHOWN = 40  # findings on a terminal; all of them are in --json
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)


def verify(
    tenants: Annotated[
        list[str] | None, typer.Argument(autocompletion=codes, help="Codes; all without any.", metavar="[TENANT]...")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", "-o", help="An attack or a whole domain (database, storage, ...).")
    ] = None,
    catalogue: Annotated[bool, typer.Option("--list", help="Show the attacks and the control each proves.")] = False,
    matrix: Annotated[bool, typer.Option("--matrix", help="Also show who reaches whom in the network.")] = False,
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, max=1440, help="After so long nothing more is begun.")
    ] = MINUTES,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Attack the live stack with each tenant's own credentials: nobody may reach, starve or impersonate another.

    Needs the administrator's environment (`. .local/env`): with it tenants' credentials are read and tokens are asked
    for. Writes nothing that stays: attempts on Kubernetes are dry runs, SQL is rolled back, objects have names of their
    own and are removed. For the time of a run a user that nobody can be gets rights past RBAC, to try the admission
    rules with.

    Most attempts are of one tenant on another: twice the tenants take four times as long. 13 tenants take under two
    minutes, 45 about fifteen. What is not tried in --minutes is unclear; to split it, name a part of the tenants.

    Exit code: 0 all held, 1 a hole, something broken or unclear, 2 not reachable or called wrongly, 130 interrupted.
    """
    if catalogue:
        _show_catalogue(as_json)
        return
    report = _report(stack, cwd, tenants or [], only or [], minutes, as_json)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        _show(report, matrix)
    raise typer.Exit(report.code)


def _report(stack: str, cwd: Any, tenants: Sequence[str], only: Sequence[str], minutes: int, as_json: bool) -> "Report":
    import os

    from tenantry.engine.errors import CommandError, ExitCode
    from tenantry.engine.stack.project import Project
    from tenantry.inspection.verify.core.target import read
    from tenantry.inspection.verify.run import verify as attack

    try:
        return attack(read(Project.find(cwd), stack, dict(os.environ)), tenants, only, limit_s=minutes * 60.0)
    except CommandError as refusal:
        text = str(refusal)
    except (ValueError, OSError) as error:
        text = str(error)
    except KeyboardInterrupt:  # before the first attempt: nothing was written
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        print(json.dumps({"result": "refused", "errors": [{"text": text}]}, ensure_ascii=False, indent=1))
    print(text, file=sys.stderr)
    raise typer.Exit(UNREACHABLE)


def _show_catalogue(as_json: bool) -> None:
    from tenantry.inspection.verify.catalogue import ATTACKS

    if as_json:
        rows = [
            {"id": attack.id, "domain": attack.domain, "control": attack.control, "tries": attack.tries}
            for attack in ATTACKS
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    _table(("attack", "control", "tries"), [(attack.id, attack.control, attack.tries) for attack in ATTACKS])


def _show(report: "Report", matrix: bool) -> None:
    from tenantry.inspection.verify.report import EVALUATED

    states = ("held", "hole", "broken", "unclear")
    rows = [
        (
            row["attack"],
            row["control"],
            row["tries"],
            str(row["attempts"]),
            *(str(row[state] or "") for state in states),
        )
        for row in report.summary
    ]
    _table(("attack", "control", "tries", "attempts", *states), rows)
    for line in _findings(report):
        print(line)
    if report.untried:
        print(
            f"{report.untried} of {len(report.results)} attempts were not tried in the time that there was: nothing is "
            "known of these; give it more with --minutes, or name a part of the tenants"
        )
    for object_name in report.left:
        print(f"could not be removed: {object_name}")
    if report.matrix and matrix:
        print("\n".join(report.matrix))
    if report.matrix:
        print(EVALUATED)
    held = len(report.results) - len(report.bad)
    word = "interrupted: " if report.interrupted else ""
    print(
        f"{word}{len(report.results)} attempts on {len(report.tenants)} tenants in {report.seconds:.0f} s: "
        f"{held} held, {len(report.bad)} did not"
    )


def _findings(report: "Report") -> Iterator[str]:
    """Every hole, and of the others as many as fit; behind each kind what to do about it."""
    from tenantry.inspection.verify.core.attack import State
    from tenantry.inspection.verify.report import REMEDIES
    from tenantry.inspection.verify.runner import NOT_TRIED

    room = _SHOWN
    for state, remedy in REMEDIES.items():
        results = [
            result for result in report.bad if result.verdict.state is state and result.verdict.said != NOT_TRIED
        ]
        shown = results if state is State.HOLE else results[: max(room, 1)]
        room -= len(shown)
        yield from map(_finding, shown)
        if len(results) > len(shown):
            yield f"... and {len(results) - len(shown)} more {state.value}: see --json"
        if results:
            yield f"  {state.value}: {remedy}"


def _finding(result: "Result") -> str:
    who = f"{result.tenant} -> {result.target}" if result.tenant else result.target
    verdict, attack = result.verdict, result.attack
    return f"{verdict.state.value.upper()} {attack.id}: {who}: {verdict.said} ({attack.control})"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
