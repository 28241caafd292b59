"""The groups of people who may look after a tenant at the Kubernetes API, as the cluster's sign-in names them."""

from typing import Final

TENANT_ADMIN: Final = "tenant_admin"
TENANT_USER: Final = "user"
ROLES: Final = (TENANT_ADMIN, TENANT_USER)
# Kind -> resource of the API that a tenant's admin may create and change: what its finalizers could hold, too.
ADMIN_WRITES: Final = {"ConfigMap": "configmaps", "Service": "services"}
CLUSTER_ROLES: Final = {TENANT_ADMIN: "tenantry-tenant-admin", TENANT_USER: "tenantry-tenant-viewer"}


def group(code: str, role: str) -> str:
    """tenantry:k001:tenant_admin; a code holds no colon, so no group of one tenant is a group of another."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role of a tenant's people: {', '.join(ROLES)}")
    return f"tenantry:{code}:{role}"
