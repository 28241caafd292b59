"""OSS signature version 1: HMAC-SHA1 over verb, dates, x-oss headers and the sub-resources of the request.

Which query parameters count as sub-resources is a list, and the SDKs' lists differ in the newest entries; a
signature that fits any of the published lists is accepted, as the real service does for its own SDKs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from local.alibaba.http.messages import Request

_COMMON = [
    "acl",
    "append",
    "asyncFetch",
    "bucketInfo",
    "callback",
    "callback-var",
    "cname",
    "comp",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "endTime",
    "group",
    "inventory",
    "inventoryId",
    "lifecycle",
    "link",
    "live",
    "location",
    "logging",
    "metaQuery",
    "objectInfo",
    "objectMeta",
    "partNumber",
    "policy",
    "position",
    "qos",
    "qosInfo",
    "referer",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "resourceGroup",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "startTime",
    "stat",
    "status",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "transferAcceleration",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "worm",
    "wormExtend",
    "wormId",
    "x-oss-ac-forward-allow",
    "x-oss-ac-source-ip",
    "x-oss-ac-subnet-mask",
    "x-oss-ac-vpc-id",
    "x-oss-async-process",
    "x-oss-process",
    "x-oss-request-payer",
    "x-oss-traffic-limit",
]
_NEWER = [
    "publicAccessBlock",
    "httpsConfig",
    "accessPoint",
    "accessPointPolicy",
    "policyStatus",
    "bucketArchiveDirectRead",
    "rtc",
    "redundancyTransition",
    "regionsV2",
    "redundancyType",
    "responseHeader",
    "userDefinedLogFieldsConfig",
    "dataAccelerator",
    "verbose",
    "x-oss-target-redundancy-type",
]
SIGNED_LISTS = (frozenset(_COMMON), frozenset(_COMMON) | frozenset(_NEWER))


def _resource(bucket: str, key: str, query: dict[str, str], signed: frozenset[str]) -> str:
    parts = sorted((k, v) for k, v in query.items() if k in signed or k.startswith("x-oss-"))
    tail = "&".join(f"{k}={v}" if v else k for k, v in parts)
    path = f"/{bucket}/{key}" if bucket else "/"
    return f"{path}?{tail}" if tail else path


def _strings(request: Request, bucket: str, key: str, date: str, without: Iterable[str]) -> Iterable[str]:
    oss = sorted((k, v.strip()) for k, v in request.headers.items() if k.startswith("x-oss-"))
    headers = "".join(f"{k}:{v}\n" for k, v in oss)
    query = {k: v for k, v in request.query.items() if k not in without}
    for signed in SIGNED_LISTS:
        yield "\n".join(
            [
                request.method,
                request.header("content-md5"),
                request.header("content-type"),
                date,
                headers + _resource(bucket, key, query, signed),
            ]
        )


def sign(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def fits(secret: str, given: str, request: Request, bucket: str, key: str, date: str) -> bool:
    """Compare a signature; `date` is the Date header, or Expires for a presigned URL."""
    without = ("Signature", "Expires", "OSSAccessKeyId")
    return any(
        hmac.compare_digest(sign(secret, text).encode(), given.encode())
        for text in _strings(request, bucket, key, date, without)
    )


def string_to_sign(request: Request, bucket: str, key: str, date: str) -> str:
    """For the error message: what was signed here, so that a client can compare."""
    return next(iter(_strings(request, bucket, key, date, ("Signature", "Expires", "OSSAccessKeyId"))))
