"""Objects: put, get, head, delete (with versions and markers), copy, append, ACL and tags."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree.ElementTree import Element

import crcmod

from local.alibaba.clock import http_date, iso_millis
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.access import public_blocked
from local.alibaba.oss.call import Call, answer
from local.alibaba.state.buckets import NULL, Facts, OssBucket, OssKey

KEPT_HEADERS = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)
MAX_KEY_BYTES = 1023
MAX_PUT_BYTES = 5 * 1024**3
OBJECT_ACLS = ("default", "private", "public-read", "public-read-write")
crc64: Callable[..., int] = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF)


def md5(data: bytes) -> Any:
    """OSS names contents by their MD5; it protects nothing here."""
    return hashlib.md5(data, usedforsecurity=False)


def check_key(key: str) -> None:
    if len(key.encode()) > MAX_KEY_BYTES or key.startswith(("/", "\\")):
        raise OssError(400, "InvalidObjectName", "The specified object is not valid.", ObjectName=key)


def meta_of(call: Call) -> dict[str, str]:
    headers = call.request.headers
    meta = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    meta.setdefault("content-type", "application/octet-stream")
    meta.update({k: v for k, v in headers.items() if k.startswith("x-oss-meta-")})
    return meta


def tags_of(call: Call) -> dict[str, str]:
    """Tags in the header of any write; they need a right of their own."""
    if call.request.header("x-oss-tagging"):
        call.require("oss:PutObjectTagging", call.key)
    return dict(parse_qsl(call.request.header("x-oss-tagging"), keep_blank_values=True))


def encryption_of(call: Call, bucket: OssBucket) -> str:
    asked = call.request.header("x-oss-server-side-encryption")
    if asked:
        return asked
    match = re.search(r"<SSEAlgorithm>([A-Z0-9]+)<", bucket.oss["configs"].get("encryption", ""))
    return match[1] if match else ""


def check_body(call: Call) -> None:
    given = call.request.header("content-md5")
    if given and given != base64.b64encode(md5(call.request.body).digest()).decode():
        raise OssError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    if len(call.request.body) > MAX_PUT_BYTES:
        raise OssError(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")


def check_overwrite(call: Call, bucket: OssBucket) -> None:
    current = call.buckets.current(bucket, call.key)
    if call.request.header("x-oss-forbid-overwrite") == "true" and current and not current.facts.marker:
        raise OssError(409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten.")


def object_acl(call: Call, bucket: OssBucket) -> str:
    acl = call.request.header("x-oss-object-acl", "default")
    if acl not in OBJECT_ACLS:
        raise OssError(400, "InvalidArgument", "no such object access control exists")
    if acl.startswith("public") and public_blocked(bucket):
        raise OssError(403, "AccessDenied", "Put public object acl is not allowed.")
    if acl != "default":
        call.require("oss:PutObjectAcl", call.key)
    return acl


def new_facts(call: Call, bucket: OssBucket, body: bytes) -> Facts:
    """Facts of a new object of the request, its body written once nothing can refuse it any more."""
    acl, tags = object_acl(call, bucket), tags_of(call)
    return Facts(
        bucket.name,
        call.key,
        call.buckets.new_version(bucket),
        call.buckets.next_seq(),
        call.clock.now(),
        size=len(body),
        etag=md5(body).hexdigest().upper(),
        crc=str(crc64(body)),
        body=call.buckets.store.write_body(body),
        acl=acl,
        storage_class=call.request.header("x-oss-storage-class") or bucket.oss["storage_class"],
        encryption=encryption_of(call, bucket),
        meta=meta_of(call),
        tags=tags,
    )


def version_header(facts: Facts, bucket: OssBucket) -> dict[str, str]:
    return {"x-oss-version-id": facts.version} if bucket.versioning_status else {}


def written(facts: Facts, bucket: OssBucket) -> dict[str, str]:
    """Headers of an answer to a write."""
    headers = {"ETag": f'"{facts.etag}"', "x-oss-hash-crc64ecma": facts.crc, **version_header(facts, bucket)}
    if facts.encryption:
        headers["x-oss-server-side-encryption"] = facts.encryption
    return headers


def put_object(call: Call) -> Response:
    bucket = call.bucket()
    check_key(call.key)
    check_body(call)
    check_overwrite(call, bucket)
    facts = new_facts(call, bucket, call.request.body)
    call.buckets.add(facts)
    digest = base64.b64encode(bytes.fromhex(facts.etag)).decode()
    return Response(200, headers={**written(facts, bucket), "Content-MD5": digest})


def append_object(call: Call) -> Response:
    bucket, position = call.bucket(), call.query.get("position", "")
    check_key(call.key)
    check_body(call)
    current = call.buckets.current(bucket, call.key)
    if current is not None and current.facts.marker:
        current = None
    if current is not None and current.facts.kind != "Appendable":
        raise OssError(409, "ObjectNotAppendable", "The object is not appendable.")
    size = current.facts.size if current else 0
    if not position.isdigit() or int(position) != size:
        raise OssError(
            409,
            "PositionNotEqualToLength",
            "Position is not equal to file length.",
            **{"x-oss-next-append-position": str(size)},
        )
    body = (current.value if current else b"") + call.request.body
    if current is not None:
        old = current.facts.body
        fresh = call.buckets.store.write_body(body)
        current.facts = replace(
            current.facts,
            body=fresh,
            size=len(body),
            crc=str(crc64(body)),
            etag=md5(body).hexdigest().upper(),
            modified=call.clock.now(),
        )
        call.buckets.touch(current)
        call.buckets.store.drop_body(old)
    else:
        current = call.buckets.add(replace(new_facts(call, bucket, body), kind="Appendable"))
    return Response(200, headers={**written(current.facts, bucket), "x-oss-next-append-position": str(len(body))})


def read_headers(facts: Facts, bucket: OssBucket) -> dict[str, str]:
    headers = {name.title() if not name.startswith("x-") else name: value for name, value in facts.meta.items()}
    headers.update(written(facts, bucket))
    headers |= {
        "Last-Modified": http_date(facts.modified),
        "x-oss-object-type": facts.kind,
        "Accept-Ranges": "bytes",
        "x-oss-storage-class": facts.storage_class,
    }
    if facts.tags:
        headers["x-oss-tagging-count"] = str(len(facts.tags))
    if "-" not in facts.etag:
        headers["Content-MD5"] = base64.b64encode(bytes.fromhex(facts.etag)).decode()
    return headers


def _time(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None


def _precondition(call: Call, facts: Facts, prefix: str = "") -> int:
    """412 or 304 when a condition of the request does not hold, else 0. `prefix` for conditions on a copy source."""
    header, modified, etag = call.request.header, int(facts.modified), facts.etag
    match, none = header(f"{prefix}if-match").strip('"'), header(f"{prefix}if-none-match").strip('"')
    since, until = _time(header(f"{prefix}if-modified-since")), _time(header(f"{prefix}if-unmodified-since"))
    if (match and match not in (etag, "*")) or (until is not None and modified > until):
        return 412
    if (none and none in (etag, "*")) or (since is not None and modified <= since):
        return 304
    return 0


def _checked_read(call: Call) -> tuple[OssBucket, OssKey]:
    bucket = call.bucket()
    key = call.live(bucket, call.key, call.query.get("versionId", ""))
    status = _precondition(call, key.facts)
    if status == 412:
        raise OssError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
    if status == 304:
        raise OssError(304, "NotModified", "Not Modified")
    return bucket, key


def _range(call: Call, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; a range that makes no sense means the whole object unless standard is asked."""
    header = call.request.header("range")
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    if not match or not (match[1] or match[2]):
        return None
    first = int(match[1]) if match[1] else max(0, size - int(match[2]))
    last = int(match[2]) if match[1] and match[2] else size - 1
    strict = call.request.header("x-oss-range-behavior") == "standard"
    if first >= size or last < first or (last >= size and match[1] and match[2] and not strict):
        if strict:
            raise OssError(416, "InvalidRange", "The requested range cannot be satisfied.")
        return None
    return first, min(last, size - 1)


def get_object(call: Call) -> Response:
    bucket, key = _checked_read(call)
    headers = read_headers(key.facts, bucket)
    for name, value in call.query.items():
        if name.startswith("response-"):
            headers[name.removeprefix("response-").title()] = value
    span = _range(call, key.facts.size)
    if span is None:
        return Response(200, key.value, headers)
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{key.facts.size}"
    headers.pop("Content-MD5", None)
    return Response(206, key.value[first : last + 1], headers)


def head_object(call: Call) -> Response:
    bucket, key = _checked_read(call)
    return Response(200, b"", read_headers(key.facts, bucket), length=key.facts.size)


def object_meta(call: Call) -> Response:
    bucket, key = _checked_read(call)
    facts = key.facts
    headers = {"ETag": f'"{facts.etag}"', "Last-Modified": http_date(facts.modified), "x-oss-hash-crc64ecma": facts.crc}
    return Response(200, b"", {**headers, **version_header(facts, bucket)}, length=facts.size)


def remove(call: Call, bucket: OssBucket, key: str, version: str) -> dict[str, str]:
    """Delete a key or one version of it; the answer's headers tell of markers, as in versioned buckets."""
    if version:
        entry = call.buckets.version(bucket, key, version)
        headers = {"x-oss-version-id": version}
        if entry is not None:
            if entry.facts.marker:
                headers["x-oss-delete-marker"] = "true"
            call.buckets.remove(entry)
        return headers
    if not bucket.versioning_status:
        if entry := call.buckets.current(bucket, key):
            call.buckets.remove(entry)
        return {}
    new = call.buckets.new_version(bucket) if bucket.is_versioned else NULL
    call.buckets.add(Facts(bucket.name, key, new, call.buckets.next_seq(), call.clock.now(), marker=True))
    return {"x-oss-delete-marker": "true", "x-oss-version-id": new}


def delete_object(call: Call) -> Response:
    return Response(204, headers=remove(call, call.bucket(), call.key, call.query.get("versionId", "")))


def delete_objects(call: Call) -> Response:
    """Delete up to 1,000; each needs its own right, and one refusal refuses the request before anything is gone."""
    bucket = call.bucket()
    check_body(call)
    tree = xml.parse(call.request.body, "Delete")
    entries: list[Element] = tree.findall("Object")
    if not 1 <= len(entries) <= 1000:
        raise OssError(400, "MalformedXML", "1 to 1000 objects are allowed.")
    wanted = [(e.findtext("Key") or "", e.findtext("VersionId") or "") for e in entries]
    for key, version in wanted:
        check_key(key)
        call.require("oss:DeleteObjectVersion" if version else "oss:DeleteObject", key)
    encoding = call.query.get("encoding-type", "")
    deleted: list[str] = []
    for key, version in wanted:
        headers = remove(call, bucket, key, version)
        parts = [xml.key_text("Key", key, encoding)]
        if version:
            parts.append(xml.text("VersionId", version))
        if "x-oss-delete-marker" in headers:
            parts += [xml.text("DeleteMarker", True), xml.text("DeleteMarkerVersionId", headers["x-oss-version-id"])]
        deleted.append(xml.group("Deleted", *parts))
    if tree.findtext("Quiet") == "true":
        deleted = []
    kind = [xml.text("EncodingType", encoding)] if encoding else []
    return answer(xml.group("DeleteResult", *kind, *deleted))


def copy_source(call: Call) -> tuple[OssBucket, OssKey]:
    """The object named by x-oss-copy-source, with the right to read it checked apart from the right to write."""
    path, _, tail = call.request.header("x-oss-copy-source").partition("?")
    name, _, key = unquote(path).lstrip("/").partition("/")
    version = dict(parse_qsl(tail)).get("versionId", "")
    if not name or not key:
        raise OssError(400, "InvalidArgument", "Copy Source must mention the source bucket and key: /bucket/key.")
    bucket = call.buckets.find(name)
    action = "oss:GetObjectVersion" if version else "oss:GetObject"
    candidate = None
    if bucket is not None:
        source = call.buckets.version(bucket, key, version) if version else call.buckets.current(bucket, key)
        candidate = source
    acl = candidate.facts.acl if candidate else "default"
    call.access.require(call.principal, call.request, action, name, bucket, key, acl)
    if bucket is None:
        raise OssError(404, "NoSuchBucket", "The specified bucket does not exist.", BucketName=name)
    target = call.bucket()
    if bucket.region_name != target.region_name:
        raise OssError(400, "InvalidArgument", "Copy between regions is not supported.")
    source = call.live(bucket, key, version)
    if _precondition(call, source.facts, "x-oss-copy-source-"):
        raise OssError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
    return bucket, source


def copy_object(call: Call) -> Response:
    bucket = call.bucket()
    check_key(call.key)
    source_bucket, source = copy_source(call)
    check_overwrite(call, bucket)
    facts = new_facts(call, bucket, source.value)
    if call.request.header("x-oss-metadata-directive", "COPY").upper() == "COPY":
        facts.meta = dict(source.facts.meta)
    if call.request.header("x-oss-tagging-directive", "Copy").lower() == "copy":
        facts.tags = dict(source.facts.tags)
    call.buckets.add(facts)
    headers = {**written(facts, bucket), **version_header(facts, bucket)}
    if source_bucket.versioning_status:
        headers["x-oss-copy-source-version-id"] = source.facts.version
    return answer(
        xml.group(
            "CopyObjectResult",
            xml.text("ETag", f'"{facts.etag}"'),
            xml.text("LastModified", iso_millis(facts.modified)),
        ),
        **headers,
    )
