"""Object store: which keys a tenant's sessions reach. The role, its policy and what is attached to it."""

import re
from collections.abc import Iterator
from typing import Final

from policies.facts import ram_documents
from policies.facts.ram_documents import Statement, allowing, condition, texts
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import ROW, Stack
from policies.model.values import UnexpectedShape, mapping, number, sequence, shown, text
from tenantry.names import (
    BROKER_ROLE,
    PHONE,
    PREFIX_ROOT,
    SERVICE_ACCOUNT,
    SESSION_SECONDS,
)

POLICY: Final = "ram:Policy"
ROLE: Final = "ram:Role"
DIRECTORIES: Final = "tenantry:Directories"
ON_OBJECTS: Final = frozenset(
    f"oss:{name}" for name in ("AbortMultipartUpload", "DeleteObject", "GetObject", "ListParts", "PutObject")
)
LISTING: Final = "oss:ListObjects"
ON_KEYS: Final = frozenset({"kms:Decrypt", "kms:GenerateDataKey"})
PREFIX: Final = re.compile(rf"{re.escape(PREFIX_ROOT)}({PHONE.pattern})/")
# acs:oss:REGION:ACCOUNT:BUCKET[/KEY]; region may be any, the rest is exact
ARN: Final = re.compile(r"acs:oss:[^:]*:([^:]*):([^/:]+)(?:/(.*))?")
TRUSTED: Final = re.compile(r"acs:ram::([^:]*):(.+)")


def prefix_of(key: str) -> str | None:
    """The tenant's prefix that a key lies below."""
    match = PREFIX.match(key)
    return match[0] if match else None


def prefixes(statements: list[Statement] | tuple[Statement, ...]) -> set[str]:
    """Every tenant's prefix that statements allow something below."""
    keys = [ARN.fullmatch(arn) for statement in statements for arn in texts(statement.get("Resource"))]
    listed = [key for statement in statements for key in condition(statement, "StringEquals", "oss:Prefix")]
    named = [match[3] for match in keys if match and match[3]] + listed
    return {prefix for key in named if (prefix := prefix_of(key))}


@resource_rule(
    "storage-document",
    kinds=[POLICY, ROLE],
    why="What a document leaves open, RAM decides in its own way.",
    remedy=(
        "write Allow or Deny with Action, Resource and Principal by name, as components/shared/ram_policies.py does."
    ),
)
def document(resource: Resource, settings: Settings) -> Iterator[str]:
    """RAM documents name what they allow, never all but something, in at most 6144 characters."""
    written = text(resource.first("policyDocument", "document", "assumeRolePolicyDocument"))
    if len(written) > ram_documents.LONGEST:
        yield f"it has {len(written)} characters"
    statements = ram_documents.statements(written)
    if not statements:
        yield "it has no statement"
    for statement in statements:
        turned = sorted(key for key in statement if key.startswith("Not"))
        if turned:
            yield f"it says {', '.join(turned)}"
        if statement.get("Effect") not in ("Allow", "Deny"):
            yield f"its effect is {shown(statement.get('Effect'))}"


@resource_rule(
    "storage-prefix",
    kinds=[POLICY],
    why="A star without a slash before it opens the neighbours' files: 138* matches 1380 too.",
    remedy="allow acs:oss:*:ACCOUNT:BUCKET/kindergarten/rent/PHONE/* and nothing else.",
)
def prefix(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's policy allows objects below one exact prefix, ending with a slash before its only star."""
    if resource.code is None:
        return
    allowed = list(allowing(ram_documents.of(resource, "policyDocument", "document")))
    for statement in allowed:
        if LISTING in texts(statement.get("Action")) or _is_for_keys(statement, settings):
            continue
        for arn in texts(statement.get("Resource")) or [""]:
            match = ARN.fullmatch(arn)
            key = match[3] if match else None
            if match is None or key is None or not key.endswith("/*") or PREFIX.fullmatch(key[:-1]) is None:
                yield f"it allows {shown(arn)}"
            elif not _exact(match, settings):
                yield f"it allows {shown(arn)}: account or bucket are not exact"
    if len(prefixes(allowed)) > 1:
        yield "it allows several tenants' prefixes"


@resource_rule(
    "storage-action",
    kinds=[POLICY],
    why="Actions such as oss:* or listing buckets show or change what all tenants share.",
    remedy="allow only put, get, delete, the parts of uploads, and listing.",
)
def action(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's policy allows actions on objects by name, and no other."""
    if resource.code is None:
        return
    for statement in allowing(ram_documents.of(resource, "policyDocument", "document")):
        actions = texts(statement.get("Action"))
        if LISTING in actions and len(actions) > 1:
            yield "it allows listing together with other actions, on the same resources"
        if _is_for_keys(statement, settings):
            continue
        for name in actions or [""]:
            if name not in ON_OBJECTS and name != LISTING:
                yield f"it allows {shown(name)}"


@resource_rule(
    "storage-list",
    kinds=[POLICY],
    why="Listing an empty or shorter prefix shows the names of the neighbours' files.",
    remedy="allow oss:ListObjects on the bucket with StringEquals oss:Prefix, each value ending with a slash.",
)
def listing_rule(resource: Resource, settings: Settings) -> Iterator[str]:
    """Listing is allowed for exact prefixes of the tenant's own only."""
    if resource.code is None:
        return
    for statement in allowing(ram_documents.of(resource, "policyDocument", "document")):
        if LISTING not in texts(statement.get("Action")):
            continue
        exact = condition(statement, "StringEquals", "oss:Prefix")
        if not exact:
            yield "it lists without an exact oss:Prefix"
        if ram_documents.operators(statement) - {"StringEquals"}:
            yield "it lists by other conditions than StringEquals"
        for key in exact:
            if prefix_of(key) is None or not key.endswith("/") or "*" in key or "?" in key:
                yield f"it lists {shown(key)}"
        for arn in texts(statement.get("Resource")):
            match = ARN.fullmatch(arn)
            if match is None or match[3] is not None or not _exact(match, settings):
                yield f"it lists in {shown(arn)}"


def _is_for_keys(statement: Statement, settings: Settings) -> bool:
    """The use of the buckets' own keys, and of no other: without it no file of an encrypted bucket can be read."""
    actions, resources = set(texts(statement.get("Action"))), set(texts(statement.get("Resource")))
    return bool(resources) and not actions ^ ON_KEYS and resources <= settings.texts("keys")


def _exact(match: re.Match[str], settings: Settings) -> bool:
    """Account and bucket by name: should a bucket's name pass to somebody else, the grant does not."""
    return is_account(match[1], settings) and match[2] in settings.texts("buckets")


def is_account(named: str, settings: Settings) -> bool:
    return named.isdecimal() and settings.text("account") in ("", named)


@resource_rule(
    "storage-trust",
    kinds=[ROLE],
    why="Whoever takes the role has the tenant's files; the account's root stands for everybody in the account.",
    remedy="trust the OIDC provider for the tenant's own service account (aud, iss, sub), and the broker, alone.",
)
def trust(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's role is taken only by its own service account and by the credential broker."""
    if resource.code is None:
        return
    for statement in allowing(ram_documents.of(resource, "assumeRolePolicyDocument", "document")):
        if texts(statement.get("Action")) != ["sts:AssumeRole"]:
            yield f"it allows {', '.join(texts(statement.get('Action'))) or 'no action'}"
        principal = mapping(statement.get("Principal"))
        for sort, names in principal.items():
            for name in texts(names):
                if not _trusted(sort, name, settings):
                    yield f"it trusts {sort} {shown(name)}"
        if not principal:
            yield "it trusts nobody by name"
        if "Federated" in principal:
            yield from _federated(statement, f"tenant-{resource.code}", settings)


def _trusted(sort: str, name: str, settings: Settings) -> bool:
    match = TRUSTED.fullmatch(name)
    whom = {"Federated": f"oidc-provider/{settings.text('provider')}", "RAM": f"role/{BROKER_ROLE}"}
    return match is not None and is_account(match[1], settings) and match[2] == whom.get(sort)


def _federated(statement: Statement, namespace: str, settings: Settings) -> Iterator[str]:
    for key, own in (("oidc:aud", settings.text("audience")), ("oidc:iss", settings.text("issuer"))):
        values = condition(statement, "StringEquals", key)
        if len(values) != 1 or not values[0] or "*" in values[0]:
            yield f"it does not demand one exact {key}"
        elif own and values[0] != own:
            yield f"it trusts {key} {shown(values[0])}"
    if ram_documents.operators(statement) - {"StringEquals"}:
        yield "it trusts by other conditions than StringEquals"
    subjects = list(condition(statement, "StringEquals", "oidc:sub"))
    if subjects != [f"system:serviceaccount:{namespace}:{SERVICE_ACCOUNT}"]:
        yield f"it trusts the subject {', '.join(subjects) or 'of any token'}"


@resource_rule(
    "storage-session",
    kinds=[ROLE],
    why="A session outlives the right it came from: an hour is the longest anybody keeps what was taken away.",
    remedy=f"set max_session_duration to {SESSION_SECONDS}.",
)
def session(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's sessions last at most an hour."""
    longest = number(resource.props.get("maxSessionDuration"))
    if resource.code and longest is not None and longest > SESSION_SECONDS:
        yield f"its sessions last {shown(longest)} s"


@resource_rule(
    "storage-attachment",
    kinds=["ram:RolePolicyAttachment"],
    why="A second policy adds to the first; a system policy such as full OSS access ends the isolation.",
    remedy="attach the tenant's own custom policy and no other.",
)
def attachment(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's role has its own policy and no other."""
    if resource.code is None:
        return
    own = f"tenant-{resource.code}"
    if text(resource.props.get("policyType")) != "Custom" or text(resource.props.get("policyName")) != own:
        yield f"it attaches {shown(resource.props.get('policyName'))} ({shown(resource.props.get('policyType'))})"
    if text(resource.props.get("roleName")) != own:
        yield f"it attaches the policy to {shown(resource.props.get('roleName'))}"


@resource_rule(
    "storage-standing-key",
    kinds=[
        "ram:User",
        "ram:AccessKey",
        "ram:LoginProfile",
        "ram:UserPolicyAttachment",
        "ram:GroupPolicyAttachment",
    ],
    why="A key that never ends is one that is copied.",
    remedy=(
        "declare a role and let pods take it by their projected token (RRSA), as components/parts/federation.py does."
    ),
)
def standing_key(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nobody has a RAM user, a key, or a policy on somebody else: no tenant, and not the platform."""
    whom = "a tenant" if resource.code or resource.under_a_tenant else "the platform"
    yield f"{whom} is given a {resource.kind.rpartition(':')[2]}"


@resource_rule(
    "storage-directories",
    kinds=[DIRECTORIES],
    why="A marker outside is a file in somebody else's folder, and is removed with this tenant.",
    remedy="give keys below the tenant's own prefix, ending with a slash, in the tenants' buckets.",
)
def directories(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's directories lie below one prefix of its own."""
    roots: set[str] = set()
    for bucket, keys in mapping(resource.props.get("objects")).items():
        if bucket not in settings.texts("buckets"):
            yield f"it writes to the bucket {shown(bucket)}"
        for key in map(text, sequence(keys)):
            below = prefix_of(key)
            if below is None or not key.endswith("/") or ".." in key:
                yield f"it makes {shown(key)}"
            else:
                roots.add(below)
    if len(roots) > 1:
        yield "it writes below several tenants' prefixes"


@stack_rule(
    "storage-own-prefix",
    why="The prefix is the phone's; with another one the tenant reads somebody else's children's photos.",
    remedy="derive role, policy and directories from the tenant's own phone.",
)
def own_prefix(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The prefixes a tenant writes to and is allowed are those of its own contact phone."""
    for code in stack.tenants:
        rows = stack.parts(code, ROW)
        if not rows:
            continue
        own = f"{PREFIX_ROOT}{text(rows[0].props.get('contactPhone'))}/"
        for resource in stack.parts(code, POLICY, DIRECTORIES):
            for other in sorted(_used(resource) - {own}):
                yield Violation(code, f"it uses {other}", resource)


@stack_rule(
    "storage-shared",
    why="Two tenants with one prefix read each other's files.",
    remedy="give each tenant its own contact phone; phones are unique.",
)
def shared(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No two tenants use one prefix."""
    first: dict[str, str] = {}
    for code in stack.tenants:
        for resource in stack.parts(code, POLICY, DIRECTORIES):
            for used in _used(resource):
                if first.setdefault(used, code) != code:
                    yield Violation(code, f"it shares {used} with {first[used]}", resource)


def _used(resource: Resource) -> set[str]:
    if resource.kind == DIRECTORIES:
        keys = [text(key) for some in mapping(resource.props.get("objects")).values() for key in sequence(some)]
        return {prefix for key in keys if (prefix := prefix_of(key))}
    try:
        return prefixes(list(allowing(ram_documents.of(resource, "policyDocument", "document"))))
    except UnexpectedShape:
        return set()  # storage-document says so
