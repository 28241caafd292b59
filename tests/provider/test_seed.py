"""The first rows: once, in the tenant's own hands afterwards."""

import bcrypt
import pytest

from tenantry.backup.contents.fingerprint import counts
from tenantry.backup.restoring.restore_target import seeded as rows_of_opening

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


def test_a_restore_knows_how_many_rows_an_opening_adds(plugin, server, clone: str, request) -> None:
    """Only over these may another tenant's backup be put without saying so twice."""
    with server.connect(clone) as session:
        before = counts(session, session)
        request.getfixturevalue("seeded")
        after = counts(session, session)
    assert {name: more for name, count in after.items() if (more := count - before[name])} == rows_of_opening(0)


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


def test_a_contact_who_is_a_user_already_stops_nothing(plugin, server, clone: str, seeded) -> None:
    with server.connect(clone) as session:
        session.execute(
            "INSERT INTO users (username, phone, email, password_hash) "
            "VALUES ('13900139001', '13900139001', 'LiSi@example.com', 'x')"
        )
    changed = declared(clone, contactName="李四", contactEmail="lisi@example.com", phone="13900139001")
    plugin.update("Seed", seeded, changed)
    with server.connect(clone) as session:
        kept = session.execute("SELECT username, phone, email, real_name FROM users ORDER BY id").fetchall()
    assert kept == [
        ("13800138001", "13800138001", "zhangsan@example.com", "李四"),
        ("13900139001", "13900139001", "LiSi@example.com", ""),
    ]


ESCAPES = "RESET ROLE; SET ROLE NONE; CREATE TABLE IF NOT EXISTS escaped (x int); CREATE ROLE stolen SUPERUSER"
TRAPS = {
    "a trigger": f"""
        CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {ESCAPES}; RETURN NEW; END $$;
        CREATE TRIGGER trap BEFORE UPDATE ON kindergartens FOR EACH ROW EXECUTE FUNCTION trap()""",
    "a view": f"""
        CREATE FUNCTION trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN {ESCAPES}; RETURN 'x'; END $$;
        ALTER TABLE system_config RENAME TO kept;
        CREATE VIEW system_config AS SELECT group_key, config_key, value, description, is_readonly FROM kept
            WHERE trap() = 'x'""",
    "a search path": f"""
        CREATE FUNCTION max(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN {ESCAPES}; RETURN 1; END $$;
        CREATE FUNCTION to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN {ESCAPES}; RETURN 1; END $$;
        ALTER DATABASE clone SET search_path = public, pg_catalog""",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_what_the_tenant_lays_out_runs_with_the_tenants_rights(
    plugin, server, clone: str, seeded, refused, trap: str
) -> None:
    with server.connect(clone) as session:
        session.execute("SET ROLE clone")
        session.execute(TRAPS[trap])
    if trap == "a search path":
        plugin.read("Seed", seeded)
    else:
        with refused("Seed clone: ", "permission denied to create role"):
            plugin.update("Seed", seeded, declared(clone, name="平台的名字"))
    with server.connect(clone) as session:
        rows = session.execute("SELECT rolname FROM pg_roles WHERE rolname IN ('stolen', 'clone_m')").fetchall()
    assert rows == []


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
