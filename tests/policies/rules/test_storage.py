"""Each rule on files objects when its one thing is changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

POLICY, ROLE, BUCKET = "k001-files-policy", "k001-files-role", "platform-systemkarder-bucket"
OBJECTS, LIST = "policyDocument!Statement.0", "policyDocument!Statement.1"
TRUST = "assumeRolePolicyDocument!Statement"
ARN = "acs:oss:*:1234567890123456:systemkarder"
MINE = "kindergarten/rent/13800000001/"
BROKER, GRANT = "platform-identity-broker", "platform-identity-broker-policy"
BROKERS = "platform-identity-broker-attachment"
VAULT_GRANT = "platform-identity-backup-policy"
MAY = "policyDocument!Statement.0"
CLOSED = "platform-systemkarder-closed"
OPEN = '{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:GetObject"],"Principal":["*"],"Resource":["*"]}]}'
EXTRA = {
    "acl": ("alicloud:oss/bucketAcl:BucketAcl", {"bucket": "systemkarder", "acl": "private"}),
    "sse": ("alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption", {"bucket": "b", "sseAlgorithm": "KMS"}),
    "tls": ("alicloud:oss/bucketPolicy:BucketPolicy", {"bucket": "systemkarder", "policy": OPEN.replace("Allow", "Deny")}),
}  # fmt: skip
CASES: list[tuple[str, str, str, Any]] = [
    ("storage-document", POLICY, "policyDocument", "not json"),
    ("storage-document", POLICY, "policyDocument", '{"Version":"1"}'),
    ("storage-document", POLICY, "policyDocument", '{"Statement":[]}' + " " * 6144),
    ("storage-document", POLICY, f"{OBJECTS}.NotAction", ["oss:PutBucket"]),
    ("storage-document", POLICY, f"{OBJECTS}.Effect", "allow"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"{ARN}/kindergarten/rent/138*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"{ARN}/kindergarten/rent/13800000001*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"{ARN}/*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"acs:oss:*:*:systemkarder/{MINE}*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"acs:oss:*:1234567890123456:*/{MINE}*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"acs:oss:*:1234567890123456:other/{MINE}*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", "*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"{ARN}/kindergarten/rent/13800000002/*"),
    ("storage-prefix", POLICY, f"{OBJECTS}.Resource", None),
    ("storage-action", POLICY, f"{OBJECTS}.Action.0", "oss:*"),
    ("storage-action", POLICY, f"{OBJECTS}.Action.0", "oss:PutObjectAcl"),
    ("storage-action", POLICY, f"{LIST}.Action", ["oss:ListObjects", "oss:GetObject"]),
    ("storage-action", POLICY, f"{LIST}.Action.0", "oss:ListBuckets"),
    ("storage-list", POLICY, f"{LIST}.Condition", None),
    ("storage-list", POLICY, f"{LIST}.Condition.StringEquals.oss:Prefix.0", ""),
    ("storage-list", POLICY, f"{LIST}.Condition.StringEquals.oss:Prefix.0", "kindergarten/rent/"),
    ("storage-list", POLICY, f"{LIST}.Condition.StringEquals.oss:Prefix.0", "kindergarten/rent/1380000000"),
    ("storage-list", POLICY, f"{LIST}.Condition.StringLike", {"oss:Prefix": [f"{MINE}*"]}),
    ("storage-list", POLICY, f"{LIST}.Resource.0", f"{ARN}/{MINE}*"),
    ("storage-list", POLICY, f"{LIST}.Resource.0", "acs:oss:*:1234567890123456:*"),
    ("storage-trust", ROLE, f"{TRUST}.1.Principal.RAM.0", "acs:ram::1234567890123456:root"),
    ("storage-trust", ROLE, f"{TRUST}.1.Principal.RAM.0", "acs:ram::*:role/tenantry-credential-broker"),
    ("storage-trust", ROLE, f"{TRUST}.1.Principal", {"Service": ["ecs.aliyuncs.com"]}),
    ("storage-trust", ROLE, f"{TRUST}.1.Principal", None),
    ("storage-trust", ROLE, f"{TRUST}.0.Action", "sts:*"),
    ("storage-trust", ROLE, f"{TRUST}.0.Principal.Federated.0", "acs:ram::1234567890123456:oidc-provider/other"),
    ("storage-trust", ROLE, f"{TRUST}.0.Principal.Federated.0", "acs:ram::1:x:oidc-provider/tenantry"),
    ("storage-trust", ROLE, f"{TRUST}.0.Condition.StringEquals.oidc:aud.0", "kubernetes"),
    ("storage-trust", ROLE, f"{TRUST}.0.Condition.StringLike", {"oidc:sub": ["*"]}),
    ("storage-trust", ROLE, f"{TRUST}.0.Condition", None),
    ("storage-trust", ROLE, f"{TRUST}.0.Condition.StringEquals.oidc:aud", None),
    ("storage-trust", ROLE, f"{TRUST}.0.Condition.StringEquals.oidc:iss.0", "*"),
    (
        "storage-trust",
        ROLE,
        f"{TRUST}.0.Condition.StringEquals.oidc:sub.0",
        "system:serviceaccount:tenant-k001:default",
    ),
    (
        "storage-trust",
        ROLE,
        f"{TRUST}.0.Condition.StringEquals.oidc:sub.0",
        "system:serviceaccount:tenant-k002:business-app",
    ),
    ("storage-session", ROLE, "maxSessionDuration", 7200),
    ("storage-attachment", "k001-files-attachment", "policyType", "System"),
    ("storage-attachment", "k001-files-attachment", "policyName", "AliyunOSSFullAccess"),
    ("storage-attachment", "k001-files-attachment", "policyName", "tenant-k002"),
    ("storage-attachment", "k001-files-attachment", "roleName", "tenant-k002"),
    ("storage-document", GRANT, f"{MAY}.Effect", None),
    ("storage-document", GRANT, f"{MAY}.NotResource", ["acs:ram::1234567890123456:role/x"]),
    ("storage-broker", GRANT, f"{MAY}.Resource.0", "*"),
    ("storage-broker", GRANT, f"{MAY}.Resource.0", "acs:ram::1234567890123456:role/*"),
    ("storage-broker", GRANT, f"{MAY}.Resource.0", "acs:ram::*:role/tenant-*"),
    ("storage-broker", GRANT, f"{MAY}.Resource.1", "acs:ram::1234567890123456:role/admin"),
    ("storage-broker", GRANT, f"{MAY}.Resource", None),
    ("storage-broker", GRANT, f"{MAY}.Action.0", "sts:*"),
    ("storage-broker", GRANT, f"{MAY}.Action.1", "oss:GetObject"),
    ("storage-broker", GRANT, f"{MAY}.Action", None),
    ("storage-broker", GRANT, "policyDocument", "not json"),
    ("storage-broker", BROKERS, "policyType", "System"),
    ("storage-broker", BROKERS, "policyName", "AdministratorAccess"),
    ("storage-broker", BROKERS, "roleName", "somebody"),
    ("storage-broker", BROKER, "roleName", "somebody"),
    ("storage-broker", BROKER, "maxSessionDuration", 43200),
    ("storage-broker", BROKER, f"{TRUST}.0.Principal", {"RAM": ["acs:ram::1234567890123456:root"]}),
    ("storage-broker", BROKER, f"{TRUST}.0.Principal.Federated.0", "acs:ram::1234567890123456:oidc-provider/other"),
    ("storage-broker", BROKER, f"{TRUST}.0.Condition.StringEquals.oidc:sub.0", "system:serviceaccount:tenant-k001:x"),
    ("storage-broker", BROKER, f"{TRUST}.0.Condition.StringLike", {"oidc:sub": ["*"]}),
    ("storage-broker", BROKER, f"{TRUST}.0.Condition", None),
    ("storage-broker", VAULT_GRANT, f"{MAY}.Action.0", "oss:*"),
    ("storage-broker", VAULT_GRANT, f"{MAY}.Action.0", "oss:DeleteObject"),
    ("storage-broker", VAULT_GRANT, f"{MAY}.Resource.0", "*"),
    ("storage-broker", VAULT_GRANT, f"{MAY}.Resource.0", "acs:oss:*:1234567890123456:*"),
    ("storage-broker", VAULT_GRANT, f"{MAY}.Action", None),
    ("storage-broker", VAULT_GRANT, "policyName", "tenantry-credential-broker"),
    ("storage-directories", "k001-files-directories", "objects.systemkarder.0", "kindergarten/rent/"),
    ("storage-directories", "k001-files-directories", "objects.systemkarder.0", f"{MINE}uploads"),
    ("storage-directories", "k001-files-directories", "objects.systemkarder.0", "kindergarten/rent/13800000002/temp/"),
    ("storage-directories", "k001-files-directories", "objects.elsewhere", [f"{MINE}temp/"]),
    ("storage-own-prefix", "k001-row", "contactPhone", "13900000001"),
    ("storage-shared", "k001-files-directories", "objects", {"systemkarder": ["kindergarten/rent/13800000002/temp/"]}),
    ("storage-public", BUCKET, "acl", "public-read"),
    ("storage-public", BUCKET, "website", {"indexDocument": "index.html"}),
    ("storage-public", CLOSED, "blockPublicAccess", False),
    ("storage-public", "acl", "acl", "public-read-write"),
    ("storage-closed", CLOSED, "-", None),
    ("storage-bucket-policy", BUCKET, "policy", OPEN),
    ("storage-bucket-policy", "tls", "policy", OPEN),
    ("storage-encryption", BUCKET, "serverSideEncryptionRule", None),
    ("storage-encryption", BUCKET, "serverSideEncryptionRule.sseAlgorithm", "none"),
    ("storage-encryption", "sse", "sseAlgorithm", None),
    ("storage-expiry", BUCKET, "lifecycleRules.1.prefix", MINE),
    ("storage-expiry", BUCKET, "lifecycleRules.1.prefix", "kindergarten/rent/"),
    ("storage-expiry", BUCKET, "lifecycleRules.1.expirations.0.days", 30),
    ("storage-expiry", BUCKET, "lifecycleRules.0.expirations.0", {"days": 7}),
    ("storage-temp", BUCKET, "lifecycleRules.1", None),
    ("storage-temp", BUCKET, "lifecycleRules.1.enabled", False),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value, EXTRA)


THEIRS = "9999999999999999"
SET = {"storage": {"account": "1234567890123456", "issuer": "https://kubernetes.default.svc"}}


@pytest.mark.parametrize(
    ("rule", "name", "path", "value"),
    [
        ("storage-trust", ROLE, f"{TRUST}.0.Principal.Federated.0", f"acs:ram::{THEIRS}:oidc-provider/tenantry"),
        ("storage-trust", ROLE, f"{TRUST}.1.Principal.RAM.0", f"acs:ram::{THEIRS}:role/tenantry-credential-broker"),
        ("storage-trust", ROLE, f"{TRUST}.0.Condition.StringEquals.oidc:iss.0", "https://oidc.example.com"),
        ("storage-broker", GRANT, f"{MAY}.Resource.0", f"acs:ram::{THEIRS}:role/tenant-*"),
        ("storage-prefix", POLICY, f"{OBJECTS}.Resource.0", f"acs:oss:*:{THEIRS}:systemkarder/{MINE}*"),
    ],
)
def test_another_account_or_issuer_than_the_installations_breaks_the_rule(
    breaks: Callable[..., None], rule: str, name: str, path: str, value: Any
) -> None:
    breaks(rule, name, path, value, settings=SET)


# Things whose mere presence below a tenant is wrong.
PRESENT: list[tuple[str, str, dict[str, Any]]] = [
    ("storage-standing-key", "alicloud:ram/user:User", {"name": "tenant-k001"}),
    ("storage-standing-key", "alicloud:ram/accessKey:AccessKey", {"userName": "tenant-k001"}),
    ("storage-standing-key", "alicloud:ram/userPolicyAttachment:UserPolicyAttachment", {"policyName": "tenant-k001"}),
]


@pytest.mark.parametrize(("rule", "type_", "props"), PRESENT)
def test_its_presence_breaks_the_rule(below, broken, rule: str, type_: str, props: dict[str, Any]) -> None:
    assert rule in {violation.rule.name for violation in broken({"one": below("one", type_, props)}).broken}


def test_a_suspended_tenants_documents_are_fine(declared, broken, change) -> None:
    denied = '{"Version":"1","Statement":[{"Effect":"Deny","Action":["oss:*"],"Resource":["*"]}]}'
    declared["k001-files-policy"] = change(declared["k001-files-policy"], "policyDocument", denied)
    assert [str(violation) for violation in broken(declared).broken] == []


@pytest.mark.parametrize(
    "type_", ["alicloud:ram/user:User", "alicloud:ram/accessKey:AccessKey", "alicloud:ram/loginProfile:LoginProfile"]
)
def test_the_platform_has_no_standing_key_either(declared, broken, type_: str) -> None:
    urn = f"urn:pulumi:test::tenantry::tenantry:components:Platform${type_}::platform-key"
    world = {**declared, "platform-key": replace(declared[BROKER], type=type_, urn=urn, props={"userName": "deployer"})}
    assert "storage-standing-key" in {violation.rule.name for violation in broken(world, only=["platform-key"]).broken}


KEY = "acs:kms:cn-guangzhou:1234567890123456:key/key-1"
USE = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [KEY]}


@pytest.mark.parametrize("name", [POLICY, VAULT_GRANT])
def test_the_use_of_the_buckets_keys_is_allowed_and_of_no_other(declared, broken, change, name: str) -> None:
    known = {"storage": {"keys": [KEY]}}
    place = f"policyDocument!Statement.{len(json.loads(declared[name].props['policyDocument'])['Statement'])}"
    declared[name] = change(declared[name], place, USE)
    assert [str(violation) for violation in broken(declared, only=[name], settings=known).broken] == []
    assert broken(declared, only=[name]).broken  # a key that encrypts none of the buckets
    for wider in ({"Action": ["kms:*"]}, {"Resource": ["*"]}, {"Resource": [KEY, "acs:kms:*:*:key/*"]}):
        declared[name] = change(declared[name], place, {**USE, **wider})
        assert broken(declared, only=[name], settings=known).broken, wider
