"""`tenantry exporter`: the metrics of all tenants, for Prometheus to scrape."""

import signal
import sys
import threading
from functools import partial
from types import FrameType
from typing import Annotated

import typer

from tenantry.cli.commands.stack.up import operation, refusals
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption

PORT = 9794
READ_ONLY = "-c default_transaction_read_only=on -c statement_timeout=30s"


def register(app: typer.Typer) -> None:
    """Adds the sub-command."""
    app.command("exporter")(exporter)


def exporter(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; :: for all of a pod.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = PORT,
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

        stack_operation = operation(stack, cwd)
        try:
            wanted = migrations_of(TENANTS, stack_operation.project.root / FOLDER)
        except MigrationSetInvalid as unfit:
            raise CommandError(unfit.reason, unfit.remedy) from None
        newest = max((migration.version for migration in wanted), default=BASELINE)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(TenantCollector(partial(stack_operation.server().session, options=READ_ONLY), newest))
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
