"""Attacks on the Kubernetes API, as a tenant's service account and as its people: what RBAC must refuse."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tenantry.engine.clients.kubernetes import Answer, Kube
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed, vulnerable
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.denials import refused_by_rights
from tenantry.inspection.verify.core.manifests import NAME
from tenantry.model.rbac_groups import ROLES, TENANT_ADMIN
from tenantry.names import PLATFORM_NAMESPACE, SERVICE_ACCOUNT, Names

Request = tuple[str, str, Any]  # method, path with {namespace}, body
RBAC: Final = "rbac.authorization.k8s.io"
APP: Final = SERVICE_ACCOUNT
BIND: Final = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "RoleBinding",
    "metadata": {"name": NAME},
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "system:authenticated"}],
}
POD: Final = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": NAME},
    "spec": {"containers": [{"name": "a", "image": "a:1"}]},
}
CONFIG: Final = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
SPACE: Final = "/api/v1/namespaces/{namespace}"
NET: Final = "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
RIGHTS: Final = f"/apis/{RBAC}/v1/namespaces/{{namespace}}"
ROUTES: Final = "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"

# In somebody else's namespace everything; in one's own what starts programs, reads credentials or moves walls.
SECRETS: Final[Mapping[str, Request]] = {
    "get secret": ("GET", f"{SPACE}/secrets/{APP}", None),
    "get tenant's secret": ("GET", f"{SPACE}/secrets/tenant-secrets", None),
    "list secrets": ("GET", f"{SPACE}/secrets", None),
    "token": ("POST", f"{SPACE}/serviceaccounts/{APP}/token", {"spec": {}}),
}
PODS: Final[Mapping[str, Request]] = {
    "create pod": ("POST", f"{SPACE}/pods", POD),
    "exec": ("POST", f"{SPACE}/pods/a/exec?command=id", None),
    "attach": ("POST", f"{SPACE}/pods/a/attach", None),
    "forward": ("POST", f"{SPACE}/pods/a/portforward", None),
    "deployment": ("PATCH", f"/apis/apps/v1/namespaces/{{namespace}}/deployments/{APP}", {"spec": {"replicas": 9}}),
}
GUARDED: Final[Mapping[str, Request]] = {
    "quota": ("PATCH", f"{SPACE}/resourcequotas/plan", {"spec": {"hard": {"pods": "999"}}}),
    "limits": ("DELETE", f"{SPACE}/limitranges/plan", None),
    "network": ("DELETE", f"{NET}/closed", None),
    "bind": ("POST", f"{RIGHTS}/rolebindings", BIND),
    "role": ("POST", f"{RIGHTS}/roles", {"kind": "Role", "metadata": {"name": "x"}, "rules": []}),
    "account": ("POST", f"{SPACE}/serviceaccounts", {"metadata": {"name": "x"}}),
    "labels": ("PATCH", SPACE, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}),
    "delete namespace": ("DELETE", SPACE, None),
    "route": ("PATCH", f"{ROUTES}/{APP}", {"spec": {"hostnames": []}}),
}
LOOKS: Final[Mapping[str, Request]] = {
    "list pods": ("GET", f"{SPACE}/pods", None),
    "list configmaps": ("GET", f"{SPACE}/configmaps", None),
    "create configmap": ("POST", f"{SPACE}/configmaps", CONFIG),
    "delete pod": ("DELETE", f"{SPACE}/pods/a", None),
    "log": ("GET", f"{SPACE}/pods/a/log", None),
}
CLUSTER: Final[Mapping[str, Request]] = {
    "list namespaces": ("GET", "/api/v1/namespaces", None),
    "create namespace": ("POST", "/api/v1/namespaces", {"metadata": {"name": NAME}}),
    "all secrets": ("GET", "/api/v1/secrets", None),
    "all pods": ("GET", "/api/v1/pods", None),
    "nodes": ("GET", "/api/v1/nodes", None),
    "node proxy": ("GET", "/api/v1/nodes/a/proxy/pods", None),
    "volumes": ("GET", "/api/v1/persistentvolumes", None),
    "platform secrets": ("GET", f"/api/v1/namespaces/{PLATFORM_NAMESPACE}/secrets", None),
    "system secrets": ("GET", "/api/v1/namespaces/kube-system/secrets", None),
    "cluster roles": ("POST", f"/apis/{RBAC}/v1/clusterrolebindings", BIND | {"kind": "ClusterRoleBinding"}),
    "definitions": ("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", None),
    "rails": ("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/tenantry-walls", None),
    "rails' bindings": (
        "DELETE",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/tenantry-walls",
        None,
    ),
    "webhooks": ("GET", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", None),
    "certificates": ("GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests", None),
    "priorities": ("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "x"}, "value": 9}),
}


def actors(context: VerifyContext, names: Names) -> Iterator[tuple[str, Callable[[], Kube]]]:
    yield "account", lambda: context.account(names)
    for role in ROLES:
        yield role, lambda role=role: context.member(names, role)


def asked(kube: Kube, request: Request, namespace: str) -> Answer:
    """Never for real: as a dry run, but for exec and the like, which need a pod of that name (there is none)."""
    method, path, body = request
    connects = path.partition("?")[0].endswith(("/exec", "/attach", "/portforward"))
    return kube.ask(method, path.format(namespace=namespace), body, dry=not connects)


def _refused(make: Callable[[], Kube], request: Request, namespace: str) -> Callable[[], Verdict]:
    return lambda: refused_by_rights(asked(make(), request, namespace))


def cross(requests: Mapping[str, Request]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """In every other tenant's namespace, by each of the three."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for attacker, other in context.pairs(spaces=True):
            for who, make in actors(context, attacker):
                for what, request in requests.items():
                    yield Attempt(
                        attacker.code, f"{other.code} {what} ({who})", _refused(make, request, other.namespace)
                    )

    return trials


def inside(requests: Mapping[str, Request]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    """In its own namespace, or none."""

    def trials(context: VerifyContext) -> Iterator[Attempt]:
        for names in context.with_namespace:
            for who, make in actors(context, names):
                for what, request in requests.items():
                    yield Attempt(names.code, f"{what} ({who})", _refused(make, request, names.namespace))

    return trials


def _becomes(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_namespace:
        for who in ("system:admin", "system:serviceaccount:kube-system:default"):

            def run(names: Names = names, who: str = who) -> Verdict:
                kube = context.account(names).impersonating(who, "system:masters")
                return refused_by_rights(kube.ask("GET", "/api/v1/namespaces"))

            yield Attempt(names.code, who, run)


def _sts_token(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_namespace:

        def run(names: Names = names) -> Verdict:
            answer = context.admin.holding(context.token(names, context.target.audience)).ask("GET", "/api")
            if answer.status == 401:
                return passed()
            return vulnerable(answer.said) if answer.status < 300 else inconclusive(answer.said)

        yield Attempt(names.code, context.target.audience, run)


def _may(context: VerifyContext) -> Iterator[Attempt]:
    """Permissions that its people need: to look, to restart, and an admin to keep settings of its own (all as a dry
    run).
    """
    allowed: dict[str, tuple[tuple[str, ...], Request]] = {
        "list pods": (ROLES, LOOKS["list pods"]),
        "see quota": (ROLES, ("GET", f"{SPACE}/resourcequotas/plan", None)),
        "see route": (ROLES, ("GET", f"{ROUTES}/{APP}", None)),
        "create configmap": ((TENANT_ADMIN,), LOOKS["create configmap"]),
        "restart": ((TENANT_ADMIN,), ("DELETE", f"{SPACE}/pods/{NAME}", None)),
    }
    for names in context.with_namespace:
        for what, (roles, request) in allowed.items():
            for role in roles:

                def run(names: Names = names, role: str = role, request: Request = request) -> Verdict:
                    answer = asked(context.member(names, role), request, names.namespace)
                    # No pod is named so: the right was there when only the pod is missing.
                    good = answer.status < 300 or (request[0] == "DELETE" and answer.status == 404)
                    return passed() if good else broken(answer.said)

                yield Attempt(names.code, f"{what} ({role})", run)


_BOUND: Final = "rights end at the tenant's namespace"
ATTACKS: Final = (
    Attack("cluster.other-secrets", _BOUND, "read another's Secrets, take its account's token", cross(SECRETS)),
    Attack("cluster.other-pods", _BOUND, "start and enter another's pods", cross(PODS)),
    Attack("cluster.other-walls", _BOUND, "change another's quota, network, rights, labels, route", cross(GUARDED)),
    Attack("cluster.other-looks", _BOUND, "look at another's pods and settings", cross(LOOKS)),
    Attack("cluster.own-secrets", "people's roles hold no credentials", "read Secrets, take tokens", inside(SECRETS)),
    Attack("cluster.own-pods", "people's roles start no program", "start and enter pods", inside(PODS)),
    Attack("cluster.own-walls", "people's roles move no wall", "change quota, network, rights, route", inside(GUARDED)),
    Attack("cluster.whole", "no right on the cluster", "namespaces, nodes, all Secrets, rights, rails",
           inside(CLUSTER)),
    Attack("cluster.become", "nobody may impersonate", "act as an administrator by impersonation", _becomes),
    Attack("cluster.sts-token", "the mounted token is for STS alone", "use it at the Kubernetes API", _sts_token),
    Attack("cluster.own", "the tenant's own rights", "look, restart, keep settings (dry run)", _may),
)  # fmt: skip
