"""Undeclared objects in a namespace, and those that Kubernetes makes there by itself."""

from typing import Any

import pytest

from components.manifests.rbac import ADMIN, CHANGE
from tenantry.inspection.drift.model import Gravity
from tenantry.inspection.drift.undeclared.added_fields import added_fields
from tenantry.inspection.drift.undeclared.cluster_objects import ApiKind, LiveObject
from tenantry.inspection.drift.undeclared.namespaces import KINDS, MADE_BY, undeclared

SPACE = "tenant-k001"
DECLARED = frozenset({("apps", "Deployment", "business-app"), ("", "Service", "business-app")})


def item(version: str, kind: str, name: str, uid: str = "", **metadata: Any) -> LiveObject:
    return LiveObject(ApiKind(version, kind, f"{kind.lower()}s"), SPACE, name, uid or name, metadata)


def owner(uid: str, *, is_controller: bool = True) -> list[dict[str, Any]]:
    return [{"uid": uid, "controller": is_controller, "kind": "whatever it says"}]


OURS = [
    item("apps/v1", "Deployment", "business-app", "deployment"),
    item("v1", "Service", "business-app", "service"),
]
MADE = [
    item("apps/v1", "ReplicaSet", "business-app-1", "set", ownerReferences=owner("deployment")),
    item("v1", "Pod", "business-app-1-x", ownerReferences=owner("set")),
    item("discovery.k8s.io/v1", "EndpointSlice", "business-app-x", ownerReferences=owner("service")),
    item("v1", "Endpoints", "business-app"),
    item("v1", "ConfigMap", "kube-root-ca.crt"),
]
FOREIGN = [
    item("v1", "ConfigMap", "mine"),
    item("v1", "Pod", "naked"),
    item("v1", "Pod", "of-nothing-there", ownerReferences=owner("gone")),
    item("v1", "Pod", "by-a-deployment", ownerReferences=owner("deployment")),  # no controller makes it so
    item("v1", "Pod", "not-controlled", ownerReferences=owner("set", is_controller=False)),
    item("rbac.authorization.k8s.io/v1", "RoleBinding", "hidden", ownerReferences=owner("deployment")),
    item("networking.k8s.io/v1", "NetworkPolicy", "hidden", ownerReferences=owner("service")),
    item("v1", "Endpoints", "elsewhere"),
    item("example.org/v1", "Deployment", "business-app", "other"),  # another group's kind of that name
]


def test_what_kubernetes_makes_of_what_is_declared_is_none() -> None:
    assert undeclared([*OURS, *MADE], DECLARED) == []


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda one: f"{one.kind.kind} {one.name}")
def test_what_nobody_declared_is_found_whatever_owner_it_claims(foreign: LiveObject) -> None:
    assert undeclared([*OURS, *MADE, foreign], DECLARED) == [foreign]


def test_what_is_made_of_something_foreign_is_told_with_it() -> None:
    job = item("batch/v1", "Job", "theirs", "job")
    pod = item("v1", "Pod", "theirs-x", ownerReferences=owner("job"))
    assert undeclared([*OURS, job, pod], DECLARED) == [job]


def test_what_the_tenants_own_admins_may_make_is_harmless_and_stays() -> None:
    allowed = {
        (group, resource)
        for rule in ADMIN
        if set(rule["verbs"]) >= set(CHANGE)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    kinds = {(group, f"{kind.lower()}s"): row for (group, kind), row in KINDS.items()}
    assert allowed == {("", "configmaps"), ("", "services")}
    assert {kinds[statement] for statement in allowed} == {(Gravity.HARMLESS, False)}


def test_a_repair_never_removes_what_may_hold_data_or_runs() -> None:
    removed = {kind for (_, kind), (_, is_removed) in KINDS.items() if is_removed}
    holding = {"PersistentVolumeClaim", "ConfigMap", "Secret", "Service", "Pod", "Deployment", "StatefulSet", "Job"}
    assert removed & holding == set()
    assert not any(maker in removed for makers in MADE_BY.values() for maker in makers - {"Endpoints", "ScaledObject"})


INPUTS = {"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": "x"}]}}}}


def fields(manager: str, containers: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    spec = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    return {"manager": manager, "fieldsV1": spec, "subresource": subresource}


ADDED: list[tuple[dict[str, Any], list[str]]] = [
    (fields("kubectl", {'k:{"name":"more"}': {".": {}, "f:image": {}}}), ["spec.template.spec.containers[name=more]"]),
    (fields("kubectl", {'k:{"name":"app"}': {"f:image": {}}}), []),  # declared too: a refresh tells it
    (fields("kubectl", {'k:{"name":"app"}': {"f:tty": {}}}), ["spec.template.spec.containers[name=app].tty"]),
    (fields("tenantry", {'k:{"name":"more"}': {".": {}}}), []),
    (fields("pulumi-kubernetes-1a2b", {'k:{"name":"more"}': {".": {}}}), []),
    (fields("kube-controller-manager", {'k:{"name":"more"}': {".": {}}}), []),
    (fields("hpa", {'k:{"name":"more"}': {".": {}}}, "scale"), []),
    ({"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}}, []),
]


@pytest.mark.parametrize(("entry", "paths"), ADDED)
def test_fields_that_another_program_has_added(entry: dict[str, Any], paths: list[str]) -> None:
    live = item("apps/v1", "Deployment", "business-app", managedFields=[entry])
    assert list(added_fields(live, INPUTS)) == ([("kubectl", paths)] if paths else [])


def test_what_a_refresh_has_told_is_not_told_twice() -> None:
    entry = {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:ingress": {}, "f:egress": {}}}}
    live = item("networking.k8s.io/v1", "NetworkPolicy", "closed", managedFields=[entry])
    assert list(added_fields(live, {}, ["spec.ingress"])) == [("kubectl", ["spec.egress"])]


def test_a_restart_by_hand_is_no_drift() -> None:
    annotations = {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}
    entry = {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": {"f:template": {"f:metadata": annotations}}}}
    assert list(added_fields(item("apps/v1", "Deployment", "business-app", managedFields=[entry]), INPUTS)) == []


def test_a_secret_of_the_record_is_not_called_foreign() -> None:
    entry = {"manager": "kubectl", "fieldsV1": {"f:data": {"f:PASSWORD": {}}}}
    inputs = {"data": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}}
    assert list(added_fields(item("v1", "Secret", "business-app", managedFields=[entry]), inputs)) == []
