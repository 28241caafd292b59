"""State survives a restart and a kill, at any moment; the control endpoints do what tests need."""

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import oss2
import pytest
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from oss2.models import BucketVersioningConfig

from local.alibaba.state.store import Store

Code = Callable[[Callable[[], Any]], str]


def _fill(standin: Any) -> Any:
    """Something of every kind; the session at the end."""
    bucket = standin.bucket("kept")
    bucket.create_bucket()
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    bucket.put_object("a/目", "one", headers={"x-oss-meta-m": "1"})
    bucket.put_object("a/目", "two")
    bucket.delete_object("a/目")
    bucket.put_object("b", "three")
    bucket.put_bucket_tagging(oss2.models.Tagging())
    upload = bucket.init_multipart_upload("big").upload_id
    bucket.upload_part("big", upload, 1, b"part")
    arn = standin.role("kept", {"RAM": [f"acs:ram::{standin.account}:root"]},
                       {"Effect": "Allow", "Action": "oss:*", "Resource": "*"})  # fmt: skip
    user = standin.user("kept", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    standin.call("ims", "CreateOIDCProvider", OIDCProviderName="kept", IssuerUrl=standin.issuer)
    standin.call("alidns", "AddDomainRecord", DomainName="yyup.cc", RR="k001", Type="A", Value="192.0.2.1")
    return standin.assume(user, arn)


def test_everything_is_there_after_a_kill(fresh: Any) -> None:
    fresh.start()
    session = _fill(fresh)
    before = fresh.control("GET", "snapshot")
    fresh.kill()
    fresh.start()
    assert fresh.control("GET", "snapshot") == before
    bucket = fresh.bucket("kept", session)
    assert bucket.get_object("b").read() == b"three"
    versions = bucket.list_object_versions(prefix="a/")
    old = [bucket.get_object("a/目", params={"versionId": v.versionid}).read() for v in versions.versions]
    assert old == [b"two", b"one"]
    upload = next(iter(oss2.MultipartUploadIterator(bucket))).upload_id
    parts = [oss2.models.PartInfo(p.part_number, p.etag) for p in oss2.PartIterator(bucket, "big", upload)]
    bucket.complete_multipart_upload("big", upload, parts)
    assert bucket.get_object("big").read() == b"part"
    fresh.stop()
    fresh.start()
    assert bucket.get_object("big").read() == b"part"


def test_a_second_one_keeps_off_the_state(tmp_path: Path) -> None:
    """Each holds the state in memory, and would remove the other's bodies at its start."""
    first = Store(tmp_path)
    account = {"ALICLOUD_ACCOUNT_ID": "1", "ALICLOUD_ACCESS_KEY": "a", "ALICLOUD_SECRET_KEY": "b"}
    command = [sys.executable, "-m", "local.alibaba", "--port=0", f"--state={tmp_path}"]
    second = subprocess.run(command, env=os.environ | account, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert second.stderr == f"another stand-in works on the state in {tmp_path}: stop it first\n"
    first.close()
    Store(tmp_path).close()


def test_what_was_answered_is_kept_when_killed_in_the_middle(fresh: Any) -> None:
    fresh.start()
    bucket = fresh.bucket("kept", connect_timeout=2)
    bucket.create_bucket()
    done: list[str] = []

    def write() -> None:
        for number in range(2000):
            try:
                bucket.put_object(f"k{number:04}", str(number))
            except oss2.exceptions.RequestError:
                return
            done.append(f"k{number:04}")

    writer = threading.Thread(target=write)
    writer.start()
    while len(done) < 50 and writer.is_alive():
        writer.join(0.01)
    fresh.kill()
    writer.join()
    fresh.start()
    kept = {o.key for o in oss2.ObjectIterator(fresh.bucket("kept"), max_keys=1000)}
    assert set(done) <= kept
    assert len(kept - set(done)) <= 1  # the one in flight may have made it
    for key in sorted(kept):
        assert fresh.bucket("kept").get_object(key).read() == str(int(key[1:])).encode()


def test_concurrent_clients(standin: Any) -> None:
    bucket = standin.bucket("concurrent")
    bucket.create_bucket()
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            own = standin.bucket("concurrent")
            for step in range(20):
                own.put_object(f"{number}/{step}", "x")
                standin.call("alidns", "AddDomainRecord", DomainName="yyup.cc", RR=f"c{number}-{step}", Type="A",
                             Value="192.0.2.1")  # fmt: skip
                own.list_objects(prefix=f"{number}/")
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len(list(oss2.ObjectIterator(bucket, max_keys=100))) == 160


def test_faults_strike_as_often_as_asked(standin: Any, code: Code) -> None:
    bucket = standin.bucket("faulty")
    bucket.create_bucket()
    standin.control("POST", "faults", pattern="alidns:*", kind="throttle", times=2)
    standin.control("POST", "faults", pattern="oss:PutObject", kind="error", status=500, skip=1)
    wanted = {"DomainName": "yyup.cc", "RR": "faulty", "Type": "A", "Value": "192.0.2.1"}
    client = standin.client()
    client.set_max_retry_num(0)
    assert [standin.refused("alidns", "AddDomainRecord", **wanted) for _ in range(2)] == ["Throttling.User"] * 2
    standin.call("alidns", "AddDomainRecord", **wanted)
    bucket.put_object("a", "x")
    assert code(lambda: bucket.put_object("b", "x")) == "InternalError"
    bucket.put_object("b", "x")
    assert standin.control("GET", "faults")["faults"] == []


def test_lost_and_dropped_connections(standin: Any) -> None:
    created = {"RoleName": "lost", "AssumeRolePolicyDocument": json.dumps({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]})}  # fmt: skip
    for kind, exists in (("drop", False), ("lose", True)):
        standin.control("POST", "faults", pattern="ram:CreateRole", kind=kind, times=9)
        with pytest.raises((ClientException, ServerException)):
            standin.call("ram", "CreateRole", **created)
        standin.control("DELETE", "faults")
        roles = standin.call("ram", "ListRoles")["Roles"]["Role"]
        assert any(role["RoleName"] == "lost" for role in roles) is exists


def test_a_full_disk_ends_it_and_the_next_start_goes_on(fresh: Any) -> None:
    fresh.start()
    bucket = fresh.bucket("narrow")
    bucket.create_bucket()
    bucket.put_object("kept", "before")
    resource.prlimit(fresh.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_object("kept", "lost")
    assert fresh.process.wait(10) == 1
    fresh.start()
    assert bucket.get_object("kept").read() == b"before"
    bucket.put_object("kept", "after")
    assert bucket.get_object("kept").read() == b"after"


def test_a_torn_control_token_is_made_anew(fresh: Any) -> None:
    fresh.start()
    fresh.stop()
    token = fresh.directory / "state" / "control-token"
    token.write_text("")
    fresh.start()
    assert len(fresh.token) == 64
    assert token.stat().st_mode & 0o077 == 0
    assert fresh.http("GET", "/_tenantry/snapshot")[0] == 403


def test_control_needs_its_token(standin: Any) -> None:
    for headers in ({}, {"X_Tenantry_Control": "wrong"}):
        status, _, body = standin.http("GET", "/_tenantry/snapshot", **headers)
        assert status == 403
        assert b"buckets" not in body
    status, _, body = standin.http("POST", "/_tenantry/faults", b'{"kind": "x"}', X_Tenantry_Control=standin.token)
    assert status == 400
    assert b"error" in body


def test_snapshot_and_log_hold_no_secrets(standin: Any) -> None:
    arn = standin.role("secretive", {"RAM": [f"acs:ram::{standin.account}:root"]})
    user = standin.user("secretive", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    session = standin.assume(user, arn)
    standin.call("sts", "GetCallerIdentity", session)
    bucket = standin.bucket("secretive", session)
    with pytest.raises(oss2.exceptions.AccessDenied):
        bucket.create_bucket()
    url = bucket.sign_url("GET", "k", 60)
    standin.http("GET", url.split(f":{standin.port}", 1)[1])
    shown = json.dumps(standin.control("GET", "snapshot")) + (standin.directory / "state/requests.log").read_text()
    assert '"secretive"' in shown
    signature = dict(parse_qsl(urlsplit(url).query))["Signature"]
    for secret in (standin.root.secret, user.secret, session.secret, session.token, standin.token, signature):
        assert secret not in shown
    assert '"k"' in shown, "the signed request is not in the log"


def test_files_are_the_owners_alone(standin: Any) -> None:
    state = standin.directory / "state"
    assert state.stat().st_mode & 0o077 == 0
    for name in ("control-token", "requests.log", "state.sqlite"):
        assert (state / name).stat().st_mode & 0o077 == 0


def test_proxy_answers_its_hosts_and_forwards_nothing(standin: Any) -> None:
    status, _, body = standin.http("GET", "http://ram.aliyuncs.com/?Action=GetRole&Version=2015-05-01")
    assert (status, b"MissingAccessKeyId" in body) == (400, True)
    assert standin.http("GET", "http://nothing-here.oss-cn-guangzhou.aliyuncs.com/k")[0] == 404
    evil = "oss-cn-guangzhou.aliyuncs.com.evil.example"
    for host in ("example.com", "aliyuncs.com", evil, f"10.0.0.1:{standin.port}"):
        status, _, body = standin.http("GET", f"http://{host}/")
        assert status == 502
        assert b"nothing is forwarded" in body
    assert standin.http("GET", "http://ram.aliyuncs.com/_tenantry/snapshot", X_Tenantry_Control=standin.token)[0] == 502
