"""The kinds of resources that may be declared, each with all that is to be known of it: one row a kind.

Its readers: the policy pack (who may declare it, how it says whose it is, is it protected), the recovery of a killed
run (its id), the reports of requests (does it hold data) and `verify` (what it limits). A kind's weight for drift is in
tenantry/inspection/drift/gravity.py, where a test asks for it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tenantry.names import CODE


class Owner(StrEnum):
    """The part of a stack that may declare a resource."""

    TENANT = "tenant"
    PLATFORM = "platform"
    FOUNDATION = "foundation"


NAMESPACE: Final = re.compile(rf"tenant-({CODE.pattern})")
DATABASE: Final = re.compile(r"rent([0-9]{3,6})(?:_[ab])?")
MARK: Final = re.compile(rf"tenantry-({CODE.pattern})")
# Claims that are not the thing's own name or place: who owns it, a mark, a remark.
BESIDES: Final = frozenset({"owner", "grantRole", "description", "remark", "databaseName"})


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """The facts of one kind; a kind without owners is known and not allowed."""

    owners: frozenset[Owner] = frozenset()
    claims: Mapping[str, re.Pattern[str]] = field(default_factory=dict[str, re.Pattern[str]])  # property -> its tenant
    mark: str | None = None  # the property in which the ownership mark stands
    holds_data: bool = False
    is_base: bool = False  # of a foundation: what all of it stands on, which is protected like data
    ids: tuple[str, ...] = ()  # the provider's id, from the inputs; the first that can be filled in
    has_connection_limit: bool = False


_T, _P, _F = frozenset({Owner.TENANT}), frozenset({Owner.PLATFORM}), frozenset({Owner.FOUNDATION})
_RAM: Final = {"name": NAMESPACE, "description": MARK}
_DATABASES: Final = {"database": DATABASE, "owner": DATABASE}
_OF_TENANT, _OF_PLATFORM, _OF_FOUNDATION = ResourceKind(_T), ResourceKind(_P), ResourceKind(_F)
_OF_BOTH: Final = ResourceKind(_T | _P)
_BASE: Final = ResourceKind(_F, is_base=True)

# The name of a kind: package, module or API group without its version, and the type itself; see `kind_name`.
KINDS: Final[Mapping[str, ResourceKind]] = {
    # PostgreSQL
    "postgresql:index:Role": ResourceKind(
        _T | _P, claims={"name": DATABASE}, ids=("{name}",), has_connection_limit=True
    ),
    "postgresql:index:Database": ResourceKind(
        _T | _P,
        claims={"name": DATABASE, "owner": DATABASE},
        holds_data=True,
        ids=("{name}",),
        has_connection_limit=True,
    ),
    "postgresql:index:Grant": ResourceKind(claims={"database": DATABASE, "role": DATABASE}),
    "postgresql:index:GrantRole": ResourceKind(claims={"role": DATABASE, "grantRole": DATABASE}),
    "postgresql:index:DefaultPrivileges": ResourceKind(
        claims={"database": DATABASE, "role": DATABASE, "owner": DATABASE}
    ),
    "postgresql:index:Extension": ResourceKind(claims={"database": DATABASE}),
    "postgresql:index:Schema": ResourceKind(claims=_DATABASES),
    # our own provider's, which are allowed as a whole
    "tenantry:index:CloneRights": ResourceKind(claims=_DATABASES),
    "tenantry:index:Directories": ResourceKind(holds_data=True),
    "tenantry:index:Seed": ResourceKind(claims={"database": DATABASE}),
    "tenantry:index:TenantRow": ResourceKind(claims={"tenantId": CODE, "databaseName": DATABASE}),
    # Alibaba Cloud
    "alicloud:dns:AlidnsDomain": ResourceKind(ids=("{domainName}",)),
    "alicloud:dns:AlidnsRecord": ResourceKind(_T, claims={"rr": CODE, "remark": MARK}, mark="remark"),
    "alicloud:ims:OidcProvider": ResourceKind(_P, ids=("{oidcProviderName}",)),
    "alicloud:oss:Bucket": ResourceKind(_P, holds_data=True, ids=("{bucket}",)),
    "alicloud:oss:BucketPolicy": _OF_PLATFORM,
    "alicloud:oss:BucketPublicAccessBlock": _OF_PLATFORM,
    "alicloud:ram:GroupPolicyAttachment": ResourceKind(claims={"policyName": NAMESPACE}),
    "alicloud:ram:Policy": ResourceKind(
        _T | _P, claims={"policyName": NAMESPACE, **_RAM}, mark="description", ids=("{policyName}", "{name}")
    ),
    "alicloud:ram:Role": ResourceKind(
        _T | _P, claims={"roleName": NAMESPACE, **_RAM}, mark="description", ids=("{roleName}", "{name}")
    ),
    "alicloud:ram:RolePolicyAttachment": ResourceKind(
        _T | _P,
        claims={"roleName": NAMESPACE, "policyName": NAMESPACE},
        ids=("role:{policyName}:{policyType}:{roleName}",),
    ),
    # The provider takes a user's name for the id, and then keeps the id.
    "alicloud:ram:User": ResourceKind(ids=("{name}",)),
    "alicloud:ram:UserPolicyAttachment": ResourceKind(
        claims={"policyName": NAMESPACE}, ids=("user:{policyName}:{policyType}:{userName}",)
    ),
    # of the foundation alone: a platform or a tenant that declares one has lost its way
    "alicloud:actiontrail:Trail": _BASE,
    "alicloud:cr:RegistryEnterpriseInstance": _BASE,
    "alicloud:cs:KubernetesAddon": _OF_FOUNDATION,
    "alicloud:cs:ManagedKubernetes": _BASE,
    "alicloud:cs:NodePool": _BASE,
    "alicloud:cs:RegistryEnterpriseNamespace": _OF_FOUNDATION,
    "alicloud:ecs:EipAddress": _OF_FOUNDATION,
    "alicloud:ecs:EipAssociation": _OF_FOUNDATION,
    "alicloud:kms:Alias": _OF_FOUNDATION,
    "alicloud:kms:Key": _BASE,
    "alicloud:log:Project": _BASE,
    "alicloud:log:Store": _BASE,
    "alicloud:log:StoreIndex": _OF_FOUNDATION,
    "alicloud:rds:BackupPolicy": _BASE,
    "alicloud:rds:Instance": _BASE,
    "alicloud:rds:RdsAccount": _BASE,
    "alicloud:vpc:FlowLog": _OF_FOUNDATION,
    "alicloud:vpc:GatewayEndpoint": _OF_FOUNDATION,
    "alicloud:vpc:NatGateway": _BASE,
    "alicloud:vpc:Network": _BASE,
    "alicloud:vpc:RouteEntry": _OF_FOUNDATION,
    "alicloud:vpc:RouteTable": _BASE,
    "alicloud:vpc:RouteTableAttachment": _OF_FOUNDATION,
    "alicloud:vpc:SnatEntry": _OF_FOUNDATION,
    "alicloud:vpc:Switch": _BASE,
    # nothing outside the state
    "random:index:RandomPassword": _OF_BOTH,
    "random:index:RandomUuid": _OF_PLATFORM,
    # Kubernetes: whose an object is say its label and its namespace
    "kubernetes:core:ConfigMap": _OF_BOTH,
    "kubernetes:core:LimitRange": _OF_TENANT,
    "kubernetes:core:Namespace": _OF_BOTH,
    "kubernetes:core:ResourceQuota": _OF_TENANT,
    "kubernetes:core:Secret": _OF_BOTH,
    "kubernetes:core:Service": _OF_TENANT,
    "kubernetes:core:ServiceAccount": _OF_BOTH,
    "kubernetes:core:ServiceAccountPatch": _OF_BOTH,
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicy": _OF_PLATFORM,
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicyBinding": _OF_PLATFORM,
    "kubernetes:apps:Deployment": _OF_TENANT,
    "kubernetes:autoscaling:HorizontalPodAutoscaler": _OF_TENANT,
    "kubernetes:batch:CronJob": _OF_PLATFORM,
    "kubernetes:gateway.envoyproxy.io:BackendTrafficPolicy": _OF_TENANT,
    "kubernetes:gateway.envoyproxy.io:ClientTrafficPolicy": _OF_PLATFORM,
    "kubernetes:gateway.envoyproxy.io:HTTPRouteFilter": _OF_TENANT,
    "kubernetes:gateway.networking.k8s.io:Gateway": _OF_PLATFORM,
    "kubernetes:gateway.networking.k8s.io:GatewayClass": _OF_PLATFORM,
    "kubernetes:gateway.networking.k8s.io:HTTPRoute": _OF_TENANT,
    "kubernetes:keda.sh:ScaledObject": _OF_TENANT,
    "kubernetes:monitoring.coreos.com:PodMonitor": _OF_PLATFORM,
    "kubernetes:monitoring.coreos.com:PrometheusRule": _OF_PLATFORM,
    "kubernetes:networking.k8s.io:NetworkPolicy": _OF_TENANT,
    "kubernetes:policy:PodDisruptionBudget": _OF_TENANT,
    "kubernetes:rbac.authorization.k8s.io:ClusterRole": _OF_PLATFORM,
    "kubernetes:rbac.authorization.k8s.io:RoleBinding": _OF_TENANT,
}


@lru_cache(maxsize=512)
def kind_name(type_: str) -> str:
    """alicloud:ram/role:Role -> alicloud:ram:Role, kubernetes:apps/v1:Deployment -> kubernetes:apps:Deployment."""
    package, _, rest = type_.partition(":")
    module, _, name = rest.rpartition(":")
    return f"{package}:{module.partition('/')[0]}:{name}"


def kinds_of(owner: Owner) -> frozenset[str]:
    """The kinds that this part of a stack may declare."""
    return frozenset(name for name, kind in KINDS.items() if owner in kind.owners)


def data_kinds() -> Iterator[str]:
    """The kinds whose removal loses data."""
    return (name for name, kind in KINDS.items() if kind.holds_data)
