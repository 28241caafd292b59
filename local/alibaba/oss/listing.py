"""Listings of objects, versions and uploads: prefix, delimiter, markers, limits, encoding."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from local.alibaba.clock import iso_millis
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.call import Call, answer
from local.alibaba.state.buckets import OssKey

Item = TypeVar("Item")


@dataclass(slots=True)
class Page(Generic[Item]):
    """Items and common prefixes up to the limit; `last` is where the next page goes on."""

    items: list[Item] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False
    last: str = ""


def limit_of(call: Call, name: str, default: int = 100, highest: int = 1000) -> int:
    text = call.query.get(name) or str(default)
    if not text.isdigit() or not 0 <= int(text) <= highest:
        raise OssError(
            400,
            "InvalidArgument",
            f"Argument {name} must be an integer between 1 and {highest}.",
            ArgumentName=name,
            ArgumentValue=text,
        )
    return int(text)


def check_encoding(call: Call) -> str:
    encoding = call.query.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise OssError(400, "InvalidArgument", "Invalid Encoding Method specified in Request.")
    return encoding


def paginate(
    items: Iterable[Item], key_of: Callable[[Item], str], prefix: str, delimiter: str, marker: str, limit: int
) -> Page[Item]:
    """Items come sorted by key. Keys sharing the text up to the delimiter count once, as a common prefix."""
    page: Page[Item] = Page()
    for item in items:
        key = key_of(item)
        if not key.startswith(prefix):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key[: cut + len(delimiter)] if cut >= 0 else key
        if name <= marker or (cut >= 0 and page.prefixes[-1:] == [name]):
            continue
        if len(page.items) + len(page.prefixes) >= limit:
            page.truncated = True
            return page
        if cut >= 0:
            page.prefixes.append(name)
        else:
            page.items.append(item)
        page.last = name
    return page


def _contents(call: Call, key: OssKey, encoding: str, owner: bool) -> str:
    f = key.facts
    parts = [
        xml.key_text("Key", f.key, encoding),
        xml.text("LastModified", iso_millis(f.modified)),
        xml.text("ETag", f'"{f.etag}"'),
        xml.text("Type", f.kind),
        xml.text("Size", f.size),
        xml.text("StorageClass", f.storage_class),
    ]
    return xml.group("Contents", *parts, call.owner() if owner else "")


def _prefixes(page: Page[Item], encoding: str) -> list[str]:
    return [xml.group("CommonPrefixes", xml.key_text("Prefix", p, encoding)) for p in page.prefixes]


def _live(call: Call) -> list[OssKey]:
    bucket = call.bucket()
    newest = (call.buckets.versions(bucket, name)[-1] for name in sorted(bucket.keys))
    return [key for key in newest if not key.facts.marker]


def list_objects(call: Call) -> Response:
    query, encoding = call.query, check_encoding(call)
    second = query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = limit_of(call, "max-keys")
    marker = query.get("marker", "")
    if second:
        marker = query.get("start-after", "")
        if continuation := query.get("continuation-token"):
            try:
                marker = max(marker, base64.b64decode(continuation, validate=True).decode())
            except ValueError:
                raise OssError(400, "InvalidArgument", "The continuation token is not valid.") from None
    page = paginate(_live(call), lambda k: k.facts.key, prefix, delimiter, marker, limit)
    head = [
        xml.text("Name", call.bucket_name),
        xml.key_text("Prefix", prefix, encoding),
        xml.key_text("Delimiter", delimiter, encoding),
        xml.text("MaxKeys", limit),
        xml.text("IsTruncated", page.truncated),
    ]
    if encoding:
        head.append(xml.text("EncodingType", encoding))
    if second:
        head.append(xml.text("KeyCount", len(page.items) + len(page.prefixes)))
        head.append(xml.key_text("StartAfter", query.get("start-after", ""), encoding))
        if "continuation-token" in query:
            head.append(xml.text("ContinuationToken", query["continuation-token"]))
        if page.truncated:
            head.append(xml.text("NextContinuationToken", base64.b64encode(page.last.encode()).decode()))
    else:
        head.append(xml.key_text("Marker", marker, encoding))
        if page.truncated:
            head.append(xml.key_text("NextMarker", page.last, encoding))
    owner = not second or query.get("fetch-owner") == "true"
    contents = [_contents(call, key, encoding, owner) for key in page.items]
    return answer(xml.group("ListBucketResult", *head, *contents, *_prefixes(page, encoding)))


def list_versions(call: Call) -> Response:
    """Versions newest first within a key; goes on after key-marker, or within it after version-id-marker."""
    query, encoding, bucket = call.query, check_encoding(call), call.bucket()
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    key_marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    limit = limit_of(call, "max-keys")
    entries: list[str] = []
    prefixes: list[str] = []
    truncated, last = False, ("", "")
    for key in sorted(k for k in bucket.keys if k.startswith(prefix)):
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key[: cut + len(delimiter)] if cut >= 0 else key
        if cut >= 0:
            if name <= key_marker or name in prefixes[-1:]:
                continue
            if len(entries) + len(prefixes) >= limit:
                truncated = True
                break
            prefixes.append(name)
            last = (name, "")
            continue
        if key < key_marker or (key == key_marker and not version_marker):
            continue
        versions = call.buckets.versions(bucket, key)[::-1]
        if key == key_marker:
            ids = [v.facts.version for v in versions]
            versions = versions[ids.index(version_marker) + 1 :] if version_marker in ids else []
        newest = call.buckets.versions(bucket, key)[-1]
        for version in versions:
            if len(entries) + len(prefixes) >= limit:
                truncated = True
                break
            entries.append(_version(call, version, version is newest, encoding))
            last = (key, version.facts.version)
        if truncated:
            break
    head = [
        xml.text("Name", bucket.name),
        xml.key_text("Prefix", prefix, encoding),
        xml.key_text("KeyMarker", key_marker, encoding),
        xml.text("VersionIdMarker", version_marker),
        xml.text("MaxKeys", limit),
        xml.key_text("Delimiter", delimiter, encoding),
        xml.text("IsTruncated", truncated),
    ]
    if encoding:
        head.append(xml.text("EncodingType", encoding))
    if truncated:
        head += [xml.key_text("NextKeyMarker", last[0], encoding), xml.text("NextVersionIdMarker", last[1])]
    commons = [xml.group("CommonPrefixes", xml.key_text("Prefix", p, encoding)) for p in prefixes]
    return answer(xml.group("ListVersionsResult", *head, *entries, *commons))


def _version(call: Call, key: OssKey, newest: bool, encoding: str) -> str:
    f = key.facts
    parts = [
        xml.key_text("Key", f.key, encoding),
        xml.text("VersionId", f.version),
        xml.text("IsLatest", newest),
        xml.text("LastModified", iso_millis(f.modified)),
    ]
    if f.marker:
        return xml.group("DeleteMarker", *parts, call.owner())
    parts += [
        xml.text("ETag", f'"{f.etag}"'),
        xml.text("Type", f.kind),
        xml.text("Size", f.size),
        xml.text("StorageClass", f.storage_class),
    ]
    return xml.group("Version", *parts, call.owner())


def list_uploads(call: Call) -> Response:
    query, encoding, bucket = call.query, check_encoding(call), call.bucket()
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = limit_of(call, "max-uploads", 1000)
    marker, id_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
    uploads = sorted(bucket.uploads(), key=lambda u: (u.key_name, u.id))
    if id_marker:
        uploads = [u for u in uploads if (u.key_name, u.id) > (marker, id_marker)]
        marker = ""
    page = paginate(uploads, lambda u: u.key_name, prefix, delimiter, marker, limit)
    head = [
        xml.text("Bucket", bucket.name),
        xml.key_text("KeyMarker", query.get("key-marker", ""), encoding),
        xml.text("UploadIdMarker", id_marker),
        xml.key_text("Prefix", prefix, encoding),
        xml.key_text("Delimiter", delimiter, encoding),
        xml.text("MaxUploads", limit),
        xml.text("IsTruncated", page.truncated),
    ]
    if encoding:
        head.append(xml.text("EncodingType", encoding))
    last, last_id = (page.last, "") if page.truncated else ("", "")
    if page.truncated and page.items and page.items[-1].key_name == page.last:
        last_id = page.items[-1].id
    head += [xml.key_text("NextKeyMarker", last, encoding), xml.text("NextUploadIdMarker", last_id)]
    listed = [
        xml.group(
            "Upload",
            xml.key_text("Key", u.key_name, encoding),
            xml.text("UploadId", u.id),
            xml.text("StorageClass", "Standard"),
            xml.text("Initiated", iso_millis(u.document["created"])),
        )
        for u in page.items
    ]
    return answer(xml.group("ListMultipartUploadsResult", *head, *listed, *_prefixes(page, encoding)))
