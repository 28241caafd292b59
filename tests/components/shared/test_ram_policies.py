"""The policy documents, whole: a tenant reaches its own prefixes and nothing else, and only as itself."""

import json
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import pytest

ACCOUNT = "1234567890123456"
PREFIX = "kindergarten/rent/13800138001/"


@pytest.fixture
def documents(parts, tenant):
    """Trust and grant of a tenant's role."""

    def read(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        recording = parts(tenant(**changes))
        role, policy = recording.named("k001-files-role"), recording.named("k001-files-policy")
        return json.loads(role.inputs["assumeRolePolicyDocument"]), json.loads(policy.inputs["policyDocument"])

    return read


def test_trust_is_the_workload_and_the_broker_alone(documents) -> None:
    assert documents()[0] == {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": [f"acs:ram::{ACCOUNT}:oidc-provider/tenantry"]},
                "Condition": {
                    "StringEquals": {
                        "oidc:iss": ["https://issuer.example.com"],
                        "oidc:aud": ["sts.aliyuncs.com"],
                        "oidc:sub": ["system:serviceaccount:tenant-k001:business-app"],
                    }
                },
            },
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": [f"acs:ram::{ACCOUNT}:role/tenantry-credential-broker"]},
            },
        ],
    }


def test_grant_is_the_two_prefixes_and_their_listing(documents) -> None:
    objects, *lists = documents()[1]["Statement"]
    assert objects == {
        "Effect": "Allow",
        "Action": ["oss:AbortMultipartUpload", "oss:DeleteObject", "oss:GetObject", "oss:ListParts", "oss:PutObject"],
        "Resource": [
            f"acs:oss:*:{ACCOUNT}:systemkarder/{PREFIX}*",
            f"acs:oss:*:{ACCOUNT}:faceshanghaikarden/{PREFIX}*",
        ],
    }
    photos = [PREFIX, f"{PREFIX}albums/", f"{PREFIX}photos/", f"{PREFIX}students/"]
    assert lists[1] == {
        "Effect": "Allow",
        "Action": ["oss:ListObjects"],
        "Resource": [f"acs:oss:*:{ACCOUNT}:faceshanghaikarden"],
        "Condition": {"StringEquals": {"oss:Prefix": photos}},
    }
    assert lists[0]["Resource"] == [f"acs:oss:*:{ACCOUNT}:systemkarder"]
    assert lists[0]["Condition"].keys() == {"StringEquals"}
    listed = lists[0]["Condition"]["StringEquals"]["oss:Prefix"]
    assert {PREFIX, f"{PREFIX}uploads/", f"{PREFIX}uploads/images/", f"{PREFIX}temp/"} <= set(listed)


def test_what_may_be_listed_is_within_the_prefix_and_ends_with_a_slash(documents) -> None:
    for statement in documents()[1]["Statement"][1:]:
        for prefix in statement["Condition"]["StringEquals"]["oss:Prefix"]:
            assert prefix.startswith(PREFIX)
            assert prefix.endswith("/")
            assert "*" not in prefix
            assert "?" not in prefix


@pytest.mark.parametrize(
    "stranger",
    [
        f"systemkarder/kindergarten/rent/{neighbour}/file"
        for neighbour in ("13800138002", "138001380010", "1380013800", "13800138001x", "x13800138001")
    ]
    + ["systemkarder/kindergarten/rent/13800138001", "systemkarder/", "other/kindergarten/rent/13800138001/file"],
)
def test_no_statement_reaches_a_neighbours_object(documents, stranger: str) -> None:
    resources = [arn for statement in documents()[1]["Statement"] for arn in statement["Resource"]]
    assert any(fnmatchcase(f"acs:oss:cn:{ACCOUNT}:systemkarder/{PREFIX}file", resource) for resource in resources)
    assert not any(fnmatchcase(f"acs:oss:cn:{ACCOUNT}:{stranger}", resource) for resource in resources)


def test_the_grant_is_within_rams_limit(documents) -> None:
    assert len(json.dumps(documents()[1])) < 6144


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"status": "deleted", "deleted_at": date(2026, 10, 10)}])
def test_without_access_nobody_is_trusted_and_sessions_in_use_are_denied(documents, changes) -> None:
    trust, grant = documents(**changes)
    assert {statement["Effect"] for statement in trust["Statement"]} == {"Deny"}
    assert grant["Statement"] == [{"Effect": "Deny", "Action": ["oss:*"], "Resource": ["*"]}]


def test_a_session_lasts_an_hour_at_most(parts, tenant) -> None:
    assert parts(tenant()).named("k001-files-role").inputs["maxSessionDuration"] == 3600


def test_the_grant_is_attached_to_the_role(parts, tenant) -> None:
    attachment = parts(tenant()).one("RolePolicyAttachment").inputs
    assert attachment == {"roleName": "tenant-k001", "policyName": "tenant-k001", "policyType": "Custom"}


def test_a_sixth_version_of_the_policy_replaces_the_oldest(parts, tenant) -> None:
    policy = parts(tenant()).named("k001-files-policy").inputs
    assert policy["rotateStrategy"] == "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def test_directories_are_those_of_both_buckets(parts, tenant) -> None:
    inputs = parts(tenant()).one("Directories").inputs
    keys = [key for keys in inputs["objects"].values() for key in keys]
    assert len(keys) == 13
    assert all(key.startswith(PREFIX) and key.endswith("/") for key in keys)
    assert inputs["regions"] == {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai"}
