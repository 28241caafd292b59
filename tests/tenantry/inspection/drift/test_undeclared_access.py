"""Undeclared things at RAM and in the zone, by what the services answer."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.engine.clients import alibaba_rpc
from tenantry.inspection.drift.model import Gravity, Mending
from tenantry.inspection.drift.undeclared import dns, ram
from tenantry.model.lifecycle import Phase
from tenantry.names import BACKUP_ROLE, BROKER_ROLE, names_of

TENANT = names_of("k001", "13800138001")
PLATFORM = {"type": "tenantry:components:Federation"}
RECORD = {"type": "alicloud:dns/alidnsRecord:AlidnsRecord", "id": "1"}
OWN = {"PolicyType": "Custom", "PolicyName": "tenant-k001"}


def stack(*resources: dict[str, Any]) -> Any:
    return SimpleNamespace(
        alibaba={},
        zone="yyup.cc",
        tenants=[(TENANT, Phase.ACTIVE)],
        record=SimpleNamespace(resources=list(resources)),
        holds=lambda kind: any(resource["type"] == kind for resource in resources),  # pyright: ignore[reportUnknownLambdaType]
    )


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """RAM says this; returned is what was asked for beside looking."""

    def say(**said: Any) -> list[str]:
        asked: list[str] = []

        def call(_host: str, _version: str, action: str, parameters: dict[str, Any], _keys: object) -> Any:
            if not action.startswith(("List", "Get")):
                asked.append(f"{action} {sorted(parameters.items())}")
            answer = said.get(action, {})
            if isinstance(answer, Exception):
                raise answer
            return answer[int(parameters.get("Marker", 0))] if isinstance(answer, list) else answer

        monkeypatch.setattr(alibaba_rpc, "call", call)
        return asked

    return say


def policies(*listed: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"Policies": {"Policy": list(listed)}, **more}


def versions(*numbers: int, default: int) -> dict[str, Any]:
    listed = [{"VersionId": f"v{number}", "IsDefaultVersion": number == default} for number in numbers]
    return {"PolicyVersions": {"PolicyVersion": listed}}


def looked(*resources: dict[str, Any]) -> list[tuple[str, Gravity, Any]]:
    unseen: list[str] = []
    undeclared = list(ram.look(stack(*resources), unseen))
    assert unseen == []
    return [(f"{item.finding.subject}: {item.finding.said}", item.finding.gravity, item.remove) for item in undeclared]


def test_what_is_declared_is_none(answers: Any) -> None:
    holders = {"Roles": {"Role": [{"RoleName": "tenant-k001"}]}}
    answers(
        ListPoliciesForRole=policies(OWN),
        ListEntitiesForPolicy=holders,
        ListPolicyVersions=versions(1, 2, 10, default=10),
        ListRoles={"Roles": {"Role": [{"RoleName": "tenant-k001"}, {"RoleName": "tenant-k0010-x"}]}},
    )
    assert looked() == []


def test_a_policy_on_the_second_page_is_detached(answers: Any) -> None:
    other = {"PolicyType": "System", "PolicyName": "AdministratorAccess"}
    pages = [policies(OWN, IsTruncated=True, Marker="1"), policies(other)]
    asked = answers(ListPoliciesForRole=pages)
    ((said, gravity, remove),) = looked()
    assert said == "role tenant-k001: holds the policy AdministratorAccess (System), and nobody declared that"
    assert gravity is Gravity.ISOLATION
    remove()
    assert [text.partition(" ")[0] for text in asked] == ["DetachPolicyFromRole"]


def test_others_who_hold_the_tenants_policy(answers: Any) -> None:
    asked = answers(
        ListEntitiesForPolicy={
            "Users": {"User": [{"UserName": "somebody"}]},
            "Groups": {"Group": [{"GroupName": "people"}]},
            "Roles": {"Role": [{"RoleName": "tenant-k002"}]},
        }
    )
    found = looked()
    assert {text.partition(":")[0] for text, _, _ in found} == {"user somebody", "group people", "role tenant-k002"}
    for _, _, remove in found:
        remove()
    actions = {text.partition(" ")[0] for text in asked}
    assert actions == {"DetachPolicyFromUser", "DetachPolicyFromGroup", "DetachPolicyFromRole"}


def test_only_a_version_that_came_after_the_default_is_foreign(answers: Any) -> None:
    asked = answers(ListPolicyVersions=versions(9, 10, 11, default=10))
    ((said, gravity, remove),) = looked()
    assert ("version v11" in said, gravity) == (True, Gravity.ACCESS)
    remove()
    assert asked == ["DeletePolicyVersion [('PolicyName', 'tenant-k001'), ('VersionId', 'v11')]"]


def test_names_like_the_tenants_are_left_to_a_person(answers: Any) -> None:
    answers(ListRoles={"Roles": {"Role": [{"RoleName": "tenant-k001-backup"}]}})
    assert [(text.partition(":")[0], remove) for text, _, remove in looked()] == [("role tenant-k001-backup", None)]


@pytest.mark.parametrize("role", [BROKER_ROLE, BACKUP_ROLE])
def test_a_policy_on_a_role_of_the_platform(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of a cell alone does not look there: the platform's own does."""
    held = {f"tenant-{TENANT.code}": [OWN], BROKER_ROLE: [], BACKUP_ROLE: []}
    for name in (BROKER_ROLE, BACKUP_ROLE):
        held[name] = [{"PolicyType": "Custom", "PolicyName": name}]
    held[role].append({"PolicyType": "System", "PolicyName": "AdministratorAccess"})

    def call(_host: str, _version: str, action: str, parameters: dict[str, Any], _keys: object) -> Any:
        return policies(*held[parameters["RoleName"]]) if action == "ListPoliciesForRole" else {}

    monkeypatch.setattr(alibaba_rpc, "call", call)
    ((said, gravity, remove),) = looked(PLATFORM)
    assert said == f"role {role}: holds the policy AdministratorAccess (System), and nobody declared that"
    assert (gravity, remove is None) == (Gravity.ISOLATION, False)
    assert looked() == []


def test_what_is_gone_is_the_refreshs_to_tell_and_any_other_refusal_is_said(answers: Any) -> None:
    gone = OSError("ram.aliyuncs.com does not answer ListPoliciesForRole: EntityNotExist.Role")
    answers(ListPoliciesForRole=gone, ListEntitiesForPolicy=OSError("EntityNotExist.Policy"))
    assert looked() == []
    answers(ListPoliciesForRole=OSError("ram.aliyuncs.com does not answer ListPoliciesForRole: NoPermission"))
    unseen: list[str] = []
    assert list(ram.look(stack(), unseen)) == []
    assert [text.endswith("NoPermission") for text in unseen] == [True]


RECORDS: list[tuple[str, str, Gravity]] = [
    ("k001", "A", Gravity.ISOLATION),
    ("k001", "CNAME", Gravity.ISOLATION),
    ("www.k001", "A", Gravity.ISOLATION),
    ("*.k001", "A", Gravity.ISOLATION),
    ("_acme-challenge.k001", "TXT", Gravity.ISOLATION),
    ("k001", "MX", Gravity.ACCESS),
    ("k001", "TXT", Gravity.HARMLESS),
    ("k001", "CAA", Gravity.HARMLESS),
]


@pytest.mark.parametrize(("rr", "kind", "gravity"), RECORDS)
def test_records_of_the_name_and_below(monkeypatch: Any, rr: str, kind: str, gravity: Gravity) -> None:
    others = [{"RecordId": "1", "RR": "k001", "Type": "A"}, {"RecordId": "2", "RR": "k002", "Type": "A"}]
    others += [{"RecordId": "3", "RR": "xk001", "Type": "A"}, {"RecordId": "4", "RR": "k001.old", "Type": "A"}]
    zone = [*others, {"RecordId": "5", "RR": rr.upper(), "Type": kind, "Value": "x"}]
    monkeypatch.setattr(dns, "records_of_zone", lambda *_: zone)  # pyright: ignore[reportUnknownLambdaType]
    (item,) = dns.look(stack(RECORD), [])
    assert (item.finding.subject, item.finding.gravity) == (f"{rr}.yyup.cc", gravity)
    is_removed = gravity is Gravity.ISOLATION
    assert (item.remove is not None, item.finding.mending is Mending.REMOVAL) == (is_removed, is_removed)
