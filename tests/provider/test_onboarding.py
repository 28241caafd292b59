"""A tenant's opening as its resources record it: every step once, in its own time, with its error, and again."""

import threading
import time
from typing import Any

import bcrypt
import pytest
from google.protobuf import struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto

from provider.values import wrapped
from tenantry.database.onboarding_steps import STEPS
from tests.provider.conftest import KINDERGARTEN, OPENING, RIGHTS, TENANT_ROW

ROW: dict[str, Any] = TENANT_ROW | {
    "contactPhone": "13800138001",
    "settings": {"ai": {"models": [{"name": "qwen-plus"}, {"name": "doubao-lite"}], "default": "doubao-lite"}},
}
SEED = {"database": "clone", "kindergarten": KINDERGARTEN, "opening": OPENING}
OPENED = {"opening": OPENING, "domain": "k001.yyup.cc"}


@pytest.fixture
def admin_database(plugin, server, empty: str, clone: str):
    """The administration's tables, and a clone to open."""
    plugin.create("Migrations", {"database": empty, "set": "admin", "digest": "abc"})
    with server.connect(empty) as session:
        yield session


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return PropertyValue.marshal_map({key: wrapped(value) for key, value in values.items()})


def steps(session) -> dict[str, str]:
    return dict(session.execute("SELECT step_name, status FROM tenant_init_steps ORDER BY step_order").fetchall())


def progress(session) -> tuple[Any, ...]:
    return session.execute(
        "SELECT current_step, total_steps, status, error_message FROM tenant_init_progress"
    ).fetchone()


def stored(plugin, session) -> None:
    """The record of Directories, without an object store: it is tested with one elsewhere."""
    session.execute("UPDATE tenant_init_steps SET status = 'completed' WHERE step_name = 'storage'")


def opened(plugin, session) -> Any:
    plugin.create("TenantRow", ROW)
    plugin.create("CloneRights", RIGHTS)
    seed = plugin.create("Seed", SEED)
    stored(plugin, session)
    plugin.create("Opened", OPENED)
    return seed


def test_every_step_is_recorded_once_in_its_time(plugin, admin_database) -> None:
    plugin.create("TenantRow", ROW)
    begun = {"validate": "completed", "ai_models": "completed"} | dict.fromkeys(
        ("domain", "database", "storage"), "in_progress"
    )
    assert steps(admin_database) == dict.fromkeys(STEPS, "pending") | begun
    assert progress(admin_database) == (2, 8, "in_progress", None)
    assert admin_database.execute("SELECT status FROM tenants").fetchone() == ("inactive",)
    plugin.create("CloneRights", RIGHTS)
    plugin.create("Seed", SEED)
    stored(plugin, admin_database)
    assert steps(admin_database)["administrator"] == "completed"
    assert progress(admin_database)[2] == "in_progress"
    plugin.create("Opened", OPENED)
    assert steps(admin_database) == dict.fromkeys(STEPS, "completed")
    assert progress(admin_database) == (8, 8, "completed", None)
    assert admin_database.execute("SELECT status, schema_version FROM tenants").fetchone() == ("active", 0)


def test_twice_is_once(plugin, admin_database) -> None:
    opened(plugin, admin_database)
    query = "SELECT step_name, started_at, completed_at FROM tenant_init_steps ORDER BY step_order"
    before = admin_database.execute(query).fetchall()
    opened(plugin, admin_database)
    assert admin_database.execute(query).fetchall() == before
    assert len(before) == len(STEPS)
    for table in ("tenants", "tenant_accounts", "global_users", "global_user_tenant_relations", "tenant_init_progress"):
        assert admin_database.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (1,), table


def test_a_step_that_fails_says_why_and_goes_on_from_there(plugin, server, admin_database, refused) -> None:
    plugin.create("TenantRow", ROW)
    with server.connect("clone") as session:
        session.execute("ALTER TABLE kindergartens RENAME TO hidden")
        with refused("kindergartens"):
            plugin.create("Seed", SEED)
        failed = admin_database.execute(
            "SELECT status, error_message, completed_at FROM tenant_init_steps WHERE step_name = 'schema'"
        ).fetchone()
        assert failed[0] == "failed"
        assert "kindergartens" in failed[1]
        assert failed[2] is None
        assert progress(admin_database)[2] == "failed"
        assert progress(admin_database)[3].startswith("schema: ")
        session.execute("ALTER TABLE hidden RENAME TO kindergartens")
    plugin.create("CloneRights", RIGHTS)
    plugin.create("Seed", SEED)
    assert steps(admin_database)["schema"] == "completed"
    assert progress(admin_database)[2:] == ("in_progress", None)


def test_what_somebody_else_has_fails_the_first_step(plugin, admin_database, refused) -> None:
    plugin.create(
        "TenantRow", {**ROW, "tenantId": "k002", "opening": {**OPENING, "tenant": "k002"}, "databaseName": "b"}
    )
    with refused("must be unique"):
        plugin.create("TenantRow", ROW)
    row = admin_database.execute(
        "SELECT status, error_message FROM tenant_init_steps WHERE tenant_id = 'k001' AND step_name = 'validate'"
    ).fetchone()
    assert row[0] == "failed"
    assert "tenants_domain_key" in row[1]
    assert admin_database.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def test_nobody_is_called_open_while_a_step_is_not_complete(plugin, admin_database, refused) -> None:
    plugin.create("TenantRow", ROW)
    with refused("database is in_progress", "storage is in_progress"):
        plugin.create("Opened", OPENED)
    assert steps(admin_database)["done"] == "failed"
    assert admin_database.execute("SELECT status FROM tenants").fetchone() == ("inactive",)


def test_without_a_domain_that_step_is_skipped_until_there_is_one(plugin, admin_database) -> None:
    plugin.create("TenantRow", {**ROW, "status": "deleted"})
    plugin.create("CloneRights", RIGHTS)
    plugin.create("Seed", SEED)
    stored(plugin, admin_database)
    state = plugin.create("Opened", {"opening": OPENING})
    assert steps(admin_database)["domain"] == "skipped"
    assert progress(admin_database)[:3] == (8, 8, "completed")
    plugin.update("Opened", state, OPENED)
    assert steps(admin_database)["domain"] == "completed"


def test_a_tenant_that_was_open_before_anything_was_recorded_stays_active(plugin, admin_database) -> None:
    before = plugin.create("TenantRow", {key: value for key, value in ROW.items() if key != "opening"})
    plugin.update("TenantRow", before, ROW)
    assert admin_database.execute("SELECT status FROM tenants").fetchone() == ("active",)


def test_an_open_tenant_is_suspended_and_comes_back(plugin, admin_database) -> None:
    opened(plugin, admin_database)
    row = plugin.create("TenantRow", {**ROW, "status": "suspended"})
    assert admin_database.execute("SELECT status FROM tenants").fetchone() == ("suspended",)
    plugin.update("TenantRow", row, ROW)
    assert admin_database.execute("SELECT status FROM tenants").fetchone() == ("active",)


def test_the_administrator_signs_in_once_with_what_was_given(plugin, server, admin_database) -> None:
    password = opened(plugin, admin_database).outputs["password"]
    query = "SELECT id, password_hash, must_change_password, registration_source FROM global_users"
    person, kept, must_change, source = admin_database.execute(query).fetchone()
    assert bcrypt.checkpw(password.encode(), kept.encode())
    assert not bcrypt.checkpw(password[:-1].encode(), kept.encode())
    assert (must_change, source) == (True, "admin")
    with server.connect("clone") as session:
        user, local, must_change, known = session.execute(
            "SELECT id, password_hash, must_change_password, global_user_id FROM users"
        ).fetchone()
        role = session.execute("SELECT code FROM roles JOIN user_roles ON role_id = roles.id").fetchone()
    assert (local, must_change, known, role) == (kept, True, person, ("tenant_admin",))
    relation = "SELECT global_user_id, tenant_code, tenant_user_id, role_in_tenant FROM global_user_tenant_relations"
    assert admin_database.execute(relation).fetchone() == (person, "k001", user, "tenant_admin")


def test_a_password_that_was_given_but_not_recorded_is_given_anew(plugin, admin_database) -> None:
    first = opened(plugin, admin_database).outputs["password"]
    again = plugin.create("Seed", SEED).outputs["password"]
    (kept,) = admin_database.execute("SELECT password_hash FROM global_users").fetchone()
    assert first != again
    assert bcrypt.checkpw(again.encode(), kept.encode())


def test_what_a_person_has_chosen_is_never_touched(plugin, server, admin_database) -> None:
    seed = opened(plugin, admin_database)
    admin_database.execute("UPDATE global_users SET password_hash = 'theirs', password_changed_at = now()")
    with server.connect("clone") as session:
        session.execute("UPDATE users SET password_hash = 'theirs', password_changed_at = now()")
        assert plugin.create("Seed", SEED).outputs["password"] == ""
        changed = {**SEED, "kindergarten": {**KINDERGARTEN, "contactName": "李四"}}
        assert plugin.update("Seed", seed, changed).outputs["password"] == seed.outputs["password"]
        assert session.execute("SELECT password_hash FROM users").fetchone() == ("theirs",)
    assert admin_database.execute("SELECT password_hash FROM global_users").fetchone() == ("theirs",)


def test_a_person_whom_the_platform_knows_keeps_the_password(plugin, admin_database) -> None:
    admin_database.execute(
        "INSERT INTO global_users (phone, password_hash, password_changed_at) VALUES ('13800138001', 'theirs', now())"
    )
    opened(plugin, admin_database)
    assert admin_database.execute("SELECT password_hash FROM global_users").fetchone() == ("theirs",)
    assert admin_database.execute("SELECT count(*) FROM global_user_tenant_relations").fetchone() == (1,)


def test_a_new_contact_takes_over_an_account_that_nobody_has_used(plugin, admin_database) -> None:
    seed = opened(plugin, admin_database)
    changed = {**SEED, "kindergarten": {**KINDERGARTEN, "phone": "13900139001", "contactName": "李四"}}
    plugin.update("Seed", seed, changed)
    assert admin_database.execute("SELECT phone, real_name FROM global_users").fetchall() == [("13900139001", "李四")]
    admin_database.execute("UPDATE global_users SET password_changed_at = now()")
    plugin.update("Seed", seed, SEED)
    assert admin_database.execute("SELECT phone FROM global_users").fetchall() == [("13900139001",)]


def test_a_new_contact_that_half_arrived_arrives_at_the_next_run(plugin, admin_database, refused) -> None:
    plugin.create("TenantRow", ROW)
    seeded = plugin.create("Seed", SEED)
    changed = {**SEED, "kindergarten": {**KINDERGARTEN, "phone": "13900139001", "contactName": "李四"}}
    admin_database.execute("ALTER TABLE global_users RENAME TO elsewhere")
    with refused("Seed clone: ", "global_users"):
        plugin.update("Seed", seeded, changed)
    admin_database.execute("ALTER TABLE elsewhere RENAME TO global_users")
    plugin.update("Seed", seeded, changed)
    assert admin_database.execute("SELECT phone, real_name FROM global_users").fetchall() == [("13900139001", "李四")]


def test_models_follow_the_plan_and_one_the_platform_lacks_is_told(plugin, admin_database, refused) -> None:
    query = (
        "SELECT name, is_enabled, tenant_ai_model_configs.is_default FROM tenant_ai_model_configs "
        "JOIN ai_model_config ON model_id = ai_model_config.id ORDER BY priority"
    )
    row = plugin.create("TenantRow", ROW)
    assert admin_database.execute(query).fetchall() == [("qwen-plus", True, False), ("doubao-lite", True, True)]
    plugin.update(
        "TenantRow", row, {**ROW, "settings": {"ai": {"models": [{"name": "doubao-lite"}], "default": "doubao-lite"}}}
    )
    assert set(admin_database.execute(query)) == {("qwen-plus", False, False), ("doubao-lite", True, True)}
    with refused("no AI model nonsense-1", "ai_model_config"):
        plugin.update("TenantRow", row, {**ROW, "settings": {"ai": {"models": [{"name": "nonsense-1"}]}}})


def test_the_record_goes_with_a_tenant_that_is_removed_and_stays_with_a_tombstone(plugin, admin_database) -> None:
    opened(plugin, admin_database)
    row = plugin.create("TenantRow", {**ROW, "status": "deleted"})
    plugin.delete("TenantRow", row)
    assert len(steps(admin_database)) == len(STEPS)
    other = {**ROW, "tenantId": "k002", "opening": {**OPENING, "tenant": "k002"}, "domain": "k002.yyup.cc",
             "databaseName": "rent002", "contactPhone": "13800138002"}  # fmt: skip
    plugin.delete("TenantRow", plugin.create("TenantRow", other))
    assert admin_database.execute("SELECT count(*) FROM tenant_init_steps WHERE tenant_id = 'k002'").fetchone() == (0,)


def test_recorders_at_once_lose_nothing(plugin, admin_database) -> None:
    plugin.create("TenantRow", ROW)
    threads = [
        threading.Thread(target=plugin.create, args=("CloneRights", RIGHTS)),
        threading.Thread(target=plugin.create, args=("TenantRow", ROW)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress(admin_database)[:2] == (3, 8)


def test_a_refresh_knows_an_open_tenant_from_one_that_is_not(plugin, admin_database) -> None:
    opened(plugin, admin_database)
    state = plugin.create("Opened", OPENED)
    assert plugin.read("Opened", state).outputs == state.outputs
    admin_database.execute("UPDATE tenant_init_progress SET status = 'failed'")
    assert plugin.read("Opened", state) is None


def test_a_refresh_keeps_the_password(plugin, admin_database) -> None:
    seed = opened(plugin, admin_database)
    assert plugin.read("Seed", seed).outputs == seed.outputs


def test_the_password_always_travels_as_a_secret(plugin, admin_database) -> None:
    seed = opened(plugin, admin_database)
    urn, state = plugin.urn("Seed"), struct(seed.outputs)
    answers = [
        plugin.raw("Create", proto.CreateRequest(urn=urn, properties=struct(SEED))),
        plugin.raw("Update", proto.UpdateRequest(urn=urn, id=seed.identity, olds=state, news=struct(SEED))),
        plugin.raw("Read", proto.ReadRequest(urn=urn, id=seed.identity, properties=state, inputs=struct(SEED))),
    ]
    for answer in answers:
        assert PropertyValue.unmarshal_map(answer.properties)["password"].is_secret


def test_a_step_is_in_progress_while_it_is(plugin, server, admin_database) -> None:
    plugin.create("TenantRow", ROW)
    with server.connect("clone") as session, session.transaction():
        session.execute("LOCK TABLE kindergartens IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=plugin.create, args=("Seed", SEED))
        thread.start()
        deadline = time.monotonic() + 10
        while steps(admin_database)["schema"] != "in_progress" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert steps(admin_database)["schema"] == "in_progress"
    thread.join()
    assert steps(admin_database)["administrator"] == "completed"
