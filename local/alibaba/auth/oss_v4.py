"""OSS signature version 4 (OSS4-HMAC-SHA256), in the Authorization header or in the query of a presigned URL."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote

from local.alibaba.http.messages import Request

ALGORITHM = "OSS4-HMAC-SHA256"
SAFE = "-_.~"


@dataclass(frozen=True, slots=True)
class Scope:
    """The parts of a credential: KEY/DATE/REGION/PRODUCT/aliyun_v4_request."""

    key: str
    date: str
    region: str
    product: str

    @classmethod
    def parse(cls, text: str) -> Scope | None:
        parts = text.split("/")
        if len(parts) != 5 or parts[4] != "aliyun_v4_request":
            return None
        return cls(*parts[:4])

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.product}/aliyun_v4_request"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical(request: Request, bucket: str, key: str, additional: str) -> str:
    query = sorted(
        (quote(k, safe=SAFE), quote(v, safe=SAFE)) for k, v in request.query.items() if k != "x-oss-signature"
    )
    extra = {name for name in additional.lower().split(";") if name}
    signed = sorted(
        (k, v.strip())
        for k, v in request.headers.items()
        if k.startswith("x-oss-") or k in ("content-type", "content-md5") or k in extra
    )
    path = f"/{bucket}/{key}" if bucket else "/"
    return "\n".join(
        [
            request.method,
            quote(path, safe="/" + SAFE),
            "&".join(f"{k}={v}" if v else k for k, v in query),
            "".join(f"{k}:{v}\n" for k, v in signed),
            ";".join(sorted(extra)),
            request.header("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )


def signature(secret: str, scope: Scope, when: str, request: Request, bucket: str, key: str, additional: str) -> str:
    """Hexadecimal signature; `when` is x-oss-date (20260102T030405Z)."""
    digest = hashlib.sha256(_canonical(request, bucket, key, additional).encode()).hexdigest()
    text = "\n".join([ALGORITHM, when, str(scope), digest])
    signing = f"aliyun_v4{secret}".encode()
    for part in (scope.date, scope.region, scope.product, "aliyun_v4_request"):
        signing = _mac(signing, part)
    return hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
