"""The control endpoints under /_tenantry/: for tests and the instance manager, never for the product."""

from __future__ import annotations

import json
import os
from hmac import compare_digest
from typing import Any

from local.alibaba.faults import Fault
from local.alibaba.http.messages import Request, Response
from local.alibaba.oss import lifecycle
from local.alibaba.snapshot import snapshot
from local.alibaba.world import World

PREFIX = "/_tenantry/"


def _json(body: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"})


def handle(world: World, request: Request) -> Response:
    """health is open; everything else needs the token from DIR/control-token."""
    name = request.raw_path.removeprefix(PREFIX)
    if name == "health":
        return _json({"status": "ok", "account": world.account, "pid": os.getpid()})
    if not compare_digest(request.header("x-tenantry-control").encode(), world.token.encode()):
        return _json({"error": "X-Tenantry-Control is missing or wrong"}, 403)
    handler = HANDLERS.get((request.method, name))
    if handler is None:
        return _json({"error": f"no control endpoint {request.method} {name}"}, 404)
    try:
        body = json.loads(request.body or b"{}")
        with world.lock:
            answer = handler(world, body)
            world.store.commit()
    except (ValueError, TypeError, KeyError) as error:
        return _json({"error": f"{type(error).__name__}: {error}"}, 400)
    return _json(answer)


def _faults(world: World, _: Any) -> Any:
    return {"faults": world.faults.shown()}


def _add_fault(world: World, body: Any) -> Any:
    world.faults.pending.append(Fault(**body))
    return _faults(world, body)


def _clear_faults(world: World, body: Any) -> Any:
    world.faults.pending.clear()
    return _faults(world, body)


def _clock(world: World, _: Any) -> Any:
    return {"offset": world.clock.offset, "now": world.clock.iso()}


def _set_clock(world: World, body: Any) -> Any:
    world.set_offset(float(body["offset"]))
    return _clock(world, body)


def _lifecycle(world: World, _: Any) -> Any:
    return {"expired": lifecycle.run(world.buckets)}


HANDLERS = {
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "snapshot"): lambda world, _: snapshot(world),
    ("POST", "lifecycle"): _lifecycle,
}
