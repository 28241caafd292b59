"""The tenant's application: its settings and credentials, its pods, and the way of requests to them."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from components.manifests import autoscaler, http_route, pod, traffic_policy
from components.manifests.app_environment import restart_relevant, settings
from components.parts import tenant_secrets
from components.shared import credentials as keys
from components.shared.credentials import TenantCredentials
from components.shared.installation import Installation, PlatformDependencies, Providers
from components.shared.labels import labels, selector, with_labels
from components.shared.manifest import Manifest
from tenantry import notices
from tenantry.model.credential_rotation import ALL_CREDENTIALS
from tenantry.model.resolved import ResolvedTenant
from tenantry.names import APP_PORT, SERVICE_ACCOUNT

SKIP_AWAIT: Final = "pulumi.com/skipAwait"  # for a Service: without a running pod it would never count as ready


@dataclass(frozen=True, slots=True)
class WorkloadArgs:
    tenant: ResolvedTenant
    installation: Installation
    providers: Providers
    foundations: PlatformDependencies
    login: str
    password: pulumi.Input[str]
    opened: pulumi.Resource  # the login role with that password: a container that starts before finds the one before
    keys: TenantCredentials
    namespace_ready: pulumi.Resource  # the last of the namespace's: before anything is in it
    data: Sequence[pulumi.Resource]  # database and files: before the first pod
    secrets: tenant_secrets.Values = field(default_factory=dict[str, pulumi.Output[str]])  # for other services


class Workload(pulumi.ComponentResource):
    """Everything in the namespace that belongs to the application."""

    ready: tuple[pulumi.Resource, ...]  # with these the domain may go live
    foundation: tuple[pulumi.Resource, ...]  # what other pods of the tenant start from, too
    notice: tuple[pulumi.Resource, ...]  # what all its routes answer with; nothing where they lead to pods

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Workload", name, None, opts)
        self._name, self._args = name, args
        tenant, at = args.tenant, args.installation
        plain = settings(tenant, at)
        account = self._object("v1", "ServiceAccount", SERVICE_ACCOUNT, {"automountServiceAccountToken": False})
        config = self._object("v1", "ConfigMap", pod.CONFIG, {"data": plain})
        credentials = self._secrets()
        handed = {"type": "Opaque", "data": _encoded(credentials)}
        secret = self._object("v1", "Secret", pod.CONFIG, handed, after=[args.opened])
        self.foundation = (account, config, secret, *args.data)
        if tenant.spec.api_keys:
            handed = {"type": "Opaque", "data": _encoded(self._api_keys())}
            self.foundation += (self._object("v1", "Secret", pod.API_KEYS, handed, as_=pod.API_KEYS),)
        body = pod.deployment(tenant, at, _checksum(plain, tenant.rotations[ALL_CREDENTIALS].number), credentials)
        secrets: list[Manifest] = []
        if tenant.spec.secrets:
            handed = {"type": "Opaque", "data": _encoded(tenant_secrets.data(args.secrets))}
            secrets.append(self._object("v1", "Secret", tenant_secrets.NAME, handed, as_=tenant_secrets.NAME))
            digest = tenant_secrets.checksum(args.keys, args.secrets)
            tenant_secrets.hand(body["template"], tenant.spec, digest)
        # One that may choose a number comes after what it scales; one that no longer may lets go of it before.
        follows = autoscaler.autoscaler_owns_replicas(tenant, at)
        held = () if follows else self._scaler()
        deployment = self._object(
            "apps/v1",
            "Deployment",
            SERVICE_ACCOUNT,
            {"spec": body},
            after=[*self.foundation, *secrets, *held],
        )
        if follows:
            self._scaler(deployment)
        service = self._object(
            "v1", "Service", SERVICE_ACCOUNT, {"spec": _service(tenant.code)}, annotations={SKIP_AWAIT: "true"}
        )
        if tenant.plan.compute.replicas > 1:
            self._object("policy/v1", "PodDisruptionBudget", SERVICE_ACCOUNT, {"spec": _budget(tenant.code)})
        realtime = tenant.features["realTimeChat"]
        limits = self._limits(realtime=realtime) if at.gateway.policies else []
        self.notice = self._notice()
        route = http_route.body(tenant.names, at.gateway, realtime=realtime)
        way = self._object(
            http_route.API_VERSION,
            "HTTPRoute",
            SERVICE_ACCOUNT,
            {"spec": http_route.closed(route) if self.notice else route},
            after=[service, *limits, *self.notice, *args.foundations.gateway],
        )
        self.ready = (deployment, way)
        self.register_outputs({"replicas": autoscaler.replicas(tenant, at)})

    def _scaler(self, *after: pulumi.Resource) -> tuple[Manifest, ...]:
        tenant, at = self._args.tenant, self._args.installation
        if (kind := autoscaler.scaler(tenant, at)) is None:
            return ()
        notes, body = autoscaler.annotations(tenant, at), autoscaler.body(tenant, at)
        return (self._object(*kind, SERVICE_ACCOUNT, {"spec": body}, after=after, annotations=notes),)

    def _notice(self) -> tuple[Manifest, ...]:
        phase = self._args.tenant.phase
        if not (self._args.installation.gateway.policies and notices.has_notice(phase)):
            return ()
        body = {"spec": traffic_policy.notice(phase)}
        return (self._object(traffic_policy.API_VERSION, http_route.NOTICE_KIND, http_route.NOTICE, body),)

    def _limits(self, *, realtime: bool) -> list[Manifest]:
        """There before the way in. A web socket is not buffered: where there are any, only the rest has a size."""
        tenant, at = self._args.tenant, self._args.installation
        plan, gateway = tenant.plan, at.gateway
        wakes = autoscaler.wakes_by_traffic(tenant, at) and at.scaling.keda

        def policy(object_name: str, body: Mapping[str, Any], as_: str | None = None) -> Manifest:
            return self._object(
                traffic_policy.API_VERSION, traffic_policy.BACKEND_POLICY, object_name, {"spec": body}, as_=as_
            )

        rule = http_route.APP_RULE if realtime else None
        policies = [
            policy(
                SERVICE_ACCOUNT,
                traffic_policy.rate_limit(
                    gateway, SERVICE_ACCOUNT, plan.request_rate, plan.body_size, rule=rule, counts_asleep=wakes
                ),
            )
        ]
        if realtime:
            sockets = traffic_policy.rate_limit(
                gateway, SERVICE_ACCOUNT, plan.request_rate, rule=http_route.REALTIME_RULE, counts_asleep=wakes
            )
            as_ = f"{traffic_policy.BACKEND_POLICY.lower()}-{http_route.REALTIME_RULE}"
            policies.append(policy(http_route.REALTIME_RULE, sockets, as_))
        return policies

    def _object(
        self,
        api_version: str,
        kind: str,
        object_name: str,
        body: Mapping[str, Any],
        *,
        after: Sequence[pulumi.Resource] = (),
        annotations: Mapping[str, str] | None = None,
        as_: str | None = None,
    ) -> Manifest:
        """`as_` is its name in the program, where the kind would not tell it from another."""
        names = self._args.tenant.names
        metadata: dict[str, Any] = {
            "name": object_name,
            "namespace": names.namespace,
            "labels": with_labels(labels(names.code, part=SERVICE_ACCOUNT), self._args.tenant.spec.labels),
        }
        if annotations:
            metadata["annotations"] = dict(annotations)
        opts = pulumi.ResourceOptions(
            parent=self, provider=self._args.providers.kubernetes, depends_on=[self._args.namespace_ready, *after]
        )
        return Manifest(f"{self._name}-{as_ or kind.lower()}", api_version, kind, metadata, body, opts)

    def _secrets(self) -> dict[str, pulumi.Input[str]]:
        own, tenant = self._args.keys, self._args.tenant
        values: dict[str, pulumi.Input[str]] = {
            "DB_USER": self._args.login,
            "DB_PASSWORD": self._args.password,
            "JWT_SECRET": own.current("jwt"),
            "UNIFIED_TENANT_API_KEY": own.current(keys.UNIFIED_TENANT_API),
        }
        if (previous := own.previous("jwt")) is not None:
            values["JWT_SECRET_PREVIOUS"] = previous  # to check tokens with that were signed before
        if tenant.ai_enabled:
            values["AI_TOKEN"] = own.current(keys.AI)
        cache = self._args.installation.services.caches.get(tenant.code)
        return values if cache is None else values | {"REDIS_URL": cache, "REDIS_KEY_PREFIX": f"{tenant.code}:"}

    def _api_keys(self) -> dict[str, pulumi.Input[str]]:
        """Entries of the Secret: each key, and `.previous` while the one before still works; none without access."""
        tenant, entries = self._args.tenant, dict[str, pulumi.Input[str]]()
        for key in tenant.api_keys if tenant.phase.has_access else ():
            (value, _), *before = self._args.keys.api_key(key.name)
            entries[key.name] = value
            for place, (old, _) in enumerate(before, 1):
                entries[f"{key.name}.previous" + (f"-{place}" if place > 1 else "")] = old
        return entries


def _encoded(values: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Output[str]]:
    """`data` rather than `stringData`: the API server never gives the latter back, so nothing could be compared."""
    return {
        key: pulumi.Output.secret(value).apply(lambda text: b64encode(text.encode()).decode())
        for key, value in values.items()
    }


def _checksum(plain: Mapping[str, str], rotation: int) -> str:
    """Changes with whatever pods read only at their start: the settings, and the credentials by their rotation."""
    return hashlib.sha256(json.dumps([restart_relevant(plain), rotation], sort_keys=True).encode()).hexdigest()


def _service(code: str) -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": dict(selector(code, SERVICE_ACCOUNT)),
        "ports": [{"name": "http", "port": APP_PORT, "targetPort": "http", "protocol": "TCP"}],
    }


def _budget(code: str) -> dict[str, Any]:
    """PodDisruptionBudget of one pod at a time.

    A tenant of one replica has none: it would allow that one, or keep its node from being drained.
    """
    return {"maxUnavailable": 1, "selector": {"matchLabels": dict(selector(code, SERVICE_ACCOUNT))}}
