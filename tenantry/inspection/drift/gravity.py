"""The gravity of a difference of a declared resource, by its kind and the properties that differ.

Every kind that the program declares has a row here (tests/tenantry/inspection/drift/test_gravity.py).
What no row names counts as lost data where the kind holds data, else as broken isolation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tenantry.inspection.drift.model import Gravity
from tenantry.model.resource_kinds import KINDS

DATA, ISOLATION, ACCESS, LIMIT, HARMLESS = Gravity


@dataclass(frozen=True, slots=True)
class Row:
    """One kind. `properties`: path or its beginning -> gravity where that is not `differs`; the longest wins."""

    gone: Gravity
    differs: Gravity
    properties: Mapping[str, Gravity] = field(default_factory=dict[str, Gravity])


_REMARKS: Final[Mapping[str, Gravity]] = dict.fromkeys(("description", "comments", "remark", "tags"), HARMLESS)
# The labels of a namespace are what network policies, admission policies and Pod Security go by.
_MARKS: Final = {
    "metadata.annotations": HARMLESS,
    "metadata.labels": HARMLESS,
    "metadata.labels.tenantry.io/tenant": ISOLATION,
    "metadata.labels.app.kubernetes.io/managed-by": ISOLATION,
}
_WALL: Final = Row(ISOLATION, ISOLATION, _MARKS)
_ROUTE: Final = Row(ACCESS, ISOLATION, _MARKS)
_ACCOUNT: Final = Row(ACCESS, ISOLATION, {**_MARKS, "imagePullSecrets": HARMLESS})
_RIGHTS: Final = Row(ACCESS, ACCESS, _MARKS)
_AMOUNT: Final = Row(LIMIT, LIMIT, _MARKS)
_POD: Final = "spec.template.spec"
ROWS: Final[Mapping[str, Row]] = {
    "postgresql:index:Database": Row(
        DATA, DATA, {"connectionLimit": LIMIT, "owner": ISOLATION, "allowConnections": ACCESS, "isTemplate": ACCESS}
    ),
    "postgresql:index:Role": Row(
        ACCESS,
        ISOLATION,
        {
            "login": ACCESS,
            "password": ACCESS,
            "validUntil": ACCESS,
            "searchPaths": ACCESS,
            "connectionLimit": LIMIT,
            "statementTimeout": LIMIT,
            "idleInTransactionSessionTimeout": LIMIT,
        },
    ),
    "postgresql:index:Grant": Row(ACCESS, ISOLATION),
    "postgresql:index:DefaultPrivileges": Row(ACCESS, ISOLATION),
    "tenantry:index:CloneRights": Row(ACCESS, ISOLATION),  # each line of its `drift` on its own: lines.py
    "tenantry:index:ClosedDatabases": Row(ISOLATION, ISOLATION),
    "tenantry:index:Sessions": Row(ACCESS, ACCESS),
    "tenantry:index:Migrations": Row(DATA, DATA),
    "tenantry:index:Seed": Row(ACCESS, HARMLESS),
    "tenantry:index:TenantRow": Row(
        DATA,
        ACCESS,
        {
            "planType": LIMIT,
            "maxUsers": LIMIT,
            "maxStorage": LIMIT,
            "heldBy": ISOLATION,
            **dict.fromkeys(("name", "contactName", "contactPhone", "contactEmail", "address", "settings"), HARMLESS),
        },
    ),
    "tenantry:index:Directories": Row(DATA, HARMLESS),
    "tenantry:index:Backup": Row(DATA, DATA),
    "tenantry:index:Opened": Row(ACCESS, HARMLESS),
    "alicloud:dns:AlidnsRecord": Row(
        ACCESS, ISOLATION, {**_REMARKS, "status": ACCESS, "ttl": HARMLESS, "line": ACCESS, "priority": HARMLESS}
    ),
    "alicloud:ram:Role": Row(ACCESS, ISOLATION, {**_REMARKS, "maxSessionDuration": LIMIT}),
    "alicloud:ram:Policy": Row(ACCESS, ISOLATION, _REMARKS),
    "alicloud:ram:RolePolicyAttachment": Row(ACCESS, ACCESS),
    "alicloud:ram:User": Row(ACCESS, ACCESS, {**_REMARKS, "displayName": HARMLESS}),
    "alicloud:ram:UserPolicyAttachment": Row(ACCESS, ACCESS),
    "alicloud:ram:AccessKey": Row(ACCESS, ACCESS),
    "alicloud:ims:OidcProvider": Row(ACCESS, ISOLATION, _REMARKS),
    "alicloud:oss:Bucket": Row(
        DATA,
        ISOLATION,
        {**_REMARKS, "lifecycleRules": DATA, "versioning": DATA, "corsRules": ACCESS, "loggings": HARMLESS},
    ),
    "alicloud:oss:BucketPolicy": Row(ISOLATION, ISOLATION),
    "alicloud:oss:BucketPublicAccessBlock": Row(ISOLATION, ISOLATION),
    "random:index:RandomPassword": Row(HARMLESS, HARMLESS),
    "random:index:RandomUuid": Row(HARMLESS, HARMLESS),
    "kubernetes:core:Namespace": Row(
        ACCESS, ISOLATION, {"metadata.annotations": HARMLESS, "spec.finalizers": HARMLESS}
    ),
    "kubernetes:core:ResourceQuota": _AMOUNT,
    "kubernetes:core:LimitRange": _AMOUNT,
    "kubernetes:policy:PodDisruptionBudget": _AMOUNT,
    "kubernetes:autoscaling:HorizontalPodAutoscaler": _AMOUNT,
    "kubernetes:keda.sh:ScaledObject": _AMOUNT,
    "kubernetes:gateway.envoyproxy.io:BackendTrafficPolicy": _AMOUNT,
    "kubernetes:gateway.envoyproxy.io:ClientTrafficPolicy": _AMOUNT,
    "kubernetes:networking.k8s.io:NetworkPolicy": _WALL,
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicy": _WALL,
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicyBinding": _WALL,
    "kubernetes:rbac.authorization.k8s.io:Role": _RIGHTS,
    "kubernetes:rbac.authorization.k8s.io:RoleBinding": _RIGHTS,
    "kubernetes:rbac.authorization.k8s.io:ClusterRole": _RIGHTS,
    "kubernetes:rbac.authorization.k8s.io:ClusterRoleBinding": _RIGHTS,
    "kubernetes:core:ServiceAccount": _ACCOUNT,
    "kubernetes:core:ServiceAccountPatch": _ACCOUNT,
    "kubernetes:core:Service": _ROUTE,
    "kubernetes:gateway.networking.k8s.io:Gateway": _ROUTE,
    "kubernetes:gateway.networking.k8s.io:GatewayClass": _ROUTE,
    "kubernetes:gateway.networking.k8s.io:HTTPRoute": _ROUTE,
    "kubernetes:gateway.envoyproxy.io:HTTPRouteFilter": Row(ACCESS, ACCESS, _MARKS),  # a page, which reaches nobody
    "kubernetes:core:ConfigMap": _RIGHTS,
    "kubernetes:core:Secret": _RIGHTS,
    "kubernetes:monitoring.coreos.com:PodMonitor": _RIGHTS,
    "kubernetes:monitoring.coreos.com:PrometheusRule": _RIGHTS,  # somebody took the alarms away
    "kubernetes:apps:Deployment": Row(
        ACCESS,
        ISOLATION,
        {**_MARKS, "spec.replicas": ACCESS, "spec.strategy": LIMIT, f"{_POD}.terminationGracePeriodSeconds": LIMIT},
    ),
    "kubernetes:batch:CronJob": Row(DATA, DATA, _MARKS),  # the nightly backup
    "kubernetes:core:PersistentVolumeClaim": Row(DATA, DATA, _MARKS),
}
UNKNOWN: Final = Row(ISOLATION, ISOLATION)
DATA_ROW: Final = Row(DATA, DATA)  # of a kind without a row that holds data, as tenantry/model/resource_kinds.py says
_AMOUNTS: Final = (".resources",)  # of a container, below spec.template.spec.containers[...]


def gravity_of(kind: str, paths: Iterable[str], *, is_gone: bool = False) -> Gravity:
    """`kind` is that of `tenantry.changes.report.resource_weights.kind_of`; without `paths` it is not known what
    differs."""
    row = ROWS.get(kind) or (DATA_ROW if kind in KINDS and KINDS[kind].holds_data else UNKNOWN)
    if is_gone:
        return row.gone
    return min((_gravity(row, path) for path in paths), default=row.differs)


def _gravity(row: Row, path: str) -> Gravity:
    if path.startswith(_POD) and any(part in path for part in _AMOUNTS):
        return LIMIT
    matching = [known for known in row.properties if path == known or path.startswith((f"{known}.", f"{known}["))]
    return row.properties[max(matching, key=len)] if matching else row.differs
