"""The bodies of NetworkPolicies: who may talk to a tenant's pods, and to whom these may; the same of the exporter's.

A tenant's first closes its namespace in both directions, the second names the few openings. Namespaces are chosen by
the label that Kubernetes itself sets to their name, never by one that somebody could put on another, and never by an
empty selector.
"""

from collections.abc import Sequence
from typing import Any, Final

from components.shared.installation import EgressRule, Gateway
from components.shared.labels import ROLE, TENANT, selector
from tenantry.names import APP_PORT, SERVICE_ACCOUNT

NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
PLUGIN: Final = "plugin"  # the role of plug-in services' pods
BOTH_WAYS: Final = ("Ingress", "Egress")
DNS_PORT: Final = 53


def deny_all() -> dict[str, Any]:
    """Every pod, both ways, nothing allowed."""
    return {"podSelector": {}, "policyTypes": list(BOTH_WAYS)}


def allow_gateway_and_egress(code: str, gateway: Gateway, openings: Sequence[EgressRule]) -> dict[str, Any]:
    """In: the gateway's proxies, to the application's port. Out: names, and the destinations of the installation."""
    return _open(dict(selector(code, SERVICE_ACCOUNT)), APP_PORT, gateway, openings)


def open_for_plugins(code: str, gateway: Gateway, openings: Sequence[EgressRule]) -> dict[str, Any]:
    """The same for the pods of all plug-in services, each at the port that it calls `http`."""
    return _open({TENANT: code, ROLE: PLUGIN}, "http", gateway, openings)


def _open(pods: dict[str, str], port: int | str, gateway: Gateway, openings: Sequence[EgressRule]) -> dict[str, Any]:
    return open_from(gateway.proxies, port, pods, openings)


def open_from(namespace: str, port: int | str, pods: dict[str, str], openings: Sequence[EgressRule]) -> dict[str, Any]:
    """The pods in these labels are reached from one namespace at one port, and reach names and these openings."""
    return {
        "podSelector": {"matchLabels": pods},
        "policyTypes": list(BOTH_WAYS),
        "ingress": [{"from": [_namespace(namespace)], "ports": [_port("TCP", port)]}],
        "egress": [
            {
                "to": [_namespace("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
                "ports": [_port("UDP", DNS_PORT), _port("TCP", DNS_PORT)],
            },
            *({"to": [_peer(opening)], "ports": [_port("TCP", opening.port)]} for opening in openings),
        ],
    }


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: name}}}


def _peer(opening: EgressRule) -> dict[str, Any]:
    if isinstance(opening.peer, str):
        return _namespace(opening.peer)
    return {"ipBlock": {"cidr": str(opening.peer)}}


def _port(protocol: str, port: int | str) -> dict[str, Any]:
    return {"protocol": protocol, "port": port}
