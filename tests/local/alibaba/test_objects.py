"""Objects by the real oss2 client, under both signature versions."""

import time
from collections.abc import Callable
from typing import Any

import oss2
import pytest
import requests
from oss2.models import BucketVersioningConfig, PartInfo

Code = Callable[[Callable[[], Any]], str]
ODD_KEY = "目录/a b+c&d=e%20?#~!'()*.txt"


@pytest.fixture(params=[False, True], ids=["v1", "v4"])
def bucket(standin: Any, request: pytest.FixtureRequest) -> oss2.Bucket:
    name = f"objects-{time.monotonic_ns()}"
    made = standin.bucket(name, v4=request.param)
    made.create_bucket()
    return made


@pytest.fixture
def versioned(bucket: oss2.Bucket) -> oss2.Bucket:
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    return bucket


def test_put_get_head_delete_with_metadata(bucket: oss2.Bucket, code: Code) -> None:
    headers = {"Content-Type": "text/plain", "x-oss-meta-who": "k001", "Cache-Control": "no-store"}
    put = bucket.put_object(ODD_KEY, "hello", headers=headers)
    got = bucket.get_object(ODD_KEY)
    assert got.read() == b"hello"
    assert got.etag == put.etag == "5D41402ABC4B2A76B9719D911017C592"
    head = bucket.head_object(ODD_KEY)
    assert (head.content_type, head.content_length) == ("text/plain", 5)
    assert (head.headers["x-oss-meta-who"], head.headers["Cache-Control"]) == ("k001", "no-store")
    assert bucket.get_object_meta(ODD_KEY).content_length == 5
    bucket.delete_object(ODD_KEY)
    assert not bucket.object_exists(ODD_KEY)
    assert code(lambda: bucket.get_object(ODD_KEY)) == "NoSuchKey"
    assert code(lambda: bucket.head_object(ODD_KEY)) == "NoSuchKey"
    bucket.delete_object(ODD_KEY)  # deleting nothing is no failure


def test_ranges_and_conditions(bucket: oss2.Bucket, code: Code) -> None:
    bucket.put_object("k", "0123456789")
    assert bucket.get_object("k", byte_range=(2, 4)).read() == b"234"
    assert bucket.get_object("k", byte_range=(None, 3)).read() == b"789"
    assert bucket.get_object("k", byte_range=(20, None)).read() == b"0123456789"
    etag = bucket.head_object("k").etag
    assert code(lambda: bucket.get_object("k", headers={"If-Match": '"other"'})) == "PreconditionFailed"
    with pytest.raises(oss2.exceptions.NotModified):
        bucket.get_object("k", headers={"If-None-Match": f'"{etag}"'})
    forbid = {"x-oss-forbid-overwrite": "true"}
    assert code(lambda: bucket.put_object("k", "x", headers=forbid)) == "FileAlreadyExists"
    problem = {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert code(lambda: bucket.put_object("k", "x", headers=problem)) == "InvalidDigest"
    assert bucket.get_object("k").read() == b"0123456789"


def test_listing_honours_prefix_delimiter_marker_and_limit(bucket: oss2.Bucket) -> None:
    keys = ["a", "d/1", "d/2", "d/e/3", "z/1", "目录/4"]
    for key in keys:
        bucket.put_object(key, key)
    assert [o.key for o in oss2.ObjectIterator(bucket, max_keys=1)] == keys
    assert [o.key for o in oss2.ObjectIteratorV2(bucket, max_keys=2)] == keys
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        for size in (1, 2, 100):
            found = [(o.key, o.is_prefix()) for o in iterator(bucket, prefix="d/", delimiter="/", max_keys=size)]
            assert found == [("d/1", False), ("d/2", False), ("d/e/", True)]
            assert [o.key for o in iterator(bucket, delimiter="/", max_keys=size)] == ["a", "d/", "z/", "目录/"]
    first = bucket.list_objects(max_keys=2)
    assert (first.is_truncated, first.next_marker) == (True, "d/1")
    assert [o.key for o in bucket.list_objects(marker="d/2").object_list] == keys[3:]
    assert [o.key for o in bucket.list_objects_v2(start_after="d/2").object_list] == keys[3:]
    assert bucket.list_objects(prefix="none/").object_list == []


def test_delete_many_tells_each_key(bucket: oss2.Bucket) -> None:
    for key in ("x/1", "x/2", "x&<>/3"):
        bucket.put_object(key, "")
    assert bucket.batch_delete_objects(["x/1", "x&<>/3", "not there"]).deleted_keys == ["x/1", "x&<>/3", "not there"]
    assert [o.key for o in oss2.ObjectIterator(bucket)] == ["x/2"]


def test_copy_keeps_or_replaces_metadata(standin: Any, bucket: oss2.Bucket, code: Code) -> None:
    bucket.put_object("from 源", "body", headers={"x-oss-meta-a": "1"})
    bucket.copy_object(bucket.bucket_name, "from 源", "kept")
    assert (bucket.get_object("kept").read(), bucket.head_object("kept").headers["x-oss-meta-a"]) == (b"body", "1")
    replace = {"x-oss-metadata-directive": "REPLACE", "x-oss-meta-a": "2"}
    bucket.copy_object(bucket.bucket_name, "from 源", "replaced", headers=replace)
    assert bucket.head_object("replaced").headers["x-oss-meta-a"] == "2"
    assert code(lambda: bucket.copy_object(bucket.bucket_name, "nothing", "to")) == "NoSuchKey"
    assert code(lambda: bucket.copy_object("no-such-bucket-at-all", "x", "to")) == "NoSuchBucket"


def test_multipart_with_copied_part(bucket: oss2.Bucket, code: Code) -> None:
    part = b"p" * (100 * 1024)
    bucket.put_object("source", part + b"tail")
    upload = bucket.init_multipart_upload("big", headers={"Content-Type": "image/png"}).upload_id
    one = bucket.upload_part("big", upload, 1, part)
    two = bucket.upload_part_copy(bucket.bucket_name, "source", (len(part), len(part) + 3), "big", upload, 2)
    assert [u.key for u in oss2.MultipartUploadIterator(bucket)] == ["big"]
    assert [(p.part_number, p.size) for p in oss2.PartIterator(bucket, "big", upload, max_parts=1)] == [
        (1, len(part)), (2, 4)
    ]  # fmt: skip
    assert not bucket.object_exists("big")
    problem = [PartInfo(1, one.etag), PartInfo(2, "0" * 32)]
    assert code(lambda: bucket.complete_multipart_upload("big", upload, problem)) == "InvalidPart"
    bucket.complete_multipart_upload("big", upload, [PartInfo(1, one.etag), PartInfo(2, two.etag)])
    got = bucket.get_object("big")
    assert got.read() == part + b"tail"
    assert (got.content_type, got.object_type, str(got.etag)[-2:]) == ("image/png", "Multipart", "-2")
    assert list(oss2.MultipartUploadIterator(bucket)) == []


def test_multipart_refuses_small_parts_and_aborts(bucket: oss2.Bucket, code: Code) -> None:
    upload = bucket.init_multipart_upload("k").upload_id
    parts = [PartInfo(n, bucket.upload_part("k", upload, n, b"small").etag) for n in (1, 2)]
    assert code(lambda: bucket.complete_multipart_upload("k", upload, parts)) == "EntityTooSmall"
    assert code(lambda: bucket.complete_multipart_upload("k", upload, parts[::-1])) != ""
    bucket.abort_multipart_upload("k", upload)
    assert code(lambda: bucket.upload_part("k", upload, 1, b"x")) == "NoSuchUpload"


def test_append(bucket: oss2.Bucket, code: Code) -> None:
    position = bucket.append_object("log", 0, "one").next_position
    assert bucket.append_object("log", position, "two").next_position == 6
    assert bucket.get_object("log").read() == b"onetwo"
    assert code(lambda: bucket.append_object("log", 0, "again")) == "PositionNotEqualToLength"


def test_versions_and_delete_markers(versioned: oss2.Bucket, code: Code) -> None:
    first = versioned.put_object("k", "one").versionid
    second = versioned.put_object("k", "two").versionid
    assert versioned.get_object("k").read() == b"two"
    assert versioned.get_object("k", params={"versionId": first}).read() == b"one"
    marker = versioned.delete_object("k")
    assert (marker.delete_marker, bool(marker.versionid)) == (True, True)
    assert code(lambda: versioned.get_object("k")) == "NoSuchKey"
    assert list(oss2.ObjectIterator(versioned)) == []
    listed = versioned.list_object_versions()
    assert [v.versionid for v in listed.versions] == [second, first]
    assert [(m.versionid, m.is_latest) for m in listed.delete_marker] == [(marker.versionid, True)]
    versioned.delete_object("k", params={"versionId": marker.versionid})
    assert versioned.get_object("k").read() == b"two"
    versioned.delete_object("k", params={"versionId": second})
    assert versioned.get_object("k").read() == b"one"
    assert code(lambda: versioned.get_object("k", params={"versionId": second})) == "NoSuchVersion"


def test_version_listing_goes_on_within_a_key(versioned: oss2.Bucket) -> None:
    made: list[Any] = [versioned.put_object(key, str(n)).versionid for n in range(3) for key in ("a", "b")]
    found: list[Any] = []
    key_marker = version_marker = ""
    while True:
        page = versioned.list_object_versions(key_marker=key_marker, versionid_marker=version_marker, max_keys=1)
        found += [v.versionid for v in page.versions]
        if not page.is_truncated:
            break
        key_marker, version_marker = page.next_key_marker, page.next_versionid_marker
    assert sorted(found) == sorted(made)
    assert len(found) == 6


def test_suspended_versioning_overwrites_only_the_null_version(versioned: oss2.Bucket) -> None:
    kept = versioned.put_object("k", "kept").versionid
    versioned.put_bucket_versioning(BucketVersioningConfig("Suspended"))
    versioned.put_object("k", "null 1")
    versioned.put_object("k", "null 2")
    assert {v.versionid for v in versioned.list_object_versions().versions} == {kept, "null"}
    assert versioned.get_object("k", params={"versionId": "null"}).read() == b"null 2"


def test_presigned_urls(standin: Any, bucket: oss2.Bucket) -> None:
    put = bucket.sign_url("PUT", ODD_KEY, 60, headers={"Content-Type": "text/plain"})
    assert requests.put(put, data=b"signed", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 200
    get = bucket.sign_url("GET", ODD_KEY, 60)
    assert requests.get(get, timeout=10).content == b"signed"
    assert requests.get(get.replace("x-oss-signature=", "x-oss-signature=0").replace("Signature=", "Signature=0"),
                        timeout=10).status_code == 403  # fmt: skip
    assert requests.put(get, data=b"", timeout=10).status_code == 403
    standin.control("POST", "clock", offset=120)
    try:
        assert requests.get(get, timeout=10).status_code == 403
    finally:
        standin.control("POST", "clock", offset=0)


def test_object_acl_and_tags(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", "x", headers={"x-oss-tagging": "a=1&b=2"})
    assert bucket.get_object_tagging("k").tag_set.tagging_rule == {"a": "1", "b": "2"}
    bucket.delete_object_tagging("k")
    assert bucket.get_object_tagging("k").tag_set.tagging_rule == {}
    bucket.put_object_acl("k", oss2.OBJECT_ACL_PUBLIC_READ)
    assert bucket.get_object_acl("k").acl == "public-read"


def test_chunked_upload_and_upload_file(bucket: oss2.Bucket, tmp_path: Any) -> None:
    bucket.put_object("streamed", iter([b"ab", b"cd"]))
    assert bucket.get_object("streamed").read() == b"abcd"
    file = tmp_path / "file"
    file.write_bytes(b"z" * 300_000)
    oss2.resumable_upload(bucket, "file", str(file), multipart_threshold=100_000, part_size=110_000)
    assert bucket.get_object("file").read() == file.read_bytes()
