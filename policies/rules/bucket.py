"""Object store: the buckets that all tenants share."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from policies.facts import ram_documents
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import at, boolean, mapping, number, sequence, shown, text
from policies.rules.storage import DIRECTORIES, PREFIX
from tenantry.backup.contents.layout import PURGED, PURGED_KEPT_DAYS
from tenantry.names import TEMP_DIRECTORY, TEMP_EXPIRY_DAYS

BUCKET: Final = "oss:Bucket"
ENCRYPTED: Final = frozenset({"AES256", "KMS", "SM4"})


@resource_rule(
    "storage-public",
    kinds=[
        BUCKET,
        "oss:BucketAcl",
        "oss:BucketPublicAccessBlock",
        "oss:BucketObject",
        "oss:AccountPublicAccessBlock",
    ],
    why="Whoever knows an address would read children's photos.",
    remedy="leave acl out (private), and block public access.",
)
def public(resource: Resource, settings: Settings) -> Iterator[str]:
    """Buckets and objects are private, and public access is blocked."""
    acl = text(resource.props.get("acl"))
    if acl not in ("", "private", "default"):
        yield f"its acl is {acl}"
    if resource.kind.endswith("PublicAccessBlock") and boolean(resource.props.get("blockPublicAccess")) is not True:
        yield "it does not block public access"
    if at(resource.props, "website") is not None:
        yield "it is a web site"


@resource_rule(
    "storage-bucket-policy",
    kinds=["oss:BucketPolicy", BUCKET],
    why="A bucket's policy adds to those of the roles: what it allows, nobody's prefix limits.",
    remedy="let bucket policies only deny; tenants' rights are in their roles' policies.",
)
def bucket_policy(resource: Resource, settings: Settings) -> Iterator[str]:
    """A bucket's policy allows nothing."""
    written = text(resource.props.get("policy"))
    if written and any(True for _ in ram_documents.allowing(ram_documents.statements(written))):
        yield "it allows something"


@resource_rule(
    "storage-encryption",
    kinds=[BUCKET, "oss:BucketServerSideEncryption"],
    why="Unencrypted, a copy of the disks is a copy of the files.",
    remedy="set server_side_encryption_rule to AES256 or KMS.",
)
def encryption(resource: Resource, settings: Settings) -> Iterator[str]:
    """Buckets are encrypted."""
    rule = resource.props if resource.kind != BUCKET else mapping(resource.props.get("serverSideEncryptionRule"))
    if text(rule.get("sseAlgorithm")) not in ENCRYPTED:
        yield f"it is encrypted with {shown(rule.get('sseAlgorithm'))}"


@resource_rule(
    "storage-expiry",
    kinds=[BUCKET],
    why="A rule with a shorter prefix removes what tenants keep, one with an open end the neighbours' files.",
    remedy=f"expire only kindergarten/rent/PHONE/temp/, after {TEMP_EXPIRY_DAYS} days.",
)
def expiry(resource: Resource, settings: Settings) -> Iterator[str]:
    """Only the temp/ of a tenant expires, after its 7 days, and the backups that are left of purged tenants."""
    for rule, days in _expiring(resource):
        prefix = text(rule.get("prefix"))
        if prefix == PURGED and days == PURGED_KEPT_DAYS:
            continue
        if not prefix.endswith(f"/{TEMP_DIRECTORY}") or PREFIX.fullmatch(prefix.removesuffix(TEMP_DIRECTORY)) is None:
            yield f"it removes files below {shown(prefix)}"
        elif days != TEMP_EXPIRY_DAYS:
            yield f"files below {prefix} expire after {shown(days)} days"


@stack_rule(
    "storage-temp",
    why="Temporary files that never expire are personal data without a purpose, and cost.",
    remedy="give the bucket a lifecycle rule for the tenant's temp/.",
)
def temp(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every tenant's temp/ expires (where the stack holds the buckets)."""
    buckets = stack.of(BUCKET)
    expiring = {
        text(rule.get("prefix")) for bucket in buckets for rule, _ in _expiring(bucket) if boolean(rule.get("enabled"))
    }
    if not buckets:
        return
    for code in stack.tenants:
        for resource in stack.parts(code, DIRECTORIES):
            for missing in sorted(_temporary(resource) - expiring):
                yield Violation(code, f"nothing expires {missing}", resource)


@stack_rule(
    "storage-closed",
    why="Without it, one acl or policy written later opens the bucket.",
    remedy="declare a BucketPublicAccessBlock for it.",
)
def closed(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every bucket has its block of public access."""
    blocked = {text(resource.props.get("bucket")) for resource in stack.of("oss:BucketPublicAccessBlock")}
    for resource in stack.of(BUCKET):
        if text(resource.props.get("bucket")) not in blocked:
            yield Violation("platform", "nothing blocks public access to it", resource)


def _expiring(resource: Resource) -> Sequence[tuple[dict[str, Any], float | None]]:
    """The rules that remove current versions of files, and after how many days (none: on a date)."""
    rules: list[tuple[dict[str, Any], float | None]] = []
    for rule in map(mapping, sequence(resource.props.get("lifecycleRules"))):
        for expiration in map(mapping, sequence(rule.get("expirations"))):
            if boolean(expiration.get("expiredObjectDeleteMarker")) and not expiration.get("days"):
                continue  # removes markers of what is gone already
            rules.append((dict(rule), number(expiration.get("days"))))
    return rules


def _temporary(resource: Resource) -> set[str]:
    temporary = re.compile(rf"{PREFIX.pattern}{re.escape(TEMP_DIRECTORY)}")
    objects = mapping(resource.props.get("objects")).values()
    return {text(key) for keys in objects for key in sequence(keys) if temporary.fullmatch(text(key))}
