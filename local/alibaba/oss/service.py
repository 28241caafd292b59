"""An OSS request from bytes to bytes: whose bucket and key, who asks, may they, what comes out."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from local.alibaba.auth.keys import Keys
from local.alibaba.auth.oss import authenticate
from local.alibaba.clock import Clock
from local.alibaba.http.errors import OssError
from local.alibaba.http.hosts import Target
from local.alibaba.http.messages import Request, Response
from local.alibaba.oss import attributes, buckets, configs, listing, multipart, objects, xml
from local.alibaba.oss.access import Access
from local.alibaba.oss.call import Call
from local.alibaba.oss.cors import preflight, response_headers
from local.alibaba.oss.operations import Operation, operation_of
from local.alibaba.state.buckets import Buckets

Handler = Callable[[Call], Response]
HANDLERS: dict[str, Handler] = {
    name: getattr(module, name)
    for module, names in {
        buckets: "list_buckets put_bucket delete_bucket bucket_info bucket_stat bucket_location policy_status "
        "get_bucket_acl put_bucket_acl",
        configs: "get_config put_config delete_config",
        listing: "list_objects list_versions list_uploads",
        objects: "put_object append_object get_object head_object object_meta delete_object delete_objects copy_object",
        attributes: "get_object_acl put_object_acl get_object_tags put_object_tags delete_object_tags",
        multipart: "start_upload upload_part upload_part_copy complete_upload abort_upload list_parts",
    }.items()
    for name in names.split()
}


@dataclass(slots=True)
class Outcome:
    """The answer, and what the request log says about it."""

    response: Response
    operation: str = ""
    principal: str = ""
    error: str = ""
    bucket: str = ""
    key: str = ""


class ObjectStorage:
    """OSS of one account."""

    def __init__(self, account: str, held: Buckets, keys: Keys, clock: Clock) -> None:
        self.account, self.buckets, self.keys, self.clock = account, held, keys, clock
        self.access = Access(account, clock)

    @staticmethod
    def split(request: Request, target: Target) -> tuple[str, str]:
        """Bucket and key: the bucket from the host name, or the first step of the path."""
        path = request.path.lstrip("/") if not target.bucket else request.path[1:]
        if target.bucket:
            return target.bucket, path
        bucket, _, key = path.partition("/")
        return bucket, key

    def operation(self, request: Request, target: Target) -> str:
        """Name of the operation for fault patterns, as `oss:PutObject`; never fails."""
        bucket, key = self.split(request, target)
        try:
            operation = operation_of(request, bucket, key)
        except OssError:
            return "oss:Unknown"
        return operation.action or f"oss:{operation.name}"

    def handle(self, request: Request, target: Target) -> Outcome:
        bucket, key = self.split(request, target)
        outcome = Outcome(Response(), bucket=bucket, key=key)
        try:
            outcome.response = self._handle(request, target, bucket, key, outcome)
        except OssError as error:
            outcome.error = error.code
            outcome.response = error_response(error, request, bucket)
        known = self.buckets.find(bucket)
        outcome.response.headers.update(response_headers(request, known) if request.method != "OPTIONS" else {})
        return outcome

    def _handle(self, request: Request, target: Target, bucket: str, key: str, outcome: Outcome) -> Response:
        if request.method == "OPTIONS":
            outcome.operation = "oss:OptionObject"
            return preflight(request, self.buckets.find(bucket))
        operation = operation_of(request, bucket, key)
        outcome.operation = operation.action or operation.name
        principal = authenticate(request, bucket, key, target.region, self.keys, self.clock)
        outcome.principal = f"{principal.kind}:{principal.name}".rstrip(":")
        call = Call(
            request,
            bucket,
            key,
            target.region,
            principal,
            self.buckets,
            self.access,
            self.clock,
            self.account,
            operation.subresource,
        )
        self._authorize(call, operation)
        return HANDLERS[operation.name](call)

    def _authorize(self, call: Call, operation: Operation) -> None:
        """The operation's own right; a bucket that is not there is told only to those who may ask for it."""
        if not operation.action:
            return
        bucket = self.buckets.find(call.bucket_name)
        acl = "default"
        if bucket is not None and call.key:
            version = call.query.get("versionId", "")
            entry = (
                self.buckets.version(bucket, call.key, version) if version else self.buckets.current(bucket, call.key)
            )
            acl = entry.facts.acl if entry else acl
        if bucket is None and call.principal.kind == "anonymous" and operation.name != "list_buckets":
            raise OssError(404, "NoSuchBucket", "The specified bucket does not exist.", BucketName=call.bucket_name)
        call.require(operation.action, call.key, acl)


def error_response(error: OssError, request: Request, bucket: str) -> Response:
    request_id = uuid.uuid4().hex[:24].upper()
    headers = {"x-oss-request-id": request_id, "Content-Type": "application/xml"}
    if error.status == 304:
        return Response(304, b"", {"x-oss-request-id": request_id})
    details = dict(error.details)
    if marker := details.pop("DeleteMarker", ""):
        headers["x-oss-delete-marker"] = marker
    if position := details.pop("x-oss-next-append-position", ""):
        headers["x-oss-next-append-position"] = position
    body = xml.document(
        xml.group(
            "Error",
            xml.text("Code", error.code),
            xml.text("Message", unescape(error.message)),
            xml.text("RequestId", request_id),
            xml.text("HostId", request.host or bucket),
            *(xml.text(name, value) for name, value in details.items()),
        )
    )
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(body).decode()  # the answer to HEAD has no body
    return Response(error.status, body, headers)
