"""A tenant's database: who owns it, who logs in, and that nothing ever makes it anew."""

import pytest


def test_the_owner_cannot_log_in(parts, tenant) -> None:
    owner = parts(tenant()).named("k001-db-owner").inputs
    assert owner["name"] == "rent001"
    assert owner["login"] is False
    assert "password" not in owner


@pytest.mark.parametrize(("suffix", "in_turn"), [("a", True), ("b", False)])
def test_login_roles_are_members_of_the_owner_and_nothing_more(parts, tenant, suffix: str, in_turn: bool) -> None:
    resolved = tenant()
    login = parts(resolved).named(f"k001-db-login-{suffix}").inputs
    assert login.pop("password")
    assert login == {
        "name": f"rent001_{suffix}",
        "login": in_turn,
        "roles": ["rent001"],
        "validUntil": "infinity",
        "connectionLimit": resolved.plan.database.connections,
    }


@pytest.mark.parametrize("plan", ["basic", "enterprise"])
def test_the_database_is_a_clone_limited_by_plan(parts, tenant, plan: str) -> None:
    resolved = tenant(plan=plan)
    database = parts(resolved).one("Database", "k001-db-database")
    assert database.inputs == {
        "name": "rent001",
        "owner": "rent001",
        "template": "kargerdensales",
        "allowConnections": False,  # until its rights are given, which open it: and nothing closes it again
        "connectionLimit": resolved.plan.database.connections,
    }


def test_what_a_database_was_made_from_is_never_compared_again(parts, tenant) -> None:
    database = parts(tenant()).one("Database", "k001-db-database")
    assert set(database.ignore_changes) == {
        *("template", "encoding", "lcCollate", "lcCtype", "tablespaceName"),
        "allowConnections",
    }
    assert not {key for key in database.inputs if key.startswith("lc")}


def test_a_clone_is_given_the_rights_it_does_not_inherit(parts, tenant) -> None:
    resolved = tenant()
    recorded = parts(resolved)
    rights = recorded.one("CloneRights")
    given = rights.inputs.pop("passwords")
    assert {f"rent001_{role}": password for role, password in passwords(recorded).items()} == given.value
    assert rights.inputs == {
        "database": "rent001",
        "owner": "rent001",
        "logins": ["rent001_a", "rent001_b"],
        "statementTimeout": resolved.plan.database.statement_timeout_s,
        "idleTimeout": resolved.plan.database.idle_timeout_s,
        "connectionLimit": resolved.plan.database.connections,
        "tempFileLimit": 40 * 2**20 // 60,  # kB: the plan's storage over its connections
        "opening": {"database": "admin_tenant_management", "tenant": "k001"},
    }
    assert {"k001-db-database", "k001-db-owner", "k001-db-login-a", "k001-db-login-b"} <= set(rights.after)


def test_the_first_rows_are_the_tenants_and_come_after_the_rights(parts, tenant) -> None:
    seed = parts(tenant(address="示例路 1 号")).one("Seed")
    assert seed.inputs["kindergarten"] == {
        "code": "k001",
        "name": "示例幼儿园",
        "phone": "13800138001",
        "address": "示例路 1 号",
        "contactName": "张三",
        "contactEmail": "zhangsan@example.com",
    }
    assert "k001-db-rights" in seed.after


def passwords(recording) -> dict[str, str]:
    return {role: recording.named(f"k001-db-login-{role}").inputs["password"].value for role in "ab"}


@pytest.mark.parametrize(("rotation", "active"), [(1, "a"), (2, "b"), (3, "a"), (4, "b"), (17, "a")])
def test_a_rotation_changes_only_the_role_that_takes_over(parts, tenant, rotation: int, active: str) -> None:
    before = parts(tenant(credentials={"rotation": rotation}))
    after = parts(tenant(credentials={"rotation": rotation + 1}))
    changed = {role for role in "ab" if passwords(before)[role] != passwords(after)[role]}
    assert before.finished["k001-db"]["login"] == f"rent001_{active}"
    assert after.finished["k001-db"]["login"] == f"rent001_{'b' if active == 'a' else 'a'}"
    assert changed == {"b" if active == "a" else "a"}


def test_a_rotation_makes_the_other_keys_anew_and_rolls_the_pods(parts, tenant) -> None:
    before, after = parts(tenant()), parts(tenant(credentials={"rotation": 2}))
    old, new = (side.one("Secret").inputs["data"] for side in (before, after))
    assert all(old[name] != new[name] for name in old)
    assert new["JWT_SECRET_PREVIOUS"] == old["JWT_SECRET"]
    assert before.one("Deployment").inputs != after.one("Deployment").inputs
    assert before.named("k001-keys").inputs == after.named("k001-keys").inputs


# What each provider documents as making a resource anew.
REPLACING = {
    "Role": {"name", "roleName"},
    "Database": {"name", "template", "encoding", "lcCollate", "lcCtype", "tablespaceName"},
    "RandomPassword": {"keepers", "length", "special"},
    "Policy": {"policyName", "description"},
    "RolePolicyAttachment": {"roleName", "policyName", "policyType"},
    "AlidnsRecord": {"domainName"},
    "Directories": {"objects", "regions"},
}


@pytest.mark.parametrize("change", [{"plan": "enterprise"}, {"name": "新名字"}, {"status": "suspended"}])
def test_changing_a_tenant_makes_nothing_anew(parts, tenant, change) -> None:
    before, after = parts(tenant()), parts(tenant(**change))
    more = {resource.name for resource in after.resources} - {resource.name for resource in before.resources}
    scaling = {"k001-app-horizontalpodautoscaler", "k001-app-poddisruptionbudget"}
    assert more <= scaling | {"k001-sessions", "k001-app-httproutefilter"}  # where access has ended
    for old in before.resources:
        new, kind = after.named(old.name), old.type.rpartition(":")[2]
        for key in REPLACING.get(kind, ()):
            assert old.inputs.get(key) == new.inputs.get(key), f"{old.name}.{key}"
        if old.provider == "kubernetes":
            assert old.inputs["metadata"] == new.inputs["metadata"], old.name
            assert old.inputs.get("spec", {}).get("selector") == new.inputs.get("spec", {}).get("selector"), old.name
