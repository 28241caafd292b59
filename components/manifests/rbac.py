"""Two ClusterRoles for a tenant's own people at the Kubernetes API, bound in each tenant's namespace.

Least of what is of use: to look at everything but secrets, to restart, and for an admin to keep settings and names of
Services besides ours. Nothing here moves a wall, starts a program or reads a credential; the application's own rights
are the application's business.
"""

from typing import Any, Final

from tenantry.model.rbac_groups import ADMIN_WRITES, CLUSTER_ROLES, TENANT_ADMIN, TENANT_USER, group

LOOK: Final = ("get", "list", "watch")
CHANGE: Final = ("create", "update", "patch", "delete")
_RBAC: Final = "rbac.authorization.k8s.io"
API_VERSION: Final = f"{_RBAC}/v1"


def _rule(group_: str, resources: list[str], verbs: tuple[str, ...]) -> dict[str, Any]:
    return {"apiGroups": [group_], "resources": resources, "verbs": list(verbs)}


VIEWER: Final = [
    _rule("", ["events", "pods", "resourcequotas", "limitranges", "services"], LOOK),
    _rule("apps", ["deployments", "replicasets"], LOOK),
    _rule("policy", ["poddisruptionbudgets"], LOOK),
    _rule("networking.k8s.io", ["networkpolicies"], LOOK),
    _rule("gateway.networking.k8s.io", ["httproutes"], LOOK),
]
ADMIN: Final = [
    *VIEWER,
    _rule("", ["configmaps", "serviceaccounts", "pods/log"], LOOK),
    _rule(_RBAC, ["roles", "rolebindings"], LOOK),
    _rule("", ["pods"], ("delete",)),  # a restart: the Deployment starts another
    _rule("", [*ADMIN_WRITES.values()], CHANGE),
]
RULES: Final = {TENANT_ADMIN: ADMIN, TENANT_USER: VIEWER}


def binding(code: str, role: str) -> dict[str, Any]:
    """The body of a RoleBinding; the group comes from the cluster's sign-in."""
    return {
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": CLUSTER_ROLES[role]},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group(code, role)}],
    }
