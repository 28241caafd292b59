"""Temporary credentials: who may assume what, for how long, and which OIDC tokens are believed."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

SUBJECT = "system:serviceaccount:tenant-k001:business-app"


def _assume(arn: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}


@pytest.fixture(scope="module")
def arn(standin: Any) -> str:
    return standin.role("trusting", {"RAM": [f"acs:ram::{standin.account}:user/trusted"]})


@pytest.fixture(scope="module")
def trusted(standin: Any, arn: str) -> Any:
    return standin.user("trusted", _assume(arn))


def test_the_trusted_user_becomes_the_role(standin: Any, arn: str, trusted: Any) -> None:
    session = standin.assume(trusted, arn)
    assert session.id.startswith("STS.")
    who = standin.call("sts", "GetCallerIdentity", session)
    assert who["IdentityType"] == "AssumedRoleUser"
    assert who["Arn"] == f"acs:ram::{standin.account}:assumed-role/trusting/session"


def test_both_sides_must_agree(standin: Any, arn: str, trusted: Any) -> None:
    wanted = {"RoleArn": arn, "RoleSessionName": "session"}
    other = standin.user("not-trusted", _assume(arn))
    unable = standin.role("trusts-unable", {"RAM": [f"acs:ram::{standin.account}:user/unable"]})
    with pytest.raises(ServerException, match="may not be assumed by root accounts"):
        standin.call("sts", "AssumeRole", **wanted)
    assert standin.refused("sts", "AssumeRole", other, **wanted) == "NoPermission"
    asked = {"RoleArn": unable, "RoleSessionName": "session"}
    assert standin.refused("sts", "AssumeRole", standin.user("unable"), **asked) == "NoPermission"
    session = standin.assume(trusted, arn)
    assert standin.refused("sts", "AssumeRole", session, **wanted) == "NoPermission"


@pytest.mark.parametrize(("change", "expected"), [
    ({"DurationSeconds": "899"}, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": "3601"}, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": "soon"}, "InvalidParameter.DurationSeconds"),
    ({"RoleSessionName": "x"}, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
    ({"RoleArn": "acs:ram::1234567890123456:user/x"}, "InvalidParameter.RoleArn"),
    ({"RoleArn": "acs:ram::1234567890123456:role/none"}, "EntityNotExist.Role"),
    ({"RoleArn": "acs:ram::9999999999999999:role/trusting"}, "NoPermission"),
    ({"Policy": "{"}, "InvalidParameter.PolicyGrammar"),
    ({"Policy": " " * 2049}, "InvalidParameter.PolicySize"),
])  # fmt: skip
def test_requests_that_are_refused(standin: Any, arn: str, trusted: Any, change: dict[str, str], expected: str) -> None:
    wanted = {"RoleArn": arn, "RoleSessionName": "session", **change}
    assert standin.refused("sts", "AssumeRole", trusted, **wanted) == expected


def test_sessions_expire_for_rpc_too(standin: Any, arn: str, trusted: Any) -> None:
    session = standin.assume(trusted, arn, DurationSeconds="900")
    try:
        standin.control("POST", "clock", offset=901)
        assert standin.refused("sts", "GetCallerIdentity", session) == "InvalidSecurityToken.Expired"
    finally:
        standin.control("POST", "clock", offset=0)
    assert standin.call("sts", "GetCallerIdentity", session)["IdentityType"] == "AssumedRoleUser"


Exchange = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def exchange(standin: Any) -> Exchange:
    """AssumeRoleWithOIDC, which is not signed: plain HTTP with the token in the form."""
    standin.call("ims", "CreateOIDCProvider", OIDCProviderName="tenantry", IssuerUrl=standin.issuer,
                 ClientIds="sts.aliyuncs.com")  # fmt: skip
    provider = f"acs:ram::{standin.account}:oidc-provider/tenantry"
    bound = {"StringEquals": {"oidc:iss": standin.issuer, "oidc:aud": "sts.aliyuncs.com", "oidc:sub": SUBJECT}}
    arn = standin.role("tenant-k001", {"Federated": [provider]}, Condition=bound)

    def run(token: str, **change: str) -> tuple[int, dict[str, Any]]:
        from urllib.parse import urlencode

        form = {"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON", "OIDCProviderArn": provider,
                "RoleArn": arn, "RoleSessionName": "app", "OIDCToken": token, **change}  # fmt: skip
        body = urlencode(form).encode()
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        status, _, answer = standin.http("POST", "/", body, **kind)
        return status, json.loads(answer)

    return run


def test_the_workloads_token_becomes_a_session(standin: Any, exchange: Exchange) -> None:
    status, answer = exchange(standin.oidc_token())
    assert status == 200, answer
    made = answer["Credentials"]
    session = standin.keys(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])
    assert standin.call("sts", "GetCallerIdentity", session)["Arn"].endswith(":assumed-role/tenant-k001/app")
    assert answer["OIDCTokenInfo"]["Subject"] == SUBJECT


@pytest.mark.parametrize(("claims", "expected"), [
    ({"sub": "system:serviceaccount:tenant-k002:business-app"}, "AuthenticationFail.NoPermission"),
    ({"sub": "system:serviceaccount:tenant-k001:default"}, "AuthenticationFail.NoPermission"),
    ({"sub": f"{SUBJECT}2"}, "AuthenticationFail.NoPermission"),
    ({"aud": ["https://kubernetes.default.svc"]}, "AuthenticationFail.OIDCToken.AudienceNotMatch"),
    ({"aud": []}, "AuthenticationFail.OIDCToken.AudienceNotMatch"),
    ({"iss": "https://evil.example"}, "AuthenticationFail.OIDCToken.IssuerNotMatch"),
    ({"exp": 1}, "AuthenticationFail.OIDCToken.Expired"),
    ({"nbf": 99999999999}, "AuthenticationFail.OIDCToken.Invalid"),
    ({"iat": None}, "AuthenticationFail.OIDCToken.Invalid"),
    ({"iat": int(time.time()) - 13 * 3600}, "AuthenticationFail.OIDCToken.IssuanceExpired"),  # the provider says 12 h
])  # fmt: skip
def test_other_tokens_of_the_issuer_do_not(
    standin: Any, exchange: Exchange, claims: dict[str, Any], expected: str
) -> None:
    status, answer = exchange(standin.oidc_token(**claims))
    assert (status >= 400, answer["Code"]) == (True, expected)


def test_forged_tokens_do_not(standin: Any, exchange: Exchange) -> None:
    now = int(time.time())
    claims = {"iss": standin.issuer, "aud": ["sts.aliyuncs.com"], "sub": SUBJECT, "iat": now, "exp": now + 600}
    own = RSAKey.generate_key(2048, {"kid": "one"})
    public = standin.issuer_key.as_pem(private=False)
    forged = [
        jwt.encode({"alg": "RS256", "kid": "one"}, claims, own, algorithms=["RS256"]),
        jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(public[:64]), algorithms=["HS256"]),
        "eyJhbGciOiJub25lIn0." + standin.oidc_token().split(".")[1] + ".",
        standin.oidc_token()[:-8] + "AAAAAAAA",
        "not a token",
    ]
    for token in forged:
        assert exchange(token)[1]["Code"] == "AuthenticationFail.OIDCToken.Invalid"


def test_unknown_provider_role_and_duration(standin: Any, exchange: Exchange) -> None:
    token, account = standin.oidc_token(), standin.account
    unknown = f"acs:ram::{account}:oidc-provider/none"
    assert exchange(token, OIDCProviderArn=unknown)[1]["Code"] == "EntityNotExist.OIDCProvider"
    assert exchange(token, RoleArn=f"acs:ram::{account}:role/none")[1]["Code"] == "EntityNotExist.Role"
    assert exchange(token, DurationSeconds="3601")[1]["Code"] == "InvalidParameter.DurationSeconds"
    ordinary = standin.role("not-federated", {"RAM": [f"acs:ram::{account}:root"]})
    assert exchange(token, RoleArn=ordinary)[1]["Code"] == "AuthenticationFail.NoPermission"


def test_rotated_issuer_keys_are_read_anew(standin: Any, exchange: Exchange) -> None:
    file = standin.directory / "jwks.json"
    before, old = file.read_text(), standin.oidc_token()
    file.write_text(json.dumps({"keys": [RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False)]}))
    try:
        assert exchange(old)[1]["Code"] == "AuthenticationFail.OIDCToken.Invalid"
    finally:
        file.write_text(before)
    assert exchange(old)[0] == 200
