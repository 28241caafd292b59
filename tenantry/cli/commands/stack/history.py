"""`tenantry history`: who changed what for which tenant, when, and by which commit."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.commands.stack.up import operation, refusals
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, JsonOption, StackOption

if TYPE_CHECKING:
    from tenantry.database.history.reading import PastChange, PastRun

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
SHOWN = 4  # tenants, or errors, that one line of the table names
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def moment(value: str | None, now: datetime | None = None) -> datetime | None:
    """The moment that `--since` names: `12h`, `7d`, `2w` ago, or a day or a time of UTC. Raises BadParameter."""
    if value is None:
        return None
    if span := re.fullmatch(r"([0-9]{1,5})([hdw])", value):
        return (now or datetime.now(UTC)) - int(span[1]) * UNITS[span[2]]
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter("write 12h, 7d, 2w, 2026-11-30 or 2026-11-30T06:00", param_hint="--since") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("history")(history)


def history(
    code: Annotated[
        str | None, typer.Argument(autocompletion=codes, help="A tenant's code; all runs of the installation without.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only runs begun since: 12h, 7d, 2026-11-30.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10000, help="So many runs, the newest.")] = 50,
    changes: Annotated[bool, typer.Option("--changes", help="Each change on a line of its own.")] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Show who changed what for which tenant, when, by which commit, and how it ended.

    Every run that changes something writes itself down, also one that fails or is killed. Nobody but the tables' owner
    can alter that; it is kept for three years (docs/history.md).
    """
    begin = moment(since)
    with refusals(as_json):
        runs = _read(stack, cwd, code, begin, most)
    if as_json:
        typer.echo(json.dumps({"runs": [run.as_json() for run in runs]}, ensure_ascii=False, indent=1))
    elif not runs:
        typer.echo(f"nothing on record{f' of {code}' if code else ''}{f' since {since}' if since else ''}")
    else:
        _show(runs, with_changes=changes)


def _read(stack: str, cwd: "CwdOption", code: str | None, begin: datetime | None, most: int) -> "list[PastRun]":
    from tenantry.database.history.reading import NoHistory, read
    from tenantry.engine.clients.postgresql import DatabaseUnavailable
    from tenantry.engine.errors import CommandError
    from tenantry.names import is_code

    if code is not None and not is_code(code):
        raise CommandError(f"`{code}` is no tenant's code", "write it as k001")
    try:
        return read(operation(stack, cwd).server().session, code, begin, most)
    except DatabaseUnavailable as error:
        raise CommandError(f"the admin database does not answer: {error}", "see that it runs, then run again") from None
    except NoHistory:
        raise CommandError("the admin database has no history yet", "the next `tenantry up` makes its tables") from None


def _show(runs: "Sequence[PastRun]", *, with_changes: bool) -> None:
    """Oldest last, as in a log that is read from the top."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    several = len({run.stack for run in runs}) > 1
    table = Table("started (UTC)", "command", "by", "commit", "result", "changes", box=None, header_style="bold")
    for run in runs:
        command = f"{run.command} ({run.stack})" if several else run.command
        commit = f"{(run.commit or '-')[:12]}{'+' if run.is_modified else ''}"
        when = f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        lines = "\n".join(_lines(run)) if with_changes else _summary(run)
        table.add_row(*map(Text, (when, command, run.actor, commit, run.result or "", lines)))
    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)


def _lines(run: "PastRun") -> Iterator[str]:
    if run.error:
        yield run.error
    for change in run.changes:
        properties = f" ({', '.join(change.properties)})" if change.properties else ""
        outcome = "" if change.outcome == "done" else f" {change.outcome}"
        error = f": {change.error}" if change.error else ""
        where = f"{change.tenant or 'platform'} {change.step}".strip()
        yield f"{where}: {change.action} {change.resource_name}{properties}{outcome}{error}"


def _summary(run: "PastRun") -> str:
    """`k001 create 38; k002 update 2`, then what went wrong."""
    by_tenant: dict[str, Counter[str]] = {}
    for change in run.changes:
        by_tenant.setdefault(change.tenant or "platform", Counter())[_verb(change)] += 1
    parts = [
        f"{tenant} {', '.join(f'{verb} {count}' for verb, count in counts.items())}"
        for tenant, counts in list(by_tenant.items())[:SHOWN]
    ]
    if len(by_tenant) > SHOWN:
        parts.append(f"{len(by_tenant) - SHOWN} more")
    errors = [change.error for change in run.changes if change.error and change.outcome != "done"][:SHOWN]
    return "; ".join([*parts, *([run.error] if run.error else []), *errors]) or "none"


def _verb(change: "PastChange") -> str:
    return change.action if change.outcome == "done" else f"{change.action} {change.outcome}"
