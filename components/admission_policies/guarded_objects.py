"""Rails on the walls: quotas, policies, rights, what is ours, labels and namespaces."""

from typing import Final

from components.admission_policies.policy import (
    ALL_WRITES,
    CODE,
    EXCEPT_PROVISIONER,
    IN_TENANTS,
    MANAGED_OBJECTS,
    AdmissionPolicy,
    others_than_keda,
)
from components.shared.installation import Scaling
from components.shared.labels import MANAGED_BY, MANAGER, TENANT

ISOLATION_OBJECTS: Final = AdmissionPolicy(
    "tenantry-walls",
    [
        ("", "resourcequotas"),
        ("", "resourcequotas/status"),  # admission reads limits and use from there
        ("", "limitranges"),
        ("", "serviceaccounts"),
        ("networking.k8s.io", "networkpolicies"),
        ("rbac.authorization.k8s.io", "roles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
    ],
    {"false": "quotas, limits, network policies, accounts and rights are the provisioner's"},
    operations=ALL_WRITES,
    conditions=EXCEPT_PROVISIONER,
)

# A selector matches the object before or after: neither taking the label off nor putting it on gets by.
MANAGED: Final = AdmissionPolicy(
    "tenantry-own",
    [
        ("", "services"),
        ("", "services/status"),  # a write to it may take our mark off, and so may one to a budget's
        ("", "configmaps"),
        ("", "secrets"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("policy", "poddisruptionbudgets"),
        ("policy", "poddisruptionbudgets/status"),
        ("gateway.networking.k8s.io", "httproutes"),
        ("gateway.envoyproxy.io", "backendtrafficpolicies"),
        ("gateway.envoyproxy.io", "httproutefilters"),
    ],
    {"false": "what tenantry manages is changed in the tenant's file"},
    operations=ALL_WRITES,
    conditions=EXCEPT_PROVISIONER,
    where=IN_TENANTS | MANAGED_OBJECTS,
)


def scale(scaling: Scaling) -> AdmissionPolicy:
    """Apart from OWN: what is written to `scale` is an object without the Deployment's labels.

    KEDA's operator wakes a workload that has no replicas itself, and puts it to sleep; between, the cluster's own
    autoscaler acts for it.
    """
    return AdmissionPolicy(
        "tenantry-scale",
        [("apps", "deployments/scale"), ("apps", "replicasets/scale")],
        {"false": "how many replicas run is said in the tenant's file"},
        operations=("UPDATE",),
        conditions=EXCEPT_PROVISIONER | others_than_keda(scaling),
    )


LABELS: Final = AdmissionPolicy(
    "tenantry-labels",
    [("*", "*")],
    {
        f'object.metadata.?labels[?"{TENANT}"].orValue(variables.code) == variables.code': (
            "no label names another tenant"
        )
    },
    variables=CODE,
)

# No selector: the API server selects a namespace by its labels *after* the change, so who removes one would get by.
NAMESPACES: Final = AdmissionPolicy(
    "tenantry-namespaces",
    [("", "namespaces"), ("", "namespaces/status"), ("", "namespaces/finalize")],  # each of them can carry labels
    {"false": "tenants' namespaces, their labels and the gateway's are the provisioner's"},
    operations=ALL_WRITES,
    conditions=EXCEPT_PROVISIONER
    | {
        "ours": 'request.name.startsWith("tenant-") || [object, oldObject].exists(one, one != null'
        f' && (one.metadata.name.startsWith("tenant-") || one.metadata.?labels[?"{TENANT}"].hasValue()'
        f' || one.metadata.?labels[?"{MANAGED_BY}"].orValue("") == "{MANAGER}"))'
    },
    where={},
    scope="Cluster",
)
