"""Hardening by NSA and CISA of pods and namespaces, and traps of quotas and selectors: read from live objects."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tenantry.inspection.verify.attacks.kubernetes.network import spaces
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, passed, verdict_on_faults
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import beyond, least, maxima
from tenantry.inspection.verify.core.manifests import path
from tenantry.model.lifecycle import Phase
from tenantry.names import MANAGED_BY, MANAGER, SERVICE_ACCOUNT, TENANT_LABEL, Names
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

API_MOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
RESTRICTED: Final = "restricted"


def _specs(context: VerifyContext, names: Names) -> list[Tree]:
    """Specs of live pods and of Deployments' pods. Raises LookupError where there is neither: what is not
    there proves nothing of how it is hardened."""
    apps = context.admin.items(path(names, "apps/v1", "deployments"))
    live = [mapping(pod["spec"]) for pod in context.admin.items(path(names, "v1", "pods"))]
    made = [mapping(mapping(mapping(deployment["spec"])["template"])["spec"]) for deployment in apps]
    if not made:
        raise LookupError(f"{names.namespace} has no Deployment")
    return [*live, *made]


def _containers(spec: Tree) -> list[Tree]:
    return [
        mapping(container) for container in (*sequence(spec.get("containers")), *sequence(spec.get("initContainers")))
    ]


def _immutable(context: VerifyContext, names: Names) -> Iterator[str]:
    for spec in _specs(context, names):
        for container in _containers(spec):
            if mapping(container.get("securityContext")).get("readOnlyRootFilesystem") is not True:
                yield f"{container.get('name')} may write to its root file system"


def _seccomp(context: VerifyContext, names: Names) -> Iterator[str]:
    for spec in _specs(context, names):
        whole = mapping(mapping(spec.get("securityContext")).get("seccompProfile")).get("type")
        for container in _containers(spec):
            own = mapping(mapping(container.get("securityContext")).get("seccompProfile")).get("type") or whole
            if own not in ("RuntimeDefault", "Localhost"):
                yield f"{container.get('name')} runs with the seccomp profile {own}"


def _no_token(context: VerifyContext, names: Names) -> Iterator[str]:
    for account in context.admin.items(path(names, "v1", "serviceaccounts")):
        if account.get("automountServiceAccountToken") is not False:
            yield f"the account {mapping(account['metadata'])['name']} hands its token to pods"
    for spec in _specs(context, names):
        if spec.get("automountServiceAccountToken") is not False:
            yield "a pod mounts its account's token"
        if spec.get("serviceAccountName") != SERVICE_ACCOUNT:
            yield f"a pod runs as {spec.get('serviceAccountName')}"
        for container in _containers(spec):
            if any(mapping(mount).get("mountPath") == API_MOUNT for mount in sequence(container.get("volumeMounts"))):
                yield f"{container.get('name')} has a token for the Kubernetes API"


def _not_shared(context: VerifyContext, names: Names) -> Iterator[str]:
    """A namespace, its labels and everything with a tenant's label in it are one tenant's."""
    labels = spaces(context).get(names.namespace, {})
    if labels.get(TENANT_LABEL) != names.code:
        yield f"the namespace is labelled as {labels.get(TENANT_LABEL)}"
    if labels.get(MANAGED_BY) != MANAGER:
        yield "the namespace is not marked as ours"
    for place in (path(names, "v1", "pods"), path(names, "v1", "services"), path(names, "v1", "configmaps")):
        for obj in context.admin.items(place):
            label = mapping(mapping(obj["metadata"]).get("labels")).get(TENANT_LABEL, names.code)
            if label != names.code:
                yield f"{mapping(obj['metadata'])['name']} is labelled as {label}"


def _pod_security(context: VerifyContext, names: Names) -> Iterator[str]:
    labels = spaces(context).get(names.namespace, {})
    for mode in ("enforce", "audit", "warn"):
        level = labels.get(f"pod-security.kubernetes.io/{mode}")
        if level != RESTRICTED:
            yield f"Pod Security {mode}: {level}"


def _limit_range(context: VerifyContext, names: Names) -> Iterator[str]:
    ranges = context.admin.items(path(names, "v1", "limitranges"))
    limits = [mapping(limit) for r in ranges for limit in sequence(mapping(r.get("spec")).get("limits"))]
    default = [
        limit for limit in limits if limit.get("type") == "Container" and limit.get("default") and limit.get("max")
    ]
    if not default:
        yield "no LimitRange with a default and a maximum for containers"
    given = context.target.declared.limits.get(names.namespace, {})
    if not given:
        yield "no limits were given"
    for sort, most in given.items():
        live = least(maxima(mapping(r.get("spec"))).get(sort, {}) for r in ranges)
        yield from (f"{sort}: {fault}" for fault in beyond(live, most))


def _selectors(context: VerifyContext, names: Names) -> Iterator[str]:
    """Openings by a namespace's own name or by an address that the installation lists; never for everybody."""
    known = {where for where, _ in context.target.openings if "/" in where}
    for policy in context.admin.items(path(names, "networking.k8s.io/v1", "networkpolicies")):
        policy_name = mapping(policy["metadata"])["name"]
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for rule in map(mapping, sequence(mapping(policy["spec"]).get(way))):
                listed = [mapping(entry) for entry in sequence(rule.get(peers))]
                if not listed or not rule.get("ports"):
                    yield f"{policy_name}: an {way} rule for everybody or for every port"
                yield from (f"{policy_name}: {fault}" for rule in listed for fault in _peer(rule, known))


def _peer(peer: Tree, known: set[str]) -> Iterator[str]:
    block: Any = mapping(peer.get("ipBlock")).get("cidr")
    if block is not None and block not in known:
        yield f"opens {block}, which is none of the installation's openings"
    if block is None and not mapping(mapping(peer.get("namespaceSelector")).get("matchLabels")):
        yield "a namespaceSelector that selects more than named namespaces"


def _ready(context: VerifyContext, names: Names) -> Verdict:
    """With a quota a Deployment `succeeds` whose pods are refused: ready replicas tell."""
    if context.target.tenants[names.code][1] is not Phase.ACTIVE:
        return passed("not to run")
    faults: list[str] = []
    apps = context.admin.items(path(names, "apps/v1", "deployments"))
    if not apps:
        return broken("there is no Deployment")
    for deployment in apps:
        wanted, status = int(mapping(deployment["spec"]).get("replicas", 1)), mapping(deployment.get("status"))
        ready = int(status.get("readyReplicas") or 0)
        if ready < wanted:
            faults.append(f"{ready} of {wanted} replicas are ready")
    return broken("; ".join(faults)) if faults else passed()


def _read(judge: Callable[[VerifyContext, Names], Iterator[str]]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    return lambda context: (
        Attempt("", n.code, lambda n=n: verdict_on_faults(dict.fromkeys(judge(context, n))))
        for n in context.with_namespace
    )


def _running(context: VerifyContext) -> Iterator[Attempt]:
    return (Attempt("", n.code, lambda n=n: _ready(context, n)) for n in context.with_namespace)


ATTACKS: Final = (
    Attack("hardening.immutable-root", "readOnlyRootFilesystem", "look for a writable root", _read(_immutable)),
    Attack("hardening.seccomp", "seccomp RuntimeDefault", "look for another profile", _read(_seccomp)),
    Attack("hardening.no-token", "no token mounting, own account", "look for a mounted token", _read(_no_token)),
    Attack("hardening.no-sharing", "a namespace for each tenant", "look for foreign labels", _read(_not_shared)),
    Attack("hardening.pod-security", "labels of the namespace", "look for a weaker level", _read(_pod_security)),
    Attack(
        "hardening.limit-range",
        "LimitRange",
        "look for containers without limits, or with more than was given",
        _read(_limit_range),
    ),
    Attack("hardening.selectors", "exact openings", "look for rules for everybody", _read(_selectors)),
    Attack("hardening.ready", "quota and limits fit the workload", "look for replicas refused", _running),
)
