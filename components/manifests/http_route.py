"""The way from the gateway to a tenant: the bodies of its HTTPRoutes."""

from collections.abc import Mapping
from typing import Any, Final

from components.shared.installation import Gateway
from tenantry.names import APP_PORT, SERVICE_ACCOUNT, Names, service_path
from tenantry.names import TENANT_HEADER as TENANT_HEADER
from tenantry.spec.services import Service

ROLES_HEADER: Final = "X-Required-Roles"
REQUEST_TIMEOUT: Final = "30s"
GROUP: Final = "gateway.networking.k8s.io"
API_VERSION: Final = f"{GROUP}/v1"
LISTENER: Final = "tenants"  # of the Gateway
APP_RULE: Final = "app"
REALTIME_RULE: Final = "realtime"
NOTICE: Final = "notice"  # the filter that answers in the place of every backend (traffic_policy.py)
EXTENSION_GROUP: Final = "gateway.envoyproxy.io"
NOTICE_KIND: Final = "HTTPRouteFilter"


def body(names: Names, gateway: Gateway, *, realtime: bool = False) -> dict[str, Any]:
    """Exactly one host name; `set`, not `add`: what a client sends under the header's name is overwritten.

    With `realtime`, web sockets have a rule of their own: they stay open, so neither time nor size can be limited.
    """
    app = _rule(APP_RULE, names, SERVICE_ACCOUNT, APP_PORT, "/")
    rules = [app | {"timeouts": {"request": REQUEST_TIMEOUT}}]
    if realtime:
        sockets = _rule(REALTIME_RULE, names, SERVICE_ACCOUNT, APP_PORT, "/")
        sockets["matches"][0] |= {
            "method": "GET",
            "headers": [{"type": "Exact", "name": "Upgrade", "value": "websocket"}],
        }
        rules.append(sockets)
    return {**_entry(names, gateway), "rules": rules}


def to_plugin(names: Names, gateway: Gateway, service_name: str, backend: str, service: Service) -> dict[str, Any]:
    """The same host below the service's path, which is longer than the application's and so goes before it.

    The gateway cannot read the application's tokens: it tells the service, which can, one of which roles is required.
    """
    rule = _rule(service_name, names, backend, service.port, service_path(service_name))
    rule["filters"][0]["requestHeaderModifier"]["set"].append(
        {"name": ROLES_HEADER, "value": ",".join(service.required_roles)}
    )
    return {**_entry(names, gateway), "rules": [rule | {"timeouts": {"request": REQUEST_TIMEOUT}}]}


def closed(route: Mapping[str, Any]) -> dict[str, Any]:
    """The same route with a notice in the place of every backend: whoever runs behind it, no request gets there."""
    reference = {"group": EXTENSION_GROUP, "kind": NOTICE_KIND, "name": NOTICE}
    answer = {"type": "ExtensionRef", "extensionRef": reference}
    rules = [
        {"name": rule["name"], "matches": rule["matches"], "filters": [*rule["filters"], answer]}
        for rule in route["rules"]
    ]
    return {**route, "rules": rules}


def _entry(names: Names, gateway: Gateway) -> dict[str, Any]:
    return {
        "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace, "sectionName": LISTENER}],
        "hostnames": [names.domain],
    }


def _rule(rule_name: str, names: Names, backend: str, port: int, path: str) -> dict[str, Any]:
    header = {"name": TENANT_HEADER, "value": names.code}
    return {
        "name": rule_name,
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [header]}}],
        "backendRefs": [{"name": backend, "port": port}],
    }
