"""A backup holds its own tenant's objects: what anybody writes into the admin database's rows changes nothing of it."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tenantry.backup.create import BackupStore, BackupSubject
from tenantry.backup.settings import Stack
from tenantry.cli.app import app
from tenantry.engine.clients.alibaba_rpc import call
from tests.tenantry.backup.conftest import FILES, LIVING, TENANT, change

ROWS = """
INSERT INTO tenants (tenant_id, name, domain, database_name, status, plan_type, max_users, max_storage, contact_phone)
VALUES ('k001', 'one', 'k001.yyup.cc', 'rent001', 'active', 'basic', 1, 1, '13800138001'),
    ('k002', 'two', 'k002.yyup.cc', 'rent002', 'active', 'basic', 1, 1, '13800138002')
"""
RAM = ("ram.aliyuncs.com", "2015-05-01")


def policy(*phones: str) -> str:
    resources = [f"acs:oss:*:1234567890123456:files/kindergarten/rent/{phone}/*" for phone in phones]
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["oss:*"], "Resource": resources}]})


@contextmanager
def granted(vault: BackupStore, code: str, *phones: str) -> Generator[None]:
    """With a policy of the tenant's role."""
    name, environment = {"PolicyName": f"tenant-{code}"}, vault.systems.environment
    call(*RAM, "CreatePolicy", {**name, "PolicyDocument": policy(*phones)}, environment)
    try:
        yield
    finally:
        call(*RAM, "DeletePolicy", name, environment)


@pytest.fixture
def backed_up(vault: BackupStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Code -> the contents that its backup holds, or why there is none; with objects of both tenants there."""
    change(vault, "CREATE DATABASE rent002", "postgres")
    change(vault, ROWS, "admin")
    for path in ("a.txt", "d.txt"):
        vault.systems.bucket(FILES).put_object(f"kindergarten/rent/13800138002/{path}", b"of k002")
    monkeypatch.setattr("tenantry.cli.commands.data.backup.stack_of", lambda *_: Stack(vault, TENANT.buckets, folder))

    def run(*names: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["backup", *names, "--json", "--stack", "local"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        told = json.loads(done.stdout)
        found: dict[str, Any] = dict(told.get("failed", {}))
        for backup in told.get("backups", ()):
            name = backup["id"].partition("-")[0]
            shelf = type(LIVING)(name)
            found[name] = sorted(item.path for item in vault.manifest(backup["id"], shelf).objects)
        return found

    return run


@pytest.mark.parametrize(
    "statement",
    [
        "contact_phone = '13800138009'",
        "contact_phone = ''",
        "contact_phone = '%'",
        "database_name = 'postgres'",
        "plan_type = 'enterprise'",
        "status = 'purged'",
        "status = 'purged', contact_phone = '13800138002'",
    ],
)
def test_the_row_does_not_say_what_is_backed_up(
    vault: BackupStore, backed_up: Callable[..., Any], statement: str
) -> None:
    change(vault, "UPDATE tenants SET contact_phone = '13800138010' WHERE tenant_id = 'k002'", "admin")
    change(vault, f"UPDATE tenants SET {statement} WHERE tenant_id = 'k001'", "admin")
    assert backed_up("k001", "k002") == {"k001": ["a.txt", "b.bin", "c/d.txt"], "k002": ["a.txt", "d.txt"]}


def test_one_without_a_row_is_backed_up_with_the_others(
    vault: BackupStore, folder: Path, backed_up: Callable[..., Any]
) -> None:
    change(vault, "DELETE FROM tenants WHERE tenant_id = 'k001'", "admin")
    known = Stack(vault, TENANT.buckets, folder).tenants()
    assert {code: (prefix.plan, prefix.subject) for code, prefix in known.items()} == {
        "k001": ("basic", TENANT),
        "k002": ("basic", BackupSubject("k002", "rent002", "k002", "kindergarten/rent/13800138002/", (FILES,))),
    }
    assert backed_up("k001")["k001"] == ["a.txt", "b.bin", "c/d.txt"]


def test_one_whose_file_is_newer_than_the_image_goes_by_its_policy(
    vault: BackupStore, folder: Path, backed_up: Callable[..., Any]
) -> None:
    (folder / "k001.yaml").unlink()
    why = backed_up("k001", "k002")
    assert why["k002"] == ["a.txt", "d.txt"]
    assert "where the objects of k001 lie is not known" in why["k001"]
    with granted(vault, "k001", "13800138001"):
        assert backed_up("k001", "k002") == {"k001": ["a.txt", "b.bin", "c/d.txt"], "k002": ["a.txt", "d.txt"]}
    for phones, words in ((("13800138002",), "the phone of k002"), (("13800138001", "13800138003"), "no single")):
        with granted(vault, "k001", *phones), granted(vault, "k002", "13800138002"):
            outcome = backed_up("k001", "k002")
        assert words in outcome["k001"]
        assert outcome["k002"] == ["a.txt", "d.txt"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('code: k001\nphone: "13800138002"\n', "k001 has the phone of k002"),
        ('code: k001\nphone: "23800138001"\n', "where the objects of k001 lie is not known: no phone in "),
        ("code: [\n", "no phone in "),
        ("", "no phone in "),
    ],
)
def test_a_faulty_file_stops_that_tenant_alone(
    vault: BackupStore, folder: Path, backed_up: Callable[..., Any], text: str, words: str
) -> None:
    (folder / "k001.yaml").write_text(text)
    (folder / "k003.yaml").mkdir()
    with granted(vault, "k002", "13800138002"):
        outcome = backed_up("k001", "k002")
    assert words in outcome["k001"]
    assert outcome["k002"] == ["a.txt", "d.txt"]
