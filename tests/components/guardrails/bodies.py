"""Objects that a tenant might ask the API server for, each good but for what an attack changes; and ways to ask."""

from collections.abc import Callable
from typing import Any

from tests.components.guardrails.conftest import BARE, Actor, Json, path_of

K001 = "tenant-k001"
ROUTES = "gateway.networking.k8s.io/v1"
ENVOY = "gateway.envoyproxy.io/v1alpha1"
NETWORKING = "networking.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io/v1"


def thing(version: str, kind: str, body: Json, namespace: str | None = BARE, **metadata: Any) -> Json:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x", **where, **metadata}, **body}


SET = {"name": "X-Tenant-Code", "value": "k009"}


def modifier(**how: Any) -> Json:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": how}


def header(value: str = "k009") -> Json:
    return modifier(set=[SET | {"value": value}])


def notice(**changes: str) -> Json:
    reference = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "notice"}
    return {"type": "ExtensionRef", "extensionRef": reference | changes}


def route(hosts: tuple[str, ...] = ("k009.yyup.cc",), filters: tuple[Json, ...] = (header(),), **changes: Any) -> Json:
    rule = {
        "backendRefs": [{"name": "business-app", "port": 3000}],
        "filters": list(filters),
        **changes.pop("rule", {}),
    }
    parent = {"name": "tenants", "namespace": "tenantry-gateway", **changes.pop("parent", {})}
    return thing(ROUTES, "HTTPRoute", {"spec": {"parentRefs": [parent], "hostnames": list(hosts), "rules": [rule]}})


def service(**spec: Any) -> Json:
    return thing("v1", "Service", {"spec": {"ports": [{"port": 80}], **spec}})


def pod(container: Json | None = None, **spec: Any) -> Json:
    one = {"name": "a", "image": "registry.example.com/business-app:1.2.3", "imagePullPolicy": "Always"}
    users = {"runAsUser": 10001, "runAsGroup": 10001}
    plain = {"automountServiceAccountToken": False, "securityContext": users, "containers": [one | (container or {})]}
    return thing("v1", "Pod", {"spec": plain | spec})


def runs_as(**ids: Any) -> Json:
    return pod(securityContext={"runAsUser": 10001, "runAsGroup": 10001} | ids)


def projected(audience: str | None) -> Json:
    token = {"path": "token"} if audience is None else {"path": "token", "audience": audience}
    return {"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}


def token_for(*audiences: str) -> Callable[[Actor], str]:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": list(audiences)}}
    path = path_of("ServiceAccount", "v1", K001, "business-app") + "/token"
    return lambda who: who.ask("POST", path, body)


def makes(body: Json) -> Callable[[Actor], str]:
    return lambda who: who.create(body)


def changes(kind: str, version: str, namespace: str | None, name: str, patch: Json) -> Callable[[Actor], str]:
    return lambda who: who.patch(kind, version, namespace, name, patch)


def removes(kind: str, version: str, namespace: str | None, name: str) -> Callable[[Actor], str]:
    return lambda who: who.delete(kind, version, namespace, name)


def connects(way: str, kind: str = "Pod") -> Callable[[Actor], str]:
    return lambda who: who.ask("POST", path_of(kind, "v1", K001, "a") + f"/{way}", dry=False)


def labelled(labels: Json) -> Json:
    return {"metadata": {"labels": labels}}


def binds(kind: str, name: str) -> Json:
    body = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}}
    return thing(RBAC, "RoleBinding", body | {"subjects": [{"kind": "ServiceAccount", "name": "business-app"}]})


OPEN = {"spec": {"podSelector": {}, "ingress": [{}]}}
QUOTA_STATUS = path_of("ResourceQuota", "v1", K001, "plan") + "/status"
SPACE_STATUS = path_of("Namespace", "v1", None, K001) + "/status"
MERGE = "application/merge-patch+json"
UNMARKED = {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}
TEMPLATE = {
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}},
    }
}
HELD = {"metadata": {"finalizers": ["example.org/held"]}}
DRY = {"dryRun": ["All"]}  # with a body, the API server does not read it from the query
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "00000000-0000-0000-0000-000000000000"}
SYSTEMS = (
    "foregroundDeletion",
    "orphan",
    "batch.kubernetes.io/job-tracking",
    "service.kubernetes.io/load-balancer-cleanup",
)
CONFIG = thing("v1", "ConfigMap", {})
CLAIM = thing("v1", "PersistentVolumeClaim", {"spec": {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
}})  # fmt: skip
JOB_POD = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
# Kinds that a tenant's admin may write, and those that somebody with rights that are too wide may.
HOLDABLE = (
    CONFIG,
    service(),
    CLAIM,
    thing("v1", "Secret", {}),
    thing("v1", "Event", {"involvedObject": {"namespace": BARE}}),
    thing("apps/v1", "Deployment", TEMPLATE),
    thing("apps/v1", "StatefulSet", TEMPLATE),
    thing("batch/v1", "Job", {"spec": {"template": {"spec": JOB_POD}}}),
    thing("policy/v1", "PodDisruptionBudget", {"spec": {"maxUnavailable": 1}}),
    route(),
    pod(),
)


def held(body: Json, *finalizers: str) -> Json:
    """The same with finalizers."""
    return body | {"metadata": body["metadata"] | {"finalizers": list(finalizers or HELD["metadata"]["finalizers"])}}


def owned(**how: Any) -> Json:
    return CONFIG | {"metadata": CONFIG["metadata"] | {"ownerReferences": [OWNER | how]}}


def evicts(seconds: int) -> Callable[[Actor], str]:
    body = thing("policy/v1", "Eviction", {"deleteOptions": {"gracePeriodSeconds": seconds, **DRY}}, name="runs")
    return lambda who: who.ask("POST", path_of("Pod", "v1", BARE, "runs") + "/eviction", body)


LISTENER = {"name": "l", "port": 80, "protocol": "HTTP"}
