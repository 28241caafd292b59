"""Attacks on who gets a session at Alibaba Cloud, for how long, and what it opens beside objects."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.inspection.verify.core.alibaba_session import (
    ANSWER_DENIED,
    assume,
    assume_by_token,
    broker,
    bucket,
    denied,
    environment_of,
    no_session,
    session,
)
from tenantry.inspection.verify.core.attack import (
    Attack,
    Attempt,
    Verdict,
    inconclusive,
    passed,
    verdict_on_faults,
    vulnerable,
)
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.target import Keys
from tenantry.model.trust_policy import trust
from tenantry.names import BROKER_ROLE, SESSION_SECONDS, SYSTEM_DIRECTORIES, Names
from tenantry.parsing.json_narrowing import mapping, sequence

RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
STS: Final = ("sts.aliyuncs.com", "2015-04-01")
DNS: Final = ("alidns.aliyuncs.com", "2015-01-09")
NO_TRUST: Final = ("AuthenticationFail.NoPermission", "NoPermission")
TOO_LONG: Final = ("InvalidParameter.DurationSeconds",)
STRANGER: Final = "default"  # the service account that Kubernetes puts into every namespace
HARMLESS: Final = {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}


def _ask(context: VerifyContext, keys: Keys, api: tuple[str, str], action: str, **parameters: object) -> Any:
    return call(*api, action, parameters, environment_of(context, keys))


def _refused(context: VerifyContext, keys: Keys, api: tuple[str, str], action: str, **parameters: object) -> Verdict:
    try:
        _ask(context, keys, api, action, **parameters)
    except OSError as error:
        code = str(error).rpartition(": ")[2]
        return passed() if code in ANSWER_DENIED else inconclusive(f"refused for another reason: {code}")
    return vulnerable(f"{action} answered")


def _account(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for api, action, parameters in _looks(names):
            yield Attempt(names.code, action, partial(_as_tenant, context, names, api, action, parameters))


def _looks(names: Names) -> Iterator[tuple[tuple[str, str], str, dict[str, object]]]:
    yield RAM, "ListRoles", {}
    yield RAM, "ListUsers", {}
    yield RAM, "GetRole", {"RoleName": names.ram_role}
    yield RAM, "GetPolicy", {"PolicyName": names.ram_policy, "PolicyType": "Custom"}
    yield RAM, "GetRole", {"RoleName": BROKER_ROLE}
    yield DNS, "DescribeDomainRecords", {"DomainName": names.zone}


def _as_tenant(
    context: VerifyContext, names: Names, api: tuple[str, str], action: str, parameters: dict[str, object]
) -> Verdict:
    return _refused(context, session(context, names), api, action, **parameters)


def _broker(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_access:
        for name in context.target.buckets:
            yield Attempt("", f"{names.code} get {name}", partial(_broker_reads, context, names, name))
    for action in ("ListUsers", "ListRoles"):
        yield Attempt("", action, partial(_broker_asks, context, action))


def _broker_asks(context: VerifyContext, action: str) -> Verdict:
    return _refused(context, broker(context), RAM, action)


def _broker_reads(context: VerifyContext, names: Names, name: str) -> Verdict:
    at = names.prefix + SYSTEM_DIRECTORIES[0]
    return denied(lambda: bucket(context, broker(context), name).get_object(at).read())


def _long(context: VerifyContext) -> Iterator[Attempt]:
    return (
        Attempt(names.code, f"{SESSION_SECONDS + 1} s", partial(_longer, context, names))
        for names in context.with_access
    )


def _longer(context: VerifyContext, names: Names) -> Verdict:
    """By the workload's own token: a session of the broker's could not take a longer one of any role."""
    token = context.token(names, context.target.audience)
    return no_session(lambda: assume_by_token(context, token, names.ram_role, SESSION_SECONDS + 1), TOO_LONG)


def _strangers(context: VerifyContext) -> Iterator[Attempt]:
    return (Attempt(names.code, STRANGER, partial(_stranger, context, names)) for names in context.with_namespace)


def _stranger(context: VerifyContext, names: Names) -> Verdict:
    path = f"/api/v1/namespaces/{names.namespace}/serviceaccounts/{STRANGER}/token"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 600, "audiences": [context.target.audience]},
    }
    token = mapping(context.admin.ask("POST", path, body, dry=False).document.get("status")).get("token")
    if not token:
        return inconclusive("the API server gave no token")
    return no_session(lambda: assume_by_token(context, str(token), names.ram_role), NO_TRUST)


def _shut(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.selected:
        phase = context.target.tenants[names.code][1]
        if phase.keeps_data and not phase.has_access:
            yield Attempt(names.code, names.ram_role, partial(_assumed, context, names))


def _assumed(context: VerifyContext, names: Names) -> Verdict:
    return no_session(lambda: assume(context, broker(context), names.ram_role))


def _trusts(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.selected:
        if context.target.tenants[names.code][1].keeps_data:
            yield Attempt("", names.ram_role, partial(_trust, context, names))


def _trust(context: VerifyContext, names: Names) -> Verdict:
    """Word by word: whom a role trusts besides, no list of attempts could try."""
    role = mapping(_ask(context, context.target.provisioner, RAM, "GetRole", RoleName=names.ram_role).get("Role"))
    access = context.target.tenants[names.code][1].has_access
    provider = context.target.identity_provider
    wanted = trust(
        names, context.target.account, context.target.issuer, context.target.audience, access=access, provider=provider
    )
    live = json.loads(str(role.get("AssumeRolePolicyDocument")))
    return passed() if live == wanted else vulnerable(f"it trusts {json.dumps(live)}")


def _rights(context: VerifyContext) -> Iterator[Attempt]:
    for names in context.with_namespace:
        for namespace in (*(names.namespace for names in context.all), "kube-system", "default"):
            yield Attempt(names.code, namespace, partial(_rules, context, names, namespace))


def _rules(context: VerifyContext, names: Names, namespace: str) -> Verdict:
    """Every rule that the API server finds for the account: more than any list of attempts could try."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    status = mapping(context.account(names).ask("POST", path, body, dry=False).document.get("status"))
    if not status or status.get("incomplete"):
        return inconclusive(f"the answer is incomplete: {status.get('evaluationError')}")
    return verdict_on_faults(
        f"{','.join(rule['verbs'])} {','.join(rule['resources'])}"
        for rule in map(mapping, sequence(status.get("resourceRules")))
        if not set(rule["resources"]) <= HARMLESS
    )


ATTACKS: Final = (
    Attack("sts.account", "a tenant's role grants nothing beside objects", "read the account's roles, users, records",
           _account),
    Attack("sts.broker", "the broker may take tenants' roles and nothing else",
           "read objects, users and roles with the broker's session", _broker),
    Attack("sts.long", "the role's longest session is an hour", "ask for a longer session", _long),
    Attack("sts.stranger", "trust names the exact service account", "take its role by another account's token",
           _strangers),
    Attack("sts.trust", "trust names the workload and the broker alone", "read whom each role trusts", _trusts),
    Attack("sts.shut", "without access a role trusts nobody", "take the role of a tenant without access", _shut),
    Attack("cluster.rules", "the application's account is bound to no role", "list every rule that it has, everywhere",
           _rights),
)  # fmt: skip
