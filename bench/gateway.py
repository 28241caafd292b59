"""`python -m bench.gateway`: what the gateway costs, and what a failover, a roll-out and a flood do behind it.

All in one run on a throw-away instance, so that the ratios can be compared; it ends by itself and talks to loopback.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.crowd import Crowd, crowd
from bench.load import Load, a_second, count, directly, through, under_load
from local.instances.throwaway import World, throwaway
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names, names_of

SECONDS = 10.0
REQUESTS = 2000
WORKERS = 8
KEPT = {"basic": "k002", "standard": "k001", "enterprise": "k016"}
FLOODING, MEASURED = KEPT["basic"], KEPT["enterprise"]
LEAST_PODS, PODS_SECONDS = 2, 120.0  # of the one that is measured, once its autoscaler has begun
RUNS = "\nstatus: active\n"
CALM = 0.2  # of the time of the flood: before it, the same users without it
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@contextmanager
def served(*codes: str) -> Iterator[tuple[World, Endpoint, list[Names]]]:
    """An instance with these tenants, of which the measured one has a rate that no client reaches; else with all."""
    with tempfile.TemporaryDirectory() as parent, throwaway(Path(parent), gateway=True) as world:
        files = sorted((world.folder / "tenants").glob("k*.yaml"))
        tenants = [file for file in files if file.stem in codes or (not codes and RUNS in file.read_text())]
        if codes:
            for file in set(files) - set(tenants):
                file.unlink()
            plans = world.folder / "tenants" / "plans.yaml"
            plans.write_text(plans.read_text().replace("request_rate: 12000", "request_rate: 1000000"))
        world.up()
        world.local("await-gateway")
        env = world.env
        endpoint = Endpoint("127.0.0.1", int(env["TENANTRY_GATEWAY_PORT"]), 1, env["TENANTRY_GATEWAY_CA"])
        yield world, endpoint, [names_of(file.stem, "13800138000") for file in tenants]


def pods(world: World, code: str) -> list[str]:
    listed = world.kubectl("get", "pods", "-n", f"tenant-{code}", "-l", "app.kubernetes.io/name=business-app")["items"]
    return [pod["metadata"]["name"] for pod in listed]


def await_pods(world: World, code: str) -> None:
    deadline = time.monotonic() + PODS_SECONDS
    while len(pods(world, code)) < LEAST_PODS:
        assert time.monotonic() < deadline, "the autoscaler has not begun"
        time.sleep(1)
    kubectl(world, code, "wait", "--for=condition=Ready", "pod", "-l", "app.kubernetes.io/name=business-app")


def address(world: World, code: str) -> str:
    items = world.kubectl("get", "pods", "-n", f"tenant-{code}", "-l", "app.kubernetes.io/name=business-app")["items"]
    sockets = json.loads((world.folder / ".local" / "secrets.json").read_text())["sockets"]
    return f"\0tenantry-{sockets}/{items[0]['status']['podIP']}:3000"


def kubectl(world: World, code: str, *command: str) -> None:
    subprocess.run(
        ["kubectl", *command, "-n", f"tenant-{code}"], env=world.env, check=True, capture_output=True, text=True
    )


def roll_out(world: World, code: str) -> None:
    kubectl(world, code, "rollout", "restart", "deployment/business-app")
    kubectl(world, code, "rollout", "status", "deployment/business-app")


def failures(load: Load) -> str:
    kinds = f" ({', '.join(sorted(set(load.failed)))})" if load.failed else ""
    return f"{len(load.failed)} of {len(load.seconds)}{kinds}"


def crowded(table: Table, seen: Crowd, seconds: float) -> None:
    sent = sum(seen.flood.values())
    table.add_row("one tenant floods", f"{sent / seconds:.0f} a second for {seconds:.0f} s, {seen.flood[429]} refused")
    table.add_row("the others alone: failed of all", failures(seen.calm))
    table.add_row("the others beside it: failed of all", failures(seen.beside))
    table.add_row("the others alone: median, 99 %", f"{seen.calm.median_ms:.2f} ms, {seen.calm.worst_ms:.2f} ms")
    table.add_row("the others beside it", f"{seen.beside.median_ms:.2f} ms, {seen.beside.worst_ms:.2f} ms")
    table.add_row("beside it to alone", f"{seen.ratio:.2f}, {seen.worst_ratio:.2f}")


def costs(table: Table, flood_seconds: float) -> None:
    """Three tenants: one is measured and its pods replaced, one floods."""
    with served(*KEPT.values()) as (world, endpoint, tenants):
        by_code = {names.code: names for names in tenants}
        large = by_code[MEASURED]
        await_pods(world, large.code)
        ways = {
            "directly": lambda: directly(address(world, large.code)),
            "by the gateway": lambda: through(endpoint, large),
        }
        alone = {name: count(way(), REQUESTS) for name, way in ways.items()}
        for name, load in alone.items():
            table.add_row(f"one client, {name}: median, 99 %", f"{load.median_ms:.2f} ms, {load.worst_ms:.2f} ms")
        added = alone["by the gateway"].median_ms - alone["directly"].median_ms
        table.add_row("added by the gateway", f"{added:.2f} ms")
        for name, way in ways.items():
            table.add_row(f"{WORKERS} clients, {name}", f"{a_second(way, WORKERS, SECONDS):.0f} a second")
        first = pods(world, large.code)[0]
        load = under_load(ways["by the gateway"], lambda: kubectl(world, large.code, "delete", "pod", first))
        table.add_row("of two pods one is deleted: failed of all", failures(load))
        await_pods(world, large.code)
        load = under_load(ways["by the gateway"], lambda: roll_out(world, large.code))
        table.add_row("all pods are replaced: failed of all", failures(load))
        flooding = by_code.pop(FLOODING)
        seen = crowd(endpoint, flooding, list(by_code.values()), CALM * flood_seconds, flood_seconds)
        crowded(table, seen, flood_seconds)


def everybody(table: Table, minutes: float) -> None:
    """All tenants at once, of which one floods."""
    with served() as (_, endpoint, tenants):
        (flooding,) = (names for names in tenants if names.code == FLOODING)
        others = [names for names in tenants if names is not flooding]
        table.add_row("tenants", str(len(tenants)))
        crowded(table, crowd(endpoint, flooding, others, CALM * 60 * minutes, 60 * minutes), 60 * minutes)


@app.command()
def main(
    flood_seconds: Annotated[float, typer.Option(help="how long one tenant floods")] = 60.0,
    minutes: Annotated[
        float | None, typer.Option(help="instead: so long one of all tenants floods, after a fifth of that without")
    ] = None,
) -> None:
    """Prints one table."""
    table = Table(box=None, header_style="bold")
    for column in ("what", "figure"):
        table.add_column(column)
    if minutes is None:
        costs(table, flood_seconds)
    else:
        everybody(table, minutes)
    Console().print(table)


if __name__ == "__main__":
    app()
