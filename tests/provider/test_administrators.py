"""Further administrators come and go one by one; nobody else's account, password or role is touched."""

from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from tenantry.backup.contents.fingerprint import counts
from tenantry.backup.restoring.restore_target import seeded
from tests.provider.conftest import ADMIN, KINDERGARTEN, OPENING, RIGHTS, TENANT_ROW

DEPUTY = {"phone": "13900139001", "contactName": "李四", "contactEmail": "lisi@example.com", "role": "tenant_admin"}
HEAD = {"phone": "13900139002", "contactName": "王五", "contactEmail": "wangwu@example.com", "role": "principal"}
BOTH = {"deputy": DEPUTY, "head": HEAD}
USERS = """
SELECT username, email, real_name, users.status, password_hash, array_remove(array_agg(roles.code ORDER BY code), NULL)
FROM users LEFT JOIN user_roles ON user_id = users.id LEFT JOIN roles ON roles.id = role_id GROUP BY users.id
"""
RELATIONS = """
SELECT phone, role_in_tenant, related.status FROM global_user_tenant_relations AS related
JOIN global_users ON global_users.id = global_user_id WHERE tenant_code = 'k001'
"""


def declared(people: dict[str, Any] | None = None) -> dict[str, Any]:
    seed = {"database": "clone", "kindergarten": KINDERGARTEN, "opening": OPENING}
    return seed | ({"administrators": people} if people else {})


@pytest.fixture
def opened(plugin: Any, empty: str, clone: str) -> Any:
    """A tenant with its contact alone."""
    plugin.create("Migrations", {"database": empty, "set": "admin", "digest": "abc"})
    plugin.create("TenantRow", TENANT_ROW)
    plugin.create("CloneRights", RIGHTS)
    return plugin.create("Seed", declared())


@pytest.fixture
def users(server: Any) -> Callable[[], dict[str, tuple[Any, ...]]]:
    """By name for signing in: mail, name, status, digest, roles."""

    def read() -> dict[str, tuple[Any, ...]]:
        with server.connect("clone") as session:
            return {row[0]: row[1:] for row in session.execute(USERS).fetchall()}

    return read


@pytest.fixture
def relations(server: Any) -> Callable[[], dict[str, tuple[str, str]]]:
    def read() -> dict[str, tuple[str, str]]:
        with server.connect(ADMIN) as session:
            return {row[0]: row[1:] for row in session.execute(RELATIONS).fetchall()}

    return read


def signed_in(server: Any, phone: str, digest: str = "chosen") -> None:
    """Signs in like the application at the first login."""
    with server.connect("clone") as session:
        session.execute(
            "UPDATE users SET password_hash = %s, password_changed_at = now(), last_login_at = now() WHERE phone = %s",
            [digest, phone],
        )


def test_each_gets_an_account_a_role_and_a_password(plugin, opened, users, relations) -> None:
    before = users()["13800138001"]
    made = plugin.update("Seed", opened, declared(BOTH))
    now = users()
    assert now["13800138001"] == before
    assert now["13900139001"][:3] == ("lisi@example.com", "李四", "active")
    assert {phone: row[4] for phone, row in now.items()} == {
        "13800138001": ["tenant_admin"],
        "13900139001": ["tenant_admin"],
        "13900139002": ["principal"],
    }
    for name, person in BOTH.items():
        assert bcrypt.checkpw(made.outputs["passwords"][name].encode(), now[person["phone"]][3].encode())
    assert made.outputs["password"] == opened.outputs["password"]
    assert relations() == {
        "13800138001": ("tenant_admin", "active"),
        "13900139001": ("tenant_admin", "active"),
        "13900139002": ("principal", "active"),
    }


def test_twice_is_once_and_a_lost_record_is_made_good(plugin, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    before = users()
    again = plugin.update("Seed", made, declared(BOTH))
    assert (users(), again.outputs["passwords"]) == (before, made.outputs["passwords"])
    lost = plugin.update("Seed", opened, declared(BOTH))  # the engine was killed before it recorded the first
    assert bcrypt.checkpw(lost.outputs["passwords"]["head"].encode(), users()["13900139002"][3].encode())
    assert users().keys() == before.keys()


def test_who_is_taken_off_the_list_loses_what_was_given_and_nobody_else(plugin, opened, users, relations) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    before = users()
    left = plugin.update("Seed", made, declared({"head": HEAD}))
    now = users()
    assert now["13900139001"][2] == "inactive"
    assert now["13900139001"][4] == []
    assert {phone: row for phone, row in now.items() if phone != "13900139001"} == {
        phone: row for phone, row in before.items() if phone != "13900139001"
    }
    assert left.outputs["passwords"] == {"head": made.outputs["passwords"]["head"]}
    assert relations()["13900139001"] == ("user", "inactive")
    assert relations()["13900139002"] == ("principal", "active")
    gone = plugin.update("Seed", left, declared())
    assert gone.outputs["passwords"] == {}
    assert users()["13900139002"][2] == "inactive"
    assert users()["13800138001"] == before["13800138001"]


def test_who_comes_back_has_the_account_and_the_password_chosen(plugin, server, opened, users, relations) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    signed_in(server, DEPUTY["phone"])
    left = plugin.update("Seed", made, declared({"head": HEAD}))
    back = plugin.update("Seed", left, declared(BOTH))
    assert users()["13900139001"][2:] == ("active", "chosen", ["tenant_admin"])
    assert back.outputs["passwords"]["deputy"] == ""
    assert relations()["13900139001"] == ("tenant_admin", "active")


def test_another_phone_is_another_person(plugin, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    successor = {**DEPUTY, "phone": "13900139009", "contactName": "赵六", "contactEmail": "zhaoliu@example.com"}
    changed = plugin.update("Seed", made, declared({"deputy": successor, "head": HEAD}))
    assert users()["13900139001"][2] == "inactive"
    assert users()["13900139009"][2] == "active"
    assert changed.outputs["passwords"]["deputy"] != made.outputs["passwords"]["deputy"]


def test_a_changed_role_name_and_mail_follow(plugin, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    before = users()["13900139002"]
    changed = {**HEAD, "role": "tenant_admin", "contactName": "王六", "contactEmail": "new@example.com"}
    again = plugin.update("Seed", made, declared({**BOTH, "head": changed}))
    assert users()["13900139002"] == ("new@example.com", "王六", "active", before[3], ["tenant_admin"])
    assert again.outputs["passwords"] == made.outputs["passwords"]


def test_a_user_whom_the_tenant_has_already_gets_the_role_alone(plugin, server, opened, users, relations) -> None:
    with server.connect("clone") as session:
        session.execute(
            "INSERT INTO users (username, phone, email, password_hash) VALUES ('teacher', %s, 'Li@example.com', 'own')",
            [DEPUTY["phone"]],
        )
        session.execute(
            "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id FROM users, roles"
            " WHERE username = 'teacher' AND code = 'teacher'"
        )
    made = plugin.update("Seed", opened, declared({"deputy": DEPUTY}))
    assert users()["teacher"] == ("Li@example.com", "", "active", "own", ["teacher", "tenant_admin"])
    assert made.outputs["passwords"] == {"deputy": ""}
    plugin.update("Seed", made, declared())
    assert users()["teacher"] == ("Li@example.com", "", "active", "own", ["teacher"])
    assert relations()["13900139001"] == ("user", "active")


def test_a_role_that_the_tenant_gave_keeps_the_account(plugin, server, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    with server.connect("clone") as session:
        session.execute(
            "INSERT INTO user_roles (user_id, role_id) SELECT users.id, roles.id FROM users, roles"
            " WHERE phone = %s AND code = 'teacher'",
            [DEPUTY["phone"]],
        )
    plugin.update("Seed", made, declared({"head": HEAD}))
    assert users()["13900139001"][2::2] == ("active", ["teacher"])


def test_whom_the_tenant_removed_does_not_come_back(plugin, server, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    with server.connect("clone") as session:
        session.execute("DELETE FROM users WHERE phone = %s", [DEPUTY["phone"]])
    again = plugin.update("Seed", made, declared({**BOTH, "head": {**HEAD, "contactName": "王六"}}))
    assert "13900139001" not in users()
    assert users()["13900139002"][1] == "王六"
    assert again.outputs["passwords"].keys() == BOTH.keys()


def test_a_mail_address_that_another_user_has_stays_theirs(plugin, opened, users) -> None:
    plugin.update("Seed", opened, declared({"deputy": {**DEPUTY, "contactEmail": "ZhangSan@example.com"}}))
    assert users()["13900139001"][0] is None
    assert users()["13800138001"][0] == "zhangsan@example.com"


def test_a_role_that_the_database_lacks_is_told_and_changes_nothing(plugin, opened, users, refused) -> None:
    before = users()
    with refused("no role caretaker"):
        plugin.update("Seed", opened, declared({"deputy": {**DEPUTY, "role": "caretaker"}, "head": HEAD}))
    assert users() == before


def test_the_platforms_people_of_other_tenants_keep_password_and_relation(plugin, server, opened, relations) -> None:
    with server.connect(ADMIN) as session:
        session.execute(
            "INSERT INTO global_users (phone, password_hash, real_name, registration_source)"
            " VALUES (%s, 'own', '李四', 'web')",
            [DEPUTY["phone"]],
        )
        session.execute("INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users,"
                        " max_storage) VALUES ('k002', 'x', 'k002.yyup.cc', 'rent002', 'active', 'basic', 1, 1)")  # fmt: skip
        session.execute(
            "INSERT INTO global_user_tenant_relations (global_user_id, tenant_code, role_in_tenant)"
            " SELECT id, 'k002', 'tenant_admin' FROM global_users WHERE phone = %s",
            [DEPUTY["phone"]],
        )
    made = plugin.update("Seed", opened, declared(BOTH))
    plugin.update("Seed", made, declared())
    with server.connect(ADMIN) as session:
        own = session.execute(
            "SELECT password_hash, tenant_code, role_in_tenant, related.status FROM global_users"
            " JOIN global_user_tenant_relations AS related ON global_user_id = global_users.id"
            " WHERE phone = %s AND tenant_code = 'k002'",
            [DEPUTY["phone"]],
        ).fetchone()
    assert own == ("own", "k002", "tenant_admin", "active")
    assert relations()["13900139001"] == ("user", "inactive")


def test_what_the_tenant_writes_into_the_memory_stops_nothing(plugin, server, opened, users) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    for written in ('{"13900139001": {"user": "1"}}', '["x"]', '"x"', '{"13900139001": null}'):
        with server.connect("clone") as session:
            session.execute("UPDATE system_config SET value = %s::jsonb WHERE config_key = 'administrators'", [written])
        made = plugin.update("Seed", made, declared({"deputy": {**DEPUTY, "role": "principal"}}))
        assert users()["13900139001"][2] == "active", written
        assert users()["13800138001"][2::2] == ("active", ["tenant_admin"]), written


def test_a_refresh_reads_who_is_listed(plugin, opened) -> None:
    made = plugin.update("Seed", opened, declared(BOTH))
    assert plugin.read("Seed", made).outputs["administrators"] == BOTH
    left = plugin.update("Seed", made, declared({"head": HEAD}))
    assert plugin.read("Seed", left).outputs["administrators"] == {"head": HEAD}


def test_a_restore_knows_how_many_rows_they_are(plugin, server, opened) -> None:
    with server.connect("clone") as session:
        before = counts(session, session)
    plugin.update("Seed", opened, declared(BOTH))
    with server.connect("clone") as session:
        more = {name: count - before[name] for name, count in counts(session, session).items()}
    assert {name: count for name, count in more.items() if count} == {
        name: count - seeded(0)[name] for name, count in seeded(2).items() if count != seeded(0)[name]
    }
