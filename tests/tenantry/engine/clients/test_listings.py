"""Listings of Alibaba Cloud come in pages: whoever takes the first for all misses what stands behind it."""

import ast
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest

from local.alibaba.temporary import stand_in
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.inspection.doctor.alibaba_reader import IMS, issuers
from tenantry.inspection.drift.undeclared.ram import Ram

ROOT = Path(__file__).resolve().parents[4]
KEYS = {"ALICLOUD_ACCESS_KEY": "LTAItest", "ALICLOUD_SECRET_KEY": "secret", "ALICLOUD_ACCOUNT_ID": "1234567890123456"}
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.a.com"]}}]}'
)
LISTING: Final = re.compile(r"(?:List|Describe)[A-Za-z]+s")
PAGING: Final = ("listed", "_records", "_count")  # functions that ask for every page
# Folder whose modules name listings -> why they need not ask for all pages.
FOLDERS: Final = {
    "tenantry/model/resources": "whether it may be asked, or how many there are, is all that counts",
    "tenantry/inspection/verify/attacks": "must be refused",
}
# Module that names a listing elsewhere -> why.
ELSEWHERE: Final = {
    "tenantry/inspection/doctor/alibaba_reader.py": "compares the name, and hands it to `_count`",
    "tenantry/inspection/drift/undeclared/ram.py": "hands names from a loop to `listed`",
    "tenantry/engine/state/lost_access_keys.py": "a user has two keys at most, and the listing has no pages",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, str]]:
    with stand_in(tmp_path_factory.mktemp("alibaba"), KEYS) as address:
        yield KEYS | {"TENANTRY_ALIBABA_PROXY": address}


def test_identity_providers_of_every_page_are_known(keys: dict[str, str]) -> None:
    wanted = {f"provider-{number}": f"https://issuer-{number}.example.com" for number in range(5)}
    for name, issuer in wanted.items():
        given = {"OIDCProviderName": name, "IssuerUrl": issuer, "ClientIds": "sts.aliyuncs.com"}
        call(*IMS, "CreateOIDCProvider", given, keys)
    assert issuers(keys, page=2) == issuers(keys) == wanted


def test_roles_of_every_page_are_known(keys: dict[str, str]) -> None:
    ram, wanted = Ram(keys), [f"tenant-k{number:03}" for number in range(5)]
    for name in wanted:
        ram.ask("CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST)
    assert [role["RoleName"] for role in ram.listed("ListRoles", "Roles", "Role", MaxItems=2)] == wanted


def test_who_may_not_ask_knows_none() -> None:
    assert issuers({}) == {}


def listings(path: Path) -> Iterator[int]:
    """Lines that name a listing, but for those that ask for all of its pages."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    paging = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in PAGING
        for argument in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in paging and LISTING.fullmatch(str(node.value)):
            yield node.lineno


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_listing_asks_for_all_pages_or_says_why_not() -> None:
    naming = {
        str(path.relative_to(ROOT))
        for room in ("tenantry", "provider", "stacks")
        for path in (ROOT / room).rglob("*.py")
        if list(listings(path))
    }
    assert {path for path in naming if not path.startswith(tuple(FOLDERS))} == ELSEWHERE.keys()
    assert [folder for folder in FOLDERS if not any(path.startswith(folder) for path in naming)] == []
