"""The Alibaba stand-in's own switches: faults, clock, lifecycle, snapshot."""

import json
import urllib.request
from typing import Any

from local.instances.throwaway import World


def control(world: World, method: str, name: str, body: Any = None) -> Any:
    """Calls the switch `name` of the world's stand-in and returns its answer."""
    token = (world.folder / ".local" / "alibaba" / "control-token").read_text().strip()
    request = urllib.request.Request(
        f"{world.env['TENANTRY_ALIBABA_PROXY']}/_tenantry/{name}",
        json.dumps(body).encode() if body is not None else None,
        {"X-Tenantry-Control": token},
        method=method,
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.load(answer)
