"""The one entry for all tenants: a Gateway with wildcard TLS, in a namespace of its own."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.manifests import http_route, traffic_policy
from components.shared.installation import Gateway
from components.shared.labels import MANAGED_BY, MANAGER, labels
from components.shared.manifest import Manifest


@dataclass(frozen=True, slots=True)
class GatewayArgs:
    gateway: Gateway
    zone: str
    gateway_class: str
    controller: str | None  # makes the class too; None where the cluster has it
    tls_secret: str  # in the gateway's namespace: the certificate for *.zone
    provider: pulumi.ProviderResource


class PlatformGateway(pulumi.ComponentResource):
    """Namespace, class where it is ours to make, Gateway."""

    ready: pulumi.Resource

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Entry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        namespace = Manifest(
            f"{name}-namespace", "v1", "Namespace", {"name": args.gateway.namespace, "labels": labels()}, {}, child
        )
        before: list[pulumi.Resource] = [namespace]
        if args.controller is not None:
            before.append(
                Manifest(
                    f"{name}-class",
                    http_route.API_VERSION,
                    "GatewayClass",
                    {"name": args.gateway_class, "labels": labels()},
                    {"spec": {"controllerName": args.controller}},
                    child,
                )
            )
        self.ready = Manifest(
            f"{name}-gateway",
            http_route.API_VERSION,
            "Gateway",
            {"name": args.gateway.name, "namespace": args.gateway.namespace, "labels": labels()},
            {"spec": spec(args)},
            pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=before),
        )
        if args.gateway.policies:
            Manifest(
                f"{name}-clients",
                traffic_policy.API_VERSION,
                traffic_policy.CLIENT_POLICY,
                {"name": args.gateway.name, "namespace": args.gateway.namespace, "labels": labels()},
                {"spec": traffic_policy.clients(args.gateway)},
                pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[self.ready]),
            )
        self.register_outputs({"namespace": args.gateway.namespace, "gateway": args.gateway.name})


def spec(args: GatewayArgs) -> dict[str, Any]:
    """HTTPS alone, and routes only from namespaces that we made: their labels are not the tenants' to change."""
    return {
        "gatewayClassName": args.gateway_class,
        "listeners": [
            {
                "name": http_route.LISTENER,
                "hostname": f"*.{args.zone}",
                "port": 443,
                "protocol": "HTTPS",
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": args.tls_secret}]},
                "allowedRoutes": {
                    "kinds": [{"kind": "HTTPRoute"}],
                    "namespaces": {"from": "Selector", "selector": {"matchLabels": {MANAGED_BY: MANAGER}}},
                },
            }
        ],
    }
