"""`tenantry plan diff`: who is affected by what the files say now, and how, before it is applied."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tenantry.cli.options import (
    CWD,
    STACK,
    CwdOption,
    DirectoryOption,
    JsonOption,
    StackOption,
    TodayOption,
    ZoneOption,
)
from tenantry.engine.stack.fleet_location import locate_fleet

if TYPE_CHECKING:
    from tenantry.reports.plan_diff import Change, TenantDiff

AFFECTED: Final = 5  # exit codes beside 0 (nobody is affected) and 1 (it cannot be said)
LESS: Final = 6
MEBI: Final = 2**20  # from here on a number is one of bytes, and read more easily as Kubernetes writes it


def register(app: typer.Typer) -> None:
    plan = typer.Typer(name="plan", help="Plans: what a change of them does.", no_args_is_help=True)
    plan.command("diff")(diff)
    app.add_typer(plan)

    @plan.callback()
    def _group() -> None:  # pyright: ignore[reportUnusedFunction]  (with it the one command keeps its name)
        pass


def diff(
    against: Annotated[
        str | None,
        typer.Option("--against", help="A revision or a directory to compare with; not given, what was applied last."),
    ] = None,
    stack: StackOption = STACK,
    directory: DirectoryOption = None,
    zone: ZoneOption = None,
    today: TodayOption = None,
    cwd: CwdOption = CWD,
    as_json: JsonOption = False,
) -> None:
    """Show which of the stack's tenants the files as they are would affect, and how. Changes nothing.

    Exit 0: nobody is affected. 5: some are. 6: some are, and some of them get less. 1: it cannot be said.
    """
    from tenantry.cli.last_applied import from_stack
    from tenantry.reports.baseline import BaselineUnavailable, from_fleet, from_revision
    from tenantry.reports.plan_diff import diff_tenants

    where = locate_fleet(stack, cwd, directory, zone, today)
    after = from_fleet(where.load(), where.cells)
    try:
        before = from_stack(where.stack, cwd) if against is None else from_revision(against, where)
    except BaselineUnavailable as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
    differences = diff_tenants(before, after)
    if as_json:
        typer.echo(json.dumps([asdict(effect) for effect in differences], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_lines(differences, len({*before, *after}))))
    raise typer.Exit(LESS if any(effect.gets_less for effect in differences) else AFFECTED if differences else 0)


def _lines(differences: "Sequence[TenantDiff]", total: int) -> Iterator[str]:
    for effect in differences:
        yield _headline(effect)
        for change in effect.changes:
            yield f"  {change.key}: {_text(change.before)} -> {_text(change.after)}{_word(change)}"
    before, after = (sum(effect.monthly[side] for effect in differences) for side in (0, 1))
    less = sum(effect.gets_less for effect in differences)
    if not differences:
        yield f"nobody of {total} is affected"
    else:
        yield (
            f"{len(differences)} of {total} affected, {less} of them get less in something; "
            f"theirs together {before} -> {after} CNY a month"
        )


def _headline(tenant_diff: "TenantDiff") -> str:
    old, new = tenant_diff.plans
    if tenant_diff.kind == "opened":
        return f"{tenant_diff.code}: opened on plan {new}, {tenant_diff.monthly[1]} CNY a month"
    if tenant_diff.kind == "gone":
        return f"{tenant_diff.code}: no longer served, was on plan {old}, {tenant_diff.monthly[0]} CNY a month"
    plan = f"plan {old}" if old == new else f"plan {old} -> {new}"
    price = (
        ""
        if tenant_diff.monthly[0] == tenant_diff.monthly[1]
        else f", {tenant_diff.monthly[0]} -> {tenant_diff.monthly[1]} CNY a month"
    )
    return f"{tenant_diff.code}: {plan}{price}" + ("; its pods are replaced one by one" if tenant_diff.restarts else "")


def _word(change: "Change") -> str:
    return "" if change.direction == "other" else f"  ({change.direction})"


def _text(value: Any) -> str:
    from tenantry.spec.quantity import format_bytes

    if isinstance(value, int) and value >= MEBI and value % MEBI == 0:
        return format_bytes(value)
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
