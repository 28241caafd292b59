"""Users of several tenants at the gateway, first alone and then beside one tenant's flood."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.queues import Queue

from bench.load import PATH, Ask, Load, serial
from tenantry.inspection.verify.attacks.gateway.wire import Wire
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names

PACE_SECONDS = 0.2  # between two requests of one tenant's users: half of what the smallest plan allows
CONNECTIONS = 8  # of the flood
WRONG = 599  # the status of an answer for somebody else


@dataclass(frozen=True)
class Crowd:
    """What the others' users saw, and the statuses that the flood got."""

    calm: Load
    beside: Load
    flood: Counter[int]

    @property
    def ratio(self) -> float:
        """The others' median beside the flood to that alone."""
        return self.beside.median_ms / self.calm.median_ms

    @property
    def worst_ratio(self) -> float:
        return self.beside.worst_ms / self.calm.worst_ms


def crowd(endpoint: Endpoint, flooding: Names, others: Sequence[Names], calm_seconds: float, seconds: float) -> Crowd:
    """The flood has a process of its own: what it costs the gateway is measured, not what it costs these clients."""
    calm = _users(endpoint, others, calm_seconds)
    processes = multiprocessing.get_context("spawn")
    results: Queue[Counter[int]] = processes.Queue()
    process = processes.Process(target=_flood, args=(endpoint, flooding, seconds, results), daemon=True)
    process.start()
    beside = _users(endpoint, others, seconds)
    statuses = results.get(timeout=60)
    process.join(60)
    return Crowd(calm, beside, statuses)


def _users(endpoint: Endpoint, tenants: Sequence[Names], seconds: float) -> Load:
    """Sends requests of one user of each tenant side by side."""
    loads = [Load() for _ in tenants]
    end = time.monotonic() + seconds

    def paced() -> bool:
        time.sleep(PACE_SECONDS)
        return time.monotonic() > end

    threads = [
        threading.Thread(target=serial, args=(_as_user(endpoint, names), load, paced))
        for names, load in zip(tenants, loads, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load([took for load in loads for took in load.seconds], [said for load in loads for said in load.failed])


def _as_user(endpoint: Endpoint, names: Names) -> Ask:
    """An answer of another tenant's pods, or one for another, counts as a failure."""
    wire = Wire(endpoint, names.domain)

    def ask() -> int:
        arrived = wire.ask(names.domain)
        is_own = (arrived.tenant, arrived.believed) == (names.code, [names.code])
        return arrived.status if is_own or arrived.status != 200 else WRONG

    return ask


def _flood(endpoint: Endpoint, names: Names, seconds: float, results: "Queue[Counter[int]]") -> None:
    """As fast as its connections are answered, each request after the answer to the one before.

    Requests that are sent together Envoy does not refuse one by one: it closes the connection.
    """
    end = time.monotonic() + seconds
    counts = [Counter[int]() for _ in range(CONNECTIONS)]
    threads = [threading.Thread(target=_connection, args=(endpoint, names, end, count)) for count in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(sum(counts, Counter[int]()))


def _connection(endpoint: Endpoint, names: Names, end: float, statuses: Counter[int]) -> None:
    while time.monotonic() < end:
        with suppress(OSError, EOFError), Wire(endpoint, names.domain) as wire:
            while time.monotonic() < end:
                statuses[wire.ask(names.domain, PATH).status] += 1
