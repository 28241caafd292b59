"""Each rule on pods and rights objects when its one thing is changed."""

from collections.abc import Callable
from typing import Any

import pytest

APP, SPACE = "k001-app-deployment", "k001-ns-namespace"
POD = "spec.template.spec"
MAIN = f"{POD}.containers.0"
META = {"name": "x", "namespace": "tenant-k001", "labels": {"tenantry.io/tenant": "k001", "app.kubernetes.io/managed-by": "tenantry"}}  # fmt: skip
ROLES = "kubernetes:rbac.authorization.k8s.io/v1"
ADMINS = {"kind": "Group", "name": "tenantry:k001:tenant_admin"}
SIDECAR = {"name": "sidecar", "image": "example.com/sidecar:1.0"}
EXTRA = {
    "role": (f"{ROLES}:Role", {"metadata": META, "rules": [{"verbs": ["get", "list"], "resources": ["pods", "resourcequotas"]}]}),
    "binding": (f"{ROLES}:RoleBinding", {"metadata": META, "roleRef": {"kind": "ClusterRole", "name": "tenantry-tenant-admin"}, "subjects": [ADMINS]}),
}  # fmt: skip
CASES: list[tuple[str, str, str, Any]] = [
    ("workload-pod-security", SPACE, "metadata.labels.pod-security~kubernetes~io/enforce", "baseline"),
    ("workload-pod-security", "platform-namespace", "metadata.labels.pod-security~kubernetes~io/enforce", "baseline"),
    ("workload-pod-security", "platform-namespace", "metadata.labels.pod-security~kubernetes~io/warn", None),
    ("workload-privileged", APP, f"{MAIN}.securityContext.privileged", True),
    ("workload-privileged", APP, f"{MAIN}.securityContext.allowPrivilegeEscalation", None),
    ("workload-privileged", APP, f"{POD}.initContainers", [SIDECAR]),
    ("workload-capabilities", APP, f"{MAIN}.securityContext.capabilities", None),
    ("workload-capabilities", APP, f"{MAIN}.securityContext.capabilities.add", ["NET_ADMIN"]),
    ("workload-root", APP, f"{MAIN}.securityContext.runAsNonRoot", False),
    ("workload-root", APP, f"{MAIN}.securityContext.runAsUser", 0),
    ("workload-root", APP, f"{MAIN}.securityContext.runAsGroup", 9999),
    ("workload-root", APP, f"{POD}.securityContext.runAsGroup", 0),
    ("workload-root", APP, f"{POD}.securityContext.runAsUser", 9999),
    ("workload-root", APP, f"{POD}.securityContext.runAsUser", None),
    ("workload-root", APP, f"{POD}.securityContext.runAsGroup", None),
    ("workload-root", APP, f"{POD}.securityContext.fsGroup", 1000),
    ("workload-root", APP, f"{POD}.securityContext.supplementalGroups", [10001, 0]),
    ("workload-root", "platform-backups-cron", "spec.jobTemplate.spec.template.spec.securityContext.runAsUser", 1000),
    ("workload-grace", APP, f"{POD}.terminationGracePeriodSeconds", 121),
    ("workload-seccomp", APP, f"{POD}.securityContext.seccompProfile", None),
    ("workload-seccomp", APP, f"{MAIN}.securityContext.seccompProfile", {"type": "Unconfined"}),
    ("workload-filesystem", APP, f"{MAIN}.securityContext.readOnlyRootFilesystem", None),
    ("workload-host", APP, f"{POD}.hostNetwork", True),
    ("workload-host", APP, f"{POD}.hostPID", True),
    ("workload-host", APP, f"{POD}.hostIPC", True),
    ("workload-host", APP, f"{MAIN}.ports.0.hostPort", 3000),
    ("workload-host", APP, f"{MAIN}.securityContext.procMount", "Unmasked"),
    ("workload-host", APP, f"{MAIN}.securityContext.windowsOptions", {"hostProcess": True}),
    ("workload-host", APP, f"{MAIN}.securityContext.appArmorProfile", {"type": "Unconfined"}),
    ("workload-host", APP, f"{POD}.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    ("workload-volumes", APP, f"{POD}.volumes.2", {"name": "node", "hostPath": {"path": "/"}}),
    ("workload-volumes", APP, f"{POD}.volumes.2", {"name": "disk", "persistentVolumeClaim": {"claimName": "x"}}),
    ("workload-volumes", APP, f"{POD}.volumes.0.emptyDir.sizeLimit", None),
    ("workload-image", APP, f"{MAIN}.image", "business-app:latest"),
    ("workload-image", APP, f"{MAIN}.image", "registry:5000/business-app"),
    ("workload-pull", APP, f"{MAIN}.imagePullPolicy", "IfNotPresent"),
    ("workload-pull", APP, f"{MAIN}.imagePullPolicy", None),
    ("workload-account", APP, f"{POD}.serviceAccountName", "default"),
    ("workload-account", APP, f"{POD}.serviceAccountName", None),
    ("workload-account", APP, f"{POD}.serviceAccountName", "other"),
    ("workload-token", APP, f"{POD}.automountServiceAccountToken", None),
    ("workload-token", APP, f"{POD}.volumes.1.projected.sources.0.serviceAccountToken.audience", None),
    ("workload-token", APP, f"{POD}.volumes.1.projected.sources.0.serviceAccountToken.expirationSeconds", 86400),
    ("workload-token", "k001-app-serviceaccount", "automountServiceAccountToken", True),
    ("workload-token", "k001-ns-serviceaccount-default", "automountServiceAccountToken", None),
    ("workload-token", "platform-namespace-account", "automountServiceAccountToken", True),
    ("workload-probes", APP, f"{MAIN}.readinessProbe", None),
    ("workload-probes", APP, f"{MAIN}.livenessProbe", {}),
    ("workload-kind", APP, "@type", "kubernetes:apps/v1:DaemonSet"),
    ("workload-kind", APP, "@type", "kubernetes:apps/v1:StatefulSet"),
    ("workload-scheduling", APP, f"{POD}.priorityClassName", "system-node-critical"),
    ("workload-scheduling", APP, f"{POD}.nodeName", "node-1"),
    ("workload-scheduling", APP, f"{POD}.tolerations", [{"operator": "Exists"}]),
    ("workload-rights", "role", "rules.0.verbs", ["*"]),
    ("workload-rights", "role", "rules.0.verbs", ["get", "escalate"]),
    ("workload-rights", "role", "rules.0.verbs", ["get", "patch"]),
    ("workload-rights", "role", "rules.0.resources.0", "secrets"),
    ("workload-rights", "role", "rules.0.resources.0", "*"),
    ("workload-rights", "role", "rules.0.resources.0", "pods/exec"),
    ("workload-binding", "binding", "subjects.0.name", "system:authenticated"),
    ("workload-binding", "binding", "subjects.0", {"kind": "ServiceAccount", "name": "a", "namespace": "kube-system"}),
    ("workload-binding", "binding", "roleRef.name", "cluster-admin"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value, EXTRA)


PRESENT: list[tuple[str, str, dict[str, Any]]] = [
    ("workload-cluster", f"{ROLES}:ClusterRole", {"metadata": {"name": "x"}}),
    ("workload-cluster", "kubernetes:scheduling.k8s.io/v1:PriorityClass", {"metadata": {"name": "x"}}),
]


@pytest.mark.parametrize(("rule", "type_", "props"), PRESENT)
def test_its_presence_breaks_the_rule(below, broken, rule: str, type_: str, props: dict[str, Any]) -> None:
    assert rule in {violation.rule.name for violation in broken({"one": below("one", type_, props)}).broken}


def test_the_platform_gives_no_tenants_account_rights_in_the_cluster(below, change, broken) -> None:
    subject = {"kind": "ServiceAccount", "name": "business-app", "namespace": "tenant-k001"}
    wire = below("one", f"{ROLES}:ClusterRoleBinding", {"metadata": {"name": "x"}, "subjects": [subject]})
    wire = change(wire, "@urn", "urn:pulumi:test::tenantry::x:ClusterRoleBinding::one")
    assert "workload-cluster" in {violation.rule.name for violation in broken({"one": wire}).broken}


ALLOWED = {"registries": ["registry.example.com/tenantry"], "digest": True}


@pytest.mark.parametrize(
    ("image", "is_refused"),
    [
        ("registry.example.com/tenantry/app@sha256:" + "a" * 64, False),
        ("registry.example.com/tenantry/app:1.0.0", True),
        ("registry.example.com/tenantry-evil/app@sha256:" + "a" * 64, True),
        ("example.com/app@sha256:" + "a" * 64, True),
        ("app:1.0.0", True),
    ],
)
def test_production_names_its_registry_and_the_digest(
    declared, change, make_judge, image: str, is_refused: bool
) -> None:
    evaluation = make_judge("workload", ALLOWED).resource(change(declared[APP], f"{MAIN}.image", image).seen())
    assert ("workload-image" in {violation.rule.name for violation in evaluation.broken}) is is_refused
