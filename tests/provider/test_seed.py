"""The first rows: once, in the tenant's own hands afterwards."""

import bcrypt
import pytest

KINDERGARTEN = {
    "code": "k001",
    "name": "阳光幼儿园",
    "phone": "13800138001",
    "address": "示例路 1 号",
    "contactName": "张三",
    "contactEmail": "zhangsan@example.com",
}


def declared(database: str, **changed):
    return {"database": database, "kindergarten": {**KINDERGARTEN, **changed}}


@pytest.fixture
def seeded(plugin, clone: str):
    plugin.create(
        "CloneRights",
        {
            "database": clone,
            "owner": clone,
            "logins": ["clone_a", "clone_b"],
            "statementTimeout": 30,
            "idleTimeout": 60,
        },
    )
    return plugin.create("Seed", declared(clone))


def rows(server, database: str):
    with server.connect(database) as session:
        kindergarten = session.execute("SELECT code, name, phone, email, address FROM kindergartens").fetchall()
        people = session.execute(
            "SELECT username, phone, email, real_name, auth_source, roles.code FROM users "
            "LEFT JOIN user_roles ON user_id = users.id LEFT JOIN roles ON roles.id = role_id"
        ).fetchall()
    return kindergarten, people


def test_the_kindergarten_and_its_administrator_are_there_once(plugin, server, clone: str, seeded) -> None:
    expected = (
        [("k001", "阳光幼儿园", "13800138001", "zhangsan@example.com", "示例路 1 号")],
        [("13800138001", "13800138001", "zhangsan@example.com", "张三", "unified", "tenant_admin")],
    )
    assert rows(server, clone) == expected
    plugin.create("Seed", declared(clone))
    plugin.update("Seed", seeded, declared(clone))
    assert rows(server, clone) == expected


def test_without_a_platform_the_password_is_that_of_the_database_alone(server, clone: str, seeded) -> None:
    with server.connect(clone) as session:
        kept, must_change = session.execute("SELECT password_hash, must_change_password FROM users").fetchone()
    assert bcrypt.checkpw(seeded.outputs["password"].encode(), kept.encode())
    assert must_change


def test_a_change_of_the_file_follows_where_the_tenant_changed_nothing(plugin, server, clone: str, seeded) -> None:
    with server.connect(clone) as session:
        session.execute("UPDATE kindergartens SET name = '自己的名字'")
    changed = declared(clone, name="平台的名字", address="新路 2 号", contactName="李四", phone="13900139001")
    assert plugin.diff("Seed", seeded, changed) == (["kindergarten"], [])
    plugin.update("Seed", seeded, changed)
    kindergarten, people = rows(server, clone)
    assert kindergarten == [("k001", "自己的名字", "13900139001", "zhangsan@example.com", "新路 2 号")]
    assert people == [("13900139001", "13900139001", "zhangsan@example.com", "李四", "unified", "tenant_admin")]


def test_an_administrator_whom_the_tenant_removed_does_not_come_back(plugin, server, clone: str, seeded) -> None:
    with server.connect(clone) as session:
        session.execute("DELETE FROM users")
    plugin.update("Seed", seeded, declared(clone, contactName="李四"))
    plugin.create("Seed", declared(clone))
    assert rows(server, clone)[1] == []


def test_a_refresh_sees_whether_it_was_seeded_and_not_what_the_tenant_did(plugin, server, clone: str, seeded) -> None:
    with server.connect(clone) as session:
        session.execute("UPDATE kindergartens SET name = '自己的名字'")
    assert plugin.read("Seed", seeded).outputs == seeded.outputs
    with server.connect(clone) as session:
        session.execute("DELETE FROM system_config WHERE group_key = 'tenantry'")
    assert plugin.read("Seed", seeded) is None


def test_the_rows_belong_to_the_tenant_and_stay_when_the_step_goes(plugin, server, clone: str, seeded) -> None:
    plugin.delete("Seed", seeded)
    assert len(rows(server, clone)[0]) == 1


def test_a_database_without_the_schema_is_told(plugin, empty: str, refused) -> None:
    with refused("Seed empty: seeding", "run the migrations"):
        plugin.create("Seed", declared(empty))
