"""`tenantry rehearse`: the dress rehearsal of a request on a throw-away embedded instance."""

import sys
from typing import Annotated

import typer

from tenantry.changes.report.report_format import ReportFormat, format_report
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption
from tenantry.engine.errors import ExitCode
from tenantry.engine.stack.fleet_location import locate_fleet


def register(app: typer.Typer) -> None:
    app.command("rehearse")(rehearse)


def rehearse(
    base: Annotated[str, typer.Option("--base", help="The commit, tag or branch to merge the request into.")],
    tenants: Annotated[
        list[str] | None,
        typer.Option(
            "--tenant", "-t", autocompletion=codes, help="A tenant that takes part in any case; may be repeated."
        ),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=25, help="Affected tenants that take part, at most.")] = 5,
    bystanders: Annotated[
        int, typer.Option("--bystanders", min=0, max=10, help="Tenants beside them that must stay untouched.")
    ] = 2,
    form: Annotated[ReportFormat, typer.Option("--format", help="Form of the report.")] = ReportFormat.TEXT,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the instance running, to look at it.")] = False,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Try a request on living tenants before anybody merges it, on an embedded instance that is thrown away.

    The base's program and tenants are made real, with invented rows and objects. Then the request's: up with its
    policies, its migrations, attacks on who is affected, all data compared, a second up; then back to the base.

    Needs no credential and gives none to what it runs: fit for requests from forks. Takes one to three minutes once
    the embedded default is built. --stack says whose tenants are tried; they are opened on the embedded default.

    Exit 0: it comes through, and nobody notices. 5: it comes through. 6: somebody gets less. 7: something is deleted,
    replaced or lost. 3: a stage fails. 1: refused, nothing was started. 130: interrupted.
    """
    from tenantry.changes.rehearsal.commands import to_stderr
    from tenantry.changes.rehearsal.plan import plan_of
    from tenantry.changes.rehearsal.rehearse import rehearse as run
    from tenantry.changes.report.request_report import RequestReport
    from tenantry.engine.stack.project import Project
    from tenantry.reports.baseline import BaselineUnavailable

    try:
        project = Project.find(cwd)
        plan = plan_of(base, project, locate_fleet(stack, cwd), named=tenants or (), most=most, bystanders=bystanders)
        rehearsal = run(plan, to_stderr, is_kept=keep)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(ExitCode.REFUSED) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    report = RequestReport((), rehearsal)
    sys.stdout.write(format_report(report, form))
    if rehearsal.is_interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    raise typer.Exit(ExitCode.FAILED if rehearsal.failed else report.effect)
