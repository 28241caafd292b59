"""The exporter of metrics: the command `tenantry exporter` in a pod, with a login of its own that only reads."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.manifests import network_policy, platform_pod
from components.monitoring.scraping import MONITORING, exporter_monitor
from components.shared.installation import EgressRule
from components.shared.labels import PART, labels
from components.shared.manifest import Manifest
from tenantry.names import EXPORTER, EXPORTER_PORT, PLATFORM_NAMESPACE

PORT: Final = "metrics"
CHECKSUM: Final = "tenantry.io/config-checksum"
# 5,000 tenants: 40 MiB and a second of a processor at each scrape (docs/metrics.md).
REQUESTS: Final = {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "64Mi"}
LIMITS: Final = {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "64Mi"}
DISK: Final = "32Mi"
GRACE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class ExporterProgram:
    """The image of tenantry, and where the database server is."""

    image: str
    arguments: tuple[str, ...]
    plain: Mapping[str, str]
    database_ports: frozenset[int]
    database_ca: str | None = None  # certificates, in PEM, that the server's is checked against


@dataclass(frozen=True, slots=True)
class ExporterArgs:
    program: ExporterProgram
    password: pulumi.Input[str]
    openings: Sequence[EgressRule]  # of the installation: the one to the database server is taken
    scraped_from: str  # the namespace of Prometheus
    provider: pulumi.ProviderResource
    after: Sequence[pulumi.Resource]  # the namespace; the database with that login


class Exporter(pulumi.ComponentResource):
    """The exporter: a Deployment of one pod. Walls come first: who may reach it reads the figures of all tenants."""

    def __init__(self, name: str, args: ExporterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Exporter", name, None, opts)
        self._name, self._args = name, args
        program = args.program
        closed = self._object(
            "networking.k8s.io/v1", "NetworkPolicy", {"spec": walls(args.scraped_from, args.openings, program)}
        )
        account = self._object("v1", "ServiceAccount", {"automountServiceAccountToken": False})
        data = {"PGPASSWORD": _encoded(args.password)}
        secret = self._object("v1", "Secret", {"type": "Opaque", "data": data})
        needed = [closed, account, secret]
        if program.database_ca is not None:
            needed.append(self._object("v1", "ConfigMap", {"data": {platform_pod.AUTHORITY: program.database_ca}}))
        deployed = self._object("apps/v1", "Deployment", {"spec": deployment(program)}, needed)
        service = self._object("v1", "Service", {"spec": _service()}, [deployed])
        self._object(MONITORING, "ServiceMonitor", exporter_monitor(PORT), [service])
        self.register_outputs({})

    def _object(
        self, api_version: str, kind: str, body: dict[str, Any], after: Sequence[pulumi.Resource] = ()
    ) -> Manifest:
        return Manifest(
            f"{self._name}-{kind.lower()}",
            api_version,
            kind,
            {"name": EXPORTER, "namespace": PLATFORM_NAMESPACE, "labels": labels(part=EXPORTER)},
            body,
            pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=[*self._args.after, *after]),
        )


def walls(scraped_from: str, openings: Sequence[EgressRule], program: ExporterProgram) -> dict[str, Any]:
    """In: Prometheus' namespace, to the port of the metrics. Out: names, and the database server directly."""
    servers = [opening for opening in openings if opening.port in program.database_ports]
    return network_policy.open_from(scraped_from, EXPORTER_PORT, {PART: EXPORTER}, servers)


def deployment(program: ExporterProgram) -> dict[str, Any]:
    """The old pod goes before the new one comes: two would read twice, and the login takes few connections."""
    command = ("tenantry", *program.arguments, "--host", "::", "--port", str(EXPORTER_PORT))
    container = platform_pod.container(EXPORTER, program.image, command, program.plain, REQUESTS, LIMITS)
    # By the socket: a server that is away must not restart what says so.
    probe = {"tcpSocket": {"port": PORT}, "periodSeconds": 10, "timeoutSeconds": 2, "failureThreshold": 3}
    container |= {
        "ports": [{"name": PORT, "containerPort": EXPORTER_PORT, "protocol": "TCP"}],
        "startupProbe": probe | {"periodSeconds": 2, "failureThreshold": 60},
        "readinessProbe": probe,
        "livenessProbe": probe,
    }
    pod = platform_pod.pod(container, DISK) | {"terminationGracePeriodSeconds": GRACE_SECONDS}
    if program.database_ca is not None:
        platform_pod.mount_authorities(pod)
    checksum = hashlib.sha256(json.dumps([dict(program.plain), program.database_ca], sort_keys=True).encode())
    return {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {PART: EXPORTER}},
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {"labels": labels(part=EXPORTER), "annotations": {CHECKSUM: checksum.hexdigest()}},
            "spec": pod,
        },
    }


def _service() -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": {PART: EXPORTER},
        "ports": [{"name": PORT, "port": EXPORTER_PORT, "targetPort": PORT, "protocol": "TCP"}],
    }


def _encoded(value: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.secret(value).apply(lambda text: b64encode(text.encode()).decode())
