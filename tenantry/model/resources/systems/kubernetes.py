"""Kubernetes' own kinds: a namespace for each tenant. Whose an object is say its label and its namespace."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    DATA,
    HARMLESS,
    ISOLATION,
    LIMIT,
    PLATFORMS,
    TENANTS,
    CleanUpRow,
    Control,
    DriftGravity,
    ResourceKind,
)
from tenantry.model.resources.objects import ACCOUNT, AMOUNT, GRANT, ISOLATING, LABELS, ROUTE

_SYSTEM: Final = "Kubernetes"
_BOTH: Final = TENANTS | PLATFORMS
_ADMISSION: Final = "kubernetes:admissionregistration.k8s.io"
_RBAC: Final = "kubernetes:rbac.authorization.k8s.io"
_GRACE: Final = "spec.template.spec.terminationGracePeriodSeconds"
KINDS: Final = {
    "kubernetes:core:ConfigMap": ResourceKind(_BOTH, drift=GRANT),
    "kubernetes:core:LimitRange": ResourceKind(TENANTS, drift=AMOUNT),
    # The labels of a namespace are what network policies, admission policies and Pod Security go by.
    "kubernetes:core:Namespace": ResourceKind(
        _BOTH, drift=DriftGravity(ACCESS, ISOLATION, {"metadata.annotations": HARMLESS, "spec.finalizers": HARMLESS})
    ),
    "kubernetes:core:PersistentVolumeClaim": ResourceKind(drift=DriftGravity(DATA, DATA, LABELS)),
    "kubernetes:core:ResourceQuota": ResourceKind(TENANTS, drift=AMOUNT),
    "kubernetes:core:Secret": ResourceKind(_BOTH, drift=GRANT),
    "kubernetes:core:Service": ResourceKind(_BOTH, drift=ROUTE),
    "kubernetes:core:ServiceAccount": ResourceKind(_BOTH, drift=ACCOUNT),
    "kubernetes:core:ServiceAccountPatch": ResourceKind(_BOTH, drift=ACCOUNT),
    f"{_ADMISSION}:ValidatingAdmissionPolicy": ResourceKind(PLATFORMS, drift=ISOLATING),
    f"{_ADMISSION}:ValidatingAdmissionPolicyBinding": ResourceKind(PLATFORMS, drift=ISOLATING),
    "kubernetes:apps:Deployment": ResourceKind(
        _BOTH,
        drift=DriftGravity(
            ACCESS, ISOLATION, {**LABELS, "spec.replicas": ACCESS, "spec.strategy": LIMIT, _GRACE: LIMIT}
        ),
    ),
    "kubernetes:autoscaling:HorizontalPodAutoscaler": ResourceKind(TENANTS, drift=AMOUNT),
    "kubernetes:batch:CronJob": ResourceKind(PLATFORMS, drift=DriftGravity(DATA, DATA, LABELS)),  # the nightly backup
    "kubernetes:networking.k8s.io:NetworkPolicy": ResourceKind(_BOTH, drift=ISOLATING),
    "kubernetes:policy:PodDisruptionBudget": ResourceKind(TENANTS, drift=AMOUNT),
    f"{_RBAC}:ClusterRole": ResourceKind(PLATFORMS, drift=GRANT),
    f"{_RBAC}:ClusterRoleBinding": ResourceKind(drift=GRANT),
    f"{_RBAC}:Role": ResourceKind(drift=GRANT),
    f"{_RBAC}:RoleBinding": ResourceKind(TENANTS, drift=GRANT),
}
# The cluster is not asked at the end of a purge: the run that removed the namespace has waited for it.
CLEAN_UP: Final = (CleanUpRow("namespace", lambda names: names.namespace),)
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "Pod Security restricted",
        live="labels of the namespace; rail tenantry-pods",
        rules="workload-pod-security workload-privileged workload-capabilities workload-root workload-seccomp "
        "workload-filesystem workload-host workload-volumes workload-kind",
        attacks="benchmark.block-added-capabilities benchmark.block-run-as-root benchmark.block-privileged "
        "benchmark.block-privilege-escalation benchmark.block-host-* hardening.immutable-root "
        "hardening.seccomp hardening.pod-security",
    ),
    Control(
        _SYSTEM,
        "images from the allow-list, pulled each time",
        live="rail tenantry-pods",
        rules="workload-image workload-pull",
        attacks="rails.pods benchmark.image-pull-always",
    ),
    Control(
        _SYSTEM,
        "no token, own account",
        live="rails tenantry-pods, tenantry-tokens, tenantry-standing-tokens",
        rules="workload-account workload-token",
        attacks="rails.tokens rails.standing-tokens cluster.sts-token hardening.no-token",
    ),
    Control(
        _SYSTEM,
        "quota and limits of the plan",
        live="ResourceQuota, LimitRange; rails tenantry-walls, tenantry-scale",
        rules="quotas-* workload-scheduling totals-account totals-count totals-reserved",
        attacks="rails.walls rails.scale benchmark.namespace-quotas benchmark.object-limits "
        "benchmark.block-quota-changes hardening.limit-range hardening.ready",
    ),
    Control(
        _SYSTEM,
        "rights of people and accounts end at the namespace",
        live="two ClusterRoles, bound to the tenant's groups; rail tenantry-walls",
        rules="workload-rights workload-binding workload-cluster",
        attacks="cluster.o* cluster.rules cluster.whole cluster.become benchmark.block-cluster-resources "
        "benchmark.block-multitenant-resources benchmark.block-other-tenants benchmark.bounded-role-bindings",
    ),
    Control(
        _SYSTEM,
        "a namespace ends when it is told to",
        live="rails tenantry-finalizers, tenantry-grace",
        rules="workload-grace",
        attacks="rails.finalizers rails.grace cluster.own-end",
    ),
    Control(
        _SYSTEM,
        "guard rails at the API server",
        live="ValidatingAdmissionPolicies that fail closed, bound with Deny",
        rules="workload-rail*",
        attacks="rails.allow rails.own",
    ),
    Control(
        _SYSTEM,
        "labels and namespaces are the provisioner's",
        live="rails tenantry-own, tenantry-labels, tenantry-namespaces",
        rules="names-label names-own-labels",
        attacks="rails.labels rails.namespaces hardening.no-sharing",
    ),
    Control(
        "network",
        "default deny both ways, listed openings",
        live="two NetworkPolicies; rail tenantry-walls",
        rules="network-directions network-everywhere network-namespace network-ingress network-egress network-alike "
        "network-closed",
        attacks="network.tenants network.in network.out network.own hardening.selectors "
        "benchmark.bounded-network-policies",
    ),
    Control(
        "secrets",
        "secret in state, absent from all that is printed",
        live="Secrets of the namespace",
        rules="protection-secret protection-place protection-state protection-output",
        attacks="cluster.own-secrets cluster.other-secrets",
    ),
)
