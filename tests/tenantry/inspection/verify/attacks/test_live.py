"""Attempts of `verify` against the real stand-in: full prefixes, and the records of a tenant's name."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any, cast

import oss2
import pytest

from local.alibaba.temporary import stand_in
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.inspection.verify.attacks.alibaba import storage
from tenantry.inspection.verify.attacks.kubernetes import gateway
from tenantry.inspection.verify.core.attack import State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Keys
from tests.tenantry.inspection.verify.attacks.test_network_and_routes import K1, verify_target

KEYS = {"ALICLOUD_ACCESS_KEY": "LTAItest", "ALICLOUD_SECRET_KEY": "secret", "ALICLOUD_ACCOUNT_ID": "1234567890123456"}
ACCOUNT = Keys(KEYS["ALICLOUD_ACCESS_KEY"], KEYS["ALICLOUD_SECRET_KEY"])
DNS = ("alidns.aliyuncs.com", "2015-01-09")
ADDRESS = "192.0.2.10"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with stand_in(tmp_path_factory.mktemp("alibaba"), KEYS) as address:
        yield address


@pytest.fixture
def context(proxy: str) -> VerifyContext:
    """With the account's own key for the tenant's session: what is tried here is how much is listed."""
    at = replace(verify_target(), buckets={"files": "cn-guangzhou"}, provisioner=ACCOUNT, proxy=proxy, address=ADDRESS)
    made = VerifyContext(at, frozenset({"k001"}))
    cast(Any, made)._kept["session k001"] = ACCOUNT
    return made


def verdicts(module: Any, attack: str, context: VerifyContext) -> list[Verdict]:
    (chosen,) = [entry for entry in module.ATTACKS if entry.id == attack]
    return [trial.run() for trial in chosen.trials(context)]


def test_a_tenant_with_more_files_than_a_page_is_not_unclear(context: VerifyContext, proxy: str) -> None:
    auth = oss2.AuthV4(ACCOUNT.identity, ACCOUNT.secret)
    host = "http://oss-cn-guangzhou.aliyuncs.com"
    bucket = oss2.Bucket(auth, host, "files", region="cn-guangzhou", proxies={"http": proxy, "https": proxy})
    bucket.create_bucket()
    bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    for number in range(120):
        bucket.put_object(f"{K1.prefix}albums/{number:04}.jpg", b"x")
    assert verdicts(storage, "storage.own", context) == [Verdict(State.HELD)]
    listed: Any = bucket.list_object_versions(prefix=f"{K1.prefix}tenantry-verify", max_keys=1000)
    assert [*listed.versions, *listed.delete_marker] == []


def test_all_versions_of_what_was_written_are_removed(context: VerifyContext, proxy: str) -> None:
    auth = oss2.AuthV4(ACCOUNT.identity, ACCOUNT.secret)
    host = "http://oss-cn-guangzhou.aliyuncs.com"
    bucket = oss2.Bucket(auth, host, "files", region="cn-guangzhou", proxies={"http": proxy, "https": proxy})
    key = f"{K1.prefix}tenantry-verify-many"
    for number in range(110):
        bucket.put_object(key, str(number))
    for number in range(3):
        bucket.init_multipart_upload(f"{key}-{number}")
    storage.removal(context, "files", key)()
    listed: Any = bucket.list_object_versions(prefix=key, max_keys=1000)
    assert [*listed.versions, *listed.delete_marker] == []
    assert bucket.list_multipart_uploads(prefix=key).upload_list == []


def test_the_name_has_one_record_which_is_ours(context: VerifyContext) -> None:
    environment = {**KEYS, "TENANTRY_ALIBABA_PROXY": str(context.target.proxy)}

    def ask(action: str, **given: object) -> Any:
        return call(*DNS, action, given, environment)

    def add(value: str, kind: str = "A") -> str:
        return str(ask("AddDomainRecord", DomainName="yyup.cc", RR="k001", Type=kind, Value=value)["RecordId"])

    def judged() -> Verdict:
        (verdict,) = verdicts(gateway, "host.records", context)
        return verdict

    ask("AddDomain", DomainName="yyup.cc")
    assert judged() == Verdict(State.BROKEN, "no record leads to it")
    own = add(ADDRESS)
    assert judged().state is State.HELD  # as an interrupted creation leaves it
    ask("UpdateDomainRecordRemark", RecordId=own, Remark="tenantry-k001")
    assert judged().state is State.HELD
    for value, kind in (("203.0.113.99", "A"), ("2001:db8::1", "AAAA")):
        other = add(value, kind)
        assert judged() == Verdict(State.HOLE, f"somebody else's record {kind} {value}")
        ask("DeleteDomainRecord", RecordId=other)
    ask("UpdateDomainRecord", RecordId=own, RR="k001", Type="A", Value="203.0.113.99")
    assert judged() == Verdict(State.HOLE, "its record leads to 203.0.113.99")
