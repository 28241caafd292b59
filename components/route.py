"""How the gateway reaches a tenant: the body of its HTTPRoute."""

from typing import Any, Final

from components.installation import Gateway
from tenantry.names import APP_PORT, SERVICE_ACCOUNT, Names
from tenantry.names import TENANT_HEADER as TENANT_HEADER

REQUEST_TIMEOUT: Final = "30s"
API_VERSION: Final = "gateway.networking.k8s.io/v1"
LISTENER: Final = "tenants"  # of the Gateway


def body(names: Names, gateway: Gateway) -> dict[str, Any]:
    """Exactly one host name; `set`, not `add`: what a client sends under the header's name is overwritten."""
    header = {"name": TENANT_HEADER, "value": names.code}
    return {
        "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace, "sectionName": LISTENER}],
        "hostnames": [names.domain],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [header]}}],
                "backendRefs": [{"name": SERVICE_ACCOUNT, "port": APP_PORT}],
                "timeouts": {"request": REQUEST_TIMEOUT},
            }
        ],
    }
