"""The foreground process of the gateway: it waits for the cluster, adds its kinds, and becomes Envoy Gateway."""

import base64
import os
from pathlib import Path

import yaml

from local.gateway.cluster import Cluster, Tree, await_cluster
from local.gateway.settings import NAMESPACE, Place

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SOURCE = "tenantry.io/source"


def become_gateway(place: Place, program: Path, definitions: Path) -> None:
    """Does not return: executes Envoy Gateway, under the same process id, so that signals reach it."""
    settings = place.prepare()
    cluster = await_cluster(place.kubernetes)
    define(cluster, definitions)
    keep_secrets(cluster, place)
    os.environ.update(place.environment())
    os.execv(program, [str(program), "server", f"--config-path={settings}"])  # noqa: S606 - no shell is wanted


def keep_secrets(cluster: Cluster, place: Place) -> None:
    """Applies the Secrets that Envoy Gateway looks for: Envoy's certificate, and a key to sign cookies with."""
    for name, data in place.secrets().items():
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}"
        if cluster.read(path) is None:
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
            metadata = {"name": name, "namespace": NAMESPACE}
            cluster.apply(path, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})


def define(cluster: Cluster, folder: Path) -> None:
    """Applies the definitions in `folder`, unless they are there from the very same folder; waits until they serve."""
    listed = (cluster.read(DEFINITIONS) or {"items": []})["items"]
    present = {item["metadata"]["name"]: item["metadata"].get("annotations", {}).get(SOURCE) for item in listed}
    for file in sorted(folder.glob("*.yaml")):
        for definition in yaml.load_all(file.read_text(), yaml.CSafeLoader):
            name = definition["metadata"]["name"]
            if present.get(name) != folder.name:
                definition["metadata"].setdefault("annotations", {})[SOURCE] = folder.name
                applied = cluster.apply(f"{DEFINITIONS}/{name}", definition)
                while not _established(applied):
                    applied = cluster.read(f"{DEFINITIONS}/{name}") or {}


def _established(definition: Tree) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
