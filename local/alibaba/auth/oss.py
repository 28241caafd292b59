"""Authentication of an OSS request: which scheme, whose key, and does the signature fit."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from local.alibaba.auth import oss_v1, oss_v4
from local.alibaba.auth.keys import Credential, KeyProblemError, Keys
from local.alibaba.auth.principal import ANONYMOUS, Principal
from local.alibaba.clock import Clock
from local.alibaba.http.errors import OssError, access_denied
from local.alibaba.http.messages import Request, fields_of

SKEW_SECONDS = 900  # the real service's window for Date and x-oss-date


def _found(keys: Keys, key: str, token: str) -> Credential:
    try:
        return keys.find(key, token)
    except KeyProblemError as problem:
        if problem.reason == "expired":
            raise OssError(403, "SecurityTokenExpired", "The security token you provided has expired.") from None
        if problem.reason == "token":
            raise OssError(403, "InvalidSecurityToken", "The security token you provided is invalid.") from None
        if problem.reason == "inactive":
            raise OssError(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided is disabled.") from None
        raise OssError(
            403,
            "InvalidAccessKeyId",
            "The OSS Access Key Id you provided does not exist in our records.",
            OSSAccessKeyId=key,
        ) from None


def _mismatch(key: str, **details: str) -> OssError:
    return OssError(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        OSSAccessKeyId=key,
        **details,
    )


def _check_skew(clock: Clock, at: float) -> None:
    if abs(clock.real() - at) > SKEW_SECONDS:
        raise OssError(
            403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
        )


def _http_time(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        raise access_denied("OSS authentication requires a valid Date.") from None


def _basic_time(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise OssError(400, "InvalidArgument", "x-oss-date must be like 20060102T150405Z.") from None


def _check_region(credential: str, region: str) -> None:
    """Version 4 signs the region too; behind an address without one (path style, loopback) any will do."""
    scope = oss_v4.Scope.parse(credential)
    if region and scope is not None and scope.region != region:
        raise OssError(400, "InvalidArgument", "Invalid signing region in Authorization header.")


def authenticate(request: Request, bucket: str, key: str, region: str, keys: Keys, clock: Clock) -> Principal:
    """The principal of the request; requests without any signature are anonymous."""
    authorization, query = request.header("authorization"), request.query
    if authorization.startswith("OSS "):
        return _v1_header(request, bucket, key, keys, clock)
    if authorization.startswith(oss_v4.ALGORITHM):
        fields = fields_of(authorization.removeprefix(oss_v4.ALGORITHM))
        when = request.header("x-oss-date")
        _check_skew(clock, _basic_time(when))
        _check_region(fields.get("Credential", ""), region)
        return _v4(
            request,
            bucket,
            key,
            keys,
            fields.get("Credential", ""),
            when,
            fields.get("AdditionalHeaders", ""),
            fields.get("Signature", ""),
            request.header("x-oss-security-token"),
        )
    if authorization:
        raise OssError(400, "InvalidArgument", "Authorization header is invalid: OSS or OSS4-HMAC-SHA256 is needed.")
    if "x-oss-signature" in query:
        when, lifetime = query.get("x-oss-date", ""), query.get("x-oss-expires", "")
        if not lifetime.isdigit() or not 0 < int(lifetime) <= 604800:
            raise OssError(400, "AuthorizationQueryParametersError", "x-oss-expires must be 1 to 604800 seconds.")
        if clock.now() > _basic_time(when) + int(lifetime):
            raise access_denied("Request has expired.")
        _check_region(query.get("x-oss-credential", ""), region)
        return _v4(
            request,
            bucket,
            key,
            keys,
            query.get("x-oss-credential", ""),
            when,
            query.get("x-oss-additional-headers", ""),
            query["x-oss-signature"],
            query.get("x-oss-security-token", ""),
        )
    if "Signature" in query and "OSSAccessKeyId" in query:
        return _v1_query(request, bucket, key, keys, clock)
    return ANONYMOUS


def _v1_header(request: Request, bucket: str, key: str, keys: Keys, clock: Clock) -> Principal:
    access_key, _, given = request.header("authorization")[4:].partition(":")
    date = request.header("x-oss-date") or request.header("date")
    _check_skew(clock, _http_time(date))
    token = request.header("x-oss-security-token") or request.query.get("security-token", "")
    credential = _found(keys, access_key, token)
    if not oss_v1.fits(credential.secret, given, request, bucket, key, date):
        raise _mismatch(access_key, StringToSign=oss_v1.string_to_sign(request, bucket, key, date))
    return credential.principal


def _v1_query(request: Request, bucket: str, key: str, keys: Keys, clock: Clock) -> Principal:
    access_key, expires = request.query["OSSAccessKeyId"], request.query.get("Expires", "")
    credential = _found(keys, access_key, request.query.get("security-token", ""))
    if not expires.isdigit() or int(expires) < clock.now():
        raise access_denied("Request has expired.")
    if not oss_v1.fits(credential.secret, request.query["Signature"], request, bucket, key, expires):
        raise _mismatch(access_key)
    return credential.principal


def _v4(
    request: Request,
    bucket: str,
    key: str,
    keys: Keys,
    credential: str,
    when: str,
    additional: str,
    given: str,
    token: str,
) -> Principal:
    scope = oss_v4.Scope.parse(credential)
    if scope is None or scope.date != when[:8] or scope.product not in ("oss", "oss-cloudbox"):
        raise OssError(400, "InvalidArgument", "The credential of the signature is malformed.")
    signer = _found(keys, scope.key, token)
    wanted = oss_v4.signature(signer.secret, scope, when, request, bucket, key, additional)
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise _mismatch(scope.key)
    return signer.principal
