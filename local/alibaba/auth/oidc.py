"""Verification of OIDC tokens against a JWKS file that the cluster writes; the file may change at any time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.alibaba.clock import Clock
from local.alibaba.http.errors import RpcError

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256"]  # asymmetric ones only


def _invalid(message: str) -> RpcError:
    return RpcError(400, "AuthenticationFail.OIDCToken.Invalid", message)


class TokenVerifier:
    """Reads the key file anew when it has changed."""

    def __init__(self, file: Path | None, clock: Clock) -> None:
        self.file, self.clock = file, clock

    def claims(self, token: str, issuer: str, audiences: list[str], hours: int) -> dict[str, Any]:
        """Claims of a valid token meant for one of `audiences` and issued within `hours`; RpcError otherwise."""
        from joserfc import jwt  # imported late: the library costs start-up time and few requests need it
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if self.file is None or not self.file.is_file():
            raise _invalid("The stand-in knows no keys of the issuer: start it with --oidc-jwks FILE.")
        try:
            keys = KeySet.import_key_set(json.loads(self.file.read_text()))
            claims = dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError, KeyError) as error:
            raise _invalid(f"The JsonWebToken cannot be verified: {type(error).__name__}.") from None
        now = self.clock.real()
        if claims.get("iss") != issuer:
            raise RpcError(
                400,
                "AuthenticationFail.OIDCToken.IssuerNotMatch",
                "The issuer of the OIDCToken does not match the OIDC provider.",
            )
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= now:
            raise RpcError(400, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired.")
        issued = claims.get("iat")
        if not isinstance(issued, int | float):
            raise _invalid("The JsonWebToken does not say when it was issued.")
        if claims.get("nbf", 0) > now + 60 or issued > now + 60:
            raise _invalid("The JsonWebToken is not valid yet.")
        if issued < now - hours * 3600:
            raise RpcError(
                400,
                "AuthenticationFail.OIDCToken.IssuanceExpired",
                "The JsonWebToken was issued before the time that the OIDC provider allows.",
            )
        if not set(audience_of(claims)) & set(audiences):
            raise RpcError(
                400,
                "AuthenticationFail.OIDCToken.AudienceNotMatch",
                "The audience of the OIDCToken does not match the client ids of the OIDC provider.",
            )
        return claims


def audience_of(claims: dict[str, Any]) -> list[str]:
    audience = claims.get("aud", [])
    return [audience] if isinstance(audience, str) else [str(a) for a in audience]
