"""The row in the admin database: written, followed, told when changed by others, and removed alone."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenantry.model.lifecycle import RETENTION


def declared(database: str, code: str = "k001", **changed: Any) -> dict[str, Any]:
    number = code[1:]
    return {
        "adminDatabase": database,
        "tenantId": code,
        "name": f"幼儿园 {code}",
        "domain": f"{code}.yyup.cc",
        "databaseName": f"rent{number}",
        "status": "active",
        "planType": "standard",
        "maxUsers": 300,
        "maxStorage": 53687091200,
        "contactName": "张三",
        "contactPhone": f"1380013{number:0>4}",
        "contactEmail": "zhangsan@example.com",
        "settings": {"features": {"customBranding": True}, "quotas": {"users": {"limit": 300, "unit": "个"}}},
        **changed,
    }


@pytest.fixture
def database(plugin, empty: str) -> str:
    plugin.create("Migrations", {"database": empty, "set": "admin", "digest": "abc"})
    return empty


@pytest.fixture
def written(plugin, database: str):
    return plugin.create("TenantRow", declared(database))


def one(server, database: str, columns: str, code: str = "k001"):
    with server.connect(database) as session:
        return session.execute(f"SELECT {columns} FROM tenants WHERE tenant_id = '{code}'".encode()).fetchone()


def test_the_row_says_what_was_declared(plugin, server, database: str, written) -> None:
    assert written.identity == f"{database}/k001"
    assert one(server, database, "name, max_storage, settings, deleted_at, created_by") == (
        "幼儿园 k001",
        53687091200,
        declared(database)["settings"],
        None,
        None,
    )
    with server.connect(database) as session:
        assert session.execute("SELECT tenant_id, balance FROM tenant_accounts").fetchall() == [("k001", 0)]
    assert plugin.read("TenantRow", written).outputs == written.outputs
    assert plugin.diff("TenantRow", written, declared(database)) == ([], [])


def test_a_row_that_is_there_already_is_adopted(plugin, server, database: str, written) -> None:
    again = plugin.create("TenantRow", declared(database, name="新名字"))
    assert again.identity == written.identity
    assert one(server, database, "name") == ("新名字",)
    with server.connect(database) as session:
        assert session.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def test_only_another_code_or_database_means_another_row(plugin, database: str, written) -> None:
    changed = declared(database, name="新名字", planType="premium", settings={})
    assert plugin.diff("TenantRow", written, changed) == (["name", "planType", "settings"], [])
    _, replaced = plugin.diff("TenantRow", written, declared(database, "k002"))
    assert replaced == ["tenantId"]


def test_changes_of_others_are_told_and_repaired(plugin, server, database: str, written) -> None:
    with server.connect(database) as session:
        session.execute("UPDATE tenants SET plan_type = 'enterprise', max_users = 5, settings = '{}'")
    state = plugin.read("TenantRow", written)
    assert plugin.diff("TenantRow", state, declared(database)) == (["maxUsers", "planType", "settings"], [])
    plugin.update("TenantRow", state, declared(database))
    assert plugin.read("TenantRow", written).outputs == written.outputs


def test_a_deletion_counts_from_the_later_day_and_is_cancelled_whole(plugin, server, database: str, written) -> None:
    columns = "deleted_at, deletion_seen_at, scheduled_deletion_at"
    leaving = plugin.update("TenantRow", written, declared(database, status="deleted", deletedAt="2020-01-01"))
    said, seen, due = one(server, database, columns)
    assert said == datetime(2020, 1, 1, tzinfo=UTC)
    assert datetime.now(UTC) - seen < timedelta(minutes=1)
    assert due == seen + RETENTION
    plugin.update("TenantRow", leaving, declared(database, status="deleted", deletedAt="2020-01-01", name="x"))
    assert one(server, database, columns) == (said, seen, due)
    plugin.update("TenantRow", leaving, declared(database))
    assert one(server, database, columns) == (None, None, None)


def test_removal_takes_this_row_only(plugin, server, database: str, written) -> None:
    other = plugin.create("TenantRow", declared(database, "k002"))
    plugin.delete("TenantRow", written)
    plugin.delete("TenantRow", written)
    assert plugin.read("TenantRow", written) is None
    assert plugin.read("TenantRow", other).outputs == other.outputs


def test_a_purged_code_stays_taken_and_holds_no_person(plugin, server, database: str, written, refused) -> None:
    leaving = plugin.update("TenantRow", written, declared(database, status="deleted"))
    plugin.delete("TenantRow", leaving)
    assert one(server, database, "status, name, contact_name, contact_phone, contact_email, settings") == (
        "purged",
        "k001",
        "",
        "",
        "",
        {},
    )
    assert plugin.read("TenantRow", leaving) is None
    with refused("TenantRow", "k001 was purged", "choose the next free one"):
        plugin.create("TenantRow", declared(database))


MINE, THEIRS = "organization/tenantry/main", "organization/tenantry/prod-c02"


def test_a_row_is_written_and_removed_by_the_stack_that_holds_it(plugin, server, database: str, refused) -> None:
    row = plugin.create("TenantRow", declared(database, heldBy=MINE))
    with refused(
        f"the stack {MINE} holds k001", "write the `cell:` that it had back", "hand the tenant over: docs/life.md"
    ):
        plugin.create("TenantRow", declared(database, heldBy=THEIRS, name="x"))
    for holder in ({"heldBy": THEIRS}, {}):  # a state of before has none
        row.outputs = declared(database, **holder)
        with refused(f"the stack {MINE} holds k001"):
            plugin.delete("TenantRow", row)
    assert one(server, database, "name, held_by") == ("幼儿园 k001", MINE)
    row.outputs = declared(database, heldBy=MINE)
    plugin.delete("TenantRow", row)
    assert one(server, database, "name") is None


def test_a_row_that_nobody_held_is_taken_over(plugin, server, database: str, written) -> None:
    plugin.update("TenantRow", written, declared(database, heldBy=MINE))
    assert one(server, database, "held_by") == (MINE,)


PEOPLE = (
    "INSERT INTO global_users (id, phone, password_hash, registration_source) VALUES (1, '13800138001', 'x', 'admin'),"
    " (2, '13800138002', 'x', 'admin'), (3, '13800138003', 'x', 'web'), (4, '13800138004', 'x', 'admin')"
)
RELATIONS = (
    "INSERT INTO global_user_tenant_relations (global_user_id, tenant_code)"
    " VALUES (1, 'k001'), (2, 'k001'), (2, 'k002'), (3, 'k001'), (4, 'k002')"
)


def people(server, database: str) -> tuple[list[int], list[tuple[int, str]]]:
    with server.connect(database) as session:
        known = session.execute("SELECT id FROM global_users ORDER BY 1").fetchall()
        related = "SELECT global_user_id, tenant_code FROM global_user_tenant_relations ORDER BY 1, 2"
        return [row[0] for row in known], session.execute(related).fetchall()


def test_a_purge_forgets_whom_the_platform_knew_by_that_tenant_alone(plugin, server, database: str, written) -> None:
    plugin.create("TenantRow", declared(database, "k002"))
    with server.connect(database) as session:
        session.execute(PEOPLE)
        session.execute(RELATIONS)
    leaving = plugin.update("TenantRow", written, declared(database, status="deleted"))
    assert len(people(server, database)[0]) == 4
    plugin.delete("TenantRow", leaving)
    assert people(server, database) == ([2, 3, 4], [(2, "k002"), (4, "k002")])


@pytest.mark.parametrize("status", ["active", "suspended", "deleted"])
def test_what_has_begun_to_go_is_never_made_anew(plugin, server, database: str, written, status: str, refused) -> None:
    """Whatever the file says now: a tombstone that got lost must not bring an empty tenant."""
    leaving = plugin.update("TenantRow", written, declared(database, status="deleted"))
    with server.connect(database) as session:
        session.execute(
            "INSERT INTO tenant_resource_cleanup (tenant_code, resource_type, resource_name, oss_bucket, oss_region,"
            " oss_path, scheduled_deletion_at, status) VALUES ('k001', 'oss', 'b/p/', 'b', 'r', 'p/', now(), 'failed')"
        )
    back = plugin.update("TenantRow", leaving, declared(database, status="deleted", returned="from a tombstone"))
    with server.connect(database) as session:
        session.execute("UPDATE tenant_resource_cleanup SET deletion_started_at = now()")
    with refused("k001 is being removed", "bring its tombstone back"):
        plugin.update("TenantRow", back, declared(database, status=status))


@pytest.mark.parametrize(
    ("field", "value"), [("domain", "k001.yyup.cc"), ("databaseName", "rent001"), ("contactPhone", "13800130001")]
)
def test_what_another_tenant_has_is_refused(plugin, database: str, refused, field: str, value: str) -> None:
    plugin.create("TenantRow", declared(database, contactPhone="13800130001"))
    with refused("writing the row", "must be unique"):
        plugin.create("TenantRow", declared(database, "k002", **{field: value}))


def test_many_rows_at_once(plugin, server, database: str) -> None:
    codes = [f"k{number:03}" for number in range(1, 41)]
    errors = list[Exception]()

    def write(code: str) -> None:
        try:
            plugin.create("TenantRow", declared(database, code))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with server.connect(database) as session:
        assert session.execute("SELECT count(*) FROM tenants").fetchone() == (40,)


def test_what_is_there_can_be_imported(plugin, database: str, written) -> None:
    state = plugin.read("TenantRow", type(written)(written.identity, {}, {}))
    assert state.outputs == written.outputs
    assert state.inputs == declared(database)


def test_a_row_without_its_database_or_table_is_gone(plugin, empty: str, written) -> None:
    written.identity = "no_such_database/k001"
    assert plugin.read("TenantRow", written) is None
