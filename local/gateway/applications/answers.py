"""Answers of a pod's stand-in: who it is and what arrived, or what a test asks for by the query.

`?tenantry-delay=SECONDS` answers later, `?tenantry-status=503` with another status, `?tenantry-bytes=N` with N bytes.
"""

import asyncio
import json
from collections.abc import Awaitable

from local.gateway.applications.http import Answer, Request
from local.gateway.applications.pods import Pod

HEALTH = "/health"
DELAY, STATUS, BYTES = "tenantry-delay", "tenantry-status", "tenantry-bytes"


def answer(pod: Pod, request: Request) -> Awaitable[Answer] | Answer:
    """Returns the answer, or one to wait for."""
    if request.path == HEALTH:
        return Answer(200, b'{"status": "ok"}\n')
    if "?" not in request.target:
        return Answer(200, description(pod, request))
    status, size = int(request.option(STATUS) or 200), request.option(BYTES)
    content = description(pod, request) if size is None else b"x" * int(size)
    whole = Answer(status, content, "application/json" if size is None else "application/octet-stream")
    delay = request.option(DELAY)
    return whole if delay is None else _later(float(delay), whole)


def description(pod: Pod, request: Request) -> bytes:
    """JSON: the tenant that the pod belongs to, and the one that the request is for, which its header says."""
    document = {
        "tenant": pod.tenant,
        "namespace": pod.namespace,
        "service": pod.service,
        "pod": pod.name,
        "method": request.method,
        "path": request.target,
        "host": request.header("host"),
        "headers": [f"{name}: {value}" for name, value in request.headers],
        "body_bytes": request.body_bytes,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


async def _later(seconds: float, whole: Answer) -> Answer:
    await asyncio.sleep(seconds)
    return whole
