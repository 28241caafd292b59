"""Signatures of the RPC services: version 1 (HMAC-SHA1 over the parameters) and ACS3-HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote

from local.alibaba.auth.keys import Credential, KeyProblemError, Keys
from local.alibaba.auth.principal import Principal
from local.alibaba.clock import Clock
from local.alibaba.http.errors import RpcError
from local.alibaba.http.messages import Request, fields_of

WINDOW_SECONDS = 900  # how old a Timestamp may be, and how long a nonce is remembered
_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
ACS3 = "ACS3-HMAC-SHA256"


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _query_string(parameters: dict[str, str]) -> str:
    return "&".join(f"{_encode(k)}={_encode(v)}" for k, v in sorted(parameters.items()))


def _mismatch(text: str) -> RpcError:
    return RpcError(
        400,
        "SignatureDoesNotMatch",
        f"Specified signature is not matched with our calculation. server string to sign is:{text}",
    )


class RpcAuthenticator:
    """Finds the principal of an RPC request; remembers nonces so that a copied request is refused."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self.keys, self.clock = keys, clock
        self._nonces: dict[str, float] = {}

    def authenticate(self, request: Request) -> Principal:
        if request.header("authorization").startswith(ACS3):
            return self._acs3(request)
        parameters = {**request.query, **request.form}
        for name in ("AccessKeyId", "Signature", "Timestamp", "SignatureNonce"):
            if not parameters.get(name):
                raise RpcError(400, f"Missing{name}", f"{name} is mandatory for this action.")
        given = parameters.pop("Signature")
        method = parameters.get("SignatureMethod", "HMAC-SHA1")
        if method not in _DIGESTS:
            raise RpcError(400, "InvalidParameter.SignatureMethod", "The SignatureMethod is not supported.")
        credential = self._find(parameters["AccessKeyId"], parameters.get("SecurityToken", ""))
        text = f"{request.method}&%2F&{_encode(_query_string(parameters))}"
        mac = hmac.new(f"{credential.secret}&".encode(), text.encode(), _DIGESTS[method]).digest()
        if not hmac.compare_digest(base64.b64encode(mac), given.encode()):
            raise _mismatch(text)
        self._fresh(parameters["Timestamp"], f"{credential.key} {parameters['SignatureNonce']}")
        return credential.principal

    def _acs3(self, request: Request) -> Principal:
        fields = fields_of(request.header("authorization").removeprefix(ACS3))
        signed = [name for name in fields.get("SignedHeaders", "").split(";") if name]
        headers = "".join(f"{name}:{request.header(name).strip()}\n" for name in signed)
        payload = hashlib.sha256(request.body).hexdigest()  # what came, not what the header claims
        canonical = "\n".join(
            [
                request.method,
                request.raw_path,
                _query_string(dict(request.query)),
                headers,
                ";".join(signed),
                payload,
            ]
        )
        text = f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        credential = self._find(fields.get("Credential", ""), request.header("x-acs-security-token"))
        wanted = hmac.new(credential.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), fields.get("Signature", "").encode()):
            raise _mismatch(text)
        self._fresh(request.header("x-acs-date"), f"{credential.key} {request.header('x-acs-signature-nonce')}")
        return credential.principal

    def _find(self, key: str, token: str) -> Credential:
        try:
            return self.keys.find(key, token)
        except KeyProblemError as problem:
            status, code, message = {
                "unknown": (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
                "inactive": (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
                "expired": (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
                "token": (
                    400,
                    "InvalidSecurityToken.MismatchWithAccessKey",
                    "Specified SecurityToken mismatch with the AccessKey.",
                ),
            }[problem.reason]
            raise RpcError(status, code, message) from None

    def _fresh(self, timestamp: str, nonce: str) -> None:
        try:
            at = datetime.fromisoformat(timestamp).timestamp()
        except ValueError:
            raise RpcError(400, "InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        now = self.clock.real()
        if abs(now - at) > WINDOW_SECONDS:
            raise RpcError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if nonce in self._nonces:
            raise RpcError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        if len(self._nonces) > 20000:
            self._nonces = {k: t for k, t in self._nonces.items() if t > now - WINDOW_SECONDS}
        self._nonces[nonce] = now
