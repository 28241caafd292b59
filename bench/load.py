"""Requests one after the other, and what their client saw: through the gateway, or past it to a pod's own socket."""

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tenantry.inspection.verify.attacks.gateway.wire import Wire
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names

PATH = "/health"
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


def through(endpoint: Endpoint, names: Names, path: str = PATH) -> Ask:
    wire = Wire(endpoint, names.domain)
    return lambda: wire.ask(names.domain, path).status


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


def count(ask: Ask, requests: int) -> Load:
    load = Load()
    serial(ask, load, lambda: len(load.seconds) >= requests)
    return load


def a_second(make: Callable[[], Ask], workers: int, seconds: float) -> float:
    """Requests a second of so many clients beside one another, all of one process."""
    loads = [Load() for _ in range(workers)]
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=serial, args=(make(), load, lambda: time.monotonic() > end)) for load in loads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(len(load.seconds) - len(load.failed) for load in loads) / seconds


def under_load(make: Callable[[], Ask], event: Callable[[], None], after_seconds: float = 2) -> Load:
    """One client's requests from before an event until a little after it."""
    load, over = Load(), threading.Event()
    thread = threading.Thread(target=serial, args=(make(), load, over.is_set))
    thread.start()
    try:
        event()
        time.sleep(after_seconds)
    finally:
        over.set()
        thread.join()
    return load
