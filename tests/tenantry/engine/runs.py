"""Events and records of runs, as the engine writes them."""

from typing import Any

TENANT = "urn:pulumi:test::shop::tenantry:components:Tenant"
NAMESPACE, OPENED = "kubernetes:core/v1:Namespace", "tenantry:index:Opened"
ROLE_TYPE, DEPLOYMENT = "postgresql:index/role:Role", "kubernetes:apps/v1:Deployment"
ROLE = "urn:pulumi:test::shop::tenantry:components:Tenant$postgresql:index/role:Role::k001-owner"
PENDING = {
    "type": "creating",
    "resource": {
        "urn": ROLE,
        "type": "postgresql:index/role:Role",
        "custom": True,
        "inputs": {"name": "rent001"},
        "parent": "urn:pulumi:test::shop::tenantry:components:Tenant::k001",
    },
}


def urn_of(tenant: str, kind: str) -> str:
    return f"{TENANT}${kind}::{tenant}-{kind.rpartition(':')[2].lower()}"


def step(stage: str, tenant: str, kind: str, operation: str = "update") -> dict[str, Any]:
    record = {"custom": True, "parent": f"{TENANT}::{tenant}"}
    return {stage: {"metadata": {"op": operation, "urn": urn_of(tenant, kind), "new": record, "old": record}}}


def fails(tenant: str, kind: str, text: str, operation: str = "update") -> list[dict[str, Any]]:
    said = {"urn": urn_of(tenant, kind), "severity": "error", "message": text}
    begun = step("resourcePreEvent", tenant, kind, operation)
    return [begun, {"diagnosticEvent": said}, step("resOpFailedEvent", tenant, kind, operation)]


def held(tenant: str, kind: str, **more: Any) -> dict[str, Any]:
    urn = urn_of(tenant, kind)
    return {"urn": urn, "type": kind, "custom": True, "id": "x", "parent": f"{TENANT}::{tenant}", "outputs": {}, **more}


def good_file(scene: Any, code: str, phone: str) -> None:
    text = (scene.project.root / "tenants" / "k001.yaml").read_text()
    text = text.replace("k001", code).replace("13800138001", phone)
    (scene.project.root / "tenants" / f"{code}.yaml").write_text(text)
