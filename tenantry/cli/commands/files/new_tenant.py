"""`tenantry new`: asks what a tenant's file must say, finds its code, writes it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.commands.files.list_tenants import PLANS
from tenantry.cli.completion import cells, choices
from tenantry.cli.options import CWD, STACK, CwdOption, DirectoryOption, JsonOption, StackOption
from tenantry.engine.errors import ExitCode
from tenantry.engine.stack.fleet_location import FleetLocation, locate_fleet

if TYPE_CHECKING:
    from tenantry.changes.new_tenant import NewTenant

_QUESTIONS = {
    "name": "name of the tenant, as people read it",
    "phone": "mobile number of its contact, which stays for its whole life",
    "plan": "plan: basic, standard, premium or enterprise",
    "contact": "its administrator's name",
    "email": "its administrator's e-mail address",
    "cell": "cell",
}


def register(app: typer.Typer) -> None:
    app.command("new")(new)


def new(
    name: Annotated[str | None, typer.Option("--name", help="As people read it.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="Of its contact; stays for its whole life.")] = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", autocompletion=choices(PLANS), help="basic, standard, premium or enterprise."),
    ] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Its administrator's name.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Its administrator's e-mail address.")] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", autocompletion=cells, help="Where it runs; stays for its whole life.")
    ] = None,
    address: Annotated[str | None, typer.Option("--address", help="Its postal address.")] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="A plug-in service of services.yaml; may be repeated.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; may be repeated.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask origin for its newest branches.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the file, and write nothing.")] = False,
    directory: DirectoryOption = None,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
    as_json: JsonOption = False,
) -> None:
    """Write a new tenant's file under the next free code, and say how to go on.

    What is not given is asked on a terminal. The code is free in this folder, in every branch of origin and in what
    they once held; a phone that another tenant has is refused at once.
    """
    where = locate_fleet(stack, cwd, directory)
    if not offline:
        _fetch(where.directory)
    given = {"name": name, "phone": phone, "plan": plan, "contact": contact, "email": email}
    given["cell"] = cell or _only_cell(where)
    tenant = _tenant(where, given, address, tuple(service or ()), _labels(label or []))
    from tenantry.changes.new_tenant import find_code, write_tenant

    code = find_code(where.directory)
    try:
        path, text = write_tenant(where.directory, code, tenant, dry_run=dry_run)
    except FileExistsError:
        typer.echo(f"{code}.yaml was written by somebody else this moment: run this again", err=True)
        raise typer.Exit(1) from None
    commands = _next_commands(where, path, code, cwd, directory)
    if as_json:
        typer.echo(json.dumps({"code": code, "file": str(path), "text": text, "next": commands}, ensure_ascii=False))
    elif dry_run:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"wrote {path}: {code} on plan {tenant.plan}, in cell {tenant.cell}; next:")
        for command in commands:
            typer.echo(f"  {command}")


def _labels(pairs: list[str]) -> dict[str, str]:
    from tenantry.changes.new_tenant import field_fault

    labels: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair} is no KEY=VALUE", param_hint="--label")
        if key in labels:
            raise typer.BadParameter(f"{key} is given twice", param_hint="--label")
        labels[key] = value
    if (fault := field_fault("label", labels)) is not None:
        key = "".join(f"{step} " for step in fault.path)
        raise typer.BadParameter(f"{key}{fault.problem}: {fault.remedy}", param_hint="--label")
    return labels


def _tenant(
    where: FleetLocation,
    given: dict[str, str | None],
    address: str | None,
    services: tuple[str, ...],
    labels: dict[str, str],
) -> "NewTenant":
    """Every answer is good: what is missing is asked, or the call is refused."""
    from tenantry.changes.new_tenant import NewTenant

    asking = sys.stdin.isatty() and sys.stderr.isatty()
    missing = [f"--{field}" for field, value in given.items() if value is None]
    if missing and not asking:
        raise typer.BadParameter(f"{', '.join(missing)}: not given, and there is no terminal to ask on")
    answers: dict[str, str] = {}
    for field, value in given.items():
        problem = None if value is None else _wrong(where, field, value)
        if problem is not None:
            raise typer.BadParameter(problem, param_hint=f"--{field}")
        answers[field] = value if value is not None else _ask(where, field)
    optional = {"--address": ("address", () if address is None else (address,)), "--service": ("service", services)}
    for option, (field, values) in optional.items():
        for value in values:
            if (problem := _wrong(where, field, value)) is not None:
                raise typer.BadParameter(problem, param_hint=option)
    return NewTenant(**answers, address=address, services=services, labels=labels)


def _ask(where: FleetLocation, field: str) -> str:
    default = "main" if field == "cell" and (where.cells is None or "main" in where.cells) else None
    while True:
        try:
            value: str = typer.prompt(_QUESTIONS[field], default=default, err=True).strip()
        except typer.Abort:  # Ctrl-C, or the end of what is typed
            typer.echo("\ninterrupted: nothing was written", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        problem = _wrong(where, field, value)
        if problem is None:
            return value
        typer.echo(f"  {problem}", err=True)


def _wrong(where: FleetLocation, field: str, value: str) -> str | None:
    from tenantry.changes.new_tenant import field_fault, phone_holder

    fault = field_fault(field, value)
    if fault is not None:
        return f"{fault.problem}: {fault.remedy}"
    if field == "phone" and (holder := phone_holder(where.directory, value)) is not None:
        return f"the number is taken by {holder}: each tenant needs its own"
    if field == "cell" and where.cells is not None and value not in where.cells:
        held = ", ".join(sorted(where.cells)) or "none"
        return f"the stack `{where.stack}` does not hold the cell {value}: choose from {held}, or another --stack"
    return None


def _only_cell(where: FleetLocation) -> str | None:
    """The cell when there is no choice: the stack's only one, or the first of any."""
    if where.cells is None:
        return None if sys.stdin.isatty() else "main"
    return next(iter(where.cells)) if len(where.cells) == 1 else None


def _fetch(directory: Path) -> None:
    from tenantry.changes.branches import fetch, has_remote

    if has_remote(directory) and (why := fetch(directory)) is not None:
        typer.echo(f"warning: origin was not asked for its branches ({why}); going by those fetched last", err=True)


def _next_commands(where: FleetLocation, path: Path, code: str, cwd: Path, directory: Path | None) -> list[str]:
    """Commands to paste where this one was given, whatever folder it was told of."""
    from tenantry.changes.branches import has_remote, is_repository

    options = "" if cwd == CWD else f" -C {shlex.quote(str(cwd))}"
    options += "" if where.stack == STACK else f" --stack {where.stack}"
    folder = "" if directory is None else shlex.quote(str(directory))
    validate = f"tenantry validate {folder}".rstrip()
    if not is_repository(where.directory):
        diff = "tenantry plan diff" + (f" --dir {folder}" if folder else "")
        return [f"{validate}{options}", f"{diff}{options}", f"tenantry up{options}"]
    git = "git" if cwd == CWD and directory is None else f"git -C {shlex.quote(str(where.directory))}"
    file = shlex.quote(path.name if git != "git" else str(path))
    main = _main(where.directory) if has_remote(where.directory) else None
    start = f" --no-track {main}" if main and _has_own_commits(where.directory, main) else ""
    commit = f'{git} switch -c open-{code}{start} && {git} add {file} && {git} commit -m "Open {code}"'
    if main is None:
        return [f"{validate}{options}", commit, f"tenantry up{options}"]
    return [f"{validate} --base {main}{options}", commit, f"{git} push -u origin open-{code}"]


def _main(directory: Path) -> str:
    """Origin's default branch."""
    asked = ["git", "-C", str(directory), "rev-parse", "--abbrev-ref", "origin/HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "origin/main"


def _has_own_commits(directory: Path, main: str) -> bool:
    """Tells whether a branch from here would bring along what is not in `main`, such as the request before this one."""
    asked = ["git", "-C", str(directory), "merge-base", "--is-ancestor", "HEAD", main]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 1
