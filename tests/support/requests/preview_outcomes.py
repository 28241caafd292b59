"""Outcomes of previews made by hand, with the URNs, steps and texts of real ones."""

from typing import Any

from tenantry.engine.stack.urns import ResourceOwner, is_component_type, place_of

_TYPES = {
    "row": "tenantry:index:TenantRow",
    "opened": "tenantry:index:Opened",
    "sessions": "tenantry:index:Sessions",
    "backup": "tenantry:index:Backup",
    "keys": "random:index/randomPassword:RandomPassword",
    "dns": "alicloud:dns/alidnsRecord:AlidnsRecord",
    "db-owner": "tenantry:components:Database$postgresql:index/role:Role",
    "db-login-a": "tenantry:components:Database$postgresql:index/role:Role",
    "db-login-b": "tenantry:components:Database$postgresql:index/role:Role",
    "db-database": "tenantry:components:Database$postgresql:index/database:Database",
    "db-rights": "tenantry:components:Database$tenantry:index:CloneRights",
    "db-seed": "tenantry:components:Database$tenantry:index:Seed",
    "files-role": "tenantry:components:Storage$alicloud:ram/role:Role",
    "files-policy": "tenantry:components:Storage$alicloud:ram/policy:Policy",
    "files-attachment": "tenantry:components:Storage$alicloud:ram/rolePolicyAttachment:RolePolicyAttachment",
    "files-directories": "tenantry:components:Storage$tenantry:index:Directories",
    "ns-namespace": "tenantry:components:Boundary$kubernetes:core/v1:Namespace",
    "ns-serviceaccount-default": "tenantry:components:Boundary$kubernetes:core/v1:ServiceAccountPatch",
    "ns-limitrange-plan": "tenantry:components:Boundary$kubernetes:core/v1:LimitRange",
    "ns-resourcequota-plan": "tenantry:components:Boundary$kubernetes:core/v1:ResourceQuota",
    "ns-networkpolicy-closed": "tenantry:components:Boundary$kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "ns-networkpolicy-openings": "tenantry:components:Boundary$kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "ns-rolebinding-tenantry-tenant-admin": (
        "tenantry:components:Boundary$kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
    ),
    "ns-rolebinding-tenantry-tenant-viewer": (
        "tenantry:components:Boundary$kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
    ),
    "app-serviceaccount": "tenantry:components:Workload$kubernetes:core/v1:ServiceAccount",
    "app-configmap": "tenantry:components:Workload$kubernetes:core/v1:ConfigMap",
    "app-secret": "tenantry:components:Workload$kubernetes:core/v1:Secret",
    "app-service": "tenantry:components:Workload$kubernetes:core/v1:Service",
    "app-backendtrafficpolicy": (
        "tenantry:components:Workload$kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
    ),
    "app-httproute": "tenantry:components:Workload$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
    "app-httproutefilter": ("tenantry:components:Workload$kubernetes:gateway.envoyproxy.io/v1alpha1:HTTPRouteFilter"),
    "app-poddisruptionbudget": "tenantry:components:Workload$kubernetes:policy/v1:PodDisruptionBudget",
    "app-deployment": "tenantry:components:Workload$kubernetes:apps/v1:Deployment",
}
_SOMETIMES = ("sessions", "backup", "app-poddisruptionbudget", "app-httproutefilter")
NAMES = tuple(name for name in _TYPES if name not in _SOMETIMES)
IN_THE_NAMESPACE = tuple(name for name in NAMES if name.startswith(("ns-", "app-")))
PLATFORM = {
    "platform-backups-cron": "tenantry:components:Backups$kubernetes:batch/v1:CronJob",
    "platform-guardrails-walls": (
        "tenantry:components:Guardrails$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
    ),
    "platform-systemkarder-bucket": "tenantry:components:Bucket$alicloud:oss/bucket:Bucket",
}


def service(code: str, name: str, part: str) -> str:
    """The URN of a part of a plug-in service: service, deployment, httproute or backendtrafficpolicy."""
    kinds = {
        "service": "core/v1:Service",
        "deployment": "apps/v1:Deployment",
        "httproute": "gateway.networking.k8s.io/v1:HTTPRoute",
        "backendtrafficpolicy": "gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy",
    }
    return _urn(code, f"tenantry:components:Plugins$kubernetes:{kinds[part]}", f"svc-{name}-{part}")


def urn(code: str, name: str) -> str:
    return _urn(code, _TYPES[name], name)


def _urn(code: str, types: str, name: str) -> str:
    return f"urn:pulumi:prod::tenantry::tenantry:components:Tenant${types}::{code}-{name}"


def platform_urn(name: str) -> str:
    return f"urn:pulumi:prod::tenantry::tenantry:components:Platform${PLATFORM[name]}::{name}"


def change(code: str, name: str, operation: str, *properties: str) -> dict[str, Any]:
    """One of `operations`; `name`: of the resource, or its URN."""
    resource = name if name.startswith("urn:") else urn(code, name) if code else platform_urn(name)
    return {
        "tenant": code,
        "step": _step(resource).step,
        "resource": resource,
        "operation": operation,
        "properties": list(properties),
    }


def finding(code: str, name: str, text: str) -> dict[str, Any]:
    resource = (urn(code, name) if code else platform_urn(name)) if name else ""
    return {"tenant": code, "step": _step(resource).step if resource else "", "resource": resource, "text": text}


def outcome(*operations: dict[str, Any], result: str = "ok", **more: Any) -> dict[str, Any]:
    """The document that `tenantry preview --json` prints, as far as anything reads it."""
    return {"result": result, "errors": [], "warnings": [], **more, "operations": list(operations)}


def _step(resource: str) -> ResourceOwner:
    parts = resource.split("::")
    types = parts[2].split("$")
    if len(types) > 2 and is_component_type(types[1]):
        return ResourceOwner("", types[1].rpartition(":")[2].lower())
    return place_of(resource, {})
