"""The two shapes of failure that clients know how to read: OSS speaks XML, the RPC services JSON."""

from __future__ import annotations


class ServiceError(Exception):
    """A refusal with the HTTP status, code and message of the real service."""

    def __init__(self, status: int, code: str, message: str = "", **details: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message or code, details


class OssError(ServiceError):
    """Refusal of OSS; `details` become further elements of the error document."""


class RpcError(ServiceError):
    """Refusal of RAM, STS, IMS or AliDNS."""


class DropConnectionError(Exception):
    """A fault asked for by a test: close the connection without an answer."""


def access_denied(message: str = "You have no right to access this object because of bucket acl.") -> OssError:
    return OssError(403, "AccessDenied", message)


def no_permission() -> RpcError:
    return RpcError(403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.")
