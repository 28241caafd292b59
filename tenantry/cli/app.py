"""The `tenantry` command: puts the sub-commands together and turns what they raise into lines and exit codes.

The exit codes are in docs/exit-codes.md. Sub-commands live in modules of their own, each
with `register(app)`, and import what is heavy only when they run.
"""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from tenantry.cli.commands.data import admin_password, backup, migrate, purge
from tenantry.cli.commands.files import list_tenants, new_tenant, plan_diff, show, validate
from tenantry.cli.commands.requests import affected, rehearse, request_report
from tenantry.cli.commands.stack import doctor, drift, exporter, history, overview, up, usage, verify
from tenantry.cli.examples import add_examples
from tenantry.engine.errors import CommandError
from tenantry.engine.process.garbage import collect_rarely
from tenantry.engine.stack.shell_variables import forget_libpq
from tenantry.parsing.faults import Faults

app = typer.Typer(
    name="tenantry",
    help="Tenants as files: check them, look at them, make them real.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    new_tenant,
    validate,
    list_tenants,
    show,
    plan_diff,
    up,
    affected,
    request_report,
    drift,
    rehearse,
    history,
    usage,
    overview,
    exporter,
    migrate,
    admin_password,
    backup,
    purge,
    verify,
    doctor,
):
    command.register(app)
add_examples(app)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tenantry {version('tenantry')}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]  (typer calls it)
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    collect_rarely()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a stream put in its place by a test or an embedder may have none
            reconfigure(errors="backslashreplace")  # a terminal without Chinese letters is no reason to fail
    forget_libpq(os.environ)
    try:
        app()
    except Faults as faults:
        print(faults, file=sys.stderr)
        sys.exit(1)
    except CommandError as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(refusal.code)
    except BrokenPipeError:
        # `tenantry list | head`: nobody reads on, and Python's own flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
