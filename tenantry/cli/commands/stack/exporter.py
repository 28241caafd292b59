"""`tenantry exporter`: the metrics of all tenants, for Prometheus to scrape."""

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.commands.stack.up import refusals
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption
from tenantry.names import EXPORTER_PORT

if TYPE_CHECKING:
    from tenantry.engine.clients.postgresql import Server
    from tenantry.engine.stack.project import Project

READ_ONLY = "-c default_transaction_read_only=on -c statement_timeout=30s"


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("exporter")(exporter)


def exporter(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; :: for all of a pod.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = EXPORTER_PORT,
    once: Annotated[bool, typer.Option("--once", help="Print the metrics and end.")] = False,
    stack: StackOption = STACK,
    cwd: CwdOption = CWD,
) -> None:
    """Serve metrics of all tenants at /metrics until it is stopped (docs/metrics.md).

    It reads the admin database at each scrape and writes nothing. Whoever reaches the port reads it: there is no login.
    """
    with refusals(as_json=False):
        from prometheus_client import CollectorRegistry, generate_latest, start_http_server

        from tenantry.database.migrations import BASELINE, FOLDER, TENANTS, MigrationSetInvalid, migrations_of
        from tenantry.engine.errors import CommandError, ExitCode
        from tenantry.watch.metrics import TenantCollector

        project, server_of_stack = _systems(stack, cwd)
        try:
            wanted = migrations_of(TENANTS, project.root / FOLDER)
        except MigrationSetInvalid as unfit:
            raise CommandError(unfit.reason, unfit.remedy) from None
        newest = max((migration.version for migration in wanted), default=BASELINE)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(TenantCollector(partial(server_of_stack.plain_session, options=READ_ONLY), newest))
        if once:
            text = generate_latest(registry).decode()
            sys.stdout.write(text)
            raise typer.Exit(ExitCode.OK if "\ntenantry_up 1.0\n" in text else ExitCode.FAILED)
        try:
            server, thread = start_http_server(port, host, registry)
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}", "choose another --port") from None
        print(f"metrics at http://{host}:{server.server_port}/metrics", flush=True)
        stopped = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopped.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        stopped.wait()
        server.shutdown()
        thread.join()


def _systems(stack: str, cwd: Path) -> "tuple[Project, Server]":
    """The checkout, and the database server as the stack says it; in its pod the environment says it, without a state.

    By itself it needs no more than a login that may read the admin database (docs/metrics.md).
    """
    from tenantry.engine.clients.postgresql import server_of
    from tenantry.engine.process.pulumi_cli import Cli
    from tenantry.engine.stack.environment import environment
    from tenantry.engine.stack.project import Project
    from tenantry.engine.state.stack_state import refuse_missing
    from tenantry.engine.state.state_files import FileState

    project = Project.find(cwd)
    stack = project.stack(stack)
    variables = environment(project, stack, dict(os.environ))
    if address := variables.get("PULUMI_BACKEND_URL") or project.backend_url:
        refuse_missing(FileState.at(address, project.name, stack, project.root), stack)
    return project, server_of(Cli(project.root, variables, ""), stack)
