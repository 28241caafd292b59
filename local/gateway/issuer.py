"""Certificates for the listeners of Gateways, as cert-manager issues them: for what a listener names and asks for.

A Secret that is not of this instance's authority is somebody's own and stays.
"""

import base64
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass

from local.gateway.certificates import Authority, Issued
from local.gateway.cluster import Cluster, Tree

AGAIN_SECONDS = 1.0
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gateways"


@dataclass(frozen=True, slots=True)
class Request:
    """The certificate that one listener asks for."""

    namespace: str
    secret: str
    host: str


def requests(gateway: Tree) -> Iterator[Request]:
    """Yields what the listeners of a Gateway ask for, in its own namespace alone."""
    namespace = gateway["metadata"]["namespace"]
    for listener in gateway["spec"].get("listeners", []):
        for reference in listener.get("tls", {}).get("certificateRefs", []):
            if reference.get("namespace", namespace) == namespace and reference.get("kind", "Secret") == "Secret":
                yield Request(namespace, reference["name"], listener.get("hostname", "localhost"))


def run(cluster: Cluster, authority: Authority) -> None:
    """Issues for every Gateway that is there or comes. Does not return: what failed is tried again from the start."""
    while True:
        try:
            for change, document in cluster.follow(GATEWAYS):
                if change != "DELETED":
                    for gateway in document.get("items", []) if change == "ALL" else [document]:
                        for request in requests(gateway):
                            issue(cluster, authority, request)
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            print(f"no certificate yet: {error}", flush=True)
            time.sleep(AGAIN_SECONDS)


def issue(cluster: Cluster, authority: Authority, request: Request) -> None:
    """Issues one certificate, unless there is a Secret with a usable one or with somebody else's."""
    path = f"/api/v1/namespaces/{request.namespace}/secrets/{request.secret}"
    present = cluster.read(path)
    if present is not None:
        pem = base64.b64decode(present.get("data", {}).get("tls.crt", "")).decode(errors="replace")
        if not authority.is_ours(pem) or authority.is_current(pem, [request.host]):
            return
    cluster.apply(path, secret(request, authority.issue(request.host)))


def secret(request: Request, issued: Issued) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": request.secret, "namespace": request.namespace},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": _encoded(issued.certificate), "tls.key": _encoded(issued.key)},
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
