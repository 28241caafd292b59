"""`tenantry doctor`: what is wrong before the first run, each with what to do about it."""

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.options import CWD, STACK, CwdOption, JsonOption, StackOption

if TYPE_CHECKING:
    from tenantry.inspection.doctor.model import Report

_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    stack: StackOption = STACK,
    every: Annotated[bool, typer.Option("--all", "-a", help="Show also what is good.")] = False,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Look whether a stack's settings, cluster, database server and account are what a run needs.

    Only asks: nothing is written anywhere. With each thing that is wrong stands what to do. On the embedded default it
    says what is not real there.

    Exit code: 0 nothing is wrong, 1 something is wrong or could not be asked, 2 called wrongly.
    """
    from tenantry.engine.stack.project import Project
    from tenantry.inspection.doctor.catalogue import CHECKS
    from tenantry.inspection.doctor.gather import gather
    from tenantry.inspection.doctor.model import examine

    if sys.stderr.isatty():
        print("asking the cluster, the database server and Alibaba Cloud ...", file=sys.stderr)
    report = examine(gather(Project.find(cwd), stack, dict(os.environ)), CHECKS)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        _show(report, every)
    raise typer.Exit(report.code)


def _show(report: "Report", every: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tenantry.inspection.doctor.model import State

    colours = {State.WRONG: "red", State.UNKNOWN: "yellow", State.WARNING: "yellow", State.GOOD: "green"}
    table = Table("check", "state", "what is so, and what to do", box=None, header_style="bold", pad_edge=False)
    for finding in report.findings:
        if finding.problem is None and not every:
            continue
        said = (
            finding.check.demands if finding.problem is None else f"{finding.problem.said}\n-> {finding.problem.remedy}"
        )
        table.add_row(
            Text(finding.check.id), Text(str(finding.state), style=colours.get(finding.state, "")), Text(said)
        )
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
    counts = ((state, sum(finding.state is state for finding in report.findings)) for state in State)
    print(f"{report.stack}: " + ", ".join(f"{count} {state}" for state, count in counts if count))
