"""Buckets themselves: create, list, describe, delete, ACL."""

from __future__ import annotations

import re

from local.alibaba.clock import iso_millis
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Response
from local.alibaba.oss import xml
from local.alibaba.oss.access import is_public, public_blocked
from local.alibaba.oss.call import Call, answer
from local.alibaba.oss.listing import limit_of
from local.alibaba.policy.document import parse
from local.alibaba.state.buckets import OssBucket

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
ACLS = ("private", "public-read", "public-read-write")
MAX_BUCKETS = 100
DEFAULT_REGION = "cn-hangzhou"


def _endpoint(bucket: OssBucket, internal: bool) -> str:
    return f"oss-{bucket.region_name}{'-internal' if internal else ''}.aliyuncs.com"


def list_buckets(call: Call) -> Response:
    query = call.query
    limit = limit_of(call, "max-keys")
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    buckets = [b for b in call.buckets.all() if b.name.startswith(prefix) and b.name > marker]
    page, more = buckets[:limit], len(buckets) > limit
    listed = [
        xml.group(
            "Bucket",
            xml.text("CreationDate", iso_millis(b.oss["created"])),
            xml.text("ExtranetEndpoint", _endpoint(b, False)),
            xml.text("IntranetEndpoint", _endpoint(b, True)),
            xml.text("Location", f"oss-{b.region_name}"),
            xml.text("Name", b.name),
            xml.text("Region", b.region_name),
            xml.text("StorageClass", b.oss["storage_class"]),
        )
        for b in page
    ]
    return answer(
        xml.group(
            "ListAllMyBucketsResult",
            xml.text("Prefix", prefix),
            xml.text("Marker", marker),
            xml.text("MaxKeys", limit),
            xml.text("IsTruncated", more),
            xml.text("NextMarker", page[-1].name if more else ""),
            call.owner(),
            xml.group("Buckets", *listed),
        )
    )


def put_bucket(call: Call) -> Response:
    """Create; the owner's second PUT only changes the ACL when one is given."""
    acl = call.request.header("x-oss-acl")
    if acl and acl not in ACLS:
        raise OssError(400, "InvalidArgument", "no such bucket access control exists")
    if not NAME.fullmatch(call.bucket_name):
        raise OssError(400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=call.bucket_name)
    if existing := call.buckets.find(call.bucket_name):
        if call.region and existing.region_name != call.region:
            raise OssError(
                409, "BucketAlreadyExists", "The requested bucket name is not available.", BucketName=call.bucket_name
            )
        if acl:
            return put_bucket_acl(call)
        return Response(200, headers={"Location": f"/{call.bucket_name}"})
    if len(call.buckets.all()) >= MAX_BUCKETS:
        raise OssError(400, "TooManyBuckets", "You have attempted to create more buckets than allowed.")
    storage, redundancy, region = "Standard", "LRS", call.region or DEFAULT_REGION
    if call.request.body:
        tree = xml.parse(call.request.body, "CreateBucketConfiguration")
        storage = tree.findtext("StorageClass") or storage
        redundancy = tree.findtext("DataRedundancyType") or redundancy
        region = (tree.findtext("LocationConstraint") or f"oss-{region}").removeprefix("oss-")
    call.buckets.create(call.bucket_name, region, acl or "private", storage, redundancy)
    return Response(200, headers={"Location": f"/{call.bucket_name}"})


def delete_bucket(call: Call) -> Response:
    bucket = call.bucket()
    if bucket.keys or bucket.multiparts:
        raise OssError(409, "BucketNotEmpty", "The bucket has objects. Delete them first.", BucketName=bucket.name)
    call.buckets.delete(bucket)
    return Response(204)


def bucket_info(call: Call) -> Response:
    bucket = call.bucket()
    kept = bucket.oss
    rule = xml.text("SSEAlgorithm", "None")
    if encryption := kept["configs"].get("encryption"):
        tree = xml.parse(encryption.encode(), "ServerSideEncryptionRule")
        rule = "".join(
            xml.text(n.tag, n.text or "")
            for n in tree.iter()
            if n.tag in ("SSEAlgorithm", "KMSMasterKeyID", "KMSDataEncryption") and n.text
        )
    monitor = "Enabled" if "<Status>Enabled" in kept["configs"].get("accessmonitor", "") else "Disabled"
    parts = [
        xml.text("CreationDate", iso_millis(kept["created"])),
        xml.text("ExtranetEndpoint", _endpoint(bucket, False)),
        xml.text("IntranetEndpoint", _endpoint(bucket, True)),
        xml.text("Location", f"oss-{bucket.region_name}"),
        xml.text("Name", bucket.name),
        xml.text("StorageClass", kept["storage_class"]),
        xml.text("DataRedundancyType", kept["redundancy"]),
        xml.text("AccessMonitor", monitor),
        xml.text("BlockPublicAccess", public_blocked(bucket)),
        xml.text("CrossRegionReplication", "Disabled"),
        xml.text("TransferAcceleration", "Disabled"),
        xml.text("ResourceGroupId", "rg-acfmtenantry"),
        call.owner(),
        xml.group("AccessControlList", xml.text("Grant", kept["acl"])),
        xml.group("ServerSideEncryptionRule", rule),
    ]
    if bucket.versioning_status:
        parts.append(xml.text("Versioning", bucket.versioning_status))
    return answer(xml.group("BucketInfo", xml.group("Bucket", *parts)))


def bucket_stat(call: Call) -> Response:
    bucket = call.bucket()
    keys = [k.facts for name in bucket.keys for k in call.buckets.versions(bucket, name)]
    live = [f for f in keys if not f.marker]
    return answer(
        xml.group(
            "BucketStat",
            xml.text("Storage", sum(f.size for f in live)),
            xml.text("ObjectCount", len(live)),
            xml.text("MultipartUploadCount", len(bucket.multiparts)),
            xml.text("LiveChannelCount", 0),
            xml.text("DeleteMarkerCount", len(keys) - len(live)),
        )
    )


def bucket_location(call: Call) -> Response:
    return answer(xml.text("LocationConstraint", f"oss-{call.bucket().region_name}"))


def policy_status(call: Call) -> Response:
    bucket = call.bucket()
    statements = parse(bucket.policy.decode(), "bucket") if bucket.policy else ()
    return answer(xml.group("PolicyStatus", xml.text("IsPublic", any(is_public(s) for s in statements))))


def get_bucket_acl(call: Call) -> Response:
    acl = call.bucket().oss["acl"]
    return answer(
        xml.group("AccessControlPolicy", call.owner(), xml.group("AccessControlList", xml.text("Grant", acl)))
    )


def put_bucket_acl(call: Call) -> Response:
    bucket, acl = call.bucket(), call.request.header("x-oss-acl")
    if acl not in ACLS:
        raise OssError(400, "InvalidArgument", "no such bucket access control exists")
    if acl != "private" and public_blocked(bucket):
        raise OssError(403, "AccessDenied", "Put public bucket acl is not allowed.")
    bucket.oss["acl"] = acl
    call.buckets.save(bucket)
    return Response(200)
