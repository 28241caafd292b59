"""Temporary credentials: AssumeRole, AssumeRoleWithOIDC, GetCallerIdentity."""

from __future__ import annotations

import re

from local.alibaba.auth.oidc import audience_of
from local.alibaba.auth.principal import Principal
from local.alibaba.clock import iso
from local.alibaba.http.errors import RpcError, no_permission
from local.alibaba.policy.conditions import Values
from local.alibaba.policy.document import PolicyGrammarError, parse
from local.alibaba.policy.evaluate import Decision, Question, combine, decide
from local.alibaba.rpc.ims import find_provider
from local.alibaba.rpc.ram_roles import find_role
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.ram_models import RamRole

SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
MIN_SECONDS, DEFAULT_SECONDS, CHAINED_SECONDS = 900, 3600, 3600
MAX_SESSION_POLICY = 2048  # characters


def _role(call: RpcCall) -> RamRole:
    arn = call.need("RoleArn")
    match = re.fullmatch(r"acs:ram::(\d+):role/([A-Za-z0-9.-]{1,64})", arn)
    if not match:
        raise RpcError(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    if match[1] != call.account:
        raise no_permission()
    return find_role(call, match[2])


def _session_name(call: RpcCall) -> str:
    name = call.need("RoleSessionName")
    if not SESSION_NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    return name


def _seconds(call: RpcCall, role: RamRole, *, chained: bool) -> int:
    """Up to the role's MaxSessionDuration; a role assumed by a role gets at most an hour."""
    highest = min(role.ram["max_session"], CHAINED_SECONDS) if chained else role.ram["max_session"]
    seconds = call.number("DurationSeconds", DEFAULT_SECONDS)
    if not MIN_SECONDS <= seconds <= highest:
        raise RpcError(
            400,
            "InvalidParameter.DurationSeconds",
            f"The Min/Max value of DurationSeconds is {MIN_SECONDS}/{highest} seconds.",
        )
    return seconds


def _policy(call: RpcCall) -> str:
    text = call.get("Policy")
    if len(text) > MAX_SESSION_POLICY:
        raise RpcError(
            400,
            "InvalidParameter.PolicySize",
            f"The size of Policy must be smaller than {MAX_SESSION_POLICY} characters.",
        )
    try:
        if text:
            parse(text)
    except PolicyGrammarError:
        raise RpcError(
            400, "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check."
        ) from None
    return text


def _context(call: RpcCall) -> dict[str, Values]:
    insecure = bool(call.request.header("x-tenantry-insecure"))
    return {
        "acs:SourceIp": (call.request.client_ip,),
        "acs:SecureTransport": ("false" if insecure else "true",),
        "acs:CurrentTime": (call.clock.iso(),),
    }


def trusts(role: RamRole, question: Question) -> bool:
    return decide(parse(role.ram["trust"], "trust"), question) is Decision.ALLOW


def may_assume(call: RpcCall, caller: Principal, role: RamRole) -> bool:
    """The role trusts the caller, and the caller's own policies let it assume the role."""
    context = _context(call)
    names = tuple(n for name in caller.names for n in {name, name.lower()})
    if not trusts(role, Question("sts:AssumeRole", context=context, principals={"RAM": names})):
        return False
    arn = call.identities.role_arn(role.ram["name"])
    spelled = (arn, f"acs:ram::{call.account}:role/{role.ram['name']}")
    question = Question("sts:AssumeRole", spelled, context)
    session = decide(caller.session, question) if caller.session is not None else None
    return combine(decide(caller.statements, question), session, Decision.NEUTRAL) is Decision.ALLOW


def _issue(call: RpcCall, role: RamRole, seconds: int, source: Answer) -> Answer:
    name = _session_name(call)
    session = call.identities.create_session(role, name, seconds, _policy(call), source)
    kept = session.ram
    return {
        "AssumedRoleUser": {
            "Arn": f"acs:ram::{call.account}:role/{role.ram['name'].lower()}/{name}",
            "AssumedRoleId": f"{role.ram['id']}:{name}",
        },
        "Credentials": {
            "AccessKeyId": kept["id"],
            "AccessKeySecret": kept["secret"],
            "SecurityToken": kept["token"],
            "Expiration": iso(kept["expires"]),
        },
    }


@action("sts", "AssumeRole", anyone=True)
def assume_role(call: RpcCall) -> Answer:
    caller = call.principal
    if caller is None or caller.kind == "root":
        raise RpcError(403, "NoPermission", "Roles may not be assumed by root accounts.")
    role, _ = _role(call), _session_name(call)
    seconds = _seconds(call, role, chained=caller.kind == "role")
    if not may_assume(call, caller, role):
        raise no_permission()
    return _issue(call, role, seconds, {"kind": caller.kind, "name": caller.name})


@action("sts", "AssumeRoleWithOIDC", anyone=True)
def assume_role_with_oidc(call: RpcCall) -> Answer:
    match = re.fullmatch(r"acs:ram::(\d+):oidc-provider/([A-Za-z0-9._-]{1,128})", call.need("OIDCProviderArn"))
    if not match or match[1] != call.account:
        raise RpcError(400, "InvalidParameter.OIDCProviderArn", "The parameter OIDCProviderArn is wrongly formed.")
    role, provider = _role(call), find_provider(call, match[2])
    _session_name(call)
    token = call.need("OIDCToken")
    if not 4 <= len(token) <= 20000:
        raise RpcError(400, "InvalidParameter.OIDCToken", "The OIDCToken must be 4 to 20000 characters.")
    seconds = _seconds(call, role, chained=False)
    kept = provider.ram
    claims = call.verifier.claims(token, kept["issuer"], kept["client_ids"], kept["limit"])
    context: dict[str, Values] = {
        **_context(call),
        "oidc:iss": (str(claims["iss"]),),
        "oidc:aud": tuple(audience_of(claims)),
        "oidc:sub": (str(claims.get("sub", "")),),
    }
    names = (call.identities.provider_arn(match[2]),)
    if not trusts(role, Question("sts:AssumeRole", context=context, principals={"Federated": names})):
        raise RpcError(
            403, "AuthenticationFail.NoPermission", "This operation is forbidden by the trust policy of the role."
        )
    answer = _issue(call, role, seconds, {"kind": "oidc", "name": str(claims.get("sub", ""))})
    answer["OIDCTokenInfo"] = {
        "Subject": str(claims.get("sub", "")),
        "Issuer": claims["iss"],
        "ClientIds": ",".join(audience_of(claims)),
        "ExpirationTime": iso(claims["exp"]),
        "IssuanceTime": iso(claims["iat"]),
        "VerificationInfo": "Success",
    }
    return answer


@action("sts", "GetCallerIdentity", anyone=True)
def get_caller_identity(call: RpcCall) -> Answer:
    caller = call.principal
    if caller is None:
        raise no_permission()
    answer: Answer = {
        "IdentityType": caller.identity_type,
        "AccountId": caller.account,
        "PrincipalId": caller.id,
        "Arn": caller.arn,
        "UserId": caller.id,
    }
    if caller.kind == "role":
        answer["RoleId"] = caller.id.split(":")[0]
    return answer
