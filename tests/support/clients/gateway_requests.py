"""Real requests through the gateway of a throw-away instance."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.instances.throwaway import World
from tenantry.inspection.verify.attacks.gateway.limits import allowed
from tenantry.inspection.verify.attacks.gateway.wire import AGENT, Arrived, Wire, head
from tenantry.inspection.verify.core.target import Endpoint
from tenantry.names import Names

TOGETHER = 50  # requests that are sent before their answers are read


def endpoint_of(world: World) -> Endpoint:
    port, plain = (int(world.env[name]) for name in ("TENANTRY_GATEWAY_PORT", "TENANTRY_GATEWAY_HTTP_PORT"))
    return Endpoint("127.0.0.1", port, plain, world.env["TENANTRY_GATEWAY_CA"])


@dataclass(frozen=True)
class Flood:
    """The number of requests answered before the first refusal, and the number that a limit allows in the time it took."""

    answered: int
    refusal: Arrived | None
    most: float


def flood(endpoint: Endpoint, names: Names, limit: int, path: str = "/health") -> Flood:
    """Asks until it is refused, or until more was answered than `limit` a minute allows."""
    request = head("GET", path, [("Host", names.domain), AGENT]) * TOGETHER
    answered, began = 0, time.monotonic()
    with Wire(endpoint, names.domain) as connection:
        while answered <= (most := allowed(limit, time.monotonic() - began)):
            connection.send(request)
            for _ in range(TOGETHER):
                arrived = connection.answer()
                if arrived.status == 429:
                    return Flood(answered, arrived, allowed(limit, time.monotonic() - began))
                assert arrived.status == 200, arrived
                answered += 1
    return Flood(answered, None, most)


@dataclass(frozen=True)
class Late:
    """The status of an answer, and the seconds until it came."""

    status: int
    seconds: float


def late(endpoint: Endpoint, tenants: Sequence[Names], delays: Sequence[float]) -> list[list[Late]]:
    """For each tenant and each delay of its application what comes, all asked for at once."""

    def ask(pair: tuple[Names, float]) -> Late:
        names, delay = pair
        began = time.monotonic()
        with Wire(endpoint, names.domain, seconds=delay + 30) as connection:
            status = connection.ask(names.domain, f"/?tenantry-delay={delay}").status
        return Late(status, time.monotonic() - began)

    pairs = [(names, delay) for names in tenants for delay in delays]
    with ThreadPoolExecutor(len(pairs)) as pool:
        answers = list(pool.map(ask, pairs))
    return [answers[start : start + len(delays)] for start in range(0, len(answers), len(delays))]
