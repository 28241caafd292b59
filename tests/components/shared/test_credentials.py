"""Passwords and keys: one root, each its own, the old ones known as long as they work."""

import hashlib
from base64 import b64decode
from dataclasses import replace
from datetime import date, timedelta

import pytest

from components.shared.credentials import derive_key
from tenantry.model.credential_rotation import ALL_CREDENTIALS, Rotation, of_key

TODAY = date(2026, 10, 20)
BUS = {"name": "bus", "scopes": ["read"], "expires_at": date(2027, 1, 1)}
WITH_KEY = {"features": {"apiAccess": True}, "api_keys": [BUS]}


def keys(recording, name: str = "k001-app-secret") -> dict[str, str]:
    return {key: b64decode(value.value).decode() for key, value in recording.named(name).inputs["data"].items()}


def accepted(recording) -> dict:
    return recording.one("TenantRow").inputs["settings"]["tokens"]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def over(resolved):
    """The same tenant on a day on which nothing overlaps any more."""
    rotations = {name: replace(rotation, overlaps=False) for name, rotation in resolved.rotations.items()}
    return replace(resolved, rotations=rotations)


def test_all_differ_and_none_is_short(parts, tenant) -> None:
    recording = parts(tenant(**WITH_KEY))
    values = [*keys(recording).values(), *keys(recording, "k001-app-api-keys").values()]
    long = [value for value in values if value != "rent001_a"]
    assert len(set(long)) == len(long) == 5
    assert {len(value) for value in long} == {64}


def test_another_tenants_are_others_even_from_the_same_root() -> None:
    assert derive_key("root", "tenantry/k001/jwt/1") != derive_key("root", "tenantry/k002/jwt/1")
    assert derive_key("root", "tenantry/k001/jwt/1") == derive_key("root", "tenantry/k001/jwt/1")


def test_the_platform_knows_them_by_their_digests(parts, tenant) -> None:
    recording = parts(tenant(**WITH_KEY))
    own, values = keys(recording), accepted(recording)
    assert values["ai"] == [{"sha256": digest(own["AI_TOKEN"])}]
    assert values["unifiedTenantApi"] == [{"sha256": digest(own["UNIFIED_TENANT_API_KEY"])}]
    key = keys(recording, "k001-app-api-keys")["bus"]
    expected = {"scopes": ["read"], "expiresAt": "2027-01-01", "accepted": [{"sha256": digest(key)}]}
    assert values["apiKeys"] == {"bus": expected}


def test_after_a_rotation_both_are_accepted_until_the_overlap_ends(parts, tenant) -> None:
    before = keys(parts(tenant()))
    resolved = tenant(credentials={"rotation": 2})
    during, after = parts(resolved), parts(over(resolved))
    until = (TODAY + timedelta(days=8)).isoformat()
    assert accepted(during)["ai"] == [
        {"sha256": digest(keys(during)["AI_TOKEN"])},
        {"sha256": digest(before["AI_TOKEN"]), "until": until},
    ]
    assert keys(during)["JWT_SECRET_PREVIOUS"] == before["JWT_SECRET"]
    assert accepted(after)["ai"] == [{"sha256": digest(keys(after)["AI_TOKEN"])}]
    assert "JWT_SECRET_PREVIOUS" not in keys(after)


def test_the_end_of_an_overlap_starts_nothing_anew(parts, tenant) -> None:
    resolved = tenant(credentials={"rotation": 2})
    pods = [parts(tenant).one("Deployment").inputs["spec"]["template"] for tenant in (resolved, over(resolved))]
    assert pods[0] == pods[1]


def test_the_other_login_works_until_the_overlap_ends(parts, tenant) -> None:
    resolved = tenant(credentials={"rotation": 2})
    old, new = (parts(resolved).named(f"k001-db-login-{letter}").inputs for letter in "ab")
    assert (old["login"], old["validUntil"]) == (True, "2026-10-28 00:00:00+00")
    assert (new["login"], new["validUntil"]) == (True, "infinity")
    assert parts(over(resolved)).named("k001-db-login-a").inputs["login"] is False


def test_a_new_password_is_handed_out_when_it_works(parts, tenant) -> None:
    recording = parts(tenant(credentials={"rotation": 2}))
    assert "k001-db-login-b" in recording.all_before("k001-app-secret")


def test_after_the_overlap_no_session_of_the_other_login_goes_on(parts, tenant) -> None:
    """It may hold a session for ever, whatever its login is now worth. The pods that it served are gone by then."""
    resolved = tenant(credentials={"rotation": 2}, enabled_services=["posters"])
    assert not parts(tenant()).of("Sessions")
    assert not parts(resolved).of("Sessions")
    for recording in (parts(over(resolved)), parts(tenant(credentials={"rotation": 2, "overlap_days": 0}))):
        ended = recording.one("Sessions")
        assert (ended.inputs["database"], ended.inputs["logins"]) == ("rent001", ["rent001_a"])
        pods = {resource.name for resource in recording.of("Deployment")}
        assert pods <= recording.all_before(ended.name)
    third = over(tenant(credentials={"rotation": 3}))
    assert parts(third).one("Sessions").inputs["logins"] == ["rent001_b"]
    suspended = parts(over(tenant(credentials={"rotation": 2}, status="suspended")))
    assert suspended.one("Sessions").inputs["logins"] == ["rent001_a", "rent001_b"]


def test_an_api_key_rotates_without_the_others(parts, tenant) -> None:
    before, rotated = parts(tenant(**WITH_KEY)), {"features": {"apiAccess": True}, "api_keys": [BUS | {"rotation": 2}]}
    after = parts(tenant(**rotated))
    old, new = keys(before, "k001-app-api-keys"), keys(after, "k001-app-api-keys")
    assert new == {"bus": new["bus"], "bus.previous": old["bus"]}
    assert new["bus"] != old["bus"]
    assert keys(before) == keys(after)
    pods = [side.one("Deployment").inputs["spec"]["template"] for side in (before, after)]
    assert pods[0] == pods[1], "they are mounted: nothing starts anew"


@pytest.mark.parametrize("later", [ALL_CREDENTIALS, of_key("bus")])
def test_of_two_rotations_in_one_overlap_every_key_that_was_handed_out_works(parts, tenant, later: str) -> None:
    """First one of the two, three days later the other."""
    resolved = tenant(**WITH_KEY)
    early, late = TODAY - timedelta(days=3), TODAY
    first = of_key("bus") if later == ALL_CREDENTIALS else ALL_CREDENTIALS

    def at(**numbers: int):
        days = {first: early, later: late}
        rotations = {
            name: Rotation(numbers[name], days[name], days[name] + timedelta(days=8), numbers[name] > 1)
            for name in numbers
        }
        return keys(parts(replace(resolved, rotations=rotations)), "k001-app-api-keys")

    handed = [at(**{first: 1, later: 1})["bus"], at(**{first: 2, later: 1})["bus"]]
    found = at(**{first: 2, later: 2})
    assert [found["bus.previous"], found["bus.previous-2"]] == handed[::-1]
    assert found.keys() == {"bus", "bus.previous", "bus.previous-2"}
    assert found["bus"] not in handed


def test_with_all_and_alone_rotated_at_once_the_key_that_was_handed_out_works(parts, tenant) -> None:
    handed = keys(parts(tenant(**WITH_KEY)), "k001-app-api-keys")["bus"]
    both = WITH_KEY | {"api_keys": [BUS | {"rotation": 2}]}
    recording = parts(tenant(**both, credentials={"rotation": 2}))
    values = keys(recording, "k001-app-api-keys")
    assert values["bus.previous"] == handed != values["bus"]
    known = accepted(recording)["apiKeys"]["bus"]["accepted"]
    assert known[:2] == [
        {"sha256": digest(values["bus"])},
        {"sha256": digest(handed), "until": (TODAY + timedelta(days=8)).isoformat()},
    ]


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"status": "deleted", "deleted_at": date(2026, 10, 10)}])
def test_without_access_nothing_is_accepted(parts, tenant, changes) -> None:
    recording = parts(tenant(**WITH_KEY, **changes))
    assert accepted(recording) == {}
    if changes["status"] == "suspended":
        assert keys(recording, "k001-app-api-keys") == {}


def test_ai_switched_off_has_no_token(parts, tenant) -> None:
    recording = parts(tenant(ai={"enabled": False}))
    assert "AI_TOKEN" not in keys(recording)
    assert "ai" not in accepted(recording)
