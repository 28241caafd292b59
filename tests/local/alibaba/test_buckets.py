"""Buckets and their configurations by the real OSS client, at the limits of the real service."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import oss2
import pytest
from oss2.models import (
    BucketCors,
    BucketLifecycle,
    BucketLogging,
    BucketVersioningConfig,
    CorsRule,
    LifecycleExpiration,
    LifecycleRule,
    ServerSideEncryptionRule,
    Tagging,
    TaggingRule,
)

Code = Callable[[Callable[[], Any]], str]
REGIONS = {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai"}


@pytest.fixture
def bucket(standin: Any) -> oss2.Bucket:
    made = standin.bucket(f"bucket-{time.monotonic_ns()}")
    made.create_bucket()
    return made


def _rule(number: int, prefix: str, days: int = 7) -> LifecycleRule:
    return LifecycleRule(f"rule-{number}", prefix, expiration=LifecycleExpiration(days=days))


def test_created_listed_described_deleted(standin: Any, code: Code) -> None:
    names = [f"listed-{n}" for n in range(3)]
    for name in names:
        standin.bucket(name).create_bucket(oss2.BUCKET_ACL_PRIVATE)
    service = standin.service()
    assert [b.name for b in oss2.BucketIterator(service, prefix="listed-", max_keys=1)] == names
    assert [b.name for b in service.list_buckets(prefix="listed-1", max_keys=1).buckets] == ["listed-1"]
    info = standin.bucket(names[0]).get_bucket_info()
    assert (info.name, info.acl.grant, info.storage_class) == (names[0], "private", "Standard")
    full = standin.bucket(names[0])
    full.put_object("k", "x")
    assert code(full.delete_bucket) == "BucketNotEmpty"
    full.delete_object("k")
    full.delete_bucket()
    assert code(full.get_bucket_info) == "NoSuchBucket"
    assert code(full.list_objects) == "NoSuchBucket"


@pytest.mark.parametrize("name", ["Upper", "a-", "-a", "under_score", "x" * 64])
def test_names_that_are_none(standin: Any, name: str) -> None:
    """The client refuses these itself, so the request is signed by hand."""
    expires = int(time.time()) + 60
    text = f"PUT\n\n\n{expires}\n/{name}/"
    mac = hmac.new(standin.root.secret.encode(), text.encode(), hashlib.sha1).digest()
    signed = {"OSSAccessKeyId": standin.root.id, "Expires": expires, "Signature": base64.b64encode(mac).decode()}
    status, _, body = standin.http("PUT", f"/{name}/?{urlencode(signed)}")
    assert status == 400
    assert b"InvalidBucketName" in body


def test_a_bucket_belongs_to_its_region(standin: Any, code: Code) -> None:
    proxies = {"http": f"http://127.0.0.1:{standin.port}"}
    auth = oss2.Auth(standin.root.id, standin.root.secret)

    def at(region: str, name: str) -> oss2.Bucket:
        return oss2.Bucket(auth, f"http://oss-{region}.aliyuncs.com", name, proxies=proxies)

    for name, region in REGIONS.items():
        at(region, name).create_bucket()
        at(region, name).put_object("k", "x")
        assert at(region, name).get_bucket_location().location == f"oss-{region}"
        assert at(region, name).get_object("k").read() == b"x"
    problem = at("cn-shanghai", "systemkarder")
    assert code(lambda: problem.get_object("k")) == "AccessDenied"
    assert code(problem.create_bucket) == "BucketAlreadyExists"
    photos = at("cn-shanghai", "faceshanghaikarden")
    assert code(lambda: photos.copy_object("systemkarder", "k", "k2")) == "InvalidArgument"


def test_configurations_come_back_as_set(bucket: oss2.Bucket, code: Code) -> None:
    assert code(bucket.get_bucket_cors) == "NoSuchCORSConfiguration"
    assert code(bucket.get_bucket_lifecycle) == "NoSuchLifecycle"
    assert code(bucket.get_bucket_encryption) == "NoSuchServerSideEncryptionRule"
    assert code(bucket.get_bucket_policy) == "NoSuchBucketPolicy"
    bucket.put_bucket_lifecycle(BucketLifecycle([_rule(1, "a/"), _rule(2, "b/", 14)]))
    assert [(r.prefix, r.expiration.days) for r in bucket.get_bucket_lifecycle().rules] == [("a/", 7), ("b/", 14)]
    bucket.put_bucket_encryption(ServerSideEncryptionRule("AES256"))
    assert bucket.get_bucket_encryption().sse_algorithm == "AES256"
    bucket.put_object("k", "x")
    assert bucket.head_object("k").headers["x-oss-server-side-encryption"] == "AES256"
    rule = TaggingRule()
    rule.add("a", "1")
    bucket.put_bucket_tagging(Tagging(rule))
    assert bucket.get_bucket_tagging().tag_set.tagging_rule == {"a": "1"}
    bucket.put_bucket_logging(BucketLogging(bucket.bucket_name, "log/"))
    assert bucket.get_bucket_logging().target_prefix == "log/"
    assert code(lambda: bucket.put_bucket_logging(BucketLogging("no-such-target", ""))) != ""
    for delete in (bucket.delete_bucket_lifecycle, bucket.delete_bucket_encryption, bucket.delete_bucket_tagging):
        delete()
    assert code(bucket.get_bucket_lifecycle) == "NoSuchLifecycle"
    bucket.put_bucket_public_access_block(True)
    assert bucket.get_bucket_public_access_block().block_public_access
    bucket.delete_bucket_public_access_block()
    assert not bucket.get_bucket_public_access_block().block_public_access
    assert bucket.get_bucket_stat().object_count == 1


def test_a_thousand_lifecycle_rules_and_not_one_more(bucket: oss2.Bucket, code: Code) -> None:
    rules = [_rule(n, f"rent/1380013{n:04}/temp/") for n in range(1001)]
    bucket.put_bucket_lifecycle(BucketLifecycle(rules[:1000]))
    assert len(bucket.get_bucket_lifecycle().rules) == 1000
    assert code(lambda: bucket.put_bucket_lifecycle(BucketLifecycle(rules))) == "InvalidArgument"
    assert len(bucket.get_bucket_lifecycle().rules) == 1000


@pytest.mark.parametrize(("rules", "expected"), [
    ([_rule(1, "a/"), _rule(2, "a/", 9)], "InvalidRequest"),
    ([_rule(1, "a/"), _rule(2, "a/b/", 9)], "InvalidArgument"),
    ([_rule(1, ""), _rule(2, "a/", 9)], "InvalidArgument"),
    ([_rule(1, "a/*/temp/")], "InvalidArgument"),
    ([_rule(1, "a/"), _rule(1, "b/")], "InvalidArgument"),
    ([_rule(1, "a/", 0)], "InvalidArgument"),
])  # fmt: skip
def test_lifecycle_rules_that_are_refused(
    bucket: oss2.Bucket, rules: list[LifecycleRule], expected: str, code: Code
) -> None:
    assert code(lambda: bucket.put_bucket_lifecycle(BucketLifecycle(rules))) == expected
    assert code(bucket.get_bucket_lifecycle) == "NoSuchLifecycle"


def test_lifecycle_runs_by_the_shifted_clock(standin: Any, bucket: oss2.Bucket) -> None:
    bucket.put_bucket_lifecycle(BucketLifecycle([_rule(1, "t/temp/")]))
    for key in ("t/temp/a", "t/kept"):
        bucket.put_object(key, "x")
    try:
        standin.control("POST", "clock", offset=6.9 * 86400)
        assert standin.control("POST", "lifecycle")["expired"] == []
        standin.control("POST", "clock", offset=7.1 * 86400)
        assert standin.control("POST", "lifecycle")["expired"] == [f"{bucket.bucket_name}/t/temp/a"]
    finally:
        standin.control("POST", "clock", offset=0)
    assert [o.key for o in oss2.ObjectIterator(bucket)] == ["t/kept"]


def test_cors_preflight_and_headers(standin: Any, bucket: oss2.Bucket, code: Code) -> None:
    rule = CorsRule(["https://*.yyup.cc"], ["GET", "PUT"], ["authorization", "x-oss-*"], ["ETag"], 600)
    bucket.put_bucket_cors(BucketCors([rule]))
    path = f"/{bucket.bucket_name}/k"
    asked = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "authorization,x-oss-date"}
    status, headers, _ = standin.http("OPTIONS", path, Origin="https://k001.yyup.cc", **asked)
    assert status == 200
    assert headers["access-control-allow-origin"] == "https://k001.yyup.cc"
    assert "PUT" in headers["access-control-allow-methods"]
    assert headers["access-control-max-age"] == "600"
    for origin, changed in (
        ("https://evil.example", {}), ("http://k001.yyup.cc", {}), ("https://yyup.cc.evil.example", {}),
        ("https://k001.yyup.cc", {"Access_Control_Request_Method": "DELETE"}),
        ("https://k001.yyup.cc", {"Access_Control_Request_Headers": "x-other"}),
    ):  # fmt: skip
        assert standin.http("OPTIONS", path, Origin=origin, **{**asked, **changed})[0] == 403
    bucket.put_object("k", "x")
    got = bucket.get_object("k", headers={"Origin": "https://k001.yyup.cc"})
    assert got.headers["Access-Control-Allow-Origin"] == "https://k001.yyup.cc"
    assert got.headers["Access-Control-Expose-Headers"] == "ETag"
    assert (
        "Access-Control-Allow-Origin" not in bucket.get_object("k", headers={"Origin": "https://evil.example"}).headers
    )
    many = BucketCors([CorsRule(["*"], ["GET"])] * 21)
    assert code(lambda: bucket.put_bucket_cors(many)) == "InvalidArgument"
    assert code(lambda: bucket.put_bucket_cors(BucketCors([CorsRule(["*"], ["PATCH"])]))) == "InvalidArgument"


def test_documents_that_are_none(bucket: oss2.Bucket, code: Code) -> None:
    assert code(lambda: bucket.put_bucket_cors("<CORSConfiguration>")) == "MalformedXML"
    assert code(lambda: bucket.put_bucket_cors("<Other/>")) == "MalformedXML"
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><CORSConfiguration>&a;</CORSConfiguration>'
    assert code(lambda: bucket.put_bucket_cors(bomb)) == "MalformedXML"
    assert code(lambda: bucket.put_bucket_policy("{")) == "InvalidPolicyDocument"


def test_a_hundred_buckets_and_not_one_more(fresh: Any, code: Code) -> None:
    fresh.start()
    for number in range(100):
        fresh.bucket(f"many-{number}").create_bucket()
    assert code(fresh.bucket("many-100").create_bucket) == "TooManyBuckets"


def test_lifecycle_of_versions_markers_and_uploads(standin: Any, bucket: oss2.Bucket) -> None:
    """The rules that the product sets for whole buckets, as XML since the client has no word for some of them."""
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    rule = ("<Rule><ID>r</ID><Prefix></Prefix><Status>Enabled</Status><AbortMultipartUpload><Days>7</Days>"
            "</AbortMultipartUpload><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
            "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>"
            "</Rule>")  # fmt: skip
    bucket.put_bucket_lifecycle(f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>")
    bucket.put_object("deleted", "x")
    bucket.delete_object("deleted")
    bucket.put_object("changed", "old")
    bucket.put_object("changed", "new")
    bucket.init_multipart_upload("unfinished")
    try:
        standin.control("POST", "clock", offset=8 * 86400)
        standin.control("POST", "lifecycle")
        assert list(oss2.MultipartUploadIterator(bucket)) == []
        assert len(bucket.list_object_versions().versions) == 3
        standin.control("POST", "clock", offset=31 * 86400)
        standin.control("POST", "lifecycle")
    finally:
        standin.control("POST", "clock", offset=0)
    left = bucket.list_object_versions()
    assert [(v.key, v.is_latest) for v in left.versions] == [("changed", True)]
    assert left.delete_marker == []


def test_version_4_signs_the_region_of_the_endpoint(standin: Any, code: Code) -> None:
    proxies = {"http": f"http://127.0.0.1:{standin.port}"}
    auth = oss2.AuthV4(standin.root.id, standin.root.secret)
    endpoint = "http://oss-cn-shanghai.aliyuncs.com"
    oss2.Bucket(auth, endpoint, "region-of-v4", region="cn-shanghai", proxies=proxies).create_bucket()
    problem = oss2.Bucket(auth, endpoint, "region-of-v4", region="cn-guangzhou", proxies=proxies)
    assert code(problem.get_bucket_info) == "InvalidArgument"
