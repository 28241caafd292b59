"""Four tenants, one a plan, and what the tests of plans, services and rotation look at them with."""

import json
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from local.instances.throwaway import World
from tests.e2e.conftest import bring, keep_only

TENANTS = {"basic": "k002", "standard": "k001", "premium": "k007", "enterprise": "k016"}


def open_four(world: World) -> World:
    """None with a service, whatever was done to them before."""
    keep_only(world, *TENANTS.values())
    bring(world, *TENANTS.values())
    for code in TENANTS.values():
        change(world, code, enabled_services=None, api_keys=None)
    world.up()
    return world


def change(world: World, code: str, **fields: str | None) -> None:
    """Replaces top-level lines of a tenant's file; None takes the field out with all that is indented below it."""
    lines, kept = world.tenant_file(code).read_text().splitlines(), []
    inside = False
    for line in lines:
        inside = line.split(":")[0] in fields if line[:1].strip() else inside
        if not inside:
            kept.append(line)
    kept += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    world.tenant_file(code).write_text("\n".join(kept) + "\n")


def secret(world: World, code: str, name: str = "business-app") -> dict[str, str]:
    data = world.kubectl("get", "secret", name, "-n", f"tenant-{code}").get("data", {})
    return {key: b64decode(value).decode() for key, value in data.items()}


def settings_document(world: World, code: str) -> dict[str, Any]:
    data = world.kubectl("get", "configmap", "business-app", "-n", f"tenant-{code}")["data"]
    return json.loads(data["TENANT_SETTINGS"])


def until(come: Callable[[], bool], otherwise: str) -> None:
    """Waits for controllers, which act a moment later."""
    deadline = time.monotonic() + 90
    while not come():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.5)


def running(world: World, code: str) -> int:
    return world.kubectl("get", "deployment", "business-app", "-n", f"tenant-{code}")["status"]["replicas"]
