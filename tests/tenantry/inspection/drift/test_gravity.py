"""Every kind of resource that the program declares has its gravity, and agrees with the reports of requests."""

from typing import Any

import pytest

from policies.rules.kinds import PLATFORMS, TENANTS
from provider.resources import RESOURCES
from tenantry.changes.report.resource_weights import HOLDS_DATA, LIMITS, QUOTAS, WALLS, kind_of
from tenantry.inspection.drift.gravity import ROWS, UNKNOWN, gravity_of
from tenantry.inspection.drift.model import Gravity
from tenantry.model.resources.catalogue import KINDS

OURS = {f"tenantry:index:{type(resource).__name__}" for resource in RESOURCES}


@pytest.mark.parametrize("kind", sorted({*TENANTS, *PLATFORMS, *OURS}))
def test_each_declared_kind_has_a_row(kind: str) -> None:
    holds_data = kind in KINDS and KINDS[kind].holds_data
    assert kind in ROWS or holds_data, (
        "say in tenantry/model/resources/systems/ what it means when this differs or is gone"
    )


def test_what_the_program_really_declares_has_a_row(
    record: Any, secret_type: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    from tests.policies.conftest import ENVIRONMENT, SERVICES, TODAY, recorded

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    changes = {
        "today": TODAY.isoformat(),
        "keda": True,
        "prometheusUrl": "http://prometheus",
        "monitoringNamespace": "monitoring",
        "gatewayController": "x/y",
    }
    wires = recorded(record, secret_type, tmp_path, changes, services=SERVICES)
    kinds = {
        kind_of(wire.urn) for wire in wires.values() if not wire.type.startswith(("pulumi:", "tenantry:components:"))
    }
    assert len(kinds) > 25
    assert sorted(kinds - ROWS.keys()) == []


def test_walls_quotas_and_data_are_what_the_reports_take_them_for() -> None:
    assert {kind for kind in WALLS if ROWS[kind].differs not in (Gravity.ISOLATION, Gravity.ACCESS)} == set()
    assert {kind for kind in QUOTAS if ROWS[kind].differs is not Gravity.LIMIT} == set()
    assert {kind for kind in HOLDS_DATA if gravity_of(kind, [], is_gone=True) is not Gravity.DATA} == set()
    assert gravity_of("postgresql:index:Role", [name for name in LIMITS if name == "connectionLimit"]) is Gravity.LIMIT


def test_a_kind_without_a_row_that_holds_data_counts_as_data(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS["tenantry:index:Directories"]
    monkeypatch.setattr("tenantry.inspection.drift.gravity.ROWS", {})
    assert gravity_of("tenantry:index:Directories", ["objects"]) is Gravity.DATA
    assert gravity_of("tenantry:index:Directories", [], is_gone=True) is row.gone is Gravity.DATA
    assert gravity_of("postgresql:index:Role", ["login"]) is Gravity.ISOLATION


def test_a_kind_that_nobody_knows_is_taken_for_a_wall() -> None:
    assert (UNKNOWN.gone, UNKNOWN.differs) == (Gravity.ISOLATION, Gravity.ISOLATION)
    assert gravity_of("kubernetes:example.org:Thing", ["spec.size"]) is Gravity.ISOLATION


DEPLOYMENT, NAMESPACE = "kubernetes:apps:Deployment", "kubernetes:core:Namespace"
CONTAINER = "spec.template.spec.containers[0]"
DIFFERS: list[tuple[str, list[str], Gravity]] = [
    (DEPLOYMENT, ["spec.replicas"], Gravity.ACCESS),
    (DEPLOYMENT, [f"{CONTAINER}.image"], Gravity.ISOLATION),
    (DEPLOYMENT, [f"{CONTAINER}.resources.limits.cpu"], Gravity.LIMIT),
    (DEPLOYMENT, [f"{CONTAINER}.resources.limits.cpu", f"{CONTAINER}.securityContext.privileged"], Gravity.ISOLATION),
    (DEPLOYMENT, ["metadata.labels.team"], Gravity.HARMLESS),
    (DEPLOYMENT, ["metadata.labels.tenantry.io/tenant"], Gravity.ISOLATION),
    (NAMESPACE, ["metadata.labels.pod-security.kubernetes.io/enforce"], Gravity.ISOLATION),
    (NAMESPACE, ["metadata.annotations.note"], Gravity.HARMLESS),
    ("alicloud:oss:Bucket", ["lifecycleRules[0].expirations"], Gravity.DATA),
    ("alicloud:oss:Bucket", ["corsRules"], Gravity.ACCESS),
    ("alicloud:oss:Bucket", ["acl"], Gravity.ISOLATION),
    ("alicloud:dns:AlidnsRecord", ["value"], Gravity.ISOLATION),
    ("alicloud:dns:AlidnsRecord", ["ttl"], Gravity.HARMLESS),
    ("postgresql:index:Role", ["superuser"], Gravity.ISOLATION),
    ("postgresql:index:Role", ["validUntil"], Gravity.ACCESS),
    ("tenantry:index:TenantRow", ["maxUsers"], Gravity.LIMIT),
    ("kubernetes:rbac.authorization.k8s.io:RoleBinding", ["subjects"], Gravity.ACCESS),
    ("kubernetes:networking.k8s.io:NetworkPolicy", [], Gravity.ISOLATION),
]


@pytest.mark.parametrize(("kind", "paths", "gravity"), DIFFERS)
def test_the_gravest_property_counts(kind: str, paths: list[str], gravity: Gravity) -> None:
    assert gravity_of(kind, paths) is gravity


def test_what_is_gone_has_a_gravity_of_its_own() -> None:
    assert gravity_of("postgresql:index:Database", [], is_gone=True) is Gravity.DATA
    assert gravity_of("kubernetes:apps:Deployment", [], is_gone=True) is Gravity.ACCESS
