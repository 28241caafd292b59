"""A namespace that something holds: its run says what, does not wait for it, and goes on with the others."""

import json
import time
from datetime import date
from typing import Any

import yaml

from local.instances.throwaway import World
from tenantry.model.rbac_groups import group

HELD, OTHER = "k003", "k002"
MOST_SECONDS = 120  # of a run; the plugins of other engines wait ten minutes by themselves
FINALIZER = "example.org/held"


def config_map(finalizers: list[str]) -> dict[str, Any]:
    metadata = {"name": "mine", "namespace": f"tenant-{HELD}", "finalizers": finalizers}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def create(world: World, body: dict[str, Any], *options: str, ok: int | None = 0) -> Any:
    file = world.folder / ".local" / "held.json"
    file.write_text(json.dumps(body))
    return world.run("kubectl", "create", "-f", str(file), *options, ok=ok)


def write(world: World, code: str, **changes: Any) -> None:
    path = world.tenant_file(code)
    document = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_the_tenants_own_admin_cannot_hold_it(small: World) -> None:
    as_admin = ("--as", "somebody", "--as-group", group(HELD, "tenant_admin"), "--dry-run=server")
    refused = create(small, config_map([FINALIZER]), *as_admin, ok=1)
    assert "tenantry-finalizers" in refused.stderr
    create(small, config_map([]), *as_admin)


def test_a_held_namespace_is_named_and_the_others_go_on(small: World) -> None:
    create(small, config_map([FINALIZER]))  # by the cluster's administrator, whom no rail stops
    write(small, HELD, status="deleted", deleted_at=date.today())
    write(small, OTHER, hibernated=True)
    began = time.monotonic()
    failed = small.up(ok=3)
    assert time.monotonic() - began < MOST_SECONDS
    said = failed.stdout + failed.stderr
    assert f"held by ConfigMap mine (finalizers {FINALIZER})" in " ".join(said.split())
    assert small.kubectl("get", "deployment", "business-app", "-n", f"tenant-{OTHER}")["spec"]["replicas"] == 0


def test_it_ends_as_soon_as_nothing_holds_it(small: World) -> None:
    small.run("kubectl", "patch", "configmap", "mine", "-n", f"tenant-{HELD}", "--type", "merge",
              "-p", json.dumps({"metadata": {"finalizers": None}}))  # fmt: skip
    small.up()
    spaces = small.kubectl("get", "namespaces")["items"]
    assert f"tenant-{HELD}" not in {namespace["metadata"]["name"] for namespace in spaces}
