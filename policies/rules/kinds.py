"""The kinds of resources that may be declared: those that the other rules can evaluate."""

from collections.abc import Iterator
from typing import Final

from policies.model.resource import Resource
from policies.model.rule import resource_rule
from policies.model.settings import Settings

OWN_KINDS: Final = ("tenantry:", "pulumi:")  # components and our own provider's; the stack, providers, other stacks
_GROUPS: Final = {
    "core": (
        "ConfigMap",
        "LimitRange",
        "Namespace",
        "ResourceQuota",
        "Secret",
        "Service",
        "ServiceAccount",
        "ServiceAccountPatch",
    ),
    "apps": ("Deployment",),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "gateway.envoyproxy.io": ("BackendTrafficPolicy",),
    "gateway.networking.k8s.io": ("HTTPRoute",),
    "keda.sh": ("ScaledObject",),
    "networking.k8s.io": ("NetworkPolicy",),
    "policy": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io": ("RoleBinding",),
}
_PLATFORM_GROUPS: Final = {
    "core": ("ConfigMap", "Namespace", "Secret", "ServiceAccount", "ServiceAccountPatch"),
    "admissionregistration.k8s.io": ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    "batch": ("CronJob",),
    "gateway.envoyproxy.io": ("ClientTrafficPolicy",),
    "gateway.networking.k8s.io": ("Gateway", "GatewayClass"),
    "rbac.authorization.k8s.io": ("ClusterRole",),
}
TENANTS: Final = frozenset(
    {
        "dns:AlidnsRecord",
        "postgresql:Database",
        "postgresql:Role",
        "ram:Policy",
        "ram:Role",
        "ram:RolePolicyAttachment",
        "random:RandomPassword",
        *(f"kubernetes:{group}:{kind}" for group, kinds in _GROUPS.items() for kind in kinds),
    }
)
# Of the foundation alone: a platform or a tenant that declares one has lost its way.
FOUNDATIONS: Final = frozenset(
    {
        "actiontrail:Trail",
        "cr:RegistryEnterpriseInstance",
        "cs:KubernetesAddon",
        "cs:ManagedKubernetes",
        "cs:NodePool",
        "cs:RegistryEnterpriseNamespace",
        "ecs:EipAddress",
        "ecs:EipAssociation",
        "kms:Alias",
        "kms:Key",
        "log:Project",
        "log:Store",
        "log:StoreIndex",
        "rds:BackupPolicy",
        "rds:Instance",
        "rds:RdsAccount",
        "vpc:FlowLog",
        "vpc:GatewayEndpoint",
        "vpc:NatGateway",
        "vpc:Network",
        "vpc:RouteEntry",
        "vpc:RouteTable",
        "vpc:RouteTableAttachment",
        "vpc:SnatEntry",
        "vpc:Switch",
    }
)
PLATFORMS: Final = frozenset(
    {
        "ims:OidcProvider",
        "oss:Bucket",
        "oss:BucketPolicy",
        "oss:BucketPublicAccessBlock",
        "postgresql:Database",
        "postgresql:Role",
        "ram:Policy",
        "ram:Role",
        "ram:RolePolicyAttachment",
        "random:RandomPassword",
        "random:RandomUuid",
        *(f"kubernetes:{group}:{kind}" for group, kinds in _PLATFORM_GROUPS.items() for kind in kinds),
    }
)


@resource_rule(
    "names-kind",
    why="Of a kind that no rule knows nobody has judged whom it reaches, starves or imitates.",
    remedy=(
        "declare it by the kinds in policies/rules/kinds.py; a new one goes there together with the rules that judge "
        "it."
    ),
)
def known(resource: Resource, settings: Settings) -> Iterator[str]:
    """Only kinds are declared that the components declare, for a tenant those of a tenant."""
    of_tenant = resource.under_a_tenant or resource.code is not None
    kind = _grouped(resource)
    platforms = PLATFORMS | FOUNDATIONS if resource.of_foundation else PLATFORMS
    if not kind.startswith(OWN_KINDS) and kind not in (TENANTS if of_tenant else platforms):
        yield f"{'a tenant' if of_tenant else 'the platform'} is given a {kind}"


def _grouped(resource: Resource) -> str:
    """With the API group, without its version: two groups may have kinds of one name."""
    if not resource.in_kubernetes:
        return resource.kind
    _, group, kind = resource.type.split(":", 2)
    return f"kubernetes:{group.partition('/')[0]}:{kind}"
