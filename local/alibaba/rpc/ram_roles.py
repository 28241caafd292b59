"""RAM roles."""

from __future__ import annotations

import re

from local.alibaba.clock import iso
from local.alibaba.http.errors import RpcError
from local.alibaba.policy.document import PolicyGrammarError, parse
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.ram_models import RamRole

MAX_ROLES = 1000
NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
SESSION_RANGE = (3600, 43200)  # seconds, MaxSessionDuration
ROLE = "role/{RoleName}"


def find_role(call: RpcCall, name: str) -> RamRole:
    role = call.identities.roles.get(name.lower())
    if role is None:
        raise RpcError(404, "EntityNotExist.Role", f"The role not exists: {name} .")
    return role


def _trust(text: str) -> str:
    try:
        parse(text, "trust")
    except PolicyGrammarError as error:
        raise RpcError(400, "MalformedPolicyDocument", f"The AssumeRolePolicyDocument is invalid: {error}") from None
    if len(text) > 4096:
        raise RpcError(
            400,
            "InvalidParameter.AssumeRolePolicyDocument.Length",
            "The AssumeRolePolicyDocument is longer than 4096 characters.",
        )
    return text


def _session(call: RpcCall, name: str, default: int) -> int:
    seconds = call.number(name, default)
    low, high = SESSION_RANGE
    if not low <= seconds <= high:
        raise RpcError(
            400,
            "InvalidParameter.MaxSessionDuration",
            f"The parameter MaxSessionDuration must be {low} to {high} seconds.",
        )
    return seconds


def _description(text: str) -> str:
    if len(text) > 1024:
        raise RpcError(400, "InvalidParameter.Description.Length", "The description is longer than 1024 characters.")
    return text


def shown(call: RpcCall, role: RamRole, *, trust: bool = True) -> Answer:
    kept = role.ram
    answer: Answer = {
        "RoleId": kept["id"],
        "RoleName": kept["name"],
        "Arn": call.identities.role_arn(kept["name"]),
        "Description": kept["description"],
        "MaxSessionDuration": kept["max_session"],
        "CreateDate": iso(kept["created"]),
        "UpdateDate": iso(kept["updated"]),
    }
    if trust:
        answer["AssumeRolePolicyDocument"] = kept["trust"]
    return answer


@action("ram", "CreateRole", ROLE)
def create_role(call: RpcCall) -> Answer:
    name = call.need("RoleName")
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.RoleName.InvalidChars", "The parameter RoleName is invalid.")
    trust = _trust(call.need("AssumeRolePolicyDocument"))
    seconds = _session(call, "MaxSessionDuration", 3600)
    description = _description(call.get("Description"))
    if name.lower() in call.identities.roles:
        raise RpcError(409, "EntityAlreadyExists.Role", f"The role already exists : {name} .")
    if len(call.identities.roles) >= MAX_ROLES:
        raise RpcError(409, "LimitExceeded.Role", f"The count of roles beyond the current limits: {MAX_ROLES}.")
    return {"Role": shown(call, call.identities.create_role(name, trust, description, seconds))}


@action("ram", "GetRole", ROLE)
def get_role(call: RpcCall) -> Answer:
    return {"Role": shown(call, find_role(call, call.need("RoleName")))}


@action("ram", "UpdateRole", ROLE)
def update_role(call: RpcCall) -> Answer:
    role = find_role(call, call.need("RoleName"))
    changes: Answer = {}
    if "NewAssumeRolePolicyDocument" in call.params:
        changes["trust"] = _trust(call.get("NewAssumeRolePolicyDocument"))
    if "NewDescription" in call.params:
        changes["description"] = _description(call.get("NewDescription"))
    if call.get("NewMaxSessionDuration"):
        changes["max_session"] = _session(call, "NewMaxSessionDuration", 3600)
    role.ram.update(changes, updated=call.clock.now())
    role.assume_role_policy_document, role.description = role.ram["trust"], role.ram["description"]
    call.identities.save(role)
    return {"Role": shown(call, role)}


@action("ram", "DeleteRole", ROLE)
def delete_role(call: RpcCall) -> Answer:
    role = find_role(call, call.need("RoleName"))
    if role.ram["policies"]:
        raise RpcError(409, "DeleteConflict.Role.Policy", "The role can not has any policy.")
    call.identities.delete(role)
    return {}


@action("ram", "ListRoles", "role/*")
def list_roles(call: RpcCall) -> Answer:
    roles = sorted(call.identities.roles.values(), key=lambda r: r.ram["name"].lower())
    page, marker = paged(call, [shown(call, role, trust=False) for role in roles])
    return {"Roles": {"Role": page}, **marker}


def paged(call: RpcCall, items: list[Answer]) -> tuple[list[Answer], Answer]:
    """RAM pages by MaxItems and Marker; the marker is a position, opaque to clients."""
    size, start = call.number("MaxItems", 100), call.number("Marker", 0)
    if not 1 <= size <= 1000 or start < 0:
        raise RpcError(400, "InvalidParameter.MaxItems", "MaxItems must be 1 to 1000.")
    more = start + size < len(items)
    tail: Answer = {"IsTruncated": more}
    if more:
        tail["Marker"] = str(start + size)
    return items[start : start + size], tail
