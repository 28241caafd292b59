"""RAM users and their access keys."""

from __future__ import annotations

import re

from local.alibaba.clock import iso
from local.alibaba.http.errors import RpcError
from local.alibaba.rpc.ram_roles import paged
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.ram_models import RamKey, RamUser

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_KEYS = 2
MAX_USERS = 1000
DETAILS = ("DisplayName", "MobilePhone", "Email", "Comments")
USER = "user/{UserName}"


def find_user(call: RpcCall, name: str) -> RamUser:
    user = call.identities.users.get(name.lower())
    if user is None:
        raise RpcError(404, "EntityNotExist.User", f"The user not exists: {name} .")
    return user


def _shown(user: RamUser) -> Answer:
    kept = user.ram
    details = {name: kept["details"].get(name, "") for name in DETAILS}
    return {
        "UserId": kept["id"],
        "UserName": kept["name"],
        **details,
        "CreateDate": iso(kept["created"]),
        "UpdateDate": iso(kept["updated"]),
    }


@action("ram", "CreateUser", USER)
def create_user(call: RpcCall) -> Answer:
    name = call.need("UserName")
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.UserName.InvalidChars", "The parameter UserName is invalid.")
    if name.lower() in call.identities.users:
        raise RpcError(409, "EntityAlreadyExists.User", f"The user already exists : {name} .")
    if len(call.identities.users) >= MAX_USERS:
        raise RpcError(409, "LimitExceeded.User", f"The count of users beyond the current limits: {MAX_USERS}.")
    details = {field: call.get(field) for field in DETAILS}
    return {"User": _shown(call.identities.create_user(name, details))}


@action("ram", "GetUser", USER)
def get_user(call: RpcCall) -> Answer:
    return {"User": _shown(find_user(call, call.need("UserName")))}


@action("ram", "ListUsers", "user/*")
def list_users(call: RpcCall) -> Answer:
    users = sorted(call.identities.users.values(), key=lambda u: u.ram["name"].lower())
    page, marker = paged(call, [_shown(user) for user in users])
    return {"Users": {"User": page}, **marker}


@action("ram", "UpdateUser", USER)
def update_user(call: RpcCall) -> Answer:
    user = find_user(call, call.need("UserName"))
    name = call.get("NewUserName") or user.ram["name"]
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.NewUserName.InvalidChars", "The parameter NewUserName is invalid.")
    if name.lower() != user.ram["name"].lower() and name.lower() in call.identities.users:
        raise RpcError(409, "EntityAlreadyExists.User", f"The user already exists : {name} .")
    for field in DETAILS:
        if f"New{field}" in call.params:
            user.ram["details"][field] = call.get(f"New{field}")
    user.ram["updated"] = call.clock.now()
    call.identities.rename_user(user, name)
    return {"User": _shown(user)}


@action("ram", "DeleteUser", USER)
def delete_user(call: RpcCall) -> Answer:
    user = find_user(call, call.need("UserName"))
    if user.ram["keys"]:
        raise RpcError(409, "DeleteConflict.User.AccessKey", "The user can not has any access key.")
    if user.ram["policies"]:
        raise RpcError(409, "DeleteConflict.User.Policy", "The user can not has any policy.")
    call.identities.delete(user)
    return {}


def _owner(call: RpcCall) -> RamUser:
    """The user named, or the caller where none is named, as a user may rotate its own key."""
    name = call.get("UserName")
    if not name and call.principal is not None and call.principal.kind == "user":
        name = call.principal.name
    if not name:
        raise RpcError(400, "MissingUserName", "UserName is mandatory: the account's own key is not managed here.")
    return find_user(call, name)


def _key(call: RpcCall, user: RamUser) -> RamKey:
    wanted = call.need("UserAccessKeyId")
    key = call.identities.keys.get(wanted)
    if key is None or key.owner is not user:
        raise RpcError(404, "EntityNotExist.User.AccessKey", f"The access key not exists: {wanted} .")
    return key


def _key_shown(key: RamKey) -> Answer:
    return {"AccessKeyId": key.access_key_id, "Status": key.status, "CreateDate": iso(key.ram["created"])}


@action("ram", "CreateAccessKey", USER)
def create_key(call: RpcCall) -> Answer:
    user = _owner(call)
    if len(user.access_keys) >= MAX_KEYS:
        raise RpcError(
            409, "LimitExceeded.User.AccessKey", f"The count of access keys beyond the current limits: {MAX_KEYS}."
        )
    key = call.identities.create_key(user)
    return {"AccessKey": {**_key_shown(key), "AccessKeySecret": key.secret_access_key}}


@action("ram", "UpdateAccessKey", USER)
def update_key(call: RpcCall) -> Answer:
    user = _owner(call)
    key, status = _key(call, user), call.need("Status")
    if status not in ("Active", "Inactive"):
        raise RpcError(400, "InvalidParameter.Status", "Status must be Active or Inactive.")
    key.status = key.ram["status"] = status
    call.identities.save(user)
    return {}


@action("ram", "ListAccessKeys", USER)
def list_keys(call: RpcCall) -> Answer:
    """Asked by the account itself without a name, it means the account's own keys: none are managed here."""
    if not call.get("UserName") and call.principal is not None and call.principal.kind == "root":
        return {"AccessKeys": {"AccessKey": []}}
    return {"AccessKeys": {"AccessKey": [_key_shown(key) for key in call.identities.keys_of(_owner(call))]}}


@action("ram", "DeleteAccessKey", USER)
def delete_key(call: RpcCall) -> Answer:
    user = _owner(call)
    call.identities.delete_key(user, _key(call, user))
    return {}


@action("ram", "ListGroupsForUser", USER)
def list_groups(call: RpcCall) -> Answer:
    """Groups are not kept; no user is in one."""
    find_user(call, call.need("UserName"))
    return {"Groups": {"Group": []}}


@action("ram", "GetLoginProfile", USER)
@action("ram", "DeleteLoginProfile", USER)
def no_login_profile(call: RpcCall) -> Answer:
    """Users here never have a console password."""
    find_user(call, call.need("UserName"))
    raise RpcError(404, "EntityNotExist.User.LoginProfile", "The login profile does not exist.")


@action("ram", "GetUserMFAInfo", USER)
@action("ram", "UnbindMFADevice", USER)
def no_mfa(call: RpcCall) -> Answer:
    """Users here never have a second factor."""
    find_user(call, call.need("UserName"))
    raise RpcError(404, "EntityNotExist.User.MFADevice", "The MFA device does not exist.")
