"""The place that a backup may take: nobody's data gives way to another's by one wrong letter."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tenantry.backup.create import BackupStore, BackupSubject
from tenantry.backup.errors import BackupError
from tenantry.backup.restoring.restore_target import chosen
from tenantry.backup.settings import Stack
from tenantry.names import TEMPLATE_DATABASE
from tests.tenantry.backup.conftest import change

SCHEMA = """
CREATE TABLE kindergartens (id int); CREATE TABLE users (id int); CREATE TABLE children (id int);
CREATE TABLE system_config (id int); INSERT INTO system_config VALUES (1), (2), (3);
"""
SEED = "INSERT INTO kindergartens VALUES (1); INSERT INTO users VALUES (1); INSERT INTO system_config VALUES (4), (5)"
ROW = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, contact_phone)
VALUES ('k001', 'one', 'k001.yyup.cc', 'rent001', %s, 'basic', 1, 1, '13800138001')
"""


@pytest.fixture
def stack(vault: BackupStore, tenant: BackupSubject, folder: Path) -> Generator[Stack]:
    """k001 as its opening leaves it, and the template."""
    change(vault, f"CREATE DATABASE {TEMPLATE_DATABASE}", "postgres")
    change(vault, SCHEMA, TEMPLATE_DATABASE)
    change(vault, f"DROP TABLE things; {SCHEMA}; {SEED}")
    files = vault.systems.bucket(tenant.buckets[0])
    for path in ("a.txt", "b.bin", "c/d.txt"):
        files.delete_object(tenant.prefix + path)
    files.put_object(tenant.prefix + "temp/", b"")
    with vault.systems.session("admin") as session:
        session.execute(ROW, ["active"])
    yield Stack(vault, tenant.buckets, folder)
    change(vault, f"DROP DATABASE {TEMPLATE_DATABASE}", "postgres")


def test_one_who_was_just_opened_is_taken(stack: Stack, tenant: BackupSubject) -> None:
    assert chosen(stack, "k009", "k001", None) == tenant


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("INSERT INTO children VALUES (1)", "1 more rows in public.children than an opening makes"),
        ("INSERT INTO users VALUES (2), (3)", "2 more rows in public.users"),
        ("CREATE TABLE own AS SELECT 1 AS id", "1 more rows in public.own"),
        ("UPDATE tenants SET status = 'suspended'", "it is suspended"),
        ("object", "objects in files"),
    ],
)
def test_a_neighbour_with_data_must_be_named_twice(
    stack: Stack, tenant: BackupSubject, statement: str, told: str
) -> None:
    if statement == "object":
        stack.vault.systems.bucket(tenant.buckets[0]).put_object(tenant.prefix + "temp/x", b"")
    else:
        change(stack.vault, statement, "admin" if "tenants" in statement else "rent001")
    with pytest.raises(BackupError, match=told) as caught:
        chosen(stack, "k009", "k001", None)
    assert "--replace k001" in str(caught.value)
    with pytest.raises(BackupError, match="name the same tenant twice"):
        chosen(stack, "k009", "k001", "k009")
    assert chosen(stack, "k009", "k001", "k001") == tenant
    assert chosen(stack, "k001", "k001", None) == tenant


@pytest.mark.parametrize(("source", "replace"), [("k009", None), ("k009", "k001"), ("k001", None)])
def test_one_who_is_being_deleted_is_never_taken(stack: Stack, source: str, replace: str | None) -> None:
    change(stack.vault, "UPDATE tenants SET status = 'deleted'", "admin")
    with pytest.raises(BackupError, match="k001 is being deleted: cancel that first"):
        chosen(stack, source, "k001", replace)


@pytest.mark.parametrize("status", ["purged", None])
def test_one_who_is_not_there_is_not_taken(stack: Stack, status: str | None) -> None:
    change(stack.vault, f"UPDATE tenants SET status = '{status}'" if status else "DELETE FROM tenants", "admin")
    with pytest.raises(BackupError, match="there is no tenant k001 to restore to"):
        chosen(stack, "k009", "k001", None)
