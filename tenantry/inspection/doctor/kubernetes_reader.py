"""The cluster's facts, by the kubeconfig that the stack's program uses; nothing is written."""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from tenantry.inspection.doctor.facts import Certificate, Kubernetes, Silent
from tenantry.parsing.json_narrowing import mapping, sequence

ZONE: Final = "topology.kubernetes.io/zone"
EMBEDDED_NODE: Final = "kwok.x-k8s.io/node"  # the mark of nodes on which nothing runs
TERWAY: Final = "/api/v1/namespaces/kube-system/configmaps/eni-config"
FLANNEL: Final = "/api/v1/namespaces/kube-system/configmaps/kube-flannel-cfg"
DNS: Final = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns"


def read_kubernetes(kubeconfig: Mapping[str, Any], settings: Mapping[str, str]) -> Kubernetes | Silent:
    """Facts of the cluster. What may not be read counts as not there: the API server tells who only sees a part."""
    import urllib3
    from kubernetes.config.config_exception import ConfigException  # pyright: ignore[reportMissingTypeStubs]

    from tenantry.engine.clients.kubernetes import Kube

    try:
        kube = Kube.admin(kubeconfig)
        version = kube.read("/version")
    except ConfigException as error:
        return Silent("the cluster", f"this is no kubeconfig: {error}")
    except (urllib3.exceptions.HTTPError, LookupError, OSError) as error:
        return Silent("the cluster", " ".join(str(error).split())[:300])

    def read(path: str) -> Mapping[str, Any]:
        answer = kube.ask("GET", path)
        return answer.document if answer.status == 200 else {}

    def items(path: str) -> list[Mapping[str, Any]]:
        return [mapping(item) for item in sequence(read(path).get("items"))]

    nodes = [mapping(item.get("metadata")) for item in items("/api/v1/nodes")]
    real = [node for node in nodes if EMBEDDED_NODE not in mapping(node.get("annotations"))]
    namespace, name = settings.get("gatewayNamespace", ""), settings.get("gatewayName", "")
    gateway = read(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{name}")
    secret = read(f"/api/v1/namespaces/{namespace}/secrets/{settings.get('gatewayTlsSecret', '')}")
    terway = mapping(read(TERWAY).get("data"))
    return Kubernetes(
        where=kube.host,
        version=(_number(version.get("major")), _number(version.get("minor"))),
        zones=frozenset(str(zone) for node in real if (zone := mapping(node.get("labels")).get(ZONE))),
        nodes=len(real),
        runs_pods=bool(real),
        dns_pods=len(items(DNS)),
        terway=str(terway.get("eni_conf")) if terway else None,
        has_flannel=bool(read(FLANNEL)),
        gateway_addresses=_addresses(gateway),
        groups=frozenset(str(group.get("name")) for group in map(mapping, sequence(read("/apis").get("groups")))),
        issuer=str(read("/.well-known/openid-configuration").get("issuer") or ""),
        certificate=_certificate(secret, settings.get("zone", "")),
    )


def _number(text: object) -> int:
    """Providers add a plus or more to the minor version."""
    match = re.match(r"\d+", str(text))
    return int(match[0]) if match else 0


def _addresses(gateway: Mapping[str, Any]) -> frozenset[str] | None:
    if not gateway:
        return None
    addresses = sequence(mapping(gateway.get("status")).get("addresses"))
    return frozenset(str(address.get("value")) for address in map(mapping, addresses) if address.get("value"))


def _certificate(secret: Mapping[str, Any], zone: str) -> Certificate | None:
    """The certificate that browsers would be shown; none where there is no secret."""
    from cryptography import x509

    data = mapping(secret.get("data")).get("tls.crt")
    if not data:
        return None
    try:
        read = x509.load_pem_x509_certificate(b64decode(str(data)))
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = names.get_values_for_type(x509.DNSName)
    except (ValueError, x509.ExtensionNotFound):
        return Certificate(fault="the secret holds no certificate with names")
    if f"*.{zone}" not in known:
        return Certificate(fault=f"it is for {', '.join(known)}, not for *.{zone}")
    return Certificate(read.not_valid_after_utc.astimezone(UTC))
