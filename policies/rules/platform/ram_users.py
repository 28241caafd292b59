"""Object store: what the platform itself may at RAM: two roles, each of one service account, each with one policy."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.facts import ram_documents
from policies.facts.ram_documents import Statement, allowing, condition, operators, texts
from policies.model.resource import Resource
from policies.model.rule import resource_rule
from policies.model.settings import Settings
from policies.model.values import mapping, number, shown, text
from policies.rules.storage import ARN, ON_KEYS, POLICY, ROLE, TRUSTED, is_account
from tenantry.names import BACKUP_ACCOUNT, BACKUP_ROLE, BROKER_ACCOUNT, BROKER_ROLE, PLATFORM_NAMESPACE

ATTACHMENT: Final = "ram:RolePolicyAttachment"
ASSUME: Final = "sts:AssumeRole"
TENANTS_ROLES: Final = "role/tenant-*"
LONGEST: Final = {BROKER_ROLE: 3600, BACKUP_ROLE: 6 * 3600}  # seconds of a session
ACCOUNTS: Final[Mapping[str, str]] = {BROKER_ROLE: BROKER_ACCOUNT, BACKUP_ROLE: BACKUP_ACCOUNT}
READS: Final = frozenset(
    f"oss:{name}"
    for name in (
        *("GetObject", "GetObjectTagging", "GetObjectVersion", "GetObjectVersionTagging"),
        *("ListObjectVersions", "ListObjects"),
    )
)
WRITES: Final = frozenset(
    f"oss:{name}"
    for name in (
        *("AbortMultipartUpload", "DeleteObject", "DeleteObjectVersion", "ListMultipartUploads", "ListParts"),
        *("PutObject", "PutObjectTagging"),
    )
)


@resource_rule(
    "storage-broker",
    kinds=[POLICY, ROLE, ATTACHMENT],
    why="What the platform's roles may, whoever gets into their pods may for all tenants at once.",
    remedy=f"declare {BROKER_ROLE} and {BACKUP_ROLE} alone, each with the Custom policy of its own name.",
)
def broker(resource: Resource, settings: Settings) -> Iterator[str]:
    """At RAM the platform has two roles, the credential broker's, which may take tenants' roles, and the backup's."""
    if resource.code or resource.under_a_tenant or resource.of_foundation:
        return  # judged as a tenant's, or as the foundation's
    if resource.kind == ROLE:
        yield from _role(resource, settings)
        return
    name = text(resource.first("policyName", "name"))
    if resource.kind == ATTACHMENT:
        role, sort = text(resource.props.get("roleName")), text(resource.props.get("policyType"))
        if role not in ACCOUNTS:
            yield f"it attaches a policy to {shown(role)}"
        if (name, sort) != (role, "Custom"):
            yield f"it attaches {shown(name)} ({shown(sort)})"
    elif name == BACKUP_ROLE:
        yield from _backup_grants(resource, settings)
    else:
        yield from _broker_grants(resource, settings)


def _role(resource: Resource, settings: Settings) -> Iterator[str]:
    name = text(resource.first("roleName", "name"))
    if name not in ACCOUNTS:
        yield f"its role is {shown(name)}"
        return
    seconds = number(resource.props.get("maxSessionDuration"))
    if seconds is None or seconds > LONGEST[name]:
        yield f"its sessions last {shown(seconds)} s"
    for statement in allowing(ram_documents.of(resource, "assumeRolePolicyDocument", "document")):
        principal = mapping(statement.get("Principal"))
        trusted = texts(principal.get("Federated"))
        match = TRUSTED.fullmatch(trusted[0]) if len(trusted) == 1 and set(principal) == {"Federated"} else None
        provider = f"oidc-provider/{settings.text('provider')}"
        if match is None or not is_account(match[1], settings) or match[2] != provider:
            yield f"it trusts {shown(dict(principal))}"
        yield from _subject(statement, ACCOUNTS[name], settings)


def _subject(statement: Statement, service_account: str, settings: Settings) -> Iterator[str]:
    wanted: dict[str, Any] = {
        "oidc:sub": f"system:serviceaccount:{PLATFORM_NAMESPACE}:{service_account}",
        "oidc:aud": settings.text("audience"),
        "oidc:iss": settings.text("issuer"),
    }
    for key, value in wanted.items():
        values = list(condition(statement, "StringEquals", key))
        if len(values) != 1 or "*" in values[0] or (value and values[0] != value):
            yield f"it trusts {key} {', '.join(values) or 'of any token'}"
    if operators(statement) - {"StringEquals"}:
        yield "it trusts by other conditions than StringEquals"


def _broker_grants(resource: Resource, settings: Settings) -> Iterator[str]:
    for statement in allowing(ram_documents.of(resource, "policyDocument", "document")):
        for action in texts(statement.get("Action")) or [""]:
            if action != ASSUME:
                yield f"it allows {shown(action)}"
        for arn in texts(statement.get("Resource")) or [""]:
            match = TRUSTED.fullmatch(arn)
            if match is None or not is_account(match[1], settings) or match[2] != TENANTS_ROLES:
                yield f"it allows {ASSUME} on {shown(arn)}"


def _backup_grants(resource: Resource, settings: Settings) -> Iterator[str]:
    """It reads what tenants have; it writes, and removes, in the bucket of the backups alone."""
    for statement in allowing(ram_documents.of(resource, "policyDocument", "document")):
        actions, resources = set(texts(statement.get("Action"))), texts(statement.get("Resource"))
        if not actions ^ ON_KEYS and resources and set(resources) <= settings.texts("keys"):
            continue
        for action in sorted(actions - READS - WRITES) or ([""] if not actions else []):
            yield f"it allows {shown(action)}"
        for arn in resources or [""]:
            match = ARN.fullmatch(arn)
            if match is None or not is_account(match[1], settings) or "*" in match[2]:
                yield f"it allows {shown(arn)}"
            elif actions & WRITES and match[2] in settings.texts("buckets"):
                yield f"it writes to {match[2]}, which is the tenants'"
