"""Buckets of object storage, and OSS's errors in our words."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from provider.errors import ResourceFailure
from provider.systems.settings import required

CONNECT_TIMEOUT_S: Final = 20
REMEDIES: Final = {
    "NoSuchBucket": "create the bucket first (the step must depend on it)",
    "AccessDenied": "allow the provider's key to list, read, write and delete objects in this bucket",
    "InvalidAccessKeyId": "set the provider's accessKey to one that exists and is enabled",
    "SignatureDoesNotMatch": "set the provider's secretKey to that of its accessKey",
    "RequestTimeTooSkewed": "set this machine's clock",
}
# What the answer to a HEAD says of its reason: nothing.
REFUSED: Final = (
    "check the provider's accessKey and secretKey, and that the key may list, read, write and delete objects"
)

oss2: Any = importlib.import_module("oss2")  # carries no types


@dataclass
class Storage:
    """One HTTP session for all buckets: connections are kept between requests."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    proxy: str | None
    _session: Any = field(default_factory=lambda: oss2.Session(), repr=False)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        access_key, secret_key = required(settings, "alibaba", "accessKey", "secretKey")
        return cls(access_key, secret_key, settings.get("securityToken") or None, settings.get("proxy") or None)

    def bucket(self, name: str, region: str) -> Any:
        """The bucket under its real host name; a proxy is spoken to in plain HTTP and stands for the service itself."""
        scheme = "http" if self.proxy else "https"
        if self.token:
            auth = oss2.StsAuth(self.access_key, self.secret_key, self.token, auth_version="v4")
        else:
            auth = oss2.AuthV4(self.access_key, self.secret_key)
        return oss2.Bucket(
            auth,
            f"{scheme}://oss-{region}.aliyuncs.com",
            name,
            session=self._session,
            connect_timeout=CONNECT_TIMEOUT_S,
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
            region=region,
        )


def explain(error: Exception) -> ResourceFailure | None:
    """OSS's errors by their code and message; requests and their signatures stay out."""
    failure: Any = error
    if isinstance(error, oss2.exceptions.RequestError):
        return ResourceFailure(
            f"no answer from object storage ({type(failure.exception).__name__})",
            "check the network, and the provider's proxy where one is set",
            passing=True,
        )
    if isinstance(error, oss2.exceptions.OssError):
        code = str(failure.code or "")
        passing = failure.status in (429, 500, 502, 503, 504)
        reason = (
            f"{code or f'HTTP {failure.status}'} {failure.message or ''} (request {failure.request_id or 'unknown'})"
        )
        remedy = REMEDIES.get(code) or (REFUSED if failure.status == 403 else "correct this and run again")
        return ResourceFailure(reason, remedy, passing=passing)
    return None
