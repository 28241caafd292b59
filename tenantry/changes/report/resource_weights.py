"""The weight of a resource's change for its tenant, by the resource's kind and the properties that change.

A preview names the properties of the first level that differ, and no values: of a wall it cannot be seen whether it
becomes lower. So whatever touches one counts as a change of isolation, unless the request's files explain it.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

from tenantry.changes.report.statements import Weight
from tenantry.engine.stack.urns import name_of, type_of
from tenantry.model.resources.kinds import data_kinds, kind_name


class Cause(StrEnum):
    """The field of a tenant's file that explains a change of an isolation object or a quota."""

    ACCESS = "access"  # its access ends or returns
    WORKLOAD = "workload"  # it is opened, leaves or comes back
    SERVICES = "services"  # a service comes or goes
    NOTICE = "notice"  # a notice answers in the place of its application, or no longer does
    PLAN = "plan"  # its limits, quotas or features are others
    LABELS = "labels"  # its own labels are others


CREATE: Final = "create"
UPDATE: Final = "update"
DELETE: Final = "delete"
REPLACE: Final = "replace"
_NAMES: Final = {
    "create": CREATE,
    "import": CREATE,
    "update": UPDATE,
    "delete": DELETE,
    "replace": REPLACE,
    "create-replacement": REPLACE,
    "delete-replaced": REPLACE,
    "import-replacement": REPLACE,
    "discard-replaced": REPLACE,
    "read-replacement": REPLACE,
}

HOLDS_DATA: Final = frozenset({*data_kinds(), "kubernetes:core:PersistentVolumeClaim"})
NAMESPACE: Final = "kubernetes:core:Namespace"
ROOT_OF_KEYS: Final = "random:index:RandomPassword"
DEPLOYMENT: Final = "kubernetes:apps:Deployment"
# They end, and nothing with them: a backup outlives what it was taken of, a notice stands where nobody answers.
_NOTHING_GOES: Final = frozenset(
    {"tenantry:index:Sessions", "tenantry:index:Backup", "kubernetes:gateway.envoyproxy.io:HTTPRouteFilter"}
)
_TIGHTENS: Final = frozenset(  # one more of these lets nobody do more
    {
        "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicy",
        "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicyBinding",
        "alicloud:oss:BucketPublicAccessBlock",
        "tenantry:index:ClosedDatabases",
        "kubernetes:core:ResourceQuota",
        "kubernetes:core:LimitRange",
        "kubernetes:core:ServiceAccount",
        "kubernetes:core:ServiceAccountPatch",
        NAMESPACE,
    }
)
WALLS: Final[dict[str, tuple[Cause, ...]]] = {
    "kubernetes:networking.k8s.io:NetworkPolicy": (Cause.WORKLOAD,),
    "kubernetes:rbac.authorization.k8s.io:RoleBinding": (Cause.WORKLOAD,),
    "kubernetes:rbac.authorization.k8s.io:Role": (),
    "kubernetes:rbac.authorization.k8s.io:ClusterRole": (),
    "kubernetes:rbac.authorization.k8s.io:ClusterRoleBinding": (),
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicy": (),
    "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicyBinding": (),
    "kubernetes:core:ServiceAccount": (Cause.WORKLOAD,),
    "kubernetes:core:ServiceAccountPatch": (Cause.WORKLOAD,),
    NAMESPACE: (Cause.WORKLOAD,),
    "kubernetes:gateway.networking.k8s.io:Gateway": (),
    "kubernetes:gateway.networking.k8s.io:HTTPRoute": (Cause.WORKLOAD, Cause.SERVICES, Cause.PLAN, Cause.NOTICE),
    "alicloud:ram:Policy": (Cause.ACCESS, Cause.WORKLOAD),
    "alicloud:ram:Role": (Cause.ACCESS, Cause.WORKLOAD),
    "alicloud:ram:RolePolicyAttachment": (Cause.WORKLOAD,),
    "alicloud:ram:UserPolicyAttachment": (),
    "alicloud:ram:User": (),
    "alicloud:ram:AccessKey": (),
    "alicloud:ims:OidcProvider": (),
    "alicloud:oss:BucketPolicy": (),
    "alicloud:oss:BucketPublicAccessBlock": (),
    "tenantry:index:ClosedDatabases": (),
    "postgresql:index:Role": (Cause.ACCESS, Cause.WORKLOAD),
    "postgresql:index:Grant": (),
    "postgresql:index:DefaultPrivileges": (),
    "tenantry:index:CloneRights": (Cause.WORKLOAD,),
    "tenantry:index:ReadGrants": (),
}
QUOTAS: Final = frozenset(
    {
        "kubernetes:core:ResourceQuota",
        "kubernetes:core:LimitRange",
        "kubernetes:gateway.envoyproxy.io:BackendTrafficPolicy",
        "kubernetes:gateway.envoyproxy.io:ClientTrafficPolicy",
    }
)
_LABELS: Final = frozenset({"metadata", "tags"})  # where a tenant's labels stand on its objects, and roles
LIMITS: Final = frozenset({"connectionLimit", "statementTimeout", "idleTimeout", "tempFileLimit"})
# Of kinds that are a wall, a quota and a password in one: what a property is. Any other one is the wall.
_PROPERTIES: Final = {
    "postgresql:index:Role": {
        "password": Weight.KEYS,
        "validUntil": Weight.KEYS,
    },
    "postgresql:index:Database": {},
    "tenantry:index:CloneRights": {
        "passwords": Weight.KEYS,
        "opening": Weight.OTHER,
    },
}


def kind_of(urn: str) -> str:
    """The kind without version or file: `kubernetes:apps:Deployment`, `postgresql:index:Role`."""
    return kind_name(type_of(urn))


def label_of(urn: str, tenant: str) -> str:
    """The resource as a report names it: kind, and its name without the tenant's code, alike for all tenants."""
    return f"{kind_of(urn).rpartition(':')[2]} {name_of(urn).removeprefix(f'{tenant}-') if tenant else name_of(urn)}"


def operation_of(said: str) -> str:
    """One word for the steps that the engine makes of one operation; what is not known stays as it is."""
    return _NAMES.get(said, said)


def weight_of(
    urn: str, operation: str, properties: Sequence[str], *, is_new: bool, causes: Collection[Cause]
) -> Weight:
    """`is_new`: of a tenant that this request opens. `causes`: what its file changes, and nothing else is changed.

    What is not known is taken for the worst: an operation for a deletion, a change without its properties for one of
    the wall.
    """
    kind = kind_of(urn)
    if operation not in (CREATE, UPDATE):
        if operation == DELETE and kind in _NOTHING_GOES:
            return Weight.OTHER
        return Weight.DATA if kind in HOLDS_DATA else Weight.GONE
    if operation == CREATE and (is_new or kind not in WALLS or kind in _TIGHTENS):
        return Weight.OTHER
    if operation == UPDATE and Cause.LABELS in causes and properties and _LABELS.issuperset(properties):
        return Weight.OTHER
    if operation == UPDATE and kind == DEPLOYMENT:
        return Weight.RESTARTS if not properties or "spec" in properties else Weight.OTHER
    if kind in _PROPERTIES and operation == UPDATE and properties:
        known = _PROPERTIES[kind]
        otherwise = _wall(kind, urn, causes) if kind in WALLS else Weight.OTHER
        return min(_limit(causes) if name in LIMITS else known.get(name, otherwise) for name in properties)
    if kind in QUOTAS:
        return Weight.OTHER if operation == CREATE else _limit(causes)
    return _wall(kind, urn, causes) if kind in WALLS else Weight.OTHER


def is_limit(urn: str, properties: Sequence[str]) -> bool:
    """Tells whether a change is one of a quota, and not of a wall."""
    kind = kind_of(urn)
    return kind in QUOTAS or (kind in _PROPERTIES and bool(properties) and LIMITS.issuperset(properties))


def _limit(causes: Collection[Cause]) -> Weight:
    explained = {Cause.PLAN, Cause.SERVICES, Cause.WORKLOAD} & {*causes}
    return Weight.OTHER if explained else Weight.ISOLATION


def _wall(kind: str, urn: str, causes: Collection[Cause]) -> Weight:
    known = WALLS[kind]
    if "-svc-" in name_of(urn):
        known = (*known, Cause.SERVICES)
    return Weight.OTHER if any(cause in known for cause in causes) else Weight.ISOLATION
