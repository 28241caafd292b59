"""One plan as a table, and the objects that its quotas count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client

FILLER = {"tenantry.io/filler": "true"}
IMAGE = "business-app:1.0.0"  # of no other may a pod be made, whoever makes it


@dataclass
class Table:
    """One plan's: quota, limit, what happened at it and one beyond."""

    plan: str
    rows: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])

    def add(self, quota: str, limit: object, within: str, beyond: str) -> None:
        self.rows.append((quota, str(limit), within, beyond))

    def __str__(self) -> str:
        rows = [("quota", "limit", "at the limit", "at limit + 1"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([f"\nplan {self.plan}", *lines])


def pod(name: str, **amounts: str) -> dict[str, Any]:
    """One that Pod Security admits; without amounts the LimitRange gives it the plan's."""
    limits = {key.replace("_", "-"): value for key, value in amounts.items()}
    container = {
        "name": "filler",
        "image": IMAGE,
        "imagePullPolicy": "Always",
        "resources": {"limits": limits, "requests": limits} if limits else {},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    outer = {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    spec = {"containers": [container], "securityContext": outer, "automountServiceAccountToken": False}
    return {"metadata": {"name": name, "labels": FILLER}, "spec": spec}


def objects(api: client.ApiClient, space: str) -> dict[str, tuple[Callable[[str], object], Callable[[], object]]]:
    """Kind as the quota calls it -> how one is made, and how all that were made here are removed."""
    core: Any = client.CoreV1Api(api)
    label = ",".join(f"{key}={value}" for key, value in FILLER.items())
    meta = {"labels": FILLER}

    def services() -> None:
        for service in core.list_namespaced_service(space, label_selector=label).items:
            core.delete_namespaced_service(service.metadata.name, space)

    return {
        "configmaps": (
            lambda name: core.create_namespaced_config_map(space, {"metadata": {"name": name, **meta}}),
            lambda: core.delete_collection_namespaced_config_map(space, label_selector=label),
        ),
        "secrets": (
            lambda name: core.create_namespaced_secret(space, {"metadata": {"name": name, **meta}}),
            lambda: core.delete_collection_namespaced_secret(space, label_selector=label),
        ),
        "services": (
            lambda name: core.create_namespaced_service(
                space, {"metadata": {"name": name, **meta}, "spec": {"ports": [{"port": 80}]}}
            ),
            services,
        ),
        "pods": (
            lambda name: core.create_namespaced_pod(space, pod(name)),
            lambda: core.delete_collection_namespaced_pod(space, label_selector=label, grace_period_seconds=0),
        ),
    }
