"""An RPC request from bytes to bytes."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from local.alibaba.auth.keys import Keys
from local.alibaba.auth.oidc import TokenVerifier
from local.alibaba.auth.principal import Principal
from local.alibaba.auth.rpc import RpcAuthenticator
from local.alibaba.clock import Clock
from local.alibaba.http.errors import RpcError, no_permission
from local.alibaba.http.messages import Request, Response
from local.alibaba.policy.conditions import Values
from local.alibaba.policy.evaluate import Decision, Question, combine, decide
from local.alibaba.rpc import alidns_domains, alidns_records, ims, misc, ram_policies, ram_roles, ram_users, sts
from local.alibaba.rpc.registry import ACTIONS, VERSIONS, Action, RpcCall
from local.alibaba.rpc.resources import ResourceNames
from local.alibaba.state.domains import Domains
from local.alibaba.state.identities import Identities

MODULES = (alidns_domains, alidns_records, ims, misc, ram_policies, ram_roles, ram_users, sts)  # they register actions
SECRET = {"Signature", "SecurityToken", "OIDCToken", "AccessKeyId", "SignatureNonce"}
PLUMBING = {
    "Format",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "Timestamp",
    "Action",
    "Version",
    "RegionId",
}


@dataclass(slots=True)
class Outcome:
    """The answer, and what the request log says about it."""

    response: Response
    operation: str = ""
    principal: str = ""
    error: str = ""
    params: dict[str, str] = field(default_factory=dict[str, str])


class RpcServices:
    """RAM, IMS, STS, AliDNS of one account."""

    def __init__(
        self, account: str, identities: Identities, domains: Domains, keys: Keys, clock: Clock, verifier: TokenVerifier
    ) -> None:
        self.account, self.identities, self.domains = account, identities, domains
        self.clock, self.verifier = clock, verifier
        self.authenticator = RpcAuthenticator(keys, clock)

    @staticmethod
    def is_rpc(request: Request) -> bool:
        return "Action" in request.query or "Action" in request.form or "x-acs-action" in request.headers

    @staticmethod
    def operation(request: Request) -> str:
        """`alidns:AddDomainRecord`, from parameters or, in ACS3, from headers."""
        name = request.query.get("Action") or request.form.get("Action") or request.header("x-acs-action")
        version = request.query.get("Version") or request.form.get("Version") or request.header("x-acs-version")
        return f"{VERSIONS.get(version, 'unknown')}:{name}"

    def handle(self, request: Request) -> Outcome:
        params = {**request.query, **request.form}
        shown = {k: v for k, v in params.items() if k not in SECRET | PLUMBING}
        outcome = Outcome(Response(), self.operation(request), params=shown)
        body: dict[str, Any]
        status = 200
        try:
            body = self._handle(request, params, outcome)
        except RpcError as error:
            status, outcome.error = error.status, error.code
            body = {
                "HostId": request.host,
                "Code": error.code,
                "Message": error.message,
                "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
            }
        body = {"RequestId": str(uuid.uuid4()).upper(), **body}
        headers = {"Content-Type": "application/json;charset=utf-8", "x-acs-request-id": body["RequestId"]}
        outcome.response = Response(status, json.dumps(body, ensure_ascii=False).encode(), headers)
        return outcome

    def _handle(self, request: Request, params: dict[str, str], outcome: Outcome) -> dict[str, Any]:
        product, _, name = outcome.operation.partition(":")
        action = ACTIONS.get((product, name))
        if action is None:
            raise RpcError(404, "InvalidAction.NotFound", f"The stand-in does not know the action {outcome.operation}.")
        principal = None if name == "AssumeRoleWithOIDC" else self.authenticator.authenticate(request)
        if principal is not None:
            outcome.principal = f"{principal.kind}:{principal.name}"
            self._authorize(principal, product, name, action, params, request)
        call = RpcCall(
            params, principal, self.account, self.identities, self.domains, self.verifier, self.clock, request
        )
        return action.function(call)

    def _authorize(
        self, principal: Principal, product: str, name: str, action: Action, params: dict[str, str], request: Request
    ) -> None:
        if principal.kind == "root" or action.open:
            return
        service = "ram" if product == "ims" else product
        insecure = bool(request.header("x-tenantry-insecure"))
        context: dict[str, Values] = {
            "acs:SourceIp": (request.client_ip,),
            "acs:CurrentTime": (self.clock.iso(),),
            "acs:SecureTransport": ("false" if insecure else "true",),
        }
        named = ResourceNames(self.account, self.identities, self.domains)
        questions = [
            Question(f"{service}:{name}", named.spelled(service, template, params), context)
            for template in action.resources
        ]
        if not all(_allowed(principal, question) for question in questions):
            raise (
                RpcError(
                    403,
                    "Forbidden.RAM",
                    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
                )
                if product == "alidns"
                else no_permission()
            )


def _allowed(principal: Principal, question: Question) -> bool:
    session = decide(principal.session, question) if principal.session is not None else None
    return combine(decide(principal.statements, question), session, Decision.NEUTRAL) is Decision.ALLOW
