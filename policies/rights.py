"""Workload: what a tenant's people and pods may do at the Kubernetes API."""

from collections.abc import Iterator
from typing import Final

from policies.resource import Resource
from policies.rule import resource_rule
from policies.settings import Settings
from policies.values import listing, mapping, shown, text

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
SHARED_GROUPS: Final = (
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:masters",
)


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
    kinds=["kubernetes:Role"],
    why="Who may change quotas, policies, roles or secrets of the namespace has no walls.",
    remedy="name verbs and resources, leave the walls to be read only, and secrets out.",
)
def rights(resource: Resource, settings: Settings) -> Iterator[str]:
    """A role in a tenant's namespace cannot move its walls, read its secrets or climb."""
    if resource.code is None:
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
    """A binding in a tenant's namespace names nobody of another namespace and no group of everybody."""
    if resource.code is None:
        return
    if text(mapping(resource.props.get("roleRef")).get("name")) in ("cluster-admin", "admin", "edit"):
        yield "it gives a role that moves the walls"
    for one in map(mapping, listing(resource.props.get("subjects"))):
        if text(one.get("kind")) == "ServiceAccount" and text(one.get("namespace")) != resource.namespace:
            yield f"it lets in {shown(one.get('name'))} of {shown(one.get('namespace'))}"
        if text(one.get("name")).startswith(SHARED_GROUPS):
            yield f"it lets in {shown(one.get('name'))}"
