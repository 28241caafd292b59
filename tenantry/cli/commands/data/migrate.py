"""`tenantry migrate`: rolls a change of the tenants' schema out, and shows who has which version."""

import json
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.commands.stack.up import JsonOption, operation, refusals
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption

if TYPE_CHECKING:
    from tenantry.database.history.journal import Journal
    from tenantry.engine.run.operations import Operation
    from tenantry.maintenance.rollout.rollout import Result, Rollout

MARKS = {"migrated": "✓", "current": "✓", "behind": "…", "opening": "…", "skipped": "–", "failed": "✗"}


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate(
    to: Annotated[int | None, typer.Option("--to", min=0, help="No further than this version.")] = None,
    wave: Annotated[int, typer.Option("--wave", min=1, help="Tenants a wave; the first wave is one tenant.")] = 10,
    waves: Annotated[
        int | None, typer.Option("--waves", min=0, help="Stop after so many waves (0: no tenant).")
    ] = None,
    pause: Annotated[float, typer.Option("--pause", min=0, help="Seconds between two waves.")] = 0.0,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CODE", autocompletion=codes, help="This tenant and no other; may be repeated."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="CODE", autocompletion=codes, help="Not this tenant; may be repeated."),
    ] = None,
    limit: Annotated[
        float, typer.Option("--limit", min=1, help="Seconds for one database; then its session is ended.")
    ] = 3600.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    as_list: Annotated[
        bool, typer.Option("--list", help="Show the version of every database, and do nothing.")
    ] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Bring the tenants' databases to the newest schema: template, test site, then the tenants in waves.

    Stops where the migration fails: at the template, the test site or the first tenant. A tenant whose own database
    does not take it, because of what it holds or has made there, is left as it is and the others go on. Exit code 3 in
    both cases; run again, it goes on from there. Each file of provider/migrations/template is one transaction in each
    database, so nothing is ever half done.
    """
    with refusals(as_json):
        from tenantry.engine.errors import ExitCode

        signal.signal(signal.SIGTERM, signal.default_int_handler)  # the template is closed on the way out

        from tenantry.engine.run.recording import recorded

        one = operation(stack, cwd)
        rollout = _rollout(one, to)
        chosen = {"wave": wave, "waves": waves, "pause_s": pause, "only": only or (), "skip": skip or ()}
        rollout = replace(rollout, plan=replace(rollout.plan, limit_s=limit, **chosen))
        if dry_run or as_list:
            results = _gathered(rollout.look(), as_json, is_verbose=not as_list)
        else:
            journal = one.journal("migrate")
            with recorded(journal) as ending:
                results = _gathered(rollout.run(), as_json, is_verbose=True, journal=journal)
                ending.failed("; ".join(f"{result.label}: {result.error}" for result in results if result.error))
        if as_json:
            print(json.dumps([target.as_json() for target in results], ensure_ascii=False, indent=1))
        else:
            _show(results, is_look=dry_run or as_list)
    raise typer.Exit(ExitCode.FAILED if any(target.error for target in results) else ExitCode.OK)


def _rollout(one: "Operation", to: int | None) -> "Rollout":
    from tenantry.database.migrations import BASELINE, FOLDER, TENANTS, MigrationSetInvalid, migrations_of
    from tenantry.engine.errors import CommandError
    from tenantry.maintenance.rollout.rollout import Plan, Rollout

    try:
        wanted = migrations_of(TENANTS, one.project.root / FOLDER)
    except MigrationSetInvalid as unfit:
        raise CommandError(unfit.reason, unfit.remedy) from None
    newest = max((migration.version for migration in wanted), default=BASELINE)
    if to is not None and to > newest:
        raise CommandError(f"there is no version {to:04}", f"the newest is {newest:04}")
    plan = Plan(wanted, newest if to is None else to)
    return Rollout(one.server(), plan, lambda text: print(text, file=sys.stderr, flush=True))


def _gathered(
    results: "Iterable[Result]", as_json: bool, *, is_verbose: bool, journal: "Journal | None" = None
) -> "list[Result]":
    """Each is told when it is done: a roll-out to many takes minutes."""
    from tenantry.engine.clients.postgresql import DatabaseUnavailable
    from tenantry.engine.errors import CommandError

    gathered: list[Result] = []
    try:
        for target in results:
            gathered.append(target)
            if journal is not None and target.state in ("migrated", "failed"):
                _record(journal, target)
            if is_verbose and target.state in ("migrated", "failed"):
                stream = sys.stderr if as_json else sys.stdout
                print(f"{target.label:10} {MARKS[target.state]} {_told(target)}", file=stream, flush=True)
    except DatabaseUnavailable as error:
        raise CommandError(
            f"the database server does not answer: {error}", "see that it runs, then run again"
        ) from None
    return gathered


def _record(journal: "Journal", result: "Result") -> None:
    """Template and test site are the platform's."""
    from tenantry.database.history.model import Done, Entry
    from tenantry.names import is_code

    tenant = result.label if is_code(result.label) else ""
    outcome = Done.FAILED if result.error else Done.DONE
    version = "" if result.after is None else f" to {result.after:04}"
    journal.add(Entry(tenant, "database", "schema", result.database, f"migrate{version}", outcome, error=result.error))
    journal.flush()


def _told(result: "Result") -> str:
    if result.error:
        stays = "its version is not known" if result.after is None else f"stays at {result.after:04}"
        return f"{stays}: {result.error}"
    return f"{result.before:04} -> {result.after:04} in {result.seconds:.1f} s"


def _show(results: "list[Result]", *, is_look: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("database", "of", "version", "state", "lacks", box=None, header_style="bold", pad_edge=False)
    for target in results:
        lacks = target.error or ", ".join(target.pending)
        version = "?" if target.after is None else f"{target.after:04}"
        table.add_row(
            *map(Text, (target.database, target.label, version, f"{MARKS[target.state]} {target.state}", lacks))
        )
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(table)
    for line in _ending(results, is_look):
        console.print(Text(line))


def _or(stopped: "Result") -> str:
    """A tenant may be left out where the cause is its own after all; template and test site may not."""
    from tenantry.maintenance.rollout.targets import TEMPLATE, TEST

    return "" if stopped.label in (TEMPLATE, TEST) else f", or leave it out: --skip {stopped.label}"


def _ending(results: "list[Result]", is_look: bool) -> Iterator[str]:
    count = {state: sum(target.state == state for target in results) for state in MARKS}
    yield ", ".join(f"{number} {state}" for state, number in count.items() if number)
    stopped = next((target for target in results if target.stops), None)
    own = ", ".join(target.label for target in results if target.error and not target.stops)
    if own:
        yield f"for a reason of its own: {own}; correct it and run again, the others do not wait for it"
    if stopped is not None:
        yield f"stopped at {stopped.label}; the rest was not touched: correct the cause and run again{_or(stopped)}"
    elif count["behind"] and not is_look:
        yield "run again for the next wave"
    if count["opening"]:
        yield "a tenant that is being opened comes later: complete it with `tenantry up`, then run again"
