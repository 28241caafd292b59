"""The parts of a tenant in each phase of its life, as the table in the design says."""

from datetime import date
from typing import Any

import pytest

from tenantry.engine.state.deployment import Deployment
from tenantry.maintenance.purge.stack_memory import stack_memory

LIVE = {"Namespace", "Deployment", "Service", "HTTPRoute", "Secret", "ConfigMap", "NetworkPolicy"}
DATA = {
    "k001-db-owner",
    "k001-db-database",
    "k001-db-rights",
    "k001-db-seed",
    "k001-files-directories",
    "k001-files-role",
    "k001-files-policy",
    "k001-row",
    "k001-opened",
}
PHASES: dict[str, dict[str, Any]] = {
    "active": {},
    "asleep": {"hibernated": True},
    "suspended": {"status": "suspended"},
    "inactive": {"status": "inactive"},
    "expired": {"expires_at": date(2026, 10, 1)},
    "retained": {"status": "deleted", "deleted_at": date(2026, 10, 10)},
    "due": {"status": "deleted", "deleted_at": date(2026, 8, 1)},
}
#             replicas (None: no workload), domain, access, status in the admin database
TABLE = {
    "active": (True, True, True, "active"),
    "asleep": (False, True, True, "active"),
    "suspended": (False, True, False, "suspended"),
    "inactive": (False, True, False, "suspended"),
    "expired": (False, True, False, "suspended"),
    "retained": (None, False, False, "deleted"),
    "due": (None, False, False, "deleted"),
}


@pytest.fixture(params=TABLE)
def phase(request) -> str:
    return request.param


def test_data_is_kept_in_every_phase(parts, tenant, phase: str) -> None:
    recording = parts(tenant(**PHASES[phase]))
    assert {resource.name for resource in recording.resources} >= DATA
    assert recording.one("Database", "k001-db-database").protect
    assert recording.one("Directories").protect


def test_the_workload(parts, tenant, phase: str) -> None:
    runs = TABLE[phase][0]
    resolved = tenant(**PHASES[phase])
    recording = parts(resolved)
    kinds = {resource.type.rpartition(":")[2] for resource in recording.resources}
    if runs is None:
        assert not kinds & LIVE
        assert "kubernetes" not in {resource.provider for resource in recording.resources}
    else:
        assert kinds >= LIVE
        expected = resolved.plan.compute.replicas if runs else 0
        assert recording.one("Deployment").inputs["spec"]["replicas"] == expected


def test_the_domain(parts, tenant, phase: str) -> None:
    assert len(parts(tenant(**PHASES[phase])).of("AlidnsRecord")) == int(TABLE[phase][1])


def test_logging_in(parts, tenant, phase: str) -> None:
    recording = parts(tenant(**PHASES[phase]))
    logins = [recording.named(f"k001-db-login-{suffix}").inputs["login"] for suffix in "ab"]
    assert logins == [TABLE[phase][2], False]  # it is the first one's turn


def test_object_access(parts, tenant, phase: str) -> None:
    recording = parts(tenant(**PHASES[phase]))
    trust = recording.named("k001-files-role").inputs["assumeRolePolicyDocument"]
    grant = recording.named("k001-files-policy").inputs["policyDocument"]
    assert ('"Allow"' in trust, '"Allow"' in grant) == (TABLE[phase][2],) * 2


def test_what_the_admin_service_is_told(parts, tenant, phase: str) -> None:
    assert parts(tenant(**PHASES[phase])).one("TenantRow").inputs["status"] == TABLE[phase][3]


def test_the_admin_service_is_told_the_day_of_a_deletion(parts, tenant) -> None:
    assert parts(tenant(**PHASES["retained"])).one("TenantRow").inputs["deletedAt"] == "2026-10-10"
    assert "deletedAt" not in parts(tenant()).one("TenantRow").inputs


def test_the_way_back_brings_the_same_resources(parts, tenant) -> None:
    """Cancelling a deletion: what was kept is not made anew, and what was gone is as it was."""
    before, deleted = parts(tenant()), parts(tenant(**PHASES["retained"]))
    after = parts(tenant())
    assert {resource.name for resource in deleted.resources} - {"k001-backup", "k001-sessions"} < {
        resource.name for resource in before.resources
    }
    for resource in before.resources:
        assert after.named(resource.name).inputs == resource.inputs


def test_sessions_are_closed_where_access_has_ended(parts, tenant, phase: str) -> None:
    recording = parts(tenant(**PHASES[phase]))
    assert len(recording.of("Sessions")) == int(not TABLE[phase][2])
    for sessions in recording.of("Sessions"):
        assert sessions.inputs == {"database": "rent001", "logins": ["rent001_a", "rent001_b"]}
        # They may hold the very roles that change next: components/parts/database.py.
        for login in ("k001-db-login-a", "k001-db-login-b"):
            assert sessions.name in recording.named(login).after


def test_a_deleted_tenant_is_backed_up_once_nobody_has_access(parts, tenant, phase: str) -> None:
    recording = parts(tenant(**PHASES[phase]))
    assert len(recording.of("Backup")) == int(TABLE[phase][3] == "deleted")
    for backup in recording.of("Backup"):
        assert {"k001-sessions", "k001-files-policy", "k001-files-role"} <= set(backup.after)
        assert backup.inputs["buckets"] == {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai"}
        assert backup.inputs["vault"] == {"bucket": "tenantrybackups", "region": "cn-beijing"}


def test_the_day_a_tenant_falls_due_is_told(parts, tenant) -> None:
    backup = parts(tenant(**PHASES["retained"])).one("Backup").inputs
    assert (backup["deletedAt"], backup["dueOn"]) == ("2026-10-10", "2026-11-09")


PURGED = {"status": "purged", "deleted_at": date(2026, 8, 1), "proof": "k001-20260901T000000Z-0123456789abcdef"}


def test_a_purged_tenant_keeps_its_data_until_its_file_is_a_tombstone(parts, tenant) -> None:
    recording = parts(tenant(**PURGED), protect=False)
    assert {resource.name for resource in recording.resources} >= DATA
    assert not [resource.name for resource in recording.resources if resource.protect]
    assert recording.one("TenantRow").inputs["status"] == "deleted"


def test_the_seal_takes_the_objects_along_before_anything_else_goes(parts, tenant) -> None:
    """Removed in the opposite order: the seal, and only then what it stands on."""
    recording = parts(tenant(**PURGED), protect=False)
    seal = recording.one("Opened")
    steps = {"k001-backup", "k001-sessions"}  # whose removal removes nothing
    rest = {resource.name for resource in recording.descendants("k001") if resource.custom} - {seal.name, *steps}
    assert len(rest) >= 10
    assert rest <= set(seal.after)
    assert seal.inputs["purge"] == {
        "proof": PURGED["proof"],
        "deletedAt": "2026-08-01",
        "prefix": "kindergarten/rent/13800138001/",
        "buckets": {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai"},
        "vault": {"bucket": "tenantrybackups", "region": "cn-beijing"},
    }


def test_purge_reads_the_proof_where_it_was_declared(parts, tenant) -> None:
    """`tenantry purge` writes no tombstone before it finds its own proof in the state."""
    recording = parts(tenant(**PURGED), protect=False)
    urn = "urn:pulumi:test::tenantry::{0.type}::{0.name}".format
    urns = {resource.name: urn(resource) for resource in recording.resources}
    records = [
        {
            "urn": urns[resource.name],
            "custom": resource.custom,
            "parent": urns.get(resource.parent),
            "inputs": resource.inputs,
        }
        for resource in recording.resources
    ]
    assert stack_memory(Deployment({"resources": records}))["k001"].proof == PURGED["proof"]


def test_no_other_phase_takes_objects_along(parts, tenant, phase: str) -> None:
    """Cancelling declares the seal without it, in the same run that would otherwise have removed something."""
    sealed = parts(tenant(**PHASES[phase])).one("Opened").inputs
    assert sealed.get("purge") is None
    assert sealed.get("removal") == ("refused" if phase in ("retained", "due") else None)
    assert parts(tenant(**PHASES[phase]), protect=False).one("Opened").inputs.get("removal") is None


def test_the_domain_goes_live_last(parts, tenant) -> None:
    recording = parts(tenant())
    record = recording.one("AlidnsRecord")
    assert {"k001-app-deployment", "k001-app-httproute", "k001-files-directories"} <= set(record.after)
    assert record.inputs == {
        "domainName": "yyup.cc",
        "rr": "k001",
        "type": "A",
        "value": "192.0.2.10",
        "ttl": 600,
        "remark": "tenantry-k001",
    }
