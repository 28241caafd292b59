"""The plug-in services that a tenant has switched on: each its own pods, way in and limit, in the tenant's namespace.

Each service is four objects that name no other service, and its pods do not change with what is switched on beside
them: so one can be switched on, off or renewed without touching the rest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.manifests import credential_files, http_route, network_policy, pod, traffic_policy
from components.manifests.app_environment import NOT_OF_SERVICES, restart_relevant, settings
from components.parts.workload import SKIP_AWAIT
from components.shared.installation import Installation, PlatformDependencies, Providers
from components.shared.labels import ROLE, labels, selector, with_labels
from components.shared.manifest import Manifest
from tenantry.model.credential_rotation import ALL_CREDENTIALS
from tenantry.model.lifecycle import Phase
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import PLUGIN_PREFIX
from tenantry.spec.services import REPLICAS, Service

# Of the application's: a service is given what it needs, and no key of the tenant's to the platform.
CREDENTIALS: Final = ("DB_USER", "DB_PASSWORD", "JWT_SECRET")
CACHE: Final = ("REDIS_URL", "REDIS_KEY_PREFIX")
SOMETIMES: Final = ("JWT_SECRET_PREVIOUS", *CACHE)


@dataclass(frozen=True, slots=True)
class PluginsArgs:
    tenant: ResolvedTenant
    installation: Installation
    providers: Providers
    foundations: PlatformDependencies
    namespace_ready: pulumi.Resource  # the last of the namespace's
    after: Sequence[pulumi.Resource]  # account, settings, credentials and data, before the first pod
    notice: Sequence[pulumi.Resource] = ()  # what the routes answer with; nothing where they lead to pods


class Plugins(pulumi.ComponentResource):
    """Plugins of all tenants: four objects each, and one NetworkPolicy for all of them."""

    def __init__(self, name: str, args: PluginsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Plugins", name, None, opts)
        self._name, self._args = name, args
        tenant, at = args.tenant, args.installation
        opening = self._object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "",
            {"spec": network_policy.open_for_plugins(tenant.code, at.gateway, at.openings)},
        )
        for service_name, service in tenant.services.items():
            self._service(service_name, service, opening)
        self.register_outputs({"services": list(tenant.services)})

    def _service(self, service_name: str, service: Service, opening: Manifest) -> None:
        tenant, at = self._args.tenant, self._args.installation
        body = deployment(tenant, at, service_name, service)
        self._object("apps/v1", "Deployment", service_name, {"spec": body}, after=[opening, *self._args.after])
        backend = self._object(
            "v1", "Service", service_name, {"spec": cluster_service(tenant.code, service_name, service)}, await_it=False
        )
        limits: list[pulumi.Resource] = []
        if at.gateway.policies:
            limit = traffic_policy.rate_limit(
                at.gateway, PLUGIN_PREFIX + service_name, service.rate_limit, tenant.plan.body_size
            )
            limits.append(
                self._object(traffic_policy.API_VERSION, traffic_policy.BACKEND_POLICY, service_name, {"spec": limit})
            )
        route = http_route.to_plugin(tenant.names, at.gateway, service_name, PLUGIN_PREFIX + service_name, service)
        self._object(
            http_route.API_VERSION,
            "HTTPRoute",
            service_name,
            {"spec": http_route.closed(route) if self._args.notice else route},
            after=[backend, *limits, *self._args.notice, *self._args.foundations.gateway],
        )

    def _object(
        self,
        api_version: str,
        kind: str,
        service_name: str,
        body: Mapping[str, Any],
        *,
        after: Sequence[pulumi.Resource] = (),
        await_it: bool = True,
    ) -> Manifest:
        names = self._args.tenant.names
        own = PLUGIN_PREFIX + service_name if service_name else "plugins"
        metadata: dict[str, Any] = {
            "name": own,
            "namespace": names.namespace,
            "labels": with_labels(labels(names.code, part=own), self._args.tenant.spec.labels),
        }
        if not await_it:
            metadata["annotations"] = {SKIP_AWAIT: "true"}
        opts = pulumi.ResourceOptions(
            parent=self, provider=self._args.providers.kubernetes, depends_on=[self._args.namespace_ready, *after]
        )
        suffix = f"{service_name}-{kind.lower()}" if service_name else kind.lower()
        return Manifest(f"{self._name}-{suffix}", api_version, kind, metadata, body, opts)


def deployment(tenant: ResolvedTenant, at: Installation, service_name: str, service: Service) -> dict[str, Any]:
    """The Deployment of one service: hardened like the application, without its object credentials."""
    part = PLUGIN_PREFIX + service_name
    container = pod.hardened_container(
        part,
        at.application.registry + service.reference,
        service.port,
        service.health_check,
        {
            "cpu": service.compute.cpu,
            "memory": service.compute.memory,
            "ephemeral-storage": service.compute.ephemeral_storage,
        },
    )
    container["envFrom"] = [{"configMapRef": {"name": pod.CONFIG}}]
    container["env"] = [
        *({"name": key, "value": value} for key, value in _own_settings(service_name, service).items()),
        *(_credential(key) for key in CREDENTIALS),
        *(_credential(key, optional=True) for key in SOMETIMES),
        *credential_files.variables([*CREDENTIALS, *(CACHE if tenant.code in at.services.caches else ())]),
    ]
    container["volumeMounts"].append(credential_files.MOUNT)
    body = pod.spec(container, tenant.code, part, service.compute.ephemeral_storage)
    body["volumes"].append(credential_files.part(pod.CONFIG, CREDENTIALS, SOMETIMES))
    pod.mount_database_ca(container, body, at)
    return {
        "replicas": REPLICAS if tenant.phase is Phase.ACTIVE else 0,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": dict(selector(tenant.code, part))},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {
                "labels": labels(tenant.code, part=part) | {ROLE: network_policy.PLUGIN},
                "annotations": {pod.CHECKSUM: _checksum(tenant, at)},
            },
            "spec": body,
        },
    }


def cluster_service(code: str, service_name: str, service: Service) -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": dict(selector(code, PLUGIN_PREFIX + service_name)),
        "ports": [{"name": "http", "port": service.port, "targetPort": "http", "protocol": "TCP"}],
    }


def _own_settings(service_name: str, service: Service) -> dict[str, str]:
    """Over those of the application."""
    return {
        "PORT": str(service.port),
        "DB_POOL_SIZE": str(service.pool),
        "SERVICE_NAME": service_name,
        "REQUIRED_ROLES": ",".join(service.required_roles),
    }


def _credential(key: str, *, optional: bool = False) -> dict[str, Any]:
    reference = {"name": pod.CONFIG, "key": key} | ({"optional": True} if optional else {})
    return {"name": key, "valueFrom": {"secretKeyRef": reference}}


def _checksum(tenant: ResolvedTenant, at: Installation) -> str:
    """A digest of the settings that a service's pods read at their start, without the list of services: they do not
    roll with that.
    """
    plain = restart_relevant(settings(tenant, at))
    document: dict[str, Any] = json.loads(plain.pop("TENANT_SETTINGS"))
    kept = {key: value for key, value in document.items() if key not in NOT_OF_SERVICES}
    facts = [plain, kept, tenant.rotations[ALL_CREDENTIALS].number]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
