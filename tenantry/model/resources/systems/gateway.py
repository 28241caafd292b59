"""Gateway API and Envoy Gateway: the one way in, and each tenant's routes and limits."""

from typing import Final

from tenantry.model.resources.facts import PLATFORMS, TENANTS, Control, ResourceKind
from tenantry.model.resources.objects import AMOUNT, GRANT, ROUTE

_SYSTEM: Final = "DNS, gateway"
KINDS: Final = {
    "kubernetes:gateway.envoyproxy.io:BackendTrafficPolicy": ResourceKind(TENANTS, drift=AMOUNT),
    "kubernetes:gateway.envoyproxy.io:ClientTrafficPolicy": ResourceKind(PLATFORMS, drift=AMOUNT),
    # a page, which reaches nobody
    "kubernetes:gateway.envoyproxy.io:HTTPRouteFilter": ResourceKind(TENANTS, drift=GRANT),
    "kubernetes:gateway.networking.k8s.io:Gateway": ResourceKind(PLATFORMS, drift=ROUTE),
    "kubernetes:gateway.networking.k8s.io:GatewayClass": ResourceKind(PLATFORMS, drift=ROUTE),
    "kubernetes:gateway.networking.k8s.io:HTTPRoute": ResourceKind(TENANTS, drift=ROUTE),
}
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "own host name alone",
        live="rail tenantry-routes; the gateway takes our namespaces' routes",
        rules="dns-name dns-host dns-wildcard dns-ttl dns-shared dns-gateway dns-backend",
        attacks="host.theft host.taken host.gateway host.endpoints host.own host.records rails.routes gateway.own "
        "gateway.host gateway.reused gateway.socket",
    ),
    Control(
        _SYSTEM,
        "X-Tenant-Code from the host",
        live="rail tenantry-routes; the route sets it",
        rules="dns-header",
        attacks="host.header host.forged gateway.forged gateway.trailer",
    ),
    Control(
        _SYSTEM,
        "one request is one request, with one path",
        live="Envoy reads strictly and hands on what it read; services get the roles they require from the route",
        attacks="gateway.smuggled gateway.path",
    ),
    Control(
        _SYSTEM,
        "limits of rate, size and time",
        live="BackendTrafficPolicies and time-outs of the routes",
        rules="quotas-rate quotas-limited",
        attacks="gateway.rate gateway.body gateway.timeout",
    ),
    Control(
        _SYSTEM,
        "who does not run is answered by the gateway itself",
        live="routes of a suspended or sleeping tenant without a backend; rails tenantry-routes, tenantry-own",
        rules="dns-shut dns-notice",
        attacks="gateway.closed host.closed",
    ),
    Control(
        _SYSTEM,
        "TLS alone, of today",
        live="one HTTPS listener",
        rules="dns-gateway",
        attacks="gateway.plain gateway.tls",
    ),
    Control(
        _SYSTEM,
        "no second way in",
        live="rails tenantry-entrances, tenantry-services, tenantry-connections",
        rules="dns-other-way network-service",
        attacks="rails.entrances rails.services rails.connections benchmark.block-node-port",
    ),
)
