"""Documents and objects as somebody alters them by hand: the material of the mutation table."""

from typing import Any

from tenantry.names import BROKER_ROLE
from tests.e2e.attack.sabotage import SPACE

BUCKET = "systemkarder"


def widen(document: Any) -> None:
    """The prefix is that of everybody."""
    for statement in document["Statement"]:
        named = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        wide = [f"acs:oss:*:*:{BUCKET}/*" if f":{BUCKET}/" in entry else entry for entry in named]
        statement["Resource"] = wide


def unconditional(document: Any) -> None:
    for statement in document["Statement"]:
        statement.pop("Condition", None)


def every_bucket(document: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": ["oss:*"], "Resource": ["acs:oss:*:*:*"]})


def account_too(document: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": ["ram:*", "alidns:*"], "Resource": ["*"]})


def root_too(document: Any) -> None:
    root = document["Statement"][1]["Principal"]["RAM"][0].rpartition(":")[0] + ":root"
    document["Statement"][1]["Principal"]["RAM"].append(root)


def as_it_is(document: Any) -> None:
    """The other's trust, unchanged."""


def any_account(document: Any) -> None:
    for statement in document["Statement"]:
        for condition in statement.get("Condition", {}).values():
            condition.pop("oidc:sub", None)


ADMINISTRATOR = {"PolicyType": "System", "PolicyName": "AdministratorAccess", "RoleName": BROKER_ROLE}
RBAC = "rbac.authorization.k8s.io"
BINDING = f"{RBAC}/v1"


def bound(role: str, *, cluster: bool = False, group: str = "tenantry:k001:tenant_admin") -> dict[str, Any]:
    metadata = {"name": "mutation"} if cluster else {"name": "mutation", "namespace": SPACE}
    return {
        "apiVersion": BINDING,
        "kind": "ClusterRoleBinding" if cluster else "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
    }


STRAY = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "mutation",
        "namespace": SPACE,
        "labels": {"kubernetes.io/service-name": "business-app", "endpointslice.kubernetes.io/managed-by": "mutation"},
    },
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.99.99.99"]}],
    "ports": [{"port": 3000}],
}
EVERYBODY = {
    "spec": {"ingress": [{"from": [{"namespaceSelector": {}}]}], "egress": [{"to": [{"namespaceSelector": {}}]}]}
}
CONTAINER = "/spec/template/spec/containers/0/securityContext"
FROM_ALL = [
    {"op": "replace", "path": "/spec/listeners/0/allowedRoutes/namespaces", "value": {"from": "All"}},
]

APP, GATEWAY, ROUTES_RAIL = "business-app", "tenantry-gateway", "tenantry-routes"
SET_HEADERS = "/spec/rules/0/filters/0/requestHeaderModifier/set"
OPENED = [
    {"op": "remove", "path": "/spec/rules/0/filters/1"},
    {"op": "add", "path": "/spec/rules/0/backendRefs", "value": [{"name": APP, "port": 3000}]},
]
NO_FILTERS = [{"op": "remove", "path": "/spec/rules/0/filters"}]
OLD_TLS = {"minVersion": "1.0", "ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"]}
PLAIN_LISTENER = [
    {"op": "add", "path": "/spec/listeners/-", "value": {"name": "plain", "port": 80, "protocol": "HTTP"}}
]
STOLEN = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "mutation", "namespace": "tenant-k002"},
    "spec": {
        "parentRefs": [{"name": "tenants", "namespace": GATEWAY, "sectionName": "tenants"}],
        "hostnames": ["k001.yyup.cc"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/stolen"}}],
                "backendRefs": [{"name": APP, "port": 3000}],
            }
        ],
    },
}
