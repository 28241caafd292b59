"""Workload: what a tenant's people and pods may do at the Kubernetes API."""

from collections.abc import Iterator
from typing import Final

from policies.resource import Resource
from policies.rule import resource_rule
from policies.settings import Settings
from policies.values import listing, mapping, shown, text
from tenantry.groups import CLUSTER_ROLES, ROLES, TENANT_USER, group

CLUSTER_KINDS: Final = tuple(
    f"kubernetes:{kind}"
    for kind in (
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "PriorityClass",
        "PersistentVolume",
        "StorageClass",
        "APIService",
    )
)
# Who may write these moves the walls.
WALLS: Final = frozenset(
    {
        "*",
        "namespaces",
        "resourcequotas",
        "limitranges",
        "networkpolicies",
        "roles",
        "rolebindings",
        "serviceaccounts",
        "serviceaccounts/token",
        "httproutes",
        "pods/exec",
        "pods/attach",
        "pods/ephemeralcontainers",
        "secrets",
    }
)
LOOKING: Final = frozenset({"get", "list", "watch"})
READABLE: Final = WALLS - {"*", "secrets", "serviceaccounts/token", "pods/exec", "pods/attach"}
LADDERS: Final = frozenset({"*", "escalate", "bind", "impersonate"})


@resource_rule(
    "workload-cluster",
    kinds=CLUSTER_KINDS,
    why="What is not in a namespace is everybody's.",
    remedy="declare it in the platform, not in a tenant.",
)
def cluster(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant has nothing outside its namespace."""
    if resource.code or resource.under_a_tenant:
        yield f"a tenant is given a {resource.kind.rpartition(':')[2]}"
    for one in map(mapping, listing(resource.props.get("subjects"))):
        if text(one.get("namespace")).startswith("tenant-"):
            yield f"it gives {shown(one.get('name'))} of {shown(one.get('namespace'))} rights in the whole cluster"


@resource_rule(
    "workload-rights",
    kinds=["kubernetes:Role", "kubernetes:ClusterRole"],
    why="Who may change quotas, policies, roles or secrets of the namespace has no walls.",
    remedy="name verbs and resources, leave the walls to be read only, and secrets out.",
)
def rights(resource: Resource, settings: Settings) -> Iterator[str]:
    """A role of a tenant's people cannot move its walls, read its secrets or climb."""
    if resource.code is None and resource.called not in CLUSTER_ROLES.values():
        return
    for rule in map(mapping, listing(resource.props.get("rules"))):
        verbs = {text(one) for one in listing(rule.get("verbs"))}
        resources = {text(one) for one in listing(rule.get("resources"))}
        climbing = sorted(verbs & LADDERS)
        if climbing:
            yield f"it may {', '.join(climbing)}"
        forbidden = sorted(resources & (WALLS - READABLE if verbs <= LOOKING else WALLS))
        if forbidden:
            yield f"it may {', '.join(sorted(verbs))} {', '.join(forbidden)}"


@resource_rule(
    "workload-binding",
    kinds=["kubernetes:RoleBinding"],
    why="A group that holds everybody, or an account of a neighbour, brings the neighbour in.",
    remedy="bind to the tenant's own groups, or to an account of its own namespace.",
)
def binding(resource: Resource, settings: Settings) -> Iterator[str]:
    """A binding in a tenant's namespace gives a role that is known, to the tenant's own groups and accounts."""
    if resource.code is None:
        return
    role = mapping(resource.props.get("roleRef"))
    if text(role.get("kind")) != "Role" and text(role.get("name")) not in CLUSTER_ROLES.values():
        yield f"it gives {shown(role.get('name'))}, which is none of the roles of tenants' people"
    groups = {group(resource.code, one): CLUSTER_ROLES[one] for one in ROLES}
    for one in map(mapping, listing(resource.props.get("subjects"))):
        if text(one.get("kind")) == "ServiceAccount" and text(one.get("namespace")) != resource.namespace:
            yield f"it lets in {shown(one.get('name'))} of {shown(one.get('namespace'))}"
        name = text(one.get("name"))
        if text(one.get("kind")) == "User" or (text(one.get("kind")) == "Group" and name not in groups):
            yield f"it lets in {shown(name)}, which is no group of {resource.code}"
        if (
            name in groups
            and text(role.get("kind")) != "Role"
            and text(role.get("name")) not in (groups[name], CLUSTER_ROLES[TENANT_USER])
        ):
            yield f"it gives {shown(name)} the rights of another group"
