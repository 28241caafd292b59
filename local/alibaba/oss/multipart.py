"""Multipart uploads: parts are kept apart until they are completed into one object."""

from __future__ import annotations

import re

from local.alibaba.clock import http_date, iso_millis
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.call import Call, answer
from local.alibaba.oss.listing import check_encoding, limit_of
from local.alibaba.oss.objects import (
    check_body,
    check_key,
    check_overwrite,
    copy_source,
    crc64,
    encryption_of,
    md5,
    meta_of,
    object_acl,
    tags_of,
    written,
)
from local.alibaba.state.buckets import Facts, OssBucket, OssKey, OssUpload

MIN_PART_BYTES = 100 * 1024  # every part but the last
MAX_PART_NUMBER = 10000


def _upload(call: Call, bucket: OssBucket) -> OssUpload:
    upload = bucket.multiparts.get(call.query.get("uploadId", ""))
    if not isinstance(upload, OssUpload) or upload.key_name != call.key:
        raise OssError(
            404,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the "
            "upload may have been aborted or completed.",
            UploadId=call.query.get("uploadId", ""),
        )
    return upload


def _parts(upload: OssUpload) -> dict[int, OssKey]:
    return {n: p for n, p in upload.parts.items() if isinstance(p, OssKey)}


def start_upload(call: Call) -> Response:
    bucket, encoding = call.bucket(), check_encoding(call)
    check_key(call.key)
    check_overwrite(call, bucket)
    acl, tags = object_acl(call, bucket), tags_of(call)
    upload = call.buckets.start_upload(bucket, call.key, meta_of(call), acl)
    upload.document["tags"], upload.document["encryption"] = tags, encryption_of(call, bucket)
    call.buckets.store.put("upload", upload.id, upload.document)
    return answer(
        xml.group(
            "InitiateMultipartUploadResult",
            xml.text("Bucket", bucket.name),
            xml.key_text("Key", call.key, encoding),
            xml.text("UploadId", upload.id),
        )
    )


def _number(call: Call) -> int:
    text = call.query.get("partNumber", "")
    if not text.isdigit() or not 1 <= int(text) <= MAX_PART_NUMBER:
        raise OssError(
            400,
            "InvalidArgument",
            f"Part number must be an integer between 1 and {MAX_PART_NUMBER}.",
            ArgumentName="partNumber",
            ArgumentValue=text,
        )
    return int(text)


def _keep(call: Call, upload: OssUpload, number: int, body: bytes) -> Facts:
    facts = Facts(
        call.bucket_name,
        call.key,
        "part",
        call.buckets.next_seq(),
        call.clock.now(),
        size=len(body),
        etag=md5(body).hexdigest().upper(),
        crc=str(crc64(body)),
        body=call.buckets.store.write_body(body),
    )
    call.buckets.put_part(upload, number, facts)
    return facts


def upload_part(call: Call) -> Response:
    bucket, number = call.bucket(), _number(call)
    upload = _upload(call, bucket)
    check_body(call)
    facts = _keep(call, upload, number, call.request.body)
    return Response(200, headers={"ETag": f'"{facts.etag}"', "x-oss-hash-crc64ecma": facts.crc})


def upload_part_copy(call: Call) -> Response:
    bucket, number = call.bucket(), _number(call)
    upload = _upload(call, bucket)
    _, source = copy_source(call)
    body = source.value
    if asked := call.request.header("x-oss-copy-source-range"):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        if not match or int(match[1]) >= len(body):
            raise OssError(416, "InvalidRange", "The requested range cannot be satisfied.")
        body = body[int(match[1]) : int(match[2]) + 1 if match[2] else None]
    facts = _keep(call, upload, number, body)
    return answer(
        xml.group(
            "CopyPartResult", xml.text("LastModified", iso_millis(facts.modified)), xml.text("ETag", f'"{facts.etag}"')
        ),
        ETag=f'"{facts.etag}"',
    )


def _chosen(call: Call, upload: OssUpload) -> list[OssKey]:
    """The parts a completion names, in order and with the right tags."""
    held = _parts(upload)
    if call.request.header("x-oss-complete-all") == "yes":
        return [held[n] for n in sorted(held)]
    tree = xml.parse(call.request.body, "CompleteMultipartUpload")
    named = [(p.findtext("PartNumber") or "", (p.findtext("ETag") or "").strip('"')) for p in tree.findall("Part")]
    wanted = [(int(number), etag) for number, etag in named if number.isdigit()]
    if not wanted or len(wanted) != len(named):
        raise OssError(400, "MalformedXML", "Parts with a PartNumber are needed.")
    if [n for n, _ in wanted] != sorted({n for n, _ in wanted}):
        raise OssError(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    for number, etag in wanted:
        if number not in held or held[number].facts.etag.lower() != etag.lower():
            raise OssError(
                400,
                "InvalidPart",
                "One or more of the specified parts could not be found or the specified "
                "entity tag might not have matched the part's entity tag.",
                PartNumber=str(number),
            )
    return [held[n] for n, _ in wanted]


def complete_upload(call: Call) -> Response:
    bucket, encoding = call.bucket(), check_encoding(call)
    upload = _upload(call, bucket)
    parts = _chosen(call, upload)
    if any(part.facts.size < MIN_PART_BYTES for part in parts[:-1]):
        raise OssError(400, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed size.")
    check_overwrite(call, bucket)
    body = b"".join(part.value for part in parts)
    digest = md5(b"".join(bytes.fromhex(part.facts.etag) for part in parts)).hexdigest().upper()
    kept = upload.document
    facts = Facts(
        bucket.name,
        call.key,
        call.buckets.new_version(bucket),
        call.buckets.next_seq(),
        call.clock.now(),
        size=len(body),
        etag=f"{digest}-{len(parts)}",
        crc=str(crc64(body)),
        body=call.buckets.store.write_body(body),
        acl=kept["acl"],
        kind="Multipart",
        storage_class=bucket.oss["storage_class"],
        meta=kept["meta"],
        tags=kept.get("tags", {}),
        encryption=kept.get("encryption", ""),
    )
    call.buckets.add(facts)
    call.buckets.drop_upload(bucket, upload)
    return answer(
        xml.group(
            "CompleteMultipartUploadResult",
            xml.text("Location", f"http://{bucket.name}.oss-{bucket.region_name}.aliyuncs.com/{call.key}"),
            xml.text("Bucket", bucket.name),
            xml.key_text("Key", call.key, encoding),
            xml.text("ETag", f'"{facts.etag}"'),
        ),
        **written(facts, bucket),
        **{"Last-Modified": http_date(facts.modified)},
    )


def abort_upload(call: Call) -> Response:
    bucket = call.bucket()
    call.buckets.drop_upload(bucket, _upload(call, bucket))
    return Response(204)


def list_parts(call: Call) -> Response:
    bucket, encoding = call.bucket(), check_encoding(call)
    upload = _upload(call, bucket)
    limit, marker = limit_of(call, "max-parts", 1000), limit_of(call, "part-number-marker", 0, MAX_PART_NUMBER)
    parts = sorted((n, p.facts) for n, p in _parts(upload).items() if n > marker)
    page, more = parts[:limit], len(parts) > limit
    listed = [
        xml.group(
            "Part",
            xml.text("PartNumber", n),
            xml.text("LastModified", iso_millis(f.modified)),
            xml.text("ETag", f'"{f.etag}"'),
            xml.text("HashCrc64ecma", f.crc),
            xml.text("Size", f.size),
        )
        for n, f in page
    ]
    return answer(
        xml.group(
            "ListPartsResult",
            xml.text("Bucket", bucket.name),
            xml.key_text("Key", call.key, encoding),
            xml.text("UploadId", upload.id),
            xml.text("PartNumberMarker", marker),
            xml.text("NextPartNumberMarker", page[-1][0] if page else marker),
            xml.text("MaxParts", limit),
            xml.text("IsTruncated", more),
            *listed,
        )
    )
