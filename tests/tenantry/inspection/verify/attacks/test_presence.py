"""Missing things hold nothing: an object, a Deployment, a DNS record."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tenantry.engine.clients.kubernetes import Answer
from tenantry.inspection.verify.attacks import presence
from tenantry.inspection.verify.attacks.kubernetes import hardening
from tenantry.inspection.verify.core.attack import Attempt, State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import Thing, declared
from tenantry.inspection.verify.core.target import Keys
from tenantry.inspection.verify.runner import made
from tenantry.model.lifecycle import Phase
from tenantry.names import names_of

K1 = names_of("k001", "13800138001")
PLACE = {"name": "business-app", "namespace": K1.namespace}
KINDS = {
    "kubernetes:core/v1:Namespace": ({"name": K1.namespace}, f"/api/v1/namespaces/{K1.namespace}"),
    "kubernetes:core/v1:Secret": (PLACE, f"/api/v1/namespaces/{K1.namespace}/secrets/business-app"),
    "kubernetes:apps/v1:Deployment": (PLACE, f"/apis/apps/v1/namespaces/{K1.namespace}/deployments/business-app"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": (
        {**PLACE, "name": "closed"},
        f"/apis/networking.k8s.io/v1/namespaces/{K1.namespace}/networkpolicies/closed",
    ),
    "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute": (
        PLACE,
        f"/apis/gateway.networking.k8s.io/v1/namespaces/{K1.namespace}/httproutes/business-app",
    ),
}
RECORD = {"domainName": "yyup.cc", "rr": "k001", "type": "A", "value": "192.0.2.10"}
RESOURCES = [
    *({"type": kind, "inputs": {"metadata": metadata}} for kind, (metadata, _) in KINDS.items()),
    {"type": "alicloud:dns/alidnsRecord:AlidnsRecord", "inputs": RECORD},
]


class Cluster:
    """An API server that has everything but what is missing."""

    def __init__(self, missing: str = "", status: int = 404) -> None:
        self.missing, self.status = missing, status

    def ask(self, method: str, path: str) -> Answer:
        assert path in {path for _, path in KINDS.values()}
        return Answer(self.status if path == self.missing else 200, {})

    def items(self, path: str) -> list[Any]:
        return []


def field(cluster: Cluster | None = None, resources: Any = RESOURCES, phase: Phase = Phase.ACTIVE) -> VerifyContext:
    at = SimpleNamespace(
        tenants={"k001": (K1, phase)}, declared=declared(resources), provisioner=Keys("a", "b"), proxy=None
    )
    found: Any = VerifyContext(cast(Any, at), frozenset({"k001"}))
    found.__dict__["admin"] = cluster or Cluster()
    return found


def only(attack: str, at: VerifyContext) -> Verdict:
    (chosen,) = [entry for entry in (*presence.ATTACKS, *hardening.ATTACKS) if entry.id == attack]
    trial, *others = chosen.trials(at)
    assert isinstance(trial, Attempt)
    assert others == []
    return made(chosen, trial).verdict


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_object_is_looked_for(kind: str) -> None:
    assert only("present.objects", field()).state is State.HELD
    verdict = only("present.objects", field(Cluster(KINDS[kind][1])))
    assert verdict.state is State.BROKEN
    assert kind.rpartition(":")[2] in verdict.said


SHARED = {
    "kubernetes:batch/v1:CronJob": (
        {"name": "backup", "namespace": "tenantry-platform"},
        "/apis/batch/v1/namespaces/tenantry-platform/cronjobs/backup",
    ),
    "kubernetes:gateway.networking.k8s.io/v1:GatewayClass": (
        {"name": "tenants"},
        "/apis/gateway.networking.k8s.io/v1/gatewayclasses/tenants",
    ),
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": (
        {"name": "tenantry-pods"},
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/tenantry-pods",
    ),
}


@pytest.mark.parametrize("kind", SHARED)
def test_what_all_tenants_share_is_looked_for_as_well(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Without the CronJob nobody is backed up any more, and nobody else says so."""
    monkeypatch.setitem(KINDS, kind, SHARED[kind])
    resources = [*RESOURCES, {"type": kind, "inputs": {"metadata": SHARED[kind][0]}}]

    def judged(missing: str = "") -> Verdict:
        (chosen,) = [attack for attack in presence.ATTACKS if attack.id == "present.objects"]
        found = {trial.target: trial for trial in chosen.trials(field(Cluster(missing), resources))}
        assert made(chosen, found["k001"]).verdict.state is State.HELD
        return made(chosen, found["platform"]).verdict

    assert judged().state is State.HELD
    verdict = judged(SHARED[kind][1])
    assert (verdict.state, kind.rpartition(":")[2] in verdict.said) == (State.BROKEN, True)


def test_an_answer_that_is_none_proves_nothing() -> None:
    assert only("present.objects", field(Cluster(KINDS["kubernetes:core/v1:Secret"][1], 500))).state is State.UNCLEAR


def test_a_record_that_holds_nothing_of_the_tenant_is_no_proof() -> None:
    assert only("present.objects", field(resources=[])).state is State.BROKEN
    assert only("present.record", field(resources=[])).state is State.BROKEN


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([{"Value": "192.0.2.10", "Status": "ENABLE"}], State.HELD),
        ([{"Value": "203.0.113.99"}, {"Value": "192.0.2.10"}], State.HELD),  # the foreign one is not this question
        ([], State.BROKEN),
        ([{"Value": "192.0.2.10", "Status": "DISABLE"}], State.BROKEN),
        ([{"Value": "203.0.113.99", "Status": "ENABLE"}], State.BROKEN),
    ],
)
def test_the_tenants_own_record_is_there(monkeypatch: pytest.MonkeyPatch, records: list[Any], state: State) -> None:
    monkeypatch.setattr(presence, "records_of", lambda inputs, keys: records)
    assert only("present.record", field()).state is state


@pytest.mark.parametrize("attack", ["hardening.immutable-root", "hardening.seccomp", "hardening.no-token"])
def test_a_workload_that_is_missing_is_not_well_hardened(attack: str) -> None:
    assert only(attack, field()).state is State.UNCLEAR


def test_a_workload_that_is_missing_is_not_ready() -> None:
    assert only("hardening.ready", field()).state is State.BROKEN


def test_a_namespace_itself_has_no_namespace() -> None:
    things = declared(RESOURCES).things[K1.namespace]
    assert things[0] == Thing("v1", "Namespace", K1.namespace, "")


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Gateway", "gateways"), ("GatewayClass", "gatewayclasses"), ("NetworkPolicy", "networkpolicies"),
        ("BackendTrafficPolicy", "backendtrafficpolicies"), ("HTTPRoute", "httproutes"), ("Ingress", "ingresses"),
        ("PodDisruptionBudget", "poddisruptionbudgets"), ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
        ("CronJob", "cronjobs"), ("ResourceQuota", "resourcequotas"),
    ],
)  # fmt: skip
def test_a_kind_is_written_as_the_api_server_writes_it(kind: str, plural: str) -> None:
    assert presence.plural(kind) == plural
