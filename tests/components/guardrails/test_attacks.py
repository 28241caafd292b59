"""Every sentence of every rail, broken once by somebody whose rights would allow it, at a real API server.

The list of rails comes from the code: a new sentence without an attack fails here.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from components.admission_policies import all_policies
from tests.components.guardrails.bodies import (
    CLAIM,
    CONFIG,
    DRY,
    ENVOY,
    HELD,
    HOLDABLE,
    K001,
    LISTENER,
    MERGE,
    NETWORKING,
    OPEN,
    OWNER,
    QUOTA_STATUS,
    RBAC,
    ROUTES,
    SET,
    SPACE_STATUS,
    SYSTEMS,
    TEMPLATE,
    UNMARKED,
    binds,
    changes,
    connects,
    evicts,
    header,
    held,
    labelled,
    makes,
    modifier,
    notice,
    owned,
    pod,
    projected,
    removes,
    route,
    runs_as,
    service,
    thing,
    token_for,
)
from tests.components.guardrails.conftest import BARE, IMAGES, Actor, Cluster, path_of

OWN_DOMAIN = "a route is for the tenant's own domain"
OWN_GATEWAY = "a route hangs on the platform's gateway"
OWN_HEADER = "every rule sets X-Tenant-Code to the tenant's code"
NO_OTHER_HEADER = "nothing else touches X-Tenant-Code, and no filter sends requests elsewhere"
OWN_BACKENDS = "requests go to Services of the tenant's own namespace"
ENTRANCES = "the ways in are the platform's"
CLUSTER_IP = "a Service is a ClusterIP: no port of the nodes, no other name"
NO_ADDRESS = "a Service takes over no address"
CONNECTIONS = "pods are reached through the gateway alone"
IMAGE = "images are the application's or from a registry that is allowed, at a version"
PULL = "images are asked for at every start (imagePullPolicy: Always)"
NODE = "a pod shares nothing with its node"
VOLUMES = "volumes are configMap, downwardAPI, emptyDir, projected, secret"
NO_TOKEN = "no token for the Kubernetes API is mounted"
USERS = "a pod names its user and its group, from 10000 on"
PRECEDENCE = "a pod takes no precedence and chooses no node"
AUDIENCE = "tokens are for sts.aliyuncs.com alone"
STANDING = "no token is without an end"
WALLS = "quotas, limits, network policies, accounts and rights are the provisioner's"
OWN = "what tenantry manages is changed in the tenant's file"
SCALE = "how many replicas run is said in the tenant's file"
LABELS = "no label names another tenant"
FINALIZERS = "only the cluster's controllers hold an object with a finalizer"
OWNERS = "only the cluster's controllers make an owner wait (blockOwnerDeletion)"
GRACE = "a pod ends within 120 s (terminationGracePeriodSeconds, gracePeriodSeconds)"
NAMESPACES = "tenants' namespaces, their labels and the gateway's are the provisioner's"

ATTACKS: dict[str, tuple[str, Callable[[Actor], str]]] = {
    "host of another": (OWN_DOMAIN, makes(route(("k001.yyup.cc",)))),
    "host of another beside its own": (OWN_DOMAIN, makes(route(("k009.yyup.cc", "k001.yyup.cc")))),
    "every host": (OWN_DOMAIN, makes(route(("*.yyup.cc",)))),
    "a host below its own": (OWN_DOMAIN, makes(route(("a.k009.yyup.cc",)))),
    "no host, which is every host": (OWN_DOMAIN, makes(route(()))),
    "another gateway": (OWN_GATEWAY, makes(route(parent={"name": "mine"}))),
    "a gateway of its own namespace": (OWN_GATEWAY, makes(route(parent={"namespace": BARE}))),
    "a Service as gateway": (OWN_GATEWAY, makes(route(parent={"kind": "Service", "group": ""}))),
    "no tenant header": (OWN_HEADER, makes(route(filters=()))),
    "another's tenant header": (OWN_HEADER, makes(route(filters=(header(value="k001"),)))),
    "the header a second time in small letters": (
        NO_OTHER_HEADER,
        makes(route(filters=(modifier(set=[SET, SET | {"name": "x-tenant-code", "value": "k001"}]),))),
    ),
    "the header added to": (NO_OTHER_HEADER, makes(route(filters=(modifier(set=[SET], add=[SET]),)))),
    "the header taken away": (NO_OTHER_HEADER, makes(route(filters=(modifier(set=[SET], remove=["X-TENANT-CODE"]),)))),
    "the header changed behind the rule": (
        NO_OTHER_HEADER,
        makes(route(rule={"backendRefs": [{"name": "a", "port": 1, "filters": [header(value="k001")]}]})),
    ),
    "requests copied to another": (
        NO_OTHER_HEADER,
        makes(
            route(
                filters=(
                    header(),
                    {
                        "type": "RequestMirror",
                        "requestMirror": {"backendRef": {"name": "business-app", "namespace": K001, "port": 3000}},
                    },
                )
            )
        ),
    ),
    **{
        f"a filter of Envoy Gateway's own by another {key}": (
            NO_OTHER_HEADER,
            makes(route(filters=(header(), notice(**{key: "other"})))),
        )
        for key in ("group", "kind", "name")
    },
    "requests to another's Service": (
        OWN_BACKENDS,
        makes(route(rule={"backendRefs": [{"name": "business-app", "namespace": K001, "port": 3000}]})),
    ),
    "requests to what is no Service": (
        OWN_BACKENDS,
        makes(route(rule={"backendRefs": [{"name": "a", "group": "gateway.envoyproxy.io", "kind": "Backend"}]})),
    ),
    "an Ingress": (ENTRANCES, makes(thing(NETWORKING, "Ingress", {"spec": {"rules": [{"host": "k001.yyup.cc"}]}}))),
    "a Gateway": (
        ENTRANCES,
        makes(thing(ROUTES, "Gateway", {"spec": {"gatewayClassName": "a", "listeners": [LISTENER]}})),
    ),
    "a GRPCRoute": (ENTRANCES, makes(thing(ROUTES, "GRPCRoute", {"spec": {"hostnames": ["k001.yyup.cc"]}}))),
    "endpoints elsewhere": (
        ENTRANCES,
        makes(thing("v1", "Endpoints", {"subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 1}]}]})),
    ),
    "a port of the nodes": (CLUSTER_IP, makes(service(type="NodePort"))),
    "a load balancer": (CLUSTER_IP, makes(service(type="LoadBalancer"))),
    "an address of somebody": (NO_ADDRESS, makes(service(externalIPs=["192.0.2.1"]))),
    "another name for something": (CLUSTER_IP, makes(service(type="ExternalName", externalName="postgres.internal"))),
    **{f"pods by {way}": (CONNECTIONS, connects(way)) for way in ("exec", "attach", "portforward", "proxy")},
    "Services by proxy": (CONNECTIONS, connects("proxy", "Service")),
    "an image from elsewhere": (IMAGE, makes(pod({"image": "evil.example.com/business-app:1.2.3"}))),
    "an image that moves": (IMAGE, makes(pod({"image": "registry.example.com/business-app:latest"}))),
    "an image without a version": (IMAGE, makes(pod({"image": "registry.example.com/business-app"}))),
    "a registry at a port": (IMAGE, makes(pod({"image": "registry.example.com/business-app:5000/x:1"}))),
    "an init container from elsewhere": (
        IMAGE,
        makes(pod(initContainers=[{"name": "i", "image": "evil:1", "imagePullPolicy": "Always"}])),
    ),
    "a container added to a pod that runs": (
        IMAGE,
        lambda who: who.ask(
            "PATCH",
            path_of("Pod", "v1", BARE, "runs") + "/ephemeralcontainers",
            {"spec": {"ephemeralContainers": [{"name": "e", "image": "evil:1", "imagePullPolicy": "Always"}]}},
            kind="application/strategic-merge-patch+json",
        ),
    ),
    "another image in a pod that runs": (
        IMAGE,
        lambda who: who.ask(
            "PATCH",
            path_of("Pod", "v1", BARE, "runs"),
            {"spec": {"containers": [{"name": "a", "image": "evil:1"}]}},
            kind="application/strategic-merge-patch+json",
        ),
    ),
    "an image of the node's cache": (PULL, makes(pod({"imagePullPolicy": "IfNotPresent"}))),
    **{f"with {key}": (NODE, makes(pod(None, **{key: True}))) for key in ("hostNetwork", "hostPID", "hostIPC")},
    "a port of the node": (NODE, makes(pod({"ports": [{"containerPort": 80, "hostPort": 80}]}))),
    "a path of the node": (VOLUMES, makes(pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]))),
    "a claim": (VOLUMES, makes(pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}]))),
    "a foreign file server": (VOLUMES, makes(pod(volumes=[{"name": "v", "nfs": {"server": "a", "path": "/"}}]))),
    "a mounted token": (NO_TOKEN, makes(pod(automountServiceAccountToken=True))),
    "a projected token for the API": (NO_TOKEN, makes(pod(volumes=[projected(None)]))),
    "a projected token for another": (NO_TOKEN, makes(pod(volumes=[projected("https://kubernetes.default.svc")]))),
    "a user of the node": (USERS, makes(runs_as(runAsUser=9999))),
    "a group of the node": (USERS, makes(runs_as(runAsGroup=0))),
    "the image's own user": (USERS, makes(pod(securityContext={}))),
    "the image's own group": (USERS, makes(pod(securityContext={"runAsUser": 10001}))),
    "files of a group of the node": (USERS, makes(runs_as(fsGroup=1000))),
    "one more group": (USERS, makes(runs_as(supplementalGroups=[10001, 0]))),
    "a container's own user": (USERS, makes(pod({"securityContext": {"runAsUser": 1000}}))),
    "a container's own group": (USERS, makes(pod({"securityContext": {"runAsGroup": 0}}))),
    "a pod that takes a day to end": (GRACE, makes(pod(terminationGracePeriodSeconds=86_400))),
    "a pod that is a second too slow": (GRACE, makes(pod(terminationGracePeriodSeconds=121))),
    "a deletion that takes a day": (
        GRACE,
        lambda who: who.ask("DELETE", path_of("Pod", "v1", BARE, "runs"), {"gracePeriodSeconds": 86_400, **DRY}),
    ),
    "an eviction that takes a day": (GRACE, evicts(86_400)),
    "precedence": (PRECEDENCE, makes(pod(priorityClassName="system-cluster-critical"))),
    "every node's taints": (PRECEDENCE, makes(pod(tolerations=[{"operator": "Exists"}]))),
    "a node of its choice": (PRECEDENCE, makes(pod(nodeName="node-1"))),
    "a token for the API": (AUDIENCE, token_for("https://kubernetes.default.svc")),
    "a token for nobody in particular": (AUDIENCE, token_for()),
    "a token for both": (AUDIENCE, token_for("sts.aliyuncs.com", "https://kubernetes.default.svc")),
    "a token without an end": (
        STANDING,
        makes(
            thing(
                "v1",
                "Secret",
                {"type": "kubernetes.io/service-account-token"},
                annotations={"kubernetes.io/service-account.name": "business-app"},
            )
        ),
    ),
    "a larger quota": (WALLS, changes("ResourceQuota", "v1", K001, "plan", {"spec": {"hard": {"pods": "999"}}})),
    "no quota": (WALLS, removes("ResourceQuota", "v1", K001, "plan")),
    "a quota that believes less is used": (
        WALLS,
        lambda who: who.ask("PATCH", QUOTA_STATUS, {"status": {"used": {"pods": "0"}}}, kind=MERGE),
    ),
    "larger containers": (WALLS, changes("LimitRange", "v1", K001, "plan", {"spec": {"limits": []}})),
    "no limits": (WALLS, removes("LimitRange", "v1", K001, "plan")),
    "an open policy": (WALLS, makes(thing(NETWORKING, "NetworkPolicy", OPEN))),
    "a policy opened": (WALLS, changes("NetworkPolicy", NETWORKING, K001, "closed", OPEN)),
    "no policy": (WALLS, removes("NetworkPolicy", NETWORKING, K001, "closed")),
    "another account": (WALLS, makes(thing("v1", "ServiceAccount", {}))),
    "a role": (WALLS, makes(thing(RBAC, "Role", {"rules": []}))),
    "a binding": (WALLS, makes(binds("ClusterRole", "wide"))),
    "no binding": (WALLS, removes("RoleBinding", RBAC, K001, "tenantry-tenant-admin")),
    "another program": (OWN, changes("Deployment", "apps/v1", K001, "business-app", {"spec": {"replicas": 9}})),
    "no program": (OWN, removes("Deployment", "apps/v1", K001, "business-app")),
    "other settings": (OWN, changes("ConfigMap", "v1", K001, "business-app", {"data": {"USER_ID": "k009"}})),
    "a label taken off, to change it then": (
        OWN,
        changes("ConfigMap", "v1", K001, "business-app", labelled({"app.kubernetes.io/managed-by": None})),
    ),
    "a thing that looks like ours": (
        OWN,
        makes(thing("v1", "ConfigMap", {}, labels={"app.kubernetes.io/managed-by": "tenantry"})),
    ),
    "other credentials": (OWN, changes("Secret", "v1", K001, "business-app", {"data": {"DB_USER": "eA=="}})),
    "no route": (OWN, removes("HTTPRoute", ROUTES, K001, "business-app")),
    "no notice": (OWN, removes("HTTPRouteFilter", ENVOY, K001, "notice")),
    "a notice of its own": (
        ENTRANCES,
        makes(thing(ENVOY, "HTTPRouteFilter", {"spec": {"directResponse": {"statusCode": 200}}})),
    ),
    "our mark taken off by the status": (
        OWN,
        lambda who: who.ask("PATCH", path_of("Service", "v1", K001, "business-app") + "/status", UNMARKED, kind=MERGE),
    ),
    "a budget's mark taken off by the status": (
        OWN,
        lambda who: who.ask(
            "PATCH",
            path_of("PodDisruptionBudget", "policy/v1", K001, "business-app") + "/status",
            UNMARKED,
            kind=MERGE,
        ),
    ),
    "a replica set that looks like ours": (
        OWN,
        makes(thing("apps/v1", "ReplicaSet", TEMPLATE, labels={"app.kubernetes.io/managed-by": "tenantry"})),
    ),
    "no replicas": (
        SCALE,
        lambda who: who.ask(
            "PATCH",
            path_of("Deployment", "apps/v1", K001, "business-app") + "/scale",
            {"spec": {"replicas": 0}},
            kind=MERGE,
        ),
    ),
    "another's label": (LABELS, makes(thing("v1", "ConfigMap", {}, labels={"tenantry.io/tenant": "k001"}))),
    "another's label later": (
        LABELS,
        changes("Service", "v1", BARE, "balanced", labelled({"tenantry.io/tenant": "k001"})),
    ),
    **{f"a finalizer on {kind['kind']} {kind['apiVersion']}": (FINALIZERS, makes(held(kind))) for kind in HOLDABLE},
    **{f"the finalizer {name}": (FINALIZERS, makes(held(CONFIG, name))) for name in SYSTEMS},
    "a finalizer later": (FINALIZERS, changes("Service", "v1", BARE, "balanced", HELD)),
    "a finalizer on what the cluster made": (FINALIZERS, changes("ConfigMap", "v1", BARE, "kube-root-ca.crt", HELD)),
    "a finalizer by the status": (
        FINALIZERS,
        lambda who: who.ask("PATCH", path_of("Service", "v1", BARE, "balanced") + "/status", HELD, kind=MERGE),
    ),
    "one more beside a finalizer that was there": (
        FINALIZERS,
        changes("ConfigMap", "v1", BARE, "held", {"metadata": {"finalizers": ["example.org/old", "example.org/new"]}}),
    ),
    "a finalizer of claims on something else": (FINALIZERS, makes(held(CONFIG, "kubernetes.io/pvc-protection"))),
    "another on a claim": (FINALIZERS, makes(held(CLAIM, "kubernetes.io/pvc-protection", "example.org/held"))),
    "an owner that waits": (OWNERS, makes(owned(blockOwnerDeletion=True))),
    "an owner that waits, later": (
        OWNERS,
        changes(
            "ConfigMap", "v1", BARE, "held", {"metadata": {"ownerReferences": [OWNER | {"blockOwnerDeletion": True}]}}
        ),
    ),
    "no Pod Security": (
        NAMESPACES,
        changes("Namespace", "v1", None, K001, labelled({"pod-security.kubernetes.io/enforce": "privileged"})),
    ),
    "a namespace that is no tenant's any more": (
        NAMESPACES,
        changes("Namespace", "v1", None, K001, labelled({"tenantry.io/tenant": None})),
    ),
    "labels by the status": (
        NAMESPACES,
        lambda who: who.ask("PATCH", SPACE_STATUS, labelled({"tenantry.io/tenant": None}), kind=MERGE),
    ),
    "no namespace": (NAMESPACES, removes("Namespace", "v1", None, K001)),
    "a namespace named like a tenant's": (
        NAMESPACES,
        makes(thing("v1", "Namespace", {}, None) | {"metadata": {"name": "tenant-k777"}}),
    ),
    "a namespace with a tenant's label": (
        NAMESPACES,
        makes(thing("v1", "Namespace", {}, None, labels={"tenantry.io/tenant": "k001"})),
    ),
    "a namespace that the gateway trusts": (
        NAMESPACES,
        makes(thing("v1", "Namespace", {}, None, labels={"app.kubernetes.io/managed-by": "tenantry"})),
    ),
}

ALLOWED: dict[str, Callable[[Actor], str]] = {
    "its own route": makes(route()),
    "a route that answers elsewhere": makes(
        route(
            rule={"backendRefs": [], "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}
        )
    ),
    "a route to the notice": makes(route(filters=(header(), notice()), rule={"backendRefs": []})),
    "a Service": makes(service()),
    "a pod": makes(pod()),
    "a pod from an allowed registry": makes(pod({"image": "registry.example.com/tools/shell:1"})),
    "a pod by digest": makes(pod({"image": f"registry.example.com/business-app@sha256:{'a' * 64}"})),
    "a token for the STS": token_for("sts.aliyuncs.com"),
    "settings of its own": makes(thing("v1", "ConfigMap", {"data": {"a": "b"}})),
    "its own label": makes(thing("v1", "ConfigMap", {}, labels={"tenantry.io/tenant": "k009"})),
    "another namespace": makes(thing("v1", "Namespace", {}, None)),
    "a claim, with the finalizer that the API server gives it": makes(CLAIM),
    "an owner that does not wait": makes(owned()),
    "what is held already, with another label": changes("ConfigMap", "v1", BARE, "held", labelled({"a": "b"})),
    "its finalizer taken off": changes("ConfigMap", "v1", BARE, "held", {"metadata": {"finalizers": None}}),
    "a pod that ends in two minutes": makes(pod(terminationGracePeriodSeconds=120)),
    "a pod that is deleted": removes("Pod", "v1", BARE, "runs"),
    "a pod that is evicted": evicts(120),
    "a label on a pod that runs": changes("Pod", "v1", BARE, "runs", labelled({"a": "b"})),
}


@pytest.fixture
def busy(cluster: Cluster) -> Cluster:
    """With a pod that runs, a Service of the time before the rails, and what a controller holds with a finalizer."""
    admin = cluster.provisioner
    for name, body in {"runs": pod(), "balanced": service(), "held": held(CONFIG, "example.org/old")}.items():
        one = deepcopy(body)
        one["metadata"]["name"] = name
        said = admin.create(one, dry=False)
        assert not said or said.startswith("409"), said
    return cluster


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_by_its_rail_whatever_rights_there_are(busy: Cluster, attack: str) -> None:
    sentence, tried = ATTACKS[attack]
    said = tried(busy.wide)
    assert said.startswith("403") or said.startswith("422"), said
    assert "tenantry-" in said
    assert sentence in said


@pytest.mark.parametrize("what", ALLOWED)
def test_what_a_tenant_needs_passes(busy: Cluster, what: str) -> None:
    assert ALLOWED[what](busy.wide) == ""


def test_every_sentence_has_an_attack(installation: Any) -> None:
    sentences = {said for rail in all_policies(installation, IMAGES) for said in rail.validations.values()}
    assert sentences == {sentence for sentence, _ in ATTACKS.values()}


def test_the_expressions_type_check(cluster: Cluster) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    found = cluster.provisioner.read(path)["items"]
    assert len(found) == len([obj for obj in cluster.objects if obj["kind"] == "ValidatingAdmissionPolicy"])
    for result in found:
        warnings = result["status"]["typeChecking"].get("expressionWarnings", [])
        assert not warnings, json.dumps(warnings)


def test_the_provisioner_brings_a_whole_tenant_through(cluster: Cluster) -> None:
    assert cluster.refused == []
