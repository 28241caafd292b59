"""The two RAM policy documents of a tenant, as plain values: who may act for it, and on what.

Both are exact. A prefix always ends with a slash before its star, since 138* would match 1380/ as well; listing is
allowed for the very prefixes named, because an empty or shorter one would show the neighbours' names; and no action
lists buckets. Reading the source of a copy needs oss:GetObject on it, so that nothing can be copied out of a
neighbour's prefix either.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from components.shared.installation import BucketFacts, Identity
from tenantry.model import trust_policy as trusting
from tenantry.names import Names

# Uploading in parts needs oss:PutObject; besides it only giving up and looking at the parts of one's own upload.
OBJECT_ACTIONS: Final = (
    "oss:AbortMultipartUpload",
    "oss:DeleteObject",
    "oss:GetObject",
    "oss:ListParts",
    "oss:PutObject",
)

KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")
BACKUP_READS: Final = (
    "oss:GetObject",
    "oss:GetObjectTagging",
    "oss:GetObjectVersion",
    "oss:GetObjectVersionTagging",
    "oss:ListObjectVersions",
    "oss:ListObjects",
)
BACKUP_WRITES: Final = (
    "oss:AbortMultipartUpload",
    "oss:DeleteObject",
    "oss:DeleteObjectVersion",
    "oss:ListMultipartUploads",
    "oss:ListParts",
    "oss:PutObject",
    "oss:PutObjectTagging",
)

Document = dict[str, Any]


def to_canonical_json(document: Document) -> str:
    """JSON without a space, in one order: RAM counts a policy's characters, and a diff compares them."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def trust(names: Names, identity: Identity, *, access: bool) -> Document:
    return trusting.trust(
        names, identity.account_id, identity.issuer, identity.audience, access=access, provider=identity.provider
    )


def platform_trust(service_account: str, identity: Identity) -> Document:
    """The trust policy of a role of the platform's: its own service account takes it, and nobody else."""
    return trusting.platform_trust(
        service_account, identity.account_id, identity.issuer, identity.audience, identity.provider
    )


def listable(prefix: str, directories: Sequence[str]) -> tuple[str, ...]:
    """The tenant's prefix, its directories and what lies between: every folder a file browser shows."""
    prefixes = {prefix}
    for directory in directories:
        parts = directory.removeprefix(prefix).strip("/").split("/")
        prefixes.update(prefix + "/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
    return tuple(sorted(prefixes))


def grant(names: Names, identity: Identity, system: BucketFacts, photos: BucketFacts, *, access: bool) -> Document:
    """The permissions of a session of the tenant's role.

    Without access it denies everything: OSS asks this at every request, so sessions handed out before end at once.
    """
    if not access:
        return {"Version": "1", "Statement": [{"Effect": "Deny", "Action": ["oss:*"], "Resource": ["*"]}]}
    buckets = ((system, names.system_directories), (photos, names.photo_directories))
    objects: Document = {
        "Effect": "Allow",
        "Action": list(OBJECT_ACTIONS),
        "Resource": [f"{_arn(identity, bucket)}/{names.prefix}*" for bucket, _ in buckets],
    }
    lists: list[Document] = [
        {
            "Effect": "Allow",
            "Action": ["oss:ListObjects"],
            "Resource": [_arn(identity, bucket)],
            "Condition": {"StringEquals": {"oss:Prefix": list(listable(names.prefix, directories))}},
        }
        for bucket, directories in buckets
    ]
    return {"Version": "1", "Statement": [objects, *lists, *key_grant(identity, system, photos)]}


def key_grant(identity: Identity, *buckets: BucketFacts) -> list[Document]:
    """The use of the keys that encrypt these buckets: OSS asks KMS in the name of who reads or writes.

    Permissions of SSE-KMS: https://www.alibabacloud.com/help/en/oss/user-guide/server-side-encryption-8
    """
    keys = sorted({key_arn(identity, bucket) for bucket in buckets if bucket.kms_key is not None})
    return [{"Effect": "Allow", "Action": list(KEY_ACTIONS), "Resource": keys}] if keys else []


def key_arn(identity: Identity, bucket: BucketFacts) -> str:
    return f"acs:kms:{bucket.region}:{identity.account_id}:key/{bucket.kms_key}"


def backup_grant(identity: Identity, sources: Sequence[BucketFacts], backups: BucketFacts) -> Document:
    """The nightly backup reads the tenants' buckets, and writes and thins out its own; nothing else."""
    reads: Document = {
        "Effect": "Allow",
        "Action": list(BACKUP_READS),
        "Resource": [arn for bucket in sources for arn in (_arn(identity, bucket), f"{_arn(identity, bucket)}/*")],
    }
    own: Document = {
        "Effect": "Allow",
        "Action": [*BACKUP_READS, *BACKUP_WRITES],
        "Resource": [_arn(identity, backups), f"{_arn(identity, backups)}/*"],
    }
    return {"Version": "1", "Statement": [reads, own, *key_grant(identity, *sources, backups)]}


def broker_grant(identity: Identity) -> Document:
    """The broker may take the roles of tenants and nothing else; what a session then may do, the role says."""
    roles = identity.role_arn("tenant-*")
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [roles]}]}


def _arn(identity: Identity, bucket: BucketFacts) -> str:
    """With our account in it: should the bucket's name ever pass to somebody else, the grant does not."""
    return f"acs:oss:*:{identity.account_id}:{bucket.name}"
