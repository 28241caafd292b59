"""Kinds that no rule knows are not declared, below a tenant or beside."""

from typing import Any

import pytest

from tests.policies.conftest import Wire

SPACE = {"metadata": {"namespace": "tenant-k001", "labels": {"tenantry.io/tenant": "k001"}}}
PRESENT: list[tuple[str, str, dict[str, Any]]] = [
    ("names-kind", "kubernetes:discovery.k8s.io/v1:EndpointSlice", SPACE),
    ("names-kind", "kubernetes:core/v1:Endpoints", SPACE),
    ("names-kind", "kubernetes:apps/v1:DeploymentPatch", SPACE),
    ("names-kind", "kubernetes:keda.sh/v1alpha1:ScaledJob", SPACE),
    ("names-kind", "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyPatchPolicy", SPACE),
    ("names-kind", "kubernetes:gateway.envoyproxy.io/v1alpha1:Backend", SPACE),
    ("names-kind", "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy", SPACE),
    ("names-kind", "kubernetes:crd.projectcalico.org/v1:NetworkPolicy", SPACE),
    ("names-kind", "postgresql:index/function:Function", {"database": "rent001"}),
    ("names-kind", "postgresql:index/server:Server", {}),
    ("names-kind", "postgresql:index/userMapping:UserMapping", {}),
    ("names-kind", "postgresql:index/subscription:Subscription", {}),
    ("names-kind", "alicloud:oss/bucketWebsite:BucketWebsite", {}),
    ("names-kind", "alicloud:oss/bucketReplication:BucketReplication", {}),
    ("names-kind", "alicloud:oss/accessPoint:AccessPoint", {}),
    ("names-kind", "alicloud:dns/record:Record", {"hostRecord": "k002"}),
]


def beside(type_: str, props: dict[str, Any]) -> Wire:
    return Wire(type_, f"urn:pulumi:test::tenantry::{type_}::one", props)


@pytest.mark.parametrize(("rule", "type_", "props"), PRESENT)
def test_its_presence_breaks_the_rule(below, broken, rule: str, type_: str, props: dict[str, Any]) -> None:
    for wire in (below("one", type_, props), beside(type_, props)):
        assert rule in {violation.rule.name for violation in broken({"one": wire}).broken}


def test_the_platform_has_no_records(broken) -> None:
    record = beside("alicloud:dns/alidnsRecord:AlidnsRecord", {"rr": "rent", "domainName": "yyup.cc", "type": "A"})
    assert "names-kind" in {violation.rule.name for violation in broken({"one": record}).broken}


@pytest.mark.parametrize("keda", [True, False])
def test_what_the_components_declare_is_known(record, secret_type, tmp_path, monkeypatch, broken, keda: bool) -> None:
    from tests.policies.conftest import ENVIRONMENT, SERVICES, TODAY, recorded

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    changes = {
        "today": TODAY.isoformat(),
        "keda": keda,
        "prometheusUrl": "http://prometheus",
        "monitoringNamespace": "monitoring",
        "gatewayController": "x/y",
    }
    wires = recorded(record, secret_type, tmp_path, changes, services=SERVICES)
    assert not {str(violation) for violation in broken(wires).broken if violation.rule.name == "names-kind"}
