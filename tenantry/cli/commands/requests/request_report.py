"""`tenantry report`: renders, posts, compares and finds what `tenantry preview --base REF --format json` has saved."""

import os
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from tenantry.changes.report.report_format import ReportFormat, format_report
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption
from tenantry.engine.errors import CommandError, ExitCode
from tenantry.engine.stack.fleet_location import locate_fleet
from tenantry.parsing.faults import Faults

if TYPE_CHECKING:
    from tenantry.changes.report.request_report import RequestReport, StackReport
    from tenantry.changes.request_facts import RequestFacts
    from tenantry.changes.use_limits import Usage
    from tenantry.engine.run.operations import Operation

FilesArgument = Annotated[
    list[Path], typer.Argument(help="Saved reports, one or more for each stack, and that of a rehearsal.")
]
_MOST_BEYOND: Final = 50  # lines


class ForgeName(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="report", help="Reports of requests: what a change does to whom.", no_args_is_help=True)
    given = {"render": render, "post": post, "compare": compare, "approved": approved}
    given |= {"due": due, "collect": collect, "drift": drift}
    for name, command in given.items():
        group.command(name)(command)
    app.add_typer(group)


def render(
    files: FilesArgument,
    form: Annotated[ReportFormat, typer.Option("--format", help="Form of the report.")] = ReportFormat.MARKDOWN,
) -> None:
    """Show saved reports of several stacks as one.

    Exit 0: nothing changes. 5: additions. 6: somebody gets less. 7: a deletion, a replacement or a change of isolation.
    3: the preview of a stack, or the rehearsal, did not come to a good end.
    """
    report = _read(files)
    sys.stdout.write(format_report(report, form))
    raise typer.Exit(ExitCode.FAILED if report.is_failed else report.effect)


def post(
    files: FilesArgument,
    number: Annotated[int | None, typer.Option("--number", min=1, help="Of the request; else that of the job.")] = None,
    forge: Annotated[ForgeName, typer.Option("--forge", help="Whose API.")] = ForgeName.GITHUB,
) -> None:
    """Write saved reports of several stacks into the one comment of a request, or update it.

    GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_REF, as a workflow has them. GitLab:
    GITLAB_TOKEN, CI_PROJECT_ID, CI_API_V4_URL and CI_MERGE_REQUEST_IID.
    """
    from tenantry.changes.forge.forge_comment import github, gitlab
    from tenantry.changes.forge.forge_comment import post as write

    where = (github if forge is ForgeName.GITHUB else gitlab)(os.environ, number)
    posted = write(where, format_report(_read(files), ReportFormat.MARKDOWN))
    typer.echo(f"comment {posted.number}: {posted.did}")


def drift(
    files: Annotated[list[Path], typer.Argument(help="Saved looks, one or more for each stack.")],
    forge: Annotated[ForgeName, typer.Option("--forge", help="Whose API.")] = ForgeName.GITHUB,
    stacks: Annotated[
        str,
        typer.Option("--stacks", help="All stacks to be looked at, a JSON list: what is missing is told."),
    ] = "[]",
) -> None:
    """Keep one issue about what `tenantry drift --format json` has found: open it, update it, close it.

    It is open while something differs that is not harmless, or could not be looked at. The variables are those of
    `tenantry report post`; the token needs the right to write issues.
    """
    from tenantry.changes.forge.forge_issue import github_issues, gitlab_issues, keep_issue
    from tenantry.cli.commands.stack.drift import read_all, read_looks
    from tenantry.inspection.drift.markdown import MARKER, markdown, needs_somebody, title

    looks = read_all(files, stacks) if stacks != "[]" else read_looks(files)
    where = (github_issues if forge is ForgeName.GITHUB else gitlab_issues)(os.environ)
    posted = keep_issue(where, MARKER, title(looks), markdown(looks), wanted=needs_somebody(looks))
    typer.echo(f"issue {posted.number}: {posted.did}" if posted.number else "nothing to say, no issue is open")


def compare(
    approved: Annotated[list[Path], typer.Argument(help="The reports that were approved, or a folder of them.")],
    now: Annotated[Path, typer.Argument(help="That of the preview before the run.")],
) -> None:
    """Show what a preview would do beyond approved reports. Exit 0: nothing. 1: something, or it cannot be said."""
    from tenantry.changes.report.approved import beyond

    extra = beyond(_each(approved), later := _read([now]))
    for more in extra:
        typer.echo(str(more))
    for stack in later.failed:
        typer.echo(f"{stack}: its preview did not come to a good end")
    typer.echo(f"{len(extra)} changes beyond what was approved" if extra else "nothing beyond what was approved")
    raise typer.Exit(ExitCode.REFUSED if extra or later.failed else ExitCode.OK)


def approved(
    output: Annotated[Path, typer.Option("--output", help="Where to write NUMBER.json: a new or an empty folder.")],
    stack: StackOption = STACK,
    since: Annotated[
        str, typer.Option("--since", help="A commit of main, or `auto`: that of the last run of deploy.yml.")
    ] = "auto",
    cwd: CwdOption = CWD,
) -> None:
    """Fetch the reports of all requests that were merged into HEAD since the last deploy, for `up --approved`.

    At GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL, as a workflow has them. Exit 1: a commit has no
    request, or a request no report of its very last commit.
    """
    from tenantry.changes.forge.approved_reports import approved_reports, save
    from tenantry.changes.forge.github_runs import Runs

    plain = locate_fleet(stack, cwd).stack
    reports = approved_reports(Runs.of_workflow(os.environ), cwd, plain, since, typer.echo)
    for path in save(reports, output):
        typer.echo(f"written: {path}")


def collect(
    output: Annotated[Path, typer.Option("--output", help="Where to write the files: a new or an empty folder.")],
    number: Annotated[int, typer.Option("--number", min=1, help="Of the request.")],
    head: Annotated[str, typer.Option("--head", help="Its last commit; once it has another one, nothing is written.")],
) -> None:
    """Fetch the saved reports of a request's last commit, and its rehearsal, for `report post`.

    At GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL, as a workflow has them. Of the rehearsal's file,
    which the request's own code has written, nothing but the rehearsal is taken.
    """
    from tenantry.changes.forge.collected_reports import collect as look
    from tenantry.changes.forge.github_runs import Runs

    collected = look(Runs.of_workflow(os.environ), number, head)
    for remark in collected.remarks:
        typer.echo(remark)
    for path in _written(output, collected.files):
        typer.echo(f"written: {path}")


def _written(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Raises CommandError when the folder holds anything, or cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty", "name a new folder")
        for name, content in files.items():
            (folder / name).write_bytes(content)
            yield folder / name
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror}", "name a folder that can be written") from None


def due(
    output: Annotated[Path, typer.Option("--output", help="Where to write the report.")],
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Write the report of what the next run does without a request, for `up --approved`.

    That are the removals which `tenantry purge` has proved, and dates in tenants' files that are over since the last
    run. It reads files and state, and changes nothing.
    """
    from tenantry.changes.report.due_report import due_report
    from tenantry.changes.report.request_report import to_json
    from tenantry.cli.commands.data.purge import due_without_request
    from tenantry.cli.commands.stack.up import operation

    reading = operation(stack, cwd)
    changes, deployment = due_without_request(reading)
    try:
        output.write_text(to_json(due_report(reading.stack, deployment, changes)), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{output}: {error.strerror}", "name a file that can be written") from None
    for change in changes:
        typer.echo(f"{change.code}  {change.kind}  {'; '.join(change.reasons)}")
    typer.echo(f"{len(changes)} tenants change without a request; written: {output}")


def preview_report(
    stack: str,
    cwd: Path,
    base: str | None,
    form: ReportFormat,
    head: str | None = None,
    *,
    parallel: int | None,
    refresh: bool,
) -> NoReturn:
    """Previews, prints the report, and ends with the exit code of its effect, or of what stopped the preview.

    `head`: the commit that the report names, where that is not the checked out one.
    """
    from tenantry.changes.main_commits import full_name
    from tenantry.changes.report.request_report import RequestReport
    from tenantry.reports.baseline import BaselineUnavailable

    try:
        named = full_name(cwd, head) if head is not None else ""
        code, preview = _previewed(stack, cwd, base, named, parallel=parallel, refresh=refresh)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(ExitCode.REFUSED) from None
    report = RequestReport((preview,))
    sys.stdout.write(format_report(report, form))
    raise typer.Exit(code or report.effect)


def refuse_beyond(operation: "Operation", approved: list[Path], *, refresh: bool, plan: Path | None = None) -> None:
    """Previews, and raises CommandError where that is more than was approved, or did not come to a good end.

    `plan`: where the engine writes down what it would do.
    """
    from tenantry.changes.report.approved import beyond
    from tenantry.changes.report.build_report import stack_report
    from tenantry.changes.report.request_report import Basis, RequestReport

    known = _each(approved)
    ended = operation.preview(refresh=refresh, plan=plan)
    if ended.code:
        problem = "the preview before the run did not come to a good end: nothing was changed"
        raise CommandError(problem, "see its errors, `tenantry preview` shows them again", ended.code)
    now = stack_report(operation.stack, ended.as_json(), None, Basis())
    if unapproved := beyond(known, RequestReport((now,))):
        lines = "\n".join(f"  {more}" for more in unapproved[:_MOST_BEYOND])
        more = f"\n  and {len(unapproved) - _MOST_BEYOND} more" if len(unapproved) > _MOST_BEYOND else ""
        problem = f"{len(unapproved)} changes beyond what was approved, nothing was changed:\n{lines}{more}"
        raise CommandError(problem, "have a report of the state as it is now approved, or what is beyond it undone")


def _previewed(
    stack: str, cwd: Path, base: str | None, head: str, *, parallel: int | None, refresh: bool
) -> "tuple[ExitCode, StackReport]":
    from tenantry.changes.report.build_report import stack_report
    from tenantry.changes.report.request_report import Basis
    from tenantry.changes.request_facts import both_sides
    from tenantry.changes.use_limits import use_faults
    from tenantry.cli.commands.stack.up import previewed

    facts: RequestFacts | None = None
    basis = Basis()
    outcome: Mapping[str, Any]
    try:
        where = locate_fleet(stack, cwd)
        stack = where.stack  # reports are compared by the plain name
        sides = both_sides(base, where) if base is not None else None
        facts = sides.facts if sides else None
        basis = Basis(base=facts.base, head=head or facts.head) if facts else basis
        operation, watcher = previewed(stack, parallel, cwd)
        if sides and facts and any(tenant.less for tenant in facts.tenants.values()):
            below = list(use_faults(sides.base, sides.head, _in_use(operation), where.directory))
            if below:
                raise Faults(below)
        with watcher:
            ended = operation.preview(refresh=refresh)
        code, outcome = ended.code, ended.as_json()
        basis = Basis(ended.state_time, resources=ended.state_resources, base=basis.base, head=basis.head)
    except Faults as faults:
        code = ExitCode.REFUSED
        outcome = {"result": "refused", "errors": [{"text": str(fault)} for fault in faults.faults]}
    except CommandError as refusal:
        code = refusal.code
        outcome = {"result": code.name.lower(), "errors": [{"text": refusal.problem, "remedy": refusal.remedy}]}
    return code, stack_report(stack, outcome, facts, basis)


def _in_use(operation: "Operation") -> "Usage":
    """The figures that the stack's admin database has; none where there is no such database yet, or no answer."""
    import psycopg

    from tenantry.engine.clients.postgresql import DatabaseUnavailable
    from tenantry.watch.tenant_facts import read

    try:
        tenants = read(operation.server().session, None)
    except (DatabaseUnavailable, CommandError, psycopg.Error):
        return {}
    return {
        tenant.code: {name: quota.used for name, quota in tenant.quotas.items() if quota.used is not None}
        for tenant in tenants
    }


def _read(files: list[Path]) -> "RequestReport":
    """One report of all files. Raises CommandError where one is none."""
    from tenantry.changes.report.request_report import together

    return together(iter(_each(files)))


def _each(paths: list[Path]) -> "list[RequestReport]":
    """The reports of files, and of all `*.json` in folders. Raises CommandError where one is none."""
    from tenantry.changes.report.request_report import UnreadableReportError, from_json

    reports: list[RequestReport] = []
    for file in (file for path in paths for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])):
        try:
            reports.append(from_json(file.read_bytes()))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", "name a saved report") from None
        except UnreadableReportError as error:
            raise CommandError(
                f"{file}: {error}", "save it anew: `tenantry preview --base REF --format json`"
            ) from None
    return reports
