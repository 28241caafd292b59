"""Rights, attacked through the real OSS client: a tenant against its neighbours, the public, itself."""

import json
import time
from collections.abc import Callable
from typing import Any

import oss2
import pytest
import requests
from oss2.models import BucketVersioningConfig, PartInfo

Code = Callable[[Callable[[], Any]], str]
OWN, OTHER, NEAR = "rent/13800138001/", "rent/13800138002/", "rent/138001380011/"
BUCKET = "karder"


@pytest.fixture(scope="module")
def shared(standin: Any) -> oss2.Bucket:
    """One bucket with objects of the tenant, of another, of one whose number only begins the same."""
    bucket = standin.bucket(BUCKET)
    bucket.create_bucket()
    for prefix in (OWN, OTHER, NEAR):
        bucket.put_object(f"{prefix}a", prefix)
    return bucket


@pytest.fixture(scope="module")
def tenant(standin: Any, shared: oss2.Bucket) -> oss2.Bucket:
    """The bucket as the tenant's STS session sees it."""
    objects = ["oss:GetObject", "oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts"]
    arn = standin.role(
        "tenant-k001", {"RAM": [f"acs:ram::{standin.account}:user/broker"]},
        {"Effect": "Allow", "Action": objects, "Resource": f"acs:oss:*:{standin.account}:{BUCKET}/{OWN}*"},
        {"Effect": "Allow", "Action": "oss:ListObjects", "Resource": f"acs:oss:*:{standin.account}:{BUCKET}",
         "Condition": {"StringLike": {"oss:Prefix": [f"{OWN}*"]}}},
    )  # fmt: skip
    broker = standin.user("broker", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    return standin.bucket(BUCKET, standin.assume(broker, arn))


def test_the_own_prefix_is_open(tenant: oss2.Bucket) -> None:
    tenant.put_object(f"{OWN}new", "x")
    assert tenant.get_object(f"{OWN}new").read() == b"x"
    assert [o.key for o in oss2.ObjectIterator(tenant, prefix=OWN)] == [f"{OWN}a", f"{OWN}new"]
    assert [o.key for o in oss2.ObjectIteratorV2(tenant, prefix=OWN, delimiter="/")] == [f"{OWN}a", f"{OWN}new"]
    tenant.copy_object(BUCKET, f"{OWN}new", f"{OWN}copy")
    tenant.batch_delete_objects([f"{OWN}new", f"{OWN}copy"])
    upload = tenant.init_multipart_upload(f"{OWN}big").upload_id
    part = tenant.upload_part(f"{OWN}big", upload, 1, b"x")
    assert len(list(oss2.PartIterator(tenant, f"{OWN}big", upload))) == 1
    tenant.complete_multipart_upload(f"{OWN}big", upload, [PartInfo(1, part.etag)])
    tenant.delete_object(f"{OWN}big")
    upload = tenant.init_multipart_upload(f"{OWN}big").upload_id
    tenant.abort_multipart_upload(f"{OWN}big", upload)


@pytest.mark.parametrize("prefix", [OTHER, NEAR, "rent/", "", "rent/13800138001"])
def test_everything_else_is_closed(tenant: oss2.Bucket, shared: oss2.Bucket, prefix: str, code: Code) -> None:
    before = sorted(o.key for o in oss2.ObjectIterator(shared))
    key = f"{prefix}a" if prefix.endswith("/") else f"{prefix}x"
    attacks: list[Callable[[], Any]] = [
        lambda: tenant.head_object(key), lambda: tenant.get_object(key),
        lambda: tenant.put_object(key, "x"), lambda: tenant.delete_object(key),
        lambda: tenant.list_objects(prefix=prefix), lambda: tenant.list_objects_v2(prefix=prefix),
        lambda: tenant.list_object_versions(prefix=prefix), lambda: tenant.init_multipart_upload(key),
        lambda: tenant.append_object(key, 0, "x"), lambda: tenant.batch_delete_objects([key]),
        lambda: tenant.copy_object(BUCKET, key, f"{OWN}stolen"), lambda: tenant.copy_object(BUCKET, f"{OWN}a", key),
        lambda: tenant.get_object_acl(key), lambda: tenant.put_object_acl(key, "public-read"),
        lambda: tenant.put_object_tagging(key, oss2.models.Tagging()),
    ]  # fmt: skip
    assert {code(attack) for attack in attacks} == {"AccessDenied"}
    assert sorted(o.key for o in oss2.ObjectIterator(shared)) == before


def test_a_key_that_spells_the_grant_is_closed(standin: Any, tenant: oss2.Bucket, code: Code) -> None:
    """The grant's star for the region ends at its colon."""
    key = f"{OTHER}x:{standin.account}:{BUCKET}/{OWN}y"
    attacks: list[Callable[[], Any]] = [
        lambda: tenant.put_object(key, "x"), lambda: tenant.append_object(key, 0, "x"),
        lambda: tenant.get_object(key), lambda: tenant.delete_object(key),
    ]  # fmt: skip
    assert {code(attack) for attack in attacks} == {"AccessDenied"}
    tenant.put_object(f"{OWN}with:colons", "x")
    tenant.delete_object(f"{OWN}with:colons")


def test_tags_need_a_right_of_their_own(standin: Any, tenant: oss2.Bucket, code: Code) -> None:
    key, tagged = f"{OWN}tagged", {"x-oss-tagging": "a=1"}
    bodies = standin.directory / "state" / "bodies"
    before = len(list(bodies.iterdir()))
    attacks: list[Callable[[], Any]] = [
        lambda: tenant.put_object(key, "x", headers=tagged), lambda: tenant.append_object(key, 0, "x", headers=tagged),
        lambda: tenant.init_multipart_upload(key, headers=tagged),
        lambda: tenant.copy_object(BUCKET, f"{OWN}a", key, headers=tagged),
    ]  # fmt: skip
    assert {code(attack) for attack in attacks} == {"AccessDenied"}
    assert list(oss2.MultipartUploadIterator(standin.bucket(BUCKET), prefix=key)) == []
    assert len(list(bodies.iterdir())) == before


def test_the_bucket_itself_is_closed(standin: Any, tenant: oss2.Bucket, code: Code) -> None:
    attacks: list[Callable[[], Any]] = [
        tenant.list_objects, tenant.list_multipart_uploads, tenant.get_bucket_info, tenant.get_bucket_policy,
        tenant.get_bucket_cors, tenant.delete_bucket, lambda: tenant.put_bucket_acl("public-read"),
        lambda: tenant.put_bucket_policy('{"Version":"1","Statement":[]}'), tenant.delete_bucket_lifecycle,
        lambda: tenant.get_object(f"{OWN}a", params={"versionId": "null"}),
        lambda: tenant.delete_object(f"{OWN}a", params={"versionId": "null"}),
        lambda: tenant.put_object(f"{OWN}a", "x", headers={"x-oss-object-acl": "public-read"}),
    ]  # fmt: skip
    assert {code(attack) for attack in attacks} == {"AccessDenied"}


def test_one_forbidden_key_among_many_deletes_nothing(tenant: oss2.Bucket, code: Code) -> None:
    tenant.put_object(f"{OWN}stays", "x")
    assert code(lambda: tenant.batch_delete_objects([f"{OWN}stays", f"{OTHER}a"])) == "AccessDenied"
    assert tenant.object_exists(f"{OWN}stays")
    tenant.delete_object(f"{OWN}stays")


def test_part_copy_needs_the_right_to_its_source(tenant: oss2.Bucket, code: Code) -> None:
    upload = tenant.init_multipart_upload(f"{OWN}parts").upload_id
    steal = (BUCKET, f"{OTHER}a", (0, 3), f"{OWN}parts", upload, 1)
    assert code(lambda: tenant.upload_part_copy(*steal)) == "AccessDenied"
    tenant.abort_multipart_upload(f"{OWN}parts", upload)


def test_no_list_of_buckets(standin: Any, code: Code) -> None:
    assert code(standin.service(standin.user("nobody")).list_buckets) == "AccessDenied"


def test_wrong_keys(standin: Any, shared: oss2.Bucket, code: Code) -> None:
    keys = standin.keys
    for v4 in (False, True):
        assert code(standin.bucket(BUCKET, keys("nobody", "x"), v4=v4).list_objects) == "InvalidAccessKeyId"
        assert code(standin.bucket(BUCKET, keys(secret="x"), v4=v4).list_objects) == "SignatureDoesNotMatch"
        assert code(standin.bucket(BUCKET, keys("STS.x", "x", "x"), v4=v4).list_objects) == "InvalidAccessKeyId"
        assert code(standin.bucket(BUCKET, keys(token="x"), v4=v4).list_objects) == "InvalidAccessKeyId"


def test_a_session_is_bound_to_its_token(standin: Any, code: Code) -> None:
    arn = standin.role("bound", {"RAM": [f"acs:ram::{standin.account}:root"]})
    caller = standin.user("bound-caller", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    session = standin.assume(caller, arn)
    other = standin.keys(session.id, session.secret, standin.assume(caller, arn).token)
    assert code(standin.bucket(BUCKET, other).list_objects) == "InvalidSecurityToken"
    assert code(standin.bucket(BUCKET, standin.keys(session.id, session.secret)).list_objects) == "InvalidSecurityToken"


def test_an_expired_session_is_refused(standin: Any, code: Code) -> None:
    statement = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    arn = standin.role("short", {"RAM": [f"acs:ram::{standin.account}:root"]}, statement)
    caller = standin.user("short-caller", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    bucket = standin.bucket(BUCKET, standin.assume(caller, arn, DurationSeconds="900"))
    assert bucket.get_object(f"{OWN}a").read()
    try:
        standin.control("POST", "clock", offset=890)
        assert bucket.get_object(f"{OWN}a").read()
        standin.control("POST", "clock", offset=910)
        assert code(lambda: bucket.get_object(f"{OWN}a")) == "SecurityTokenExpired"
    finally:
        standin.control("POST", "clock", offset=0)


def test_taking_rights_away_ends_them_for_living_sessions(standin: Any, shared: oss2.Bucket, code: Code) -> None:
    statement = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    arn = standin.role("gone", {"RAM": [f"acs:ram::{standin.account}:root"]}, statement)
    caller = standin.user("gone-caller", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    bucket = standin.bucket(BUCKET, standin.assume(caller, arn))
    assert bucket.get_object(f"{OWN}a").read()
    standin.call("ram", "DetachPolicyFromRole", PolicyName="role-gone", PolicyType="Custom", RoleName="gone")
    assert code(lambda: bucket.get_object(f"{OWN}a")) == "AccessDenied"
    standin.call("ram", "DeleteRole", RoleName="gone")
    standin.role("gone", {"RAM": [f"acs:ram::{standin.account}:root"]})
    standin.call("ram", "AttachPolicyToRole", PolicyName="role-gone", PolicyType="Custom", RoleName="gone")
    assert code(lambda: bucket.get_object(f"{OWN}a")) == "AccessDenied"


def test_a_session_policy_only_narrows(standin: Any, shared: oss2.Bucket, code: Code) -> None:
    statement = {"Effect": "Allow", "Action": "oss:*", "Resource": f"acs:oss:*:*:{BUCKET}/{OWN}*"}
    arn = standin.role("narrow", {"RAM": [f"acs:ram::{standin.account}:root"]}, statement)
    caller = standin.user("narrow-caller", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
    asked = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]}
    bucket = standin.bucket(BUCKET, standin.assume(caller, arn, Policy=json.dumps(asked)))
    assert bucket.get_object(f"{OWN}a").read()
    assert code(lambda: bucket.put_object(f"{OWN}b", "x")) == "AccessDenied"
    assert code(lambda: bucket.get_object(f"{OTHER}a")) == "AccessDenied"


def test_version_actions_are_rights_of_their_own(standin: Any, code: Code) -> None:
    owner = standin.bucket("versions-of-rights")
    owner.create_bucket()
    owner.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    version = {"versionId": owner.put_object("k", "x").versionid}
    plain = standin.user("plain", {"Effect": "Allow", "Action": ["oss:GetObject", "oss:DeleteObject"], "Resource": "*"})
    deep = ["oss:GetObjectVersion", "oss:DeleteObjectVersion", "oss:ListObjectVersions"]
    deeper = standin.user("deep", {"Effect": "Allow", "Action": deep, "Resource": "*"})
    by_version = standin.bucket("versions-of-rights", deeper)
    by_name = standin.bucket("versions-of-rights", plain)
    assert by_name.get_object("k").read() == b"x"
    assert code(lambda: by_name.get_object("k", params=version)) == "AccessDenied"
    assert code(lambda: by_name.delete_object("k", params=version)) == "AccessDenied"
    assert code(lambda: by_name.list_object_versions()) == "AccessDenied"
    assert code(lambda: by_version.get_object("k")) == "AccessDenied"
    assert by_version.get_object("k", params=version).read() == b"x"
    assert len(by_version.list_object_versions().versions) == 1
    by_version.delete_object("k", params=version)
    assert code(lambda: owner.get_object("k")) == "NoSuchKey"


def test_anonymous_reads_only_what_is_public_and_not_blocked(standin: Any) -> None:
    name = f"public-{time.monotonic_ns()}"
    bucket = standin.bucket(name)
    bucket.create_bucket()
    bucket.put_object("k", "x")
    bucket.put_object("shown", "y", headers={"x-oss-object-acl": "public-read"})
    url = f"http://127.0.0.1:{standin.port}/{name}"

    def read(key: str) -> int:
        return requests.get(f"{url}/{key}", timeout=10).status_code

    assert (read("k"), read("shown"), requests.get(url, timeout=10).status_code) == (403, 200, 403)
    bucket.put_bucket_acl("public-read")
    assert (read("k"), requests.get(url, timeout=10).status_code) == (200, 200)
    assert requests.put(f"{url}/k", data=b"z", timeout=10).status_code == 403
    assert requests.get(f"{url}/?acl", timeout=10).status_code == 403
    bucket.put_bucket_public_access_block(True)
    assert (read("k"), read("shown")) == (403, 403)
    with pytest.raises(oss2.exceptions.AccessDenied):
        bucket.put_bucket_acl("public-read-write")


def test_bucket_policy_grants_and_denies(standin: Any, shared: oss2.Bucket, code: Code) -> None:
    keys = standin.user("guest")
    guest, uid = standin.bucket(BUCKET, keys), standin.call("ram", "GetUser", UserName="guest")["User"]["UserId"]
    resource = [f"acs:oss:*:{standin.account}:{BUCKET}/{OTHER}*"]
    grant = {"Effect": "Allow", "Action": ["oss:GetObject"], "Principal": [uid], "Resource": resource}
    assert code(lambda: guest.get_object(f"{OTHER}a")) == "AccessDenied"
    shared.put_bucket_policy(json.dumps({"Version": "1", "Statement": [grant]}))
    assert guest.get_object(f"{OTHER}a").read()
    assert code(lambda: guest.get_object(f"{OWN}a")) == "AccessDenied"
    insecure = {"Effect": "Deny", "Action": ["oss:*"], "Principal": ["*"],
                "Resource": [f"acs:oss:*:{standin.account}:{BUCKET}", f"acs:oss:*:{standin.account}:{BUCKET}/*"],
                "Condition": {"Bool": {"acs:SecureTransport": ["false"]}}}  # fmt: skip
    shared.put_bucket_policy(json.dumps({"Version": "1", "Statement": [grant, insecure]}))
    assert guest.get_object(f"{OTHER}a").read()
    plain = {"X-Tenantry-Insecure": "1"}
    assert code(lambda: guest.get_object(f"{OTHER}a", headers=plain)) == "AccessDenied"
    assert code(lambda: shared.get_object(f"{OTHER}a", headers=plain)) == "AccessDenied"
    shared.delete_bucket_policy()
    assert code(lambda: guest.get_object(f"{OTHER}a")) == "AccessDenied"
