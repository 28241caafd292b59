"""The argument of a handler: the request, who asks, and the state it may read and change."""

from __future__ import annotations

from dataclasses import dataclass

from local.alibaba.auth.principal import Principal
from local.alibaba.clock import Clock
from local.alibaba.http.errors import OssError
from local.alibaba.http.messages import Request, Response
from local.alibaba.oss import xml
from local.alibaba.oss.access import Access
from local.alibaba.state.buckets import Buckets, OssBucket, OssKey


@dataclass(slots=True)
class Call:
    """One OSS request on its way through a handler."""

    request: Request
    bucket_name: str
    key: str
    region: str
    principal: Principal
    buckets: Buckets
    access: Access
    clock: Clock
    account: str
    subresource: str = ""

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query)

    def bucket(self, name: str = "") -> OssBucket:
        """The bucket of the request, or another; refused at an endpoint of another region."""
        name = name or self.bucket_name
        bucket = self.buckets.find(name)
        if bucket is None:
            raise OssError(404, "NoSuchBucket", "The specified bucket does not exist.", BucketName=name)
        if self.region and name == self.bucket_name and bucket.region_name != self.region:
            raise OssError(
                403,
                "AccessDenied",
                "The bucket you are attempting to access must be addressed using the specified "
                "endpoint. Please send all future requests to this endpoint.",
                Bucket=name,
                Endpoint=f"oss-{bucket.region_name}.aliyuncs.com",
            )
        return bucket

    def require(self, action: str, key: str = "", acl: str = "default", bucket: OssBucket | None = None) -> None:
        bucket = bucket or self.buckets.find(self.bucket_name)
        name = bucket.name if bucket else self.bucket_name
        self.access.require(self.principal, self.request, action, name, bucket, key, acl)

    def live(self, bucket: OssBucket, key: str, version: str = "") -> OssKey:
        """The object a read means; NoSuchKey, NoSuchVersion or the refusal to read a delete marker."""
        entry = self.buckets.version(bucket, key, version) if version else self.buckets.current(bucket, key)
        if entry is None and version:
            raise OssError(404, "NoSuchVersion", "The specified version does not exist.", Key=key, VersionId=version)
        if entry is None:
            raise OssError(404, "NoSuchKey", "The specified key does not exist.", Key=key)
        if entry.facts.marker and version:
            raise OssError(405, "MethodNotAllowed", "The specified method is not allowed against a delete marker.")
        if entry.facts.marker:
            raise OssError(404, "NoSuchKey", "The specified key does not exist.", Key=key, DeleteMarker="true")
        return entry

    def owner(self) -> str:
        return xml.group("Owner", xml.text("ID", self.account), xml.text("DisplayName", self.account))


def answer(root: str, **headers: str) -> Response:
    """An XML answer."""
    return Response(200, xml.document(root), {"Content-Type": "application/xml", **headers})
