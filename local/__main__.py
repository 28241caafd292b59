"""`python -m local`: the embedded default by command. `make up`, `make down` and `make clean` call it."""

import os
import sys
from typing import Annotated

import typer

from local.instances import manager
from local.instances.instance import Instance
from local.instances.service import ServiceFailed
from local.postgresql import PostgresqlError
from tenantry.engine.stack.shell_variables import forget_libpq

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def build() -> None:
    """Build engine, plugins and control plane into the cache (minutes the first time, nothing afterwards)."""
    manager.build(Instance.here())


@app.command()
def start() -> None:
    """Start PostgreSQL, Kubernetes, the gateway and the Alibaba stand-in; write .local/env."""
    manager.start(Instance.here())


@app.command()
def await_gateway() -> None:
    """Wait until the gateway serves what is declared, by its own conditions."""
    manager.await_gateway(Instance.here())


@app.command()
def stop() -> None:
    """Stop the services; the data stays."""
    manager.stop(Instance.here())


@app.command()
def status() -> None:
    """Show which service runs; exit 1 unless all do."""
    raise typer.Exit(0 if manager.status(Instance.here()) else 1)


@app.command()
def clean(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Remove the embedded databases, objects, cluster and state of this instance, after asking."""
    instance = Instance.here()
    if not yes:
        typer.confirm(f"Remove every database, object and state below {instance.folder}?", abort=True)
    manager.clean(instance)


if __name__ == "__main__":
    forget_libpq(os.environ)
    try:
        app()
    except (ServiceFailed, PostgresqlError) as failure:
        sys.exit(str(failure))
