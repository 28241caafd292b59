"""RAM and IMS through the core SDK: names, codes and limits of the real service."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

DOCUMENT = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]})
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def _trust(account: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{account}:root"]}}
    return json.dumps({"Version": "1", "Statement": [statement]})


def test_roles(standin: Any) -> None:
    made = standin.call("ram", "CreateRole", RoleName="Tenant-K001", AssumeRolePolicyDocument=_trust(standin.account),
                        Description="managed by tenantry", MaxSessionDuration="3600")["Role"]  # fmt: skip
    assert made["Arn"] == f"acs:ram::{standin.account}:role/tenant-k001"
    got = standin.call("ram", "GetRole", RoleName="tenant-k001")["Role"]
    assert (got["RoleName"], got["Description"]) == ("Tenant-K001", "managed by tenantry")
    again = {"RoleName": "TENANT-k001", "AssumeRolePolicyDocument": _trust(standin.account)}
    assert standin.refused("ram", "CreateRole", **again) == "EntityAlreadyExists.Role"
    standin.call("ram", "UpdateRole", RoleName="tenant-k001", NewDescription="new", NewMaxSessionDuration="7200")
    got = standin.call("ram", "GetRole", RoleName="tenant-k001")["Role"]
    assert (got["Description"], got["MaxSessionDuration"], got["RoleId"]) == ("new", 7200, made["RoleId"])
    standin.call("ram", "DeleteRole", RoleName="tenant-k001")
    assert standin.refused("ram", "GetRole", RoleName="tenant-k001") == "EntityNotExist.Role"
    assert standin.refused("ram", "DeleteRole", RoleName="tenant-k001") == "EntityNotExist.Role"


@pytest.mark.parametrize(("change", "expected"), [
    ({"MaxSessionDuration": "3599"}, "InvalidParameter.MaxSessionDuration"),
    ({"MaxSessionDuration": "43201"}, "InvalidParameter.MaxSessionDuration"),
    ({"RoleName": "a b"}, "InvalidParameter.RoleName.InvalidChars"),
    ({"RoleName": "a" * 65}, "InvalidParameter.RoleName.InvalidChars"),
    ({"AssumeRolePolicyDocument": DOCUMENT}, "MalformedPolicyDocument"),
    ({"Description": "x" * 1025}, "InvalidParameter.Description.Length"),
])  # fmt: skip
def test_roles_that_are_refused(standin: Any, change: dict[str, str], expected: str) -> None:
    wanted = {"RoleName": "refused", "AssumeRolePolicyDocument": _trust(standin.account), **change}
    assert standin.refused("ram", "CreateRole", **wanted) == expected


def test_policy_versions_rotate_at_five(standin: Any) -> None:
    standin.call("ram", "CreatePolicy", PolicyName="rotating", PolicyDocument=DOCUMENT)
    new = {"PolicyName": "rotating", "PolicyDocument": DOCUMENT, "SetAsDefault": "true"}
    for _ in range(4):
        standin.call("ram", "CreatePolicyVersion", **new)
    assert standin.refused("ram", "CreatePolicyVersion", **new) == "LimitExceeded.Policy.Version"
    standin.call("ram", "CreatePolicyVersion", **new, RotateStrategy=ROTATE)
    answer = standin.call("ram", "ListPolicyVersions", PolicyName="rotating", PolicyType="Custom")
    versions = answer["PolicyVersions"]["PolicyVersion"]
    assert [v["VersionId"] for v in versions] == ["v2", "v3", "v4", "v5", "v6"]
    assert [v["VersionId"] for v in versions if v["IsDefaultVersion"]] == ["v6"]
    assert standin.refused("ram", "DeletePolicy", PolicyName="rotating") == "DeleteConflict.Policy.Version"
    gone = {"PolicyName": "rotating", "VersionId": "v6"}
    assert standin.refused("ram", "DeletePolicyVersion", **gone) == "DeleteConflict.Policy.Version.Default"
    standin.call("ram", "SetDefaultPolicyVersion", PolicyName="rotating", VersionId="v2")
    for number in (3, 4, 5, 6):
        standin.call("ram", "DeletePolicyVersion", PolicyName="rotating", VersionId=f"v{number}")
    standin.call("ram", "DeletePolicy", PolicyName="rotating")
    assert standin.refused("ram", "GetPolicy", PolicyName="rotating", PolicyType="Custom") == "EntityNotExist.Policy"


def test_policy_limits(standin: Any) -> None:
    def sized(length: int) -> str:
        statement = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:"}
        empty = len(json.dumps({"Version": "1", "Statement": [statement]}))
        return json.dumps(
            {"Version": "1", "Statement": [{**statement, "Resource": "acs:oss:*:*:" + "x" * (length - empty)}]}
        )

    standin.call("ram", "CreatePolicy", PolicyName="longest", PolicyDocument=sized(6144))
    too_long = standin.refused("ram", "CreatePolicy", PolicyName="longer", PolicyDocument=sized(6145))
    assert too_long == "InvalidParameter.PolicyDocument.Length"
    assert standin.refused("ram", "CreatePolicy", PolicyName="bad", PolicyDocument="{}") == "MalformedPolicyDocument"
    again = standin.refused("ram", "CreatePolicy", PolicyName="longest", PolicyDocument=DOCUMENT)
    assert again == "EntityAlreadyExists.Policy"


def test_attaching_needs_a_right_on_holder_and_policy(standin: Any, allow: Any) -> None:
    standin.role("raised", {"RAM": [f"acs:ram::{standin.account}:root"]})
    standin.call("ram", "CreatePolicy", PolicyName="modest", PolicyDocument=DOCUMENT)
    attach = ["ram:AttachPolicyToRole", "ram:DetachPolicyFromRole"]
    mine = [f"acs:ram:*:{standin.account}:{name}" for name in ("role/raised", "policy/modest")]
    keys = standin.user("half", allow(attach, mine))
    admin = {"PolicyName": "AdministratorAccess", "PolicyType": "System", "RoleName": "raised"}
    assert standin.refused("ram", "AttachPolicyToRole", keys, **admin) == "NoPermission"
    modest = {"PolicyName": "modest", "PolicyType": "Custom", "RoleName": "raised"}
    standin.call("ram", "AttachPolicyToRole", keys, **modest)
    standin.call("ram", "DetachPolicyFromRole", keys, **modest)
    system = allow(attach, [mine[0], "acs:ram:*:system:policy/AdministratorAccess"])
    standin.call("ram", "AttachPolicyToRole", standin.user("whole", system), **admin)


def test_a_denial_holds_however_the_name_is_spelled(standin: Any, allow: Any) -> None:
    standin.role("Guarded", {"RAM": [f"acs:ram::{standin.account}:root"]})
    kept = {"Effect": "Deny", "Action": "ram:*", "Resource": f"acs:ram:*:{standin.account}:role/Guarded"}
    keys = standin.user("nearly-all", allow("ram:*", f"acs:ram:*:{standin.account}:role/*"), kept)
    for name in ("Guarded", "guarded", "GUARDED"):
        assert standin.refused("ram", "DeleteRole", keys, RoleName=name) == "NoPermission"


def test_attachments_bind(standin: Any) -> None:
    standin.role("held", {"RAM": [f"acs:ram::{standin.account}:root"]})
    standin.call("ram", "CreateUser", UserName="holder")
    standin.call("ram", "CreatePolicy", PolicyName="bound", PolicyDocument=DOCUMENT)
    policy = {"PolicyName": "bound", "PolicyType": "Custom"}
    for kind, name in (("Role", "held"), ("User", "holder")):
        whom = {**policy, f"{kind}Name": name}
        standin.call("ram", f"AttachPolicyTo{kind}", **whom)
        assert standin.refused("ram", f"AttachPolicyTo{kind}", **whom) == f"EntityAlreadyExists.{kind}.Policy"
        listed = standin.call("ram", f"ListPoliciesFor{kind}", **{f"{kind}Name": name})["Policies"]["Policy"]
        assert [p["PolicyName"] for p in listed] == ["bound"]
        assert standin.refused("ram", f"Delete{kind}", **{f"{kind}Name": name}) == f"DeleteConflict.{kind}.Policy"
    entities = standin.call("ram", "ListEntitiesForPolicy", **policy)
    assert [r["RoleName"] for r in entities["Roles"]["Role"]] == ["held"]
    assert [u["UserName"] for u in entities["Users"]["User"]] == ["holder"]
    assert standin.call("ram", "GetPolicy", **policy)["Policy"]["AttachmentCount"] == 2
    assert standin.refused("ram", "DeletePolicy", PolicyName="bound").startswith("DeleteConflict.Policy.")
    for kind, name in (("Role", "held"), ("User", "holder")):
        whom = {**policy, f"{kind}Name": name}
        standin.call("ram", f"DetachPolicyFrom{kind}", **whom)
        assert standin.refused("ram", f"DetachPolicyFrom{kind}", **whom) == f"EntityNotExist.{kind}.Policy"
        standin.call("ram", f"Delete{kind}", **{f"{kind}Name": name})
    standin.call("ram", "DeletePolicy", PolicyName="bound")


def test_system_policies_can_be_attached_but_not_deleted(standin: Any) -> None:
    user = standin.user("reader")
    assert standin.refused("ram", "GetRole", user, RoleName="x") == "NoPermission"
    policy = {"PolicyName": "AliyunRAMReadOnlyAccess", "PolicyType": "System"}
    standin.call("ram", "AttachPolicyToUser", **policy, UserName="reader")
    assert standin.refused("ram", "GetRole", user, RoleName="x") == "EntityNotExist.Role"
    assert standin.refused("ram", "CreateUser", user, UserName="y") == "NoPermission"
    assert standin.refused("ram", "DeletePolicy", PolicyName="AliyunRAMReadOnlyAccess") == "EntityNotExist.Policy"


def test_users_and_their_keys(standin: Any) -> None:
    standin.call("ram", "CreateUser", UserName="keyed", DisplayName="K", Comments="c")
    first = standin.call("ram", "CreateAccessKey", UserName="keyed")["AccessKey"]
    keys = standin.keys(first["AccessKeyId"], first["AccessKeySecret"])
    who = standin.call("sts", "GetCallerIdentity", keys)
    assert (who["IdentityType"], who["Arn"]) == ("RAMUser", f"acs:ram::{standin.account}:user/keyed")
    standin.call("ram", "CreateAccessKey", UserName="keyed")
    assert standin.refused("ram", "CreateAccessKey", UserName="keyed") == "LimitExceeded.User.AccessKey"
    listed = standin.call("ram", "ListAccessKeys", UserName="keyed")["AccessKeys"]["AccessKey"]
    assert len(listed) == 2
    assert all("AccessKeySecret" not in key for key in listed)
    off = {"UserName": "keyed", "UserAccessKeyId": keys.id}
    standin.call("ram", "UpdateAccessKey", **off, Status="Inactive")
    assert standin.refused("sts", "GetCallerIdentity", keys) == "InvalidAccessKeyId.Inactive"
    assert standin.refused("ram", "DeleteUser", UserName="keyed") == "DeleteConflict.User.AccessKey"
    standin.call("ram", "DeleteAccessKey", **off)
    assert standin.refused("sts", "GetCallerIdentity", keys) == "InvalidAccessKeyId.NotFound"
    assert standin.refused("ram", "DeleteAccessKey", **off) == "EntityNotExist.User.AccessKey"
    standin.call("ram", "UpdateUser", UserName="keyed", NewUserName="renamed", NewComments="d")
    user = standin.call("ram", "GetUser", UserName="renamed")["User"]
    assert (user["DisplayName"], user["Comments"]) == ("K", "d")
    assert standin.refused("ram", "GetUser", UserName="keyed") == "EntityNotExist.User"


def test_users_are_listed_in_pages(standin: Any) -> None:
    for number in range(3):
        standin.call("ram", "CreateUser", UserName=f"page-{number}")
    found: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = standin.call("ram", "ListUsers", MaxItems="2", **marker)
        found += [u["UserName"] for u in page["Users"]["User"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert {f"page-{n}" for n in range(3)} <= set(found)
    assert len(found) == len(set(found))


def test_signatures(standin: Any) -> None:
    assert standin.refused("sts", "GetCallerIdentity", standin.keys("nobody", "x")) == "InvalidAccessKeyId.NotFound"
    assert standin.refused("sts", "GetCallerIdentity", standin.keys(secret="x")) == "SignatureDoesNotMatch"
    assert standin.call("sts", "GetCallerIdentity")["IdentityType"] == "Account"
    assert standin.refused("ram", "NoSuchAction") == "InvalidAction.NotFound"
    status, _, _ = standin.http("POST", "/?Action=GetCallerIdentity&Version=2015-04-01")
    assert status == 400


def test_oidc_providers(standin: Any) -> None:
    wanted = {"OIDCProviderName": "cluster", "IssuerUrl": standin.issuer, "ClientIds": "sts.aliyuncs.com,other",
              "Fingerprints": "902ef2deeb3c5b13ea4c3d5193629309e231ae55", "Description": "d"}  # fmt: skip
    made = standin.call("ims", "CreateOIDCProvider", **wanted)["OIDCProvider"]
    assert made["Arn"] == f"acs:ram::{standin.account}:oidc-provider/cluster"
    assert standin.refused("ims", "CreateOIDCProvider", **wanted) == "EntityAlreadyExists.OIDCProvider"
    standin.call("ims", "UpdateOIDCProvider", OIDCProviderName="cluster", NewDescription="e", ClientIds="one")
    standin.call("ims", "AddClientIdToOIDCProvider", OIDCProviderName="cluster", ClientId="two")
    standin.call("ims", "RemoveClientIdFromOIDCProvider", OIDCProviderName="cluster", ClientId="one")
    standin.call("ims", "AddFingerprintToOIDCProvider", OIDCProviderName="cluster", Fingerprint="9" * 40)
    got = standin.call("ims", "GetOIDCProvider", OIDCProviderName="cluster")["OIDCProvider"]
    assert (got["ClientIds"], got["Description"], got["Fingerprints"].count(",")) == ("two", "e", 1)
    insecure = {**wanted, "OIDCProviderName": "x", "IssuerUrl": "http://plain.example"}
    assert standin.refused("ims", "CreateOIDCProvider", **insecure) == "InvalidParameter.OIDCProvider.IssuerUrl"
    standin.call("ims", "DeleteOIDCProvider", OIDCProviderName="cluster")
    assert standin.refused("ims", "GetOIDCProvider", OIDCProviderName="cluster") == "EntityNotExist.OIDCProvider"


def test_acs3_signatures(standin: Any) -> None:
    """Version 3 of the signature, which newer SDKs use: written out, since those SDKs are not part of this project."""

    def ask(secret: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        headers = {
            "host": f"127.0.0.1:{standin.port}", "x-acs-action": "GetCallerIdentity", "x-acs-version": "2015-04-01",
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "x-acs-signature-nonce": uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        }  # fmt: skip
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        value = f"ACS3-HMAC-SHA256 Credential={standin.root.id},SignedHeaders={names},Signature={mac}"
        status, _, answer = standin.http("POST", "/", body, authorization=value, **headers)
        return status, json.loads(answer)

    assert ask(standin.root.secret)[1]["IdentityType"] == "Account"
    assert ask("wrong")[1]["Code"] == "SignatureDoesNotMatch"
    assert ask(standin.root.secret, b"changed")[1]["Code"] == "SignatureDoesNotMatch"


def test_a_request_sent_twice_is_refused(standin: Any) -> None:
    """A copied request is worth nothing: its nonce is used."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    params = {"Action": "GetCallerIdentity", "Version": "2015-04-01", "AccessKeyId": standin.root.id,
              "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "Timestamp": now,
              "SignatureNonce": uuid4().hex}  # fmt: skip
    query = urlencode(sorted(params.items()), quote_via=quote)
    text = f"GET&%2F&{quote(query, safe='')}"
    mac = hmac.new(f"{standin.root.secret}&".encode(), text.encode(), hashlib.sha1).digest()
    target = f"/?{urlencode({**params, 'Signature': base64.b64encode(mac).decode()})}"
    assert standin.http("GET", target)[0] == 200
    status, _, body = standin.http("GET", target)
    assert (status, json.loads(body)["Code"]) == (400, "SignatureNonceUsed")
