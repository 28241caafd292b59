"""The tenant's application: its settings and credentials, its pods, and the way of requests to them."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_random import RandomPassword

from components import pod, route
from components.environment import settings
from components.installation import Foundations, Installation, Providers
from components.manifest import Manifest
from components.ownership import labels, selector
from tenantry.names import APP_PORT, SERVICE_ACCOUNT
from tenantry.resolved import ResolvedTenant

KEY_LENGTH = 64  # letters and digits: 381 bits, above the 256 that HS256 asks for
KEYS = {"JWT_SECRET": 0, "UNIFIED_TENANT_API_KEY": KEY_LENGTH}  # where each begins; one more makes all of them anew


@dataclass(frozen=True, slots=True)
class WorkloadArgs:
    tenant: ResolvedTenant
    installation: Installation
    providers: Providers
    foundations: Foundations
    login: str
    password: pulumi.Input[str]
    walls: Sequence[pulumi.Resource]  # of the namespace: before anything is in it
    data: Sequence[pulumi.Resource]  # database and files: before the first pod


class Workload(pulumi.ComponentResource):
    """Everything in the namespace that belongs to the application."""

    ready: tuple[pulumi.Resource, ...]  # with these the domain may go live

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Workload", name, None, opts)
        self._name, self._args = name, args
        tenant, at = args.tenant, args.installation
        plain = settings(tenant, at)
        account = self._object("v1", "ServiceAccount", SERVICE_ACCOUNT, {"automountServiceAccountToken": False})
        config = self._object("v1", "ConfigMap", pod.CONFIG, {"data": plain})
        secret = self._object("v1", "Secret", pod.CONFIG, {"type": "Opaque", "data": _encoded(self._secrets())})
        deployment = self._object(
            "apps/v1",
            "Deployment",
            SERVICE_ACCOUNT,
            {"spec": pod.deployment(tenant, at, _checksum(plain, tenant.spec.credentials.rotation))},
            after=[account, config, secret, *args.data],
        )
        service = self._object("v1", "Service", SERVICE_ACCOUNT, {"spec": _service(tenant.code)}, await_it=False)
        self._object("policy/v1", "PodDisruptionBudget", SERVICE_ACCOUNT, {"spec": _budget(tenant.code)})
        way = self._object(
            route.API_VERSION,
            "HTTPRoute",
            SERVICE_ACCOUNT,
            {"spec": route.body(tenant.names, at.gateway)},
            after=[service, *args.foundations.gateway],
        )
        self.ready = (deployment, way)
        self.register_outputs({"replicas": pod.replicas(tenant)})

    def _object(
        self,
        api_version: str,
        kind: str,
        called: str,
        body: Mapping[str, Any],
        *,
        after: Sequence[pulumi.Resource] = (),
        await_it: bool = True,
    ) -> Manifest:
        """`await_it=False` for a Service: without a running pod it would never count as ready."""
        names = self._args.tenant.names
        metadata: dict[str, Any] = {
            "name": called,
            "namespace": names.namespace,
            "labels": labels(names.code, part=SERVICE_ACCOUNT),
        }
        if not await_it:
            metadata["annotations"] = {"pulumi.com/skipAwait": "true"}
        opts = pulumi.ResourceOptions(
            parent=self, provider=self._args.providers.kubernetes, depends_on=[*self._args.walls, *after]
        )
        return Manifest(f"{self._name}-{kind.lower()}", api_version, kind, metadata, body, opts)

    def _secrets(self) -> dict[str, pulumi.Input[str]]:
        keys = self._keys()
        values: dict[str, pulumi.Input[str]] = {
            "DB_USER": self._args.login,
            "DB_PASSWORD": self._args.password,
            **{name: keys.apply(lambda text, at=at: text[at : at + KEY_LENGTH]) for name, at in KEYS.items()},
        }
        redis = self._args.installation.services.redis
        return values if redis is None else values | {"REDIS_URL": redis}

    def _keys(self) -> pulumi.Output[str]:
        """All in one random text: each piece of it is as random, and a resource costs time at every run."""
        made = RandomPassword(
            f"{self._name}-keys",
            length=KEY_LENGTH * len(KEYS),
            special=False,
            keepers={"rotation": str(self._args.tenant.spec.credentials.rotation)},
            opts=pulumi.ResourceOptions(parent=self, provider=self._args.providers.random),
        )
        return made.result


def _encoded(values: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Output[str]]:
    """`data` rather than `stringData`: the API server never gives the latter back, so nothing could be compared."""
    return {
        key: pulumi.Output.secret(value).apply(lambda text: b64encode(text.encode()).decode())
        for key, value in values.items()
    }


def _checksum(plain: Mapping[str, str], rotation: int) -> str:
    """Changes with whatever pods read only at their start: the settings, and the credentials by their rotation."""
    return hashlib.sha256(json.dumps([plain, rotation], sort_keys=True).encode()).hexdigest()


def _service(code: str) -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": dict(selector(code, SERVICE_ACCOUNT)),
        "ports": [{"name": "http", "port": APP_PORT, "targetPort": "http", "protocol": "TCP"}],
    }


def _budget(code: str) -> dict[str, Any]:
    """One at a time: with a minimum instead, a tenant of one replica would keep its node from ever being drained."""
    return {"maxUnavailable": 1, "selector": {"matchLabels": dict(selector(code, SERVICE_ACCOUNT))}}
