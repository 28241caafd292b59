"""RAM policies, their versions and attachments."""

from __future__ import annotations

import re

from local.alibaba.clock import iso
from local.alibaba.http.errors import RpcError
from local.alibaba.policy.document import MAX_LENGTH, PolicyGrammarError, parse
from local.alibaba.rpc.ram_roles import find_role, paged
from local.alibaba.rpc.ram_users import find_user
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.ram_models import RamPolicy, RamRole, RamUser

MAX_POLICIES = 1500
MAX_VERSIONS = 5
NAME = re.compile(r"[A-Za-z0-9-]{1,128}")
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
POLICY = "policy/{PolicyName}"


def find_policy(call: RpcCall, kind: str = "") -> RamPolicy:
    name, kind = call.need("PolicyName"), kind or call.get("PolicyType") or "Custom"
    if kind not in ("Custom", "System"):
        raise RpcError(400, "InvalidParameter.PolicyType", "PolicyType must be Custom or System.")
    policy = call.identities.policies.get((kind, name))
    if policy is None:
        raise RpcError(404, "EntityNotExist.Policy", f"The policy not exists: {name} .")
    return policy


def _document(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise RpcError(
            400,
            "InvalidParameter.PolicyDocument.Length",
            f"The policy document is longer than {MAX_LENGTH} characters.",
        )
    try:
        parse(text)
    except PolicyGrammarError as error:
        raise RpcError(400, "MalformedPolicyDocument", f"The policy document is invalid: {error}") from None
    return text


def _shown(policy: RamPolicy) -> Answer:
    kept = policy.ram
    return {
        "PolicyName": kept["name"],
        "PolicyType": kept["type"],
        "Description": kept["description"],
        "DefaultVersion": kept["default"],
        "AttachmentCount": policy.attachment_count,
        "CreateDate": iso(kept["created"]),
        "UpdateDate": iso(kept["updated"]),
    }


def _version(policy: RamPolicy, version: Answer, *, document: bool) -> Answer:
    shown: Answer = {
        "VersionId": version["id"],
        "IsDefaultVersion": version["id"] == policy.ram["default"],
        "CreateDate": iso(version["created"]),
    }
    return {**shown, "PolicyDocument": version["document"]} if document else shown


@action("ram", "CreatePolicy", POLICY)
def create_policy(call: RpcCall) -> Answer:
    name = call.need("PolicyName")
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.PolicyName.InvalidChars", "The parameter PolicyName is invalid.")
    text = _document(call.need("PolicyDocument"))
    if ("Custom", name) in call.identities.policies:
        raise RpcError(409, "EntityAlreadyExists.Policy", f"The policy already exists : {name} .")
    if sum(kind == "Custom" for kind, _ in call.identities.policies) >= MAX_POLICIES:
        raise RpcError(409, "LimitExceeded.Policy", f"The count of policies beyond the limit: {MAX_POLICIES}.")
    return {"Policy": _shown(call.identities.create_policy(name, text, call.get("Description")))}


@action("ram", "GetPolicy", POLICY)
def get_policy(call: RpcCall) -> Answer:
    policy = find_policy(call)
    default = next(v for v in policy.ram["versions"] if v["id"] == policy.ram["default"])
    version = _version(policy, default, document=True)
    return {"Policy": {**_shown(policy), "PolicyDocument": default["document"]}, "DefaultPolicyVersion": version}


@action("ram", "UpdatePolicyDescription", POLICY)
def update_description(call: RpcCall) -> Answer:
    policy = find_policy(call, "Custom")
    policy.ram.update(description=call.get("NewDescription"), updated=call.clock.now())
    call.identities.save_policy(policy)
    return {"Policy": _shown(policy)}


@action("ram", "CreatePolicyVersion", POLICY)
def create_version(call: RpcCall) -> Answer:
    policy = find_policy(call, "Custom")
    text = _document(call.need("PolicyDocument"))
    versions = policy.ram["versions"]
    if len(versions) >= MAX_VERSIONS:
        if call.get("RotateStrategy", "None") != ROTATE:
            raise RpcError(
                409,
                "LimitExceeded.Policy.Version",
                f"The count of policy versions beyond the current limits: {MAX_VERSIONS}.",
            )
        versions.remove(next(v for v in versions if v["id"] != policy.ram["default"]))
    version: Answer = {"id": f"v{policy.ram['next']}", "document": text, "created": call.clock.now()}
    versions.append(version)
    policy.ram.update(next=policy.ram["next"] + 1, updated=call.clock.now())
    if call.get("SetAsDefault").lower() == "true":
        policy.ram["default"] = version["id"]
    call.identities.save_policy(policy)
    return {"PolicyVersion": _version(policy, version, document=True)}


def _one_version(call: RpcCall, policy: RamPolicy) -> Answer:
    wanted = call.need("VersionId")
    version = next((v for v in policy.ram["versions"] if v["id"] == wanted), None)
    if version is None:
        raise RpcError(404, "EntityNotExist.Policy.Version", f"The policy version not exists: {wanted} .")
    return version


@action("ram", "GetPolicyVersion", POLICY)
def get_version(call: RpcCall) -> Answer:
    policy = find_policy(call)
    return {"PolicyVersion": _version(policy, _one_version(call, policy), document=True)}


@action("ram", "ListPolicyVersions", POLICY)
def list_versions(call: RpcCall) -> Answer:
    policy = find_policy(call)
    versions = [_version(policy, v, document=True) for v in policy.ram["versions"]]
    return {"PolicyVersions": {"PolicyVersion": versions}}


@action("ram", "SetDefaultPolicyVersion", POLICY)
def set_default(call: RpcCall) -> Answer:
    policy = find_policy(call, "Custom")
    policy.ram.update(default=_one_version(call, policy)["id"], updated=call.clock.now())
    call.identities.save_policy(policy)
    return {}


@action("ram", "DeletePolicyVersion", POLICY)
def delete_version(call: RpcCall) -> Answer:
    policy = find_policy(call, "Custom")
    version = _one_version(call, policy)
    if version["id"] == policy.ram["default"]:
        raise RpcError(409, "DeleteConflict.Policy.Version.Default", "The default policy version can not be deleted.")
    policy.ram["versions"].remove(version)
    call.identities.save_policy(policy)
    return {}


def _holders(call: RpcCall, policy: RamPolicy) -> list[RamRole | RamUser]:
    entry = [policy.ram["type"], policy.name]
    everyone = [*call.identities.roles.values(), *call.identities.users.values()]
    return [holder for holder in everyone if entry in holder.ram["policies"]]


@action("ram", "DeletePolicy", POLICY)
def delete_policy(call: RpcCall) -> Answer:
    policy = find_policy(call, "Custom")
    holders = _holders(call, policy)
    if call.get("CascadingDelete").lower() == "true":
        for holder in holders:
            call.identities.detach(holder, policy)
    elif holders:
        kind = "Role" if isinstance(holders[0], RamRole) else "User"
        raise RpcError(409, f"DeleteConflict.Policy.{kind}", f"The policy is attached to a {kind.lower()}.")
    elif len(policy.ram["versions"]) > 1:
        raise RpcError(409, "DeleteConflict.Policy.Version", "The policy has more than one version.")
    call.identities.delete_policy(policy)
    return {}


@action("ram", "ListPolicies", "policy/*")
def list_policies(call: RpcCall) -> Answer:
    kind = call.get("PolicyType")
    policies = [p for (t, _), p in sorted(call.identities.policies.items()) if kind in ("", t)]
    page, marker = paged(call, [_shown(p) for p in policies])
    return {"Policies": {"Policy": page}, **marker}


@action("ram", "ListEntitiesForPolicy", POLICY)
def list_entities(call: RpcCall) -> Answer:
    policy = find_policy(call)
    roles: list[Answer] = []
    users: list[Answer] = []
    for holder in _holders(call, policy):
        kept, at = holder.ram, iso(holder.ram["updated"])
        if isinstance(holder, RamRole):
            roles.append(
                {
                    "RoleId": kept["id"],
                    "RoleName": kept["name"],
                    "Description": kept["description"],
                    "Arn": call.identities.role_arn(kept["name"]),
                    "AttachDate": at,
                }
            )
        else:
            users.append(
                {
                    "UserId": kept["id"],
                    "UserName": kept["name"],
                    "DisplayName": kept["details"].get("DisplayName", ""),
                    "AttachDate": at,
                }
            )
    return {"Groups": {"Group": []}, "Users": {"User": users}, "Roles": {"Role": roles}}


def _attach(call: RpcCall, holder: RamRole | RamUser, kind: str) -> Answer:
    policy = find_policy(call)
    if [policy.ram["type"], policy.name] in holder.ram["policies"]:
        raise RpcError(409, f"EntityAlreadyExists.{kind}.Policy", f"The {kind.lower()} already has this policy.")
    call.identities.attach(holder, policy)
    return {}


def _detach(call: RpcCall, holder: RamRole | RamUser, kind: str) -> Answer:
    policy = find_policy(call)
    if [policy.ram["type"], policy.name] not in holder.ram["policies"]:
        raise RpcError(404, f"EntityNotExist.{kind}.Policy", f"The {kind.lower()} does not have this policy.")
    call.identities.detach(holder, policy)
    return {}


def _policies_of(call: RpcCall, holder: RamRole | RamUser) -> Answer:
    at = iso(holder.ram["updated"])
    shown = [{**_shown(policy), "AttachDate": at} for policy in call.identities.policies_of(holder)]
    return {"Policies": {"Policy": shown}}


@action("ram", "AttachPolicyToRole", "role/{RoleName}", POLICY)
def attach_to_role(call: RpcCall) -> Answer:
    return _attach(call, find_role(call, call.need("RoleName")), "Role")


@action("ram", "DetachPolicyFromRole", "role/{RoleName}", POLICY)
def detach_from_role(call: RpcCall) -> Answer:
    return _detach(call, find_role(call, call.need("RoleName")), "Role")


@action("ram", "ListPoliciesForRole", "role/{RoleName}")
def policies_for_role(call: RpcCall) -> Answer:
    return _policies_of(call, find_role(call, call.need("RoleName")))


@action("ram", "AttachPolicyToUser", "user/{UserName}", POLICY)
def attach_to_user(call: RpcCall) -> Answer:
    return _attach(call, find_user(call, call.need("UserName")), "User")


@action("ram", "DetachPolicyFromUser", "user/{UserName}", POLICY)
def detach_from_user(call: RpcCall) -> Answer:
    return _detach(call, find_user(call, call.need("UserName")), "User")


@action("ram", "ListPoliciesForUser", "user/{UserName}")
def policies_for_user(call: RpcCall) -> Answer:
    return _policies_of(call, find_user(call, call.need("UserName")))
