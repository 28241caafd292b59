"""Limits on traffic through the gateway: the bodies of Envoy Gateway's policies.

A limit is counted in each of the gateway's own processes, or, where these share a rate limit service, together.
"""

from typing import Any, Final

from components.manifests.http_route import EXTENSION_GROUP, GROUP, REQUEST_TIMEOUT, TENANT_HEADER
from components.shared.installation import Gateway
from tenantry import notices
from tenantry.model.lifecycle import Phase
from tenantry.spec.quantity import bytes_of

API_VERSION: Final = f"{EXTENSION_GROUP}/v1alpha1"
BACKEND_POLICY: Final = "BackendTrafficPolicy"
CLIENT_POLICY: Final = "ClientTrafficPolicy"


def rate_limit(
    gateway: Gateway,
    route: str,
    per_minute: int,
    body_size: str | None = None,
    *,
    rule: str | None = None,
    counts_asleep: bool = False,
) -> dict[str, Any]:
    """The limit of one route, or of one rule of it. A request with a body larger than `body_size` is answered with 413.

    Without a size bodies are not buffered, as is needed where a connection stays open. `counts_asleep`: requests are
    counted while no pod runs, too. Where a Service has no endpoint, Envoy Gateway answers by itself and counts nothing;
    so the route leads to the Service's own address instead, which stays.
    """
    target = {"group": GROUP, "kind": "HTTPRoute", "name": route}
    if rule is not None:
        target["sectionName"] = rule
    limits = {"rules": [{"limit": {"requests": per_minute, "unit": "Minute"}}]}
    shared = gateway.shared_limits
    spec: dict[str, Any] = {
        "targetRefs": [target],
        "rateLimit": {"type": "Global", "global": limits} if shared else {"type": "Local", "local": limits},
    }
    if counts_asleep:
        spec["routingType"] = "Service"
    if body_size is not None:
        spec["requestBuffer"] = {"limit": str(bytes_of(body_size))}
    return spec


def clients(gateway: Gateway) -> dict[str, Any]:
    """The policy for everybody who connects: slow senders are cut off, and a client never sends the tenant's header."""
    return {
        "targetRefs": [{"group": GROUP, "kind": "Gateway", "name": gateway.name}],
        "timeout": {"http": {"requestReceivedTimeout": REQUEST_TIMEOUT, "idleTimeout": "5m"}},
        "headers": {"earlyRequestHeaders": {"remove": [TENANT_HEADER]}, "withUnderscoresAction": "RejectRequest"},
    }


def notice(phase: Phase) -> dict[str, Any]:
    """The filter with which the gateway itself answers for a tenant in this phase."""
    body = {"type": "Inline", "inline": notices.notice(phase)}
    return {
        "directResponse": {"statusCode": notices.STATUS, "contentType": notices.CONTENT_TYPE, "body": body},
    }
