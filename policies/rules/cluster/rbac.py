"""Workload: what a tenant's people and pods may do at the Kubernetes API."""

from collections.abc import Iterator
from typing import Final

from policies.model.resource import Resource
from policies.model.rule import resource_rule
from policies.model.settings import Settings
from policies.model.values import mapping, sequence, shown, text
from tenantry.model.rbac_groups import CLUSTER_ROLES, ROLES, TENANT_USER, group

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
ISOLATION_KINDS: Final = frozenset(
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
READABLE: Final = ISOLATION_KINDS - {"*", "secrets", "serviceaccounts/token", "pods/exec", "pods/attach"}
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
    for subject in map(mapping, sequence(resource.props.get("subjects"))):
        if text(subject.get("namespace")).startswith("tenant-"):
            yield (
                f"it gives {shown(subject.get('name'))} of {shown(subject.get('namespace'))} "
                "rights in the whole cluster"
            )


@resource_rule(
    "workload-rights",
    kinds=["kubernetes:Role", "kubernetes:ClusterRole"],
    why="Who may change quotas, policies, roles or secrets of the namespace has no walls.",
    remedy="name verbs and resources, leave the walls to be read only, and secrets out.",
)
def rights(resource: Resource, settings: Settings) -> Iterator[str]:
    """A role of a tenant's people cannot move its walls, read its secrets or climb."""
    if resource.code is None and resource.object_name not in CLUSTER_ROLES.values():
        return
    for rule in map(mapping, sequence(resource.props.get("rules"))):
        verbs = {text(verb) for verb in sequence(rule.get("verbs"))}
        resources = {text(resource) for resource in sequence(rule.get("resources"))}
        climbing = sorted(verbs & LADDERS)
        if climbing:
            yield f"it may {', '.join(climbing)}"
        forbidden = sorted(resources & (ISOLATION_KINDS - READABLE if verbs <= LOOKING else ISOLATION_KINDS))
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
    groups = {group(resource.code, role): CLUSTER_ROLES[role] for role in ROLES}
    for subject in map(mapping, sequence(resource.props.get("subjects"))):
        if text(subject.get("kind")) == "ServiceAccount" and text(subject.get("namespace")) != resource.namespace:
            yield f"it lets in {shown(subject.get('name'))} of {shown(subject.get('namespace'))}"
        name = text(subject.get("name"))
        if text(subject.get("kind")) == "User" or (text(subject.get("kind")) == "Group" and name not in groups):
            yield f"it lets in {shown(name)}, which is no group of {resource.code}"
        if (
            name in groups
            and text(role.get("kind")) != "Role"
            and text(role.get("name")) not in (groups[name], CLUSTER_ROLES[TENANT_USER])
        ):
            yield f"it gives {shown(name)} the rights of another group"
