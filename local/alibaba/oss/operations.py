"""The operation of a request, and the action that it needs. One table, so that routing and rights agree.

A sub-resource is the first query parameter known here. Actions ending in ``@`` have a variant for one
version (`oss:GetObject` -> `oss:GetObjectVersion`) that applies when versionId is given.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Request


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` finds the handler; an empty `action` means that the handler asks for rights itself."""

    name: str
    action: str
    subresource: str = ""


# sub-resource of a bucket -> name in actions; GET, PUT and DELETE follow the pattern oss:Get/Put/DeleteBucket<Name>
CONFIGURATIONS = {
    "cors": "Cors",
    "website": "Website",
    "logging": "Logging",
    "referer": "Referer",
    "lifecycle": "Lifecycle",
    "policy": "Policy",
    "tagging": "Tagging",
    "transferAcceleration": "TransferAcceleration",
    "resourceGroup": "ResourceGroup",
    "encryption": "Encryption",
    "publicAccessBlock": "PublicAccessBlock",
    "accessmonitor": "AccessMonitor",
    "requestPayment": "RequestPayment",
    "replication": "Replication",
    "worm": "Worm",
    "inventory": "Inventory",
    "httpsConfig": "HttpsConfig",
    "userDefinedLogFieldsConfig": "UserDefinedLogFieldsConfig",
    "bucketArchiveDirectRead": "ArchiveDirectRead",
    "versioning": "Versioning",
}

_BUCKET: dict[tuple[str, str], tuple[str, str]] = {
    ("GET", "acl"): ("get_bucket_acl", "oss:GetBucketAcl"),
    ("PUT", "acl"): ("put_bucket_acl", "oss:PutBucketAcl"),
    ("GET", "bucketInfo"): ("bucket_info", "oss:GetBucketInfo"),
    ("GET", "stat"): ("bucket_stat", "oss:GetBucketStat"),
    ("GET", "location"): ("bucket_location", "oss:GetBucketLocation"),
    ("GET", "policyStatus"): ("policy_status", "oss:GetBucketPolicyStatus"),
    ("GET", "versions"): ("list_versions", "oss:ListObjectVersions"),
    ("GET", "uploads"): ("list_uploads", "oss:ListMultipartUploads"),
    ("POST", "delete"): ("delete_objects", ""),
    ("PUT", ""): ("put_bucket", "oss:PutBucket"),
    ("DELETE", ""): ("delete_bucket", "oss:DeleteBucket"),
    ("GET", ""): ("list_objects", "oss:ListObjects"),
    ("HEAD", ""): ("bucket_info", "oss:GetBucketInfo"),
}
_OBJECT: dict[tuple[str, str], tuple[str, str]] = {
    ("GET", "acl"): ("get_object_acl", "oss:GetObjectAcl@"),
    ("PUT", "acl"): ("put_object_acl", "oss:PutObjectAcl@"),
    ("GET", "tagging"): ("get_object_tags", "oss:GetObjectTagging@"),
    ("PUT", "tagging"): ("put_object_tags", "oss:PutObjectTagging@"),
    ("DELETE", "tagging"): ("delete_object_tags", "oss:DeleteObjectTagging@"),
    ("HEAD", "objectMeta"): ("object_meta", "oss:GetObject@"),
    ("POST", "append"): ("append_object", "oss:PutObject"),
    ("POST", "uploads"): ("start_upload", "oss:PutObject"),
    ("PUT", "uploadId"): ("upload_part", "oss:PutObject"),
    ("POST", "uploadId"): ("complete_upload", "oss:PutObject"),
    ("DELETE", "uploadId"): ("abort_upload", "oss:AbortMultipartUpload"),
    ("GET", "uploadId"): ("list_parts", "oss:ListParts"),
    ("PUT", ""): ("put_object", "oss:PutObject"),
    ("GET", ""): ("get_object", "oss:GetObject@"),
    ("HEAD", ""): ("head_object", "oss:GetObject@"),
    ("DELETE", ""): ("delete_object", "oss:DeleteObject@"),
}
_IGNORED = {"symlink", "restore", "x-oss-process", "style", "live", "vod", "img", "callback", "metaQuery", "rtc"}


def operation_of(request: Request, bucket: str, key: str) -> Operation:
    """The operation, or NotImplemented by name rather than something else done silently."""
    method, query = request.method, request.query
    if not bucket:
        if method == "GET":
            return Operation("list_buckets", "oss:ListBuckets")
        raise OssError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    table = _OBJECT if key else _BUCKET
    known = {sub for _, sub in table if sub}
    subresource = next((name for name in query if name in known or (not key and name in CONFIGURATIONS)), "")
    if not key and subresource in CONFIGURATIONS:
        verbs = {"GET": ("get_config", "Get"), "PUT": ("put_config", "Put"), "DELETE": ("delete_config", "Delete")}
        if method in verbs:
            name, verb = verbs[method]
            return Operation(name, f"oss:{verb}Bucket{CONFIGURATIONS[subresource]}", subresource)
    if refused := next((name for name in query if name in _IGNORED), ""):
        raise OssError(501, "NotImplemented", f"The stand-in does not implement ?{refused}.")
    operation = table.get((method, subresource))
    if operation is None:
        raise OssError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
    name, action = operation
    if name == "put_object" and "x-oss-copy-source" in request.headers:
        name = "copy_object"
    if name == "upload_part" and "x-oss-copy-source" in request.headers:
        name = "upload_part_copy"
    if action.endswith("@"):
        action = action[:-1] + ("Version" if query.get("versionId") else "")
    return Operation(name, action, subresource)
