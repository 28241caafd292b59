"""Objects to ask the API server for, each good but for what an attack changes."""

from copy import deepcopy
from typing import Any, Final

from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.names import APP_PORT, LOWEST_USER_ID, SERVICE_ACCOUNT, TENANT_HEADER, Names
from tenantry.parsing.json_narrowing import mapping, sequence

Json = dict[str, Any]
GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
NAME: Final = "attack"  # in no sentence that a rail says


def path(names: Names, version: str, plural: str, name: str = "") -> str:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{names.namespace}/{plural}" + (f"/{name}" if name else "")


def manifest(version: str, kind: str, **body: Any) -> Json:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": NAME, **body.pop("metadata", {})}, **body}


def image(context: VerifyContext, names: Names) -> str:
    """The image that the tenant's application runs. Raises LookupError without one."""
    for deployment in context.live(path(names, "apps/v1", "deployments")):
        template = mapping(mapping(mapping(deployment.get("spec")).get("template")).get("spec"))
        for container in sequence(template.get("containers")):
            return str(mapping(container)["image"])
    raise LookupError(f"{names.namespace} has no Deployment")


def pod(context: VerifyContext, names: Names, container: Json | None = None, **spec: Any) -> Json:
    """A pod as Pod Security's `restricted` wants it."""
    one: Json = {
        "name": "a",
        "image": image(context, names),
        "imagePullPolicy": "Always",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
    }
    for key, value in (container or {}).items():
        one[key] = {**one[key], **value} if key == "securityContext" else value
    users = {"runAsUser": LOWEST_USER_ID, "runAsGroup": LOWEST_USER_ID}
    plain = {"automountServiceAccountToken": False, "securityContext": users, "containers": [one], **spec}
    return manifest("v1", "Pod", spec=plain)


def modifier(code: str, **more: Any) -> Json:
    header = {"name": TENANT_HEADER, "value": code}
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [header], **more}}


def route(context: VerifyContext, names: Names, *hosts: str, filters: list[Json] | None = None, **rule: Any) -> Json:
    """A second route beside the tenant's own."""
    namespace, gateway = context.target.gateway
    one: Json = {
        "backendRefs": [{"name": SERVICE_ACCOUNT, "port": APP_PORT}],
        "filters": [modifier(names.code)] if filters is None else filters,
        **rule,
    }
    spec: Json = {
        "parentRefs": [{"name": gateway, "namespace": namespace}],
        "hostnames": list(hosts or (names.domain,)),
        "rules": [one],
    }
    return manifest(GATEWAY_API, "HTTPRoute", spec=spec)


def changed(body: Json, **spec: Any) -> Json:
    """A copy with other values in its spec."""
    copied = deepcopy(body)
    copied["spec"].update(spec)
    return copied
