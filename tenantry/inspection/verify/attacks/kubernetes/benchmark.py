"""The 18 checks of the Kubernetes multi-tenancy benchmark, by name, against every tenant's namespace.

Sources: the working group's benchmark (kubernetes-sigs/multi-tenancy, profiles 1 and 2). What a tenant's admin could
never ask for is asked by the stranger, whom RBAC does not stop: so Pod Security and the rails are shown, not only RBAC.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

from tenantry.inspection.verify.attacks.kubernetes.admission_ingress import NET, Ask, makes
from tenantry.inspection.verify.attacks.kubernetes.kubernetes_api import BIND, CLUSTER, LOOKS, SECRETS, Request, asked
from tenantry.inspection.verify.core.admission_tester import privileged_tester
from tenantry.inspection.verify.core.attack import (
    Attack,
    Attempt,
    Verdict,
    inconclusive,
    passed,
    verdict_on_faults,
    vulnerable,
)
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import beyond, least
from tenantry.inspection.verify.core.denials import by_admission_policy, by_pod_security, refused_by, refused_by_rights
from tenantry.inspection.verify.core.manifests import manifest, path, pod
from tenantry.model.rbac_groups import TENANT_ADMIN
from tenantry.names import Names
from tenantry.parsing.json_narrowing import Tree, mapping

OBJECTS: Final = ("pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports")
COMPUTE: Final = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
Trials = Callable[[VerifyContext], Iterator[Attempt]]


def _refused(context: VerifyContext, names: Names, request: Request, other: Names) -> Verdict:
    return refused_by_rights(asked(context.member(names, TENANT_ADMIN), request, other.namespace))


def _what(request: Request) -> str:
    return f"{request[0]} {request[1].rpartition('/')[2]}"


def _admin(*requests: Request) -> Trials:
    """By the tenant's admin: RBAC's answer."""
    return lambda context: (
        Attempt(names.code, _what(request), partial(_refused, context, names, request, names))
        for names in context.with_namespace
        for request in requests
    )


def _others(context: VerifyContext) -> Iterator[Attempt]:
    for attacker, other in context.pairs(spaces=True):
        for request in (SECRETS["list secrets"], *LOOKS.values()):
            run = partial(_refused, context, attacker, request, other)
            yield Attempt(attacker.code, f"{other.code} {_what(request)}", run)


def _pod(reason: str, container: Tree | None = None, *, rail: str = "", **spec: Any) -> Trials:
    """A pod that is good but for this: Pod Security says its reason, or the rail its sentence where both know it."""
    ways = [by_pod_security(reason)] if reason else []
    ways += [by_admission_policy("tenantry-pods", rail)] if rail else []
    return _stranger(lambda context, names: makes(names, pod(context, names, container, **spec)), ways)


def _stranger(make: Callable[[VerifyContext, Names], Ask], ways: Sequence[Collection[str]]) -> Trials:
    return _each(lambda context, names: refused_by(ways, make(context, names)(privileged_tester(context))))


def _both(trials: Trials, other: Trials) -> Trials:
    return lambda context: chain(trials(context), other(context))


def _each(judge: Callable[[VerifyContext, Names], Verdict]) -> Trials:
    return lambda context: (Attempt("", names.code, partial(judge, context, names)) for names in context.with_namespace)


def _quota(wanted: Sequence[str]) -> Trials:
    def judge(context: VerifyContext, names: Names) -> Verdict:
        quotas = context.admin.items(path(names, "v1", "resourcequotas"))
        hard = least(mapping(mapping(quota.get("spec")).get("hard")) for quota in quotas)
        given = mapping(context.target.declared.quotas.get(names.namespace))
        nothing = [f"no quota of {name} was given" for name in wanted if name not in given]
        return verdict_on_faults([*nothing, *beyond(hard, {name: given[name] for name in wanted if name in given})])

    return _each(judge)


def _service(**spec: Any) -> Trials:
    return _stranger(
        lambda context, names: makes(names, manifest("v1", "Service", spec={"ports": [{"port": 80}], **spec})),
        [by_admission_policy("tenantry-services", CLUSTER_IP)],
    )


def _bounded(verb: str, plural: str, group: str, body: Tree) -> Trials:
    """The benchmark lets tenants make these themselves; here they are the provisioner's, so the tenant is refused."""

    def run(context: VerifyContext, names: Names) -> Verdict:
        answer = context.member(names, TENANT_ADMIN).ask(verb, path(names, group, plural), body)
        if answer.status < 300:
            return vulnerable(f"{plural}: {answer.said}")
        return passed() if refused_by_rights(answer).state == "held" else inconclusive(answer.said)

    return _each(run)


def _check(name: str, control: str, tries: str, trials: Trials) -> Attack:
    return Attack(f"benchmark.{name}", control, tries, trials)


CONTEXT: Final = "securityContext"
CLUSTER_IP: Final = "a Service is a ClusterIP"
# The sentences of rail tenantry-pods on what Pod Security knows as well, or not.
SHARES_NOTHING: Final = "a pod shares nothing with its node"
VOLUMES: Final = "volumes are "
PULLED: Final = "images are asked for at every start"
_PSS: Final = "Pod Security restricted, rail tenantry-pods"
_QUOTA_PATH: Final = "/api/v1/namespaces/{namespace}/resourcequotas/plan"
_SPACE: Final = ("PATCH", "/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"a": "b"}}})
_LIFTED: Final = {"spec": {"hard": {"pods": "999"}}}

ATTACKS: Final = (
    _check("block-cluster-resources", "no right on the cluster", "read cluster-wide objects",
           _admin(CLUSTER["nodes"], CLUSTER["list namespaces"], CLUSTER["volumes"], CLUSTER["definitions"])),
    _check("block-multitenant-resources", "people's roles move no wall", "change what the platform put there",
           _admin(_SPACE, ("DELETE", f"/apis/{NET}/namespaces/{{namespace}}/networkpolicies/closed", None),
                  ("DELETE", "/api/v1/namespaces/{namespace}/limitranges/plan", None))),
    _check("block-quota-changes", "RBAC", "change the quota", _admin(("PATCH", _QUOTA_PATH, _LIFTED))),
    _check("block-other-tenants", "rights end at the namespace", "read another tenant's objects", _others),
    _check("block-added-capabilities", _PSS, "a pod that adds a capability",
           _pod("unrestricted capabilities", {CONTEXT: {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}})),
    _check("block-run-as-root", _PSS, "a pod that may run as root",
           _pod("runAsNonRoot != true", {CONTEXT: {"runAsNonRoot": False}})),
    _check("block-privileged", _PSS, "a privileged pod",
           _pod("privileged (container", {CONTEXT: {"privileged": True, "allowPrivilegeEscalation": True}})),
    _check("block-privilege-escalation", _PSS, "a pod that may gain privileges",
           _pod("allowPrivilegeEscalation != false", {CONTEXT: {"allowPrivilegeEscalation": True}})),
    _check("block-host-path", _PSS, "a pod with a path of its node",
           _pod("restricted volume types", rail=VOLUMES, volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
    _check("block-node-port", "rail tenantry-services", "a NodePort Service", _service(type="NodePort")),
    _check("block-host-network-and-ports", _PSS, "a pod on its node's network, or at a port of its node",
           _both(_pod("host namespaces", rail=SHARES_NOTHING, hostNetwork=True),
                 _pod("hostPort", {"ports": [{"containerPort": 80, "hostPort": 80}]}, rail=SHARES_NOTHING))),
    _check("block-host-pid", _PSS, "a pod that sees its node's processes",
           _pod("host namespaces", rail=SHARES_NOTHING, hostPID=True)),
    _check("block-host-ipc", _PSS, "a pod in its node's IPC",
           _pod("host namespaces", rail=SHARES_NOTHING, hostIPC=True)),
    _check("namespace-quotas", "ResourceQuota", "look for a compute quota that is missing or beyond what was given",
           _quota(COMPUTE)),
    _check("object-limits", "ResourceQuota", "look for a quota of objects that is missing or beyond what was given",
           _quota(OBJECTS)),
    _check("image-pull-always", "rail tenantry-pods", "a pod that takes an image from its node",
           _pod("", {"imagePullPolicy": "IfNotPresent"}, rail=PULLED)),
    _check("bounded-network-policies", "RBAC", "a tenant's own network policy",
           _bounded("POST", "networkpolicies", NET, manifest(NET, "NetworkPolicy", spec={"podSelector": {}}))),
    _check("bounded-role-bindings", "RBAC", "a tenant's own binding to cluster-admin",
           _bounded("POST", "rolebindings", "rbac.authorization.k8s.io/v1", dict(BIND))),
)  # fmt: skip
