"""Pods that are to be answered for: those that the cluster calls ready, under the address and port that they have."""

from dataclasses import dataclass

from local.gateway.cluster import Tree
from tenantry.names import PART_LABEL, TENANT_LABEL

PODS = f"/api/v1/pods?labelSelector={TENANT_LABEL.replace('/', '%2F')}"


@dataclass(frozen=True, slots=True)
class Pod:
    """One port of a pod. `drain_seconds` is how long it goes on answering when it is told to end (its preStop hook)."""

    address: str
    port: int
    tenant: str
    namespace: str
    service: str
    name: str
    drain_seconds: float
    port_name: str = ""
    labels: frozenset[tuple[str, str]] = frozenset()

    def socket(self, sockets: str) -> str:
        """The abstract name of its socket, the one under which Envoy looks for this address (settings.py)."""
        return f"\0{sockets}/{self.address}:{self.port}"


def ready_pods(document: Tree) -> list[Pod]:
    """The ports of a pod object; none unless it is ready and not being deleted."""
    metadata, status = document["metadata"], document.get("status", {})
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
    if "deletionTimestamp" in metadata or conditions.get("Ready") != "True" or not status.get("podIP"):
        return []
    labels = metadata.get("labels", {})
    return [
        Pod(
            status["podIP"],
            port["containerPort"],
            labels.get(TENANT_LABEL, ""),
            metadata["namespace"],
            labels.get(PART_LABEL, ""),
            metadata["name"],
            float(container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)),
            port.get("name", ""),
            frozenset(labels.items()),
        )
        for container in document["spec"]["containers"]
        for port in container.get("ports", [])
    ]
