"""The RAM policy language: tables of documented allows and denials, without a server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.alibaba.policy.conditions import OPERATORS, conditions_hold
from local.alibaba.policy.document import MAX_LENGTH, PolicyGrammarError, parse
from local.alibaba.policy.evaluate import Decision, Question, combine, decide
from local.alibaba.policy.system import SYSTEM_POLICIES
from local.alibaba.policy.wildcard import matches

ALLOW, DENY, NEUTRAL = Decision.ALLOW, Decision.DENY, Decision.NEUTRAL
BUCKET = "acs:oss:oss-cn-guangzhou:1234567890123456:systemkarder"
OWN = "kindergarten/rent/13800138001/"


def _policy(*statements: dict[str, Any], kind: str = "identity") -> Any:
    return parse(json.dumps({"Version": "1", "Statement": list(statements)}), kind)


def _allow(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _deny(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


TENANT = _policy(
    _allow(["oss:GetObject", "oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts"],
           f"acs:oss:*:1234567890123456:systemkarder/{OWN}*"),
    _allow("oss:ListObjects", "acs:oss:*:1234567890123456:systemkarder",
           Condition={"StringLike": {"oss:Prefix": [f"{OWN}*"]}}),
)  # fmt: skip


@pytest.mark.parametrize(("action", "key", "expected"), [
    ("oss:GetObject", f"{OWN}a", ALLOW),
    ("oss:PutObject", f"{OWN}uploads/images/x.png", ALLOW),
    ("oss:ListParts", f"{OWN}a", ALLOW),
    ("OSS:getobject", f"{OWN}a", ALLOW),
    ("oss:GetObjectVersion", f"{OWN}a", NEUTRAL),
    ("oss:DeleteObjectVersion", f"{OWN}a", NEUTRAL),
    ("oss:GetObjectAcl", f"{OWN}a", NEUTRAL),
    ("oss:GetObject", "kindergarten/rent/13800138002/a", NEUTRAL),
    ("oss:GetObject", "kindergarten/rent/138001380011/a", NEUTRAL),
    ("oss:GetObject", "kindergarten/rent/13800138001", NEUTRAL),
    ("oss:GetObject", "KINDERGARTEN/rent/13800138001/a", NEUTRAL),
    ("oss:GetObject", "kindergarten/rent/", NEUTRAL),
    ("oss:PutObject", f"kindergarten/rent/13800138002/x:1234567890123456:systemkarder/{OWN}y", NEUTRAL),
    ("oss:PutObject", f"{OWN}a:b:c", ALLOW),
])  # fmt: skip
def test_objects_of_a_tenant(action: str, key: str, expected: Decision) -> None:
    assert decide(TENANT, Question(action, (f"{BUCKET}/{key}",))) is expected


@pytest.mark.parametrize(("prefix", "expected"), [
    (OWN, ALLOW),
    (f"{OWN}uploads/", ALLOW),
    ("", NEUTRAL),
    ("kindergarten/rent/", NEUTRAL),
    ("kindergarten/rent/1380013800", NEUTRAL),
    ("kindergarten/rent/138001380011/", NEUTRAL),
    (OWN.upper(), NEUTRAL),
])  # fmt: skip
def test_listing_needs_the_own_prefix(prefix: str, expected: Decision) -> None:
    assert decide(TENANT, Question("oss:ListObjects", (BUCKET,), {"oss:Prefix": (prefix,)})) is expected


def test_listing_without_the_key_in_the_request_is_no_match() -> None:
    assert decide(TENANT, Question("oss:ListObjects", (BUCKET,))) is NEUTRAL
    assert decide(TENANT, Question("oss:ListObjects", (f"{BUCKET}2",), {"oss:Prefix": (OWN,)})) is NEUTRAL


@pytest.mark.parametrize(("pattern", "text", "expected"), [
    ("138*", "1380/", True),
    ("138/*", "1380/", False),
    ("138/*", "138/", True),
    ("a*/b", "a/x/y/b", True),
    ("a?c", "abc", True),
    ("a?c", "a/c", True),
    ("a?c", "ac", False),
    ("*", "", True),
    ("a.c", "abc", False),
    ("[ab]", "a", False),
    ("a\nb*", "a\nbc\nd", True),
])  # fmt: skip
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@given(st.text(max_size=30))
def test_a_pattern_without_wildcards_fits_itself_alone(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert matches(plain, plain)
    assert not matches(plain, f"{plain}x")
    assert matches(f"{plain}*", plain + text)


def test_explicit_deny_wins_in_any_order() -> None:
    both = [_allow("oss:*", "*"), _deny("oss:DeleteObject", f"{BUCKET}/keep/*")]
    for statements in (both, both[::-1]):
        assert decide(_policy(*statements), Question("oss:DeleteObject", (f"{BUCKET}/keep/x",))) is DENY
        assert decide(_policy(*statements), Question("oss:DeleteObject", (f"{BUCKET}/drop/x",))) is ALLOW


def test_not_action_and_not_resource() -> None:
    all_but_ram = _policy({"Effect": "Allow", "NotAction": ["ram:*"], "Resource": "*"})
    assert decide(all_but_ram, Question("oss:GetObject", (BUCKET,))) is ALLOW
    assert decide(all_but_ram, Question("ram:CreateUser", ("acs:ram::1:user/x",))) is NEUTRAL
    elsewhere = _policy({"Effect": "Deny", "Action": "oss:*", "NotResource": [f"{BUCKET}/own/*"]})
    assert decide(elsewhere, Question("oss:GetObject", (f"{BUCKET}/other/x",))) is DENY
    assert decide(elsewhere, Question("oss:GetObject", (f"{BUCKET}/own/x",))) is NEUTRAL


@pytest.mark.parametrize(("operator", "wanted", "got", "expected"), [
    ("StringEquals", "a", "a", True), ("StringEquals", "a", "A", False), ("StringEquals", "a*", "ab", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringNotEquals", ["a", "b"], "b", False), ("StringNotEquals", ["a", "b"], "c", True),
    ("StringEqualsIgnoreCase", "aB", "Ab", True), ("StringNotEqualsIgnoreCase", "aB", "Ab", False),
    ("StringLike", "a*", "ab", True), ("StringLike", "a*", "Ab", False), ("StringNotLike", "a*", "ab", False),
    ("StringNotLike", ["a*", "b*"], "c", True), ("StringLike", "", "", True), ("StringLike", "", "x", False),
    ("NumericEquals", "5", "5.0", True), ("NumericNotEquals", "5", "5", False), ("NumericLessThan", "5", "4", True),
    ("NumericLessThan", "5", "5", False), ("NumericLessThanEquals", "5", "5", True),
    ("NumericGreaterThan", 5, "6", True), ("NumericGreaterThan", 5, "5", False),
    ("NumericGreaterThanEquals", "5", "4", False), ("NumericEquals", "5", "five", False),
    ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", True),
    ("DateLessThan", "2026-01-02T08:00:00+08:00", "2026-01-02T00:00:00Z", False),
    ("DateLessThanEquals", "2026-01-02T08:00:00+08:00", "2026-01-02T00:00:00Z", True),
    ("DateGreaterThan", "1767225600", "2026-01-01T00:00:01Z", True),
    ("DateEquals", "soon", "2026-01-01T00:00:01Z", False),
    ("DateGreaterThanEquals", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", False),
    ("DateNotEquals", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
    ("Bool", "true", "true", True), ("Bool", True, "true", True), ("Bool", "true", "false", False),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", True), ("IpAddress", ["10.0.0.0/8", "192.0.2.7"], "192.0.2.7", True),
    ("IpAddress", "10.0.0.0/8", "11.1.2.3", False), ("NotIpAddress", "10.0.0.0/8", "11.1.2.3", True),
    ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False), ("IpAddress", "10.0.0.0/8", "::1", False),
])  # fmt: skip
def test_condition_operators(operator: str, wanted: Any, got: str, expected: bool) -> None:
    assert conditions_hold({operator: {"key": wanted}}, {"key": (got,)}) is expected


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_a_missing_key_never_holds(operator: str) -> None:
    assert not conditions_hold({operator: {"acs:SourceIp": "1"}}, {})
    assert not conditions_hold({operator: {"acs:SourceIp": "1"}}, {"acs:SourceIp": ()})


@pytest.mark.parametrize(("operator", "got", "expected"), [
    ("ForAnyValue:StringEquals", ("x", "a"), True), ("ForAnyValue:StringEquals", ("x", "y"), False),
    ("ForAllValues:StringEquals", ("a", "b"), True), ("ForAllValues:StringEquals", ("a", "x"), False),
    ("ForAnyValue:StringNotEquals", ("a", "x"), True), ("ForAllValues:StringNotEquals", ("a", "x"), False),
    ("StringEquals", ("x", "a"), True), ("StringNotEquals", ("x", "a"), False), ("StringNotEquals", ("x", "y"), True),
])  # fmt: skip
def test_several_values_in_the_request(operator: str, got: tuple[str, ...], expected: bool) -> None:
    assert conditions_hold({operator: {"key": ["a", "b"]}}, {"key": got}) is expected


def test_all_operators_and_keys_of_a_block_must_hold() -> None:
    block = {"StringLike": {"oss:Prefix": "a/*", "oss:Delimiter": "/"}, "Bool": {"acs:SecureTransport": "true"}}
    good = {"oss:prefix": ("a/b",), "oss:Delimiter": ("/",), "acs:SecureTransport": ("true",)}
    assert conditions_hold(block, good)
    for key, bad in (("oss:prefix", "b/"), ("oss:Delimiter", ""), ("acs:SecureTransport", "false")):
        assert not conditions_hold(block, {**good, key: (bad,)})


TRUST = [
    ({"RAM": ["acs:ram::1:root"]}, {"RAM": ("acs:ram::1:user/a", "acs:ram::1:root")}, ALLOW),
    ({"RAM": ["acs:ram::1:user/a"]}, {"RAM": ("acs:ram::1:user/a", "acs:ram::1:root")}, ALLOW),
    ({"RAM": ["acs:ram::1:user/b"]}, {"RAM": ("acs:ram::1:user/a", "acs:ram::1:root")}, NEUTRAL),
    ({"RAM": ["acs:ram::2:root"]}, {"RAM": ("acs:ram::1:user/a", "acs:ram::1:root")}, NEUTRAL),
    ({"Service": ["ecs.aliyuncs.com"]}, {"RAM": ("acs:ram::1:root",)}, NEUTRAL),
    ({"Service": ["ecs.aliyuncs.com"]}, {"Service": ("ecs.aliyuncs.com",)}, ALLOW),
    ({"Federated": ["acs:ram::1:oidc-provider/x"]}, {"Federated": ("acs:ram::1:oidc-provider/x",)}, ALLOW),
    ({"Federated": ["acs:ram::1:oidc-provider/x"]}, {"Federated": ("acs:ram::1:oidc-provider/y",)}, NEUTRAL),
    ({"RAM": ["acs:ram::1:root"]}, {"Federated": ("acs:ram::1:oidc-provider/x",)}, NEUTRAL),
]


@pytest.mark.parametrize(("trusted", "asker", "expected"), TRUST)
def test_trust_policies(trusted: dict[str, list[str]], asker: dict[str, tuple[str, ...]], expected: Decision) -> None:
    policy = _policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}, kind="trust")
    assert decide(policy, Question("sts:AssumeRole", principals=asker)) is expected


@pytest.mark.parametrize(("ids", "asker", "expected"), [
    (["*"], ("anonymous",), ALLOW), ([], ("anonymous",), ALLOW), (["20214"], ("20214",), ALLOW),
    (["20214"], ("anonymous",), NEUTRAL), (["arn:sts::1:assumed-role/r/*"], ("arn:sts::1:assumed-role/r/s",), ALLOW),
    (["arn:sts::1:assumed-role/r/*"], ("arn:sts::1:assumed-role/r2/s",), NEUTRAL),
])  # fmt: skip
def test_bucket_policies(ids: list[str], asker: tuple[str, ...], expected: Decision) -> None:
    policy = _policy(_allow("oss:GetObject", f"{BUCKET}/*", Principal=ids), kind="bucket")
    assert decide(policy, Question("oss:GetObject", (f"{BUCKET}/x",), principals={"Id": asker})) is expected


@pytest.mark.parametrize(("identity", "session", "resource", "expected"), [
    (ALLOW, None, NEUTRAL, ALLOW), (NEUTRAL, None, NEUTRAL, NEUTRAL), (NEUTRAL, None, ALLOW, ALLOW),
    (ALLOW, None, DENY, DENY), (DENY, None, ALLOW, DENY), (ALLOW, ALLOW, NEUTRAL, ALLOW),
    (ALLOW, NEUTRAL, NEUTRAL, NEUTRAL), (NEUTRAL, ALLOW, NEUTRAL, NEUTRAL), (ALLOW, DENY, ALLOW, DENY),
    (NEUTRAL, NEUTRAL, ALLOW, NEUTRAL), (NEUTRAL, ALLOW, ALLOW, ALLOW),
])  # fmt: skip
def test_bodies_of_policy_together(
    identity: Decision, session: Decision | None, resource: Decision, expected: Decision
) -> None:
    assert combine(identity, session, resource) is expected


GOOD = {"Effect": "Allow", "Action": "oss:*", "Resource": "*"}


@pytest.mark.parametrize("document", [
    "{", "[]", "{}", '{"Version":"2012-10-17","Statement":[]}', '{"Version":"1","Statement":[]}',
    '{"Version":"1","Statement":{}}', '{"Version":"1","Statement":[1]}',
    *(json.dumps({"Version": version, "Statement": [GOOD]}) for version in ("2012-10-17", 1, None)),
    *(json.dumps({"Version": "1", "Statement": [s]}) for s in (
        {**GOOD, "Effect": "allow"}, {**GOOD, "NotAction": "x"}, {**GOOD, "NotResource": "x"}, {**GOOD, "Extra": 1},
        {"Effect": "Allow", "Action": "x"}, {"Effect": "Allow", "Resource": "x"}, {**GOOD, "Principal": ["1"]},
        {**GOOD, "Action": []}, {**GOOD, "Resource": []}, {"Effect": "Allow", "NotAction": [], "Resource": "*"},
        {"Effect": "Allow", "Action": "x", "NotResource": []}, {**GOOD, "Resource": "systemkarder/*"},
        {**GOOD, "Resource": "acs:oss:*"}, {**GOOD, "Resource": ["*", "arn:oss:*:*:*"]},
        {**GOOD, "Condition": []}, {**GOOD, "Condition": {"StringIs": {"a": "b"}}},
        {**GOOD, "Condition": {"StringEquals": []}}, {**GOOD, "Condition": {"Every:StringEquals": {"a": "b"}}},
    )),
])  # fmt: skip
def test_what_is_no_policy_is_refused(document: str) -> None:
    with pytest.raises(PolicyGrammarError):
        parse(document)


@pytest.mark.parametrize("principal", [["1"], {"AWS": ["x"]}, None])
def test_trust_needs_a_known_kind_of_principal(principal: Any) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", **({"Principal": principal} if principal else {})}
    with pytest.raises(PolicyGrammarError):
        _policy(statement, kind="trust")


def test_system_policies_are_policies_within_the_limit() -> None:
    for document in SYSTEM_POLICIES.values():
        assert parse(document)
        assert len(document) <= MAX_LENGTH
