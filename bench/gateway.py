"""`python -m bench.gateway`: what the gateway costs, and what a failover, a roll-out and a flood do behind it.

All in one run on a throw-away instance with three tenants, so that the ratios can be compared.
"""

import http.client
import json
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local.instances.throwaway import World, throwaway
from tenantry.inspection.verify.attacks.gateway.wire import AGENT, Wire, head
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names, names_of

SECONDS = 10.0
REQUESTS = 2000
WORKERS = 8
PATH = "/health"
LARGE = {"basic": "k002", "standard": "k001", "premium": "k007"}
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
Ask = Callable[[], int]


@dataclass
class Load:
    """Measurements of one client: seconds of each request, and statuses other than 200."""

    seconds: list[float] = field(default_factory=list[float])
    failed: list[str] = field(default_factory=list[str])

    @property
    def median_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def worst_ms(self) -> float:
        """The slowest but one of a hundred requests."""
        return statistics.quantiles(self.seconds, n=100)[-1] * 1000


def through(endpoint: Endpoint, names: Names) -> Ask:
    wire = Wire(endpoint, names.domain)
    return lambda: wire.ask(names.domain, PATH).status


def directly(socket_name: str) -> Ask:
    """Past the gateway: to a pod's own socket, as Envoy reaches it."""
    plain = socket.socket(socket.AF_UNIX)
    plain.connect(socket_name)
    connection = http.client.HTTPConnection("pod")
    connection.sock = plain

    def ask() -> int:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    return ask


def serial(ask: Ask, load: Load, until: Callable[[], bool]) -> None:
    while not until():
        began = time.monotonic()
        try:
            status = str(ask())
        except (OSError, EOFError) as error:
            status = f"{type(error).__name__}"
        load.seconds.append(time.monotonic() - began)
        if status != "200":
            load.failed.append(status)


def count(ask: Ask, requests: int = REQUESTS) -> Load:
    load = Load()
    serial(ask, load, lambda: len(load.seconds) >= requests)
    return load


def a_second(make: Callable[[], Ask], seconds: float = SECONDS) -> float:
    """Requests a second of `WORKERS` clients beside one another, all of one process."""
    loads = [Load() for _ in range(WORKERS)]
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=serial, args=(make(), load, lambda: time.monotonic() > end)) for load in loads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(len(load.seconds) - len(load.failed) for load in loads) / seconds


def under_load(make: Callable[[], Ask], event: Callable[[], None]) -> Load:
    """One client's requests from before an event until a little after it."""
    load, over = Load(), threading.Event()
    thread = threading.Thread(target=serial, args=(make(), load, over.is_set))
    thread.start()
    event()
    time.sleep(2)
    over.set()
    thread.join()
    return load


def flooded(endpoint: Endpoint, flooding: Names, other: Names, seconds: float) -> tuple[Load, Load]:
    """The other's requests alone, and beside a flood of the first that never ends; ten a second, as a user's."""
    calm, beside, over = Load(), Load(), threading.Event()

    def users(load: Load) -> None:
        ask, end = through(endpoint, other), time.monotonic() + seconds

        def waits() -> bool:
            time.sleep(0.1)
            return time.monotonic() > end

        serial(ask, load, waits)

    def flood() -> None:
        request = head("GET", PATH, [("Host", flooding.domain), AGENT]) * 50
        with Wire(endpoint, flooding.domain) as wire:
            while not over.is_set():
                wire.send(request)
                for _ in range(50):
                    wire.answer()

    users(calm)
    thread = threading.Thread(target=flood)
    thread.start()
    users(beside)
    over.set()
    thread.join()
    return calm, beside


def pods(world: World, code: str) -> list[str]:
    listed = world.kubectl("get", "pods", "-n", f"tenant-{code}", "-l", "app.kubernetes.io/name=business-app")["items"]
    return [pod["metadata"]["name"] for pod in listed]


def address(world: World, code: str) -> str:
    items = world.kubectl("get", "pods", "-n", f"tenant-{code}", "-l", "app.kubernetes.io/name=business-app")["items"]
    sockets = json.loads((world.folder / ".local" / "secrets.json").read_text())["sockets"]
    return f"\0tenantry-{sockets}/{items[0]['status']['podIP']}:3000"


def kubectl(world: World, code: str, *command: str) -> None:
    subprocess.run(
        ["kubectl", *command, "-n", f"tenant-{code}"], env=world.env, check=True, capture_output=True, text=True
    )


@app.command()
def main(flood_seconds: Annotated[float, typer.Option(help="how long one tenant floods")] = 60.0) -> None:
    """Three tenants: one is measured and its pods replaced, one floods, one goes on as if nothing were."""
    table = Table(box=None, header_style="bold")
    for column in ("what", "figure"):
        table.add_column(column)
    with tempfile.TemporaryDirectory() as parent, throwaway(Path(parent), gateway=True) as world:
        for file in (world.folder / "tenants").glob("k*.yaml"):
            if file.stem not in LARGE.values():
                file.unlink()
        plans = world.folder / "tenants" / "plans.yaml"
        plans.write_text(plans.read_text().replace("request_rate: 3000", "request_rate: 1000000"))
        world.up()
        world.local("await-gateway")
        env = world.env
        endpoint = Endpoint("127.0.0.1", int(env["TENANTRY_GATEWAY_PORT"]), 1, env["TENANTRY_GATEWAY_CA"])
        basic, large = (names_of(LARGE[plan], "13800138000") for plan in ("basic", "premium"))
        direct, gateway = count(directly(address(world, large.code))), count(through(endpoint, large))
        table.add_row("one client, directly: median, 99 %", f"{direct.median_ms:.2f} ms, {direct.worst_ms:.2f} ms")
        table.add_row("one client, by the gateway", f"{gateway.median_ms:.2f} ms, {gateway.worst_ms:.2f} ms")
        table.add_row("added by the gateway", f"{gateway.median_ms - direct.median_ms:.2f} ms")
        table.add_row(
            f"{WORKERS} clients, directly", f"{a_second(lambda: directly(address(world, large.code))):.0f} a second"
        )
        table.add_row(
            f"{WORKERS} clients, by the gateway", f"{a_second(lambda: through(endpoint, large)):.0f} a second"
        )
        ways = {
            "a pod is deleted": lambda: kubectl(world, large.code, "delete", "pod", pods(world, large.code)[0]),
            "all pods are replaced": lambda: (
                kubectl(world, large.code, "rollout", "restart", "deployment/business-app"),
                kubectl(world, large.code, "rollout", "status", "deployment/business-app"),
            ),
        }
        for name, way in ways.items():
            load = under_load(lambda: through(endpoint, large), lambda way=way: (way(), None)[1])
            table.add_row(f"{name}: failed of all", f"{len(load.failed)} of {len(load.seconds)}")
        calm, beside = flooded(endpoint, basic, large, flood_seconds)
        table.add_row("another tenant floods: failed of all", f"{len(beside.failed)} of {len(beside.seconds)}")
        table.add_row("its median beside that alone", f"{beside.median_ms / calm.median_ms:.2f}")
    Console().print(table)


if __name__ == "__main__":
    app()
