"""`tenantry usage`: what each tenant uses of its quotas, as far as the platform knows."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.cli.commands.data.backup import refusals, report_progress, stack_of
from tenantry.cli.commands.stack.up import operation
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, JsonOption, StackOption

if TYPE_CHECKING:
    from tenantry.watch.billing import Recorded
    from tenantry.watch.tenant_facts import Quota, TenantFacts

UNKNOWN = "unknown"
_WIDE = 200  # columns where no terminal says how wide it is: what is piped must not be cut


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("usage")(usage)


def usage(
    code: Annotated[
        str | None, typer.Argument(autocompletion=codes, help="A tenant's code; everybody without.")
    ] = None,
    reached: Annotated[
        int | None, typer.Option("--reached", min=1, max=1000, help="Only who uses so many per cent of some quota.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="First measure users, files and databases, and write the day's figures.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write the day's quantities for the bill; with --measure after that.")
    ] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Show what tenants use of their quotas, against limits and thresholds.

    Users, files and database sizes are of the last --measure, which a schedule runs once a day. What only the
    application knows is read from the tables that it fills; what nobody has written is unknown, and never 0
    (docs/usage.md).
    """
    failed: dict[str, str] = {}
    with refusals(as_json):
        from tenantry.engine.errors import CommandError
        from tenantry.names import is_code

        if code is not None and not is_code(code):
            raise CommandError(f"`{code}` is no tenant's code", "write it as k001")
        if code is not None and record:
            raise CommandError("--record is for all tenants at once", f"leave `{code}` out, or --record")
        if measure:
            from tenantry.watch.measuring import measure as take

            failed = take(
                stack_of(cwd, stack), operation(stack, cwd).server(), [code] if code else [], report_progress
            )[1]
        tenants = _read(stack, cwd, code)
        recorded = _record(stack, cwd) if record else None
    if reached is not None:
        tenants = [facts for facts in tenants if any(quota.pressure >= reached for quota in facts.quotas.values())]
    if as_json:
        document: dict[str, Any] = {"tenants": [_as_json(facts) for facts in tenants], "failed": failed}
        if recorded is not None:
            document["recorded"] = asdict(recorded)
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))
    elif code is not None:
        _show_one(tenants[0])
    else:
        _show_all(tenants)
    if failed:
        from tenantry.engine.errors import ExitCode

        raise typer.Exit(ExitCode.FAILED)  # some tenants could not be measured


def _read(stack: str, cwd: "CwdOption", code: str | None) -> "list[TenantFacts]":
    import psycopg

    from tenantry.engine.clients.postgresql import DatabaseUnavailable
    from tenantry.engine.errors import CommandError
    from tenantry.watch.tenant_facts import read

    try:
        tenants = read(operation(stack, cwd).server().session, code)
    except DatabaseUnavailable as error:
        raise CommandError(f"the admin database does not answer: {error}", "see that it runs, then run again") from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise CommandError("the admin database lacks tables for it", "the next `tenantry up` makes them") from None
    if code is not None and not tenants:
        raise CommandError(f"the admin database has no tenant {code}", "`tenantry list` names them")
    return tenants


def _record(stack: str, cwd: "CwdOption") -> "Recorded":
    from tenantry.watch.billing import record_day

    recorded = record_day(operation(stack, cwd).server().session)
    report_progress(str(recorded))
    return recorded


def _as_json(facts: "TenantFacts") -> dict[str, Any]:
    document = {key: value for key, value in asdict(facts).items() if key != "quotas"}
    document["quotas"] = {
        name: asdict(quota) | {"percent": _rounded(quota.percent), "reached": quota.reached}
        for name, quota in facts.quotas.items()
    }
    return document


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


def amount(value: int | None, unit: str) -> str:
    """For people: bytes as 12.3 GiB, everything else as it is."""
    if value is None:
        return UNKNOWN
    if unit != "bytes":
        return str(value)
    size, units = float(value), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def percent_text(quota: "Quota") -> str:
    """`82 % !75`: the highest threshold that is reached stands behind it."""
    if quota.percent is None:
        return UNKNOWN
    return f"{quota.percent:.0f} %{f' !{quota.reached}' if quota.reached else ''}"


def _show_one(facts: "TenantFacts") -> None:
    from rich.table import Table

    table = Table("quota", "used", "limit", "per cent", "reset", "known by", box=None, header_style="bold")
    for quota in facts.quotas.values():
        at = f", {quota.at:%Y-%m-%d}" if quota.at else ""
        cells = (amount(quota.used, quota.unit), amount(quota.limit, quota.unit), percent_text(quota), quota.reset)
        table.add_row(quota.name, *cells, f"{quota.source}{at}" if quota.used is not None else "-")
    print_table(table)
    sessions, most = (UNKNOWN if value is None else value for value in (facts.connections, facts.connection_limit))
    size = amount(facts.database_bytes, "bytes")
    typer.echo(f"database {facts.database}: {size}, {sessions} of {most} connections")


def _show_all(tenants: "Sequence[TenantFacts]") -> None:
    from rich.table import Table

    from tenantry.watch.tenant_facts import QUOTAS

    table = Table("code", "plan", "phase", *QUOTAS, "connections", box=None, header_style="bold")
    for facts in tenants:
        shares = (percent_text(facts.quotas[name]) if name in facts.quotas else "-" for name in QUOTAS)
        connections = "-" if facts.connections is None else f"{facts.connections}/{facts.connection_limit or '?'}"
        table.add_row(facts.code, facts.plan, facts.phase, *shares, connections)
    print_table(table)


def print_table(table: Any) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)
