"""Alibaba Cloud RAM and STS: a role and its policy for each tenant, and who may ask for its sessions."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    HARMLESS,
    ISOLATION,
    LIMIT,
    MARK,
    NAMESPACE,
    PLATFORMS,
    REMARKS,
    TENANTS,
    CleanUpRow,
    Control,
    DriftGravity,
    Probe,
    Question,
    ResourceKind,
    Right,
    Rights,
    each,
)

_SYSTEM: Final = "OSS"
_RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
_NAMED: Final = {"name": NAMESPACE, "description": MARK}
KINDS: Final = {
    "alicloud:ims:OidcProvider": ResourceKind(
        PLATFORMS, ids=("{oidcProviderName}",), drift=DriftGravity(ACCESS, ISOLATION, REMARKS)
    ),
    "alicloud:ram:AccessKey": ResourceKind(drift=DriftGravity(ACCESS, ACCESS)),
    "alicloud:ram:GroupPolicyAttachment": ResourceKind(claims={"policyName": NAMESPACE}),
    "alicloud:ram:Policy": ResourceKind(
        TENANTS | PLATFORMS,
        claims={"policyName": NAMESPACE, **_NAMED},
        mark="description",
        ids=("{policyName}", "{name}"),
        drift=DriftGravity(ACCESS, ISOLATION, REMARKS),
    ),
    "alicloud:ram:Role": ResourceKind(
        TENANTS | PLATFORMS,
        claims={"roleName": NAMESPACE, **_NAMED},
        mark="description",
        ids=("{roleName}", "{name}"),
        drift=DriftGravity(ACCESS, ISOLATION, {**REMARKS, "maxSessionDuration": LIMIT}),
    ),
    "alicloud:ram:RolePolicyAttachment": ResourceKind(
        TENANTS | PLATFORMS,
        claims={"roleName": NAMESPACE, "policyName": NAMESPACE},
        ids=("role:{policyName}:{policyType}:{roleName}",),
        drift=DriftGravity(ACCESS, ACCESS),
    ),
    # The provider takes a user's name for the id, and then keeps the id.
    "alicloud:ram:User": ResourceKind(
        ids=("{name}",), drift=DriftGravity(ACCESS, ACCESS, {**REMARKS, "displayName": HARMLESS})
    ),
    "alicloud:ram:UserPolicyAttachment": ResourceKind(
        claims={"policyName": NAMESPACE},
        ids=("user:{policyName}:{policyType}:{userName}",),
        drift=DriftGravity(ACCESS, ACCESS),
    ),
}
RIGHTS: Final = Rights(
    run=(
        Right(
            "ram",
            (
                *each("Create Get Update Delete", "Role"),
                "AttachPolicyToRole",
                "DetachPolicyFromRole",
                "ListPoliciesForRole",
            ),
            ("acs:ram::{account}:role/tenant-*", "acs:ram::{account}:role/tenantry-*"),
            Probe(*_RAM, "ListPoliciesForRole", (("RoleName", "tenantry-credential-broker"),)),
        ),
        Right(
            "ram",
            (
                *each("Create Get Delete", "Policy PolicyVersion"),
                "ListPolicyVersions",
                "ListEntitiesForPolicy",
                "SetDefaultPolicyVersion",
                "AttachPolicyToRole",
                "DetachPolicyFromRole",
            ),
            ("acs:ram::{account}:policy/tenant-*", "acs:ram::{account}:policy/tenantry-*"),
        ),
        Right("ram", ("ListRoles",), ("*",), Probe(*_RAM, "ListRoles", (("MaxItems", "1"),))),
        Right("ram", ("ListPolicies",), ("*",), Probe(*_RAM, "ListPolicies", (("MaxItems", "1"),))),
        Right(
            "ram",
            (*each("Create Get Update Delete", "OIDCProvider"), "ListOIDCProviders"),
            ("acs:ram::{account}:oidc-provider/*",),
            Probe("ims.aliyuncs.com", "2019-08-15", "ListOIDCProviders"),
        ),
    ),
    foundation=(Right("ram", ("PassRole", "CreateServiceLinkedRole")),),
    preview=(
        Right(
            "ram",
            (
                *("GetRole", "GetPolicy", "GetPolicyVersion", "GetOIDCProvider", "ListPoliciesForRole"),
                *("ListPolicyVersions", "ListEntitiesForPolicy", "ListRoles", "ListPolicies", "ListOIDCProviders"),
            ),
        ),
    ),
)
_ROLE: Final = Question(*_RAM, "GetRole", {"RoleName": "{name}"}, "the role {name} is", absent="EntityNotExist.Role")
_POLICY: Final = Question(
    *_RAM,
    "GetPolicy",
    {"PolicyName": "{name}", "PolicyType": "Custom"},
    "the policy {name} is",
    absent="EntityNotExist.Policy",
)
# A role and its policy have one name.
CLEAN_UP: Final = (CleanUpRow("role", lambda names: names.ram_role, (_ROLE, _POLICY)),)
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "short sessions for the exact account",
        live="trust policy: issuer, audience, subject; one hour",
        rules="storage-trust storage-session storage-standing-key storage-broker",
        attacks="sts.*",
    ),
)
