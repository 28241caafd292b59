"""Who may act for a tenant at Alibaba Cloud, and on what: the two policy documents, as plain values.

Both are exact. A prefix always ends with a slash before its star, since 138* would match 1380/ as well; listing is
allowed for the very prefixes named, because an empty or shorter one would show the neighbours' names; and no action
lists buckets. Reading the source of a copy needs oss:GetObject on it, so that nothing can be copied out of a
neighbour's prefix either.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from components.installation import BucketFacts, Identity
from tenantry import trust as trusting
from tenantry.names import Names

# Uploading in parts needs oss:PutObject; besides it only giving up and looking at the parts of one's own upload.
OBJECT_ACTIONS: Final = (
    "oss:AbortMultipartUpload",
    "oss:DeleteObject",
    "oss:GetObject",
    "oss:ListParts",
    "oss:PutObject",
)

Document = dict[str, Any]


def written(document: Document) -> str:
    """JSON without a space, in one order: RAM counts a policy's characters, and a diff compares them."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def trust(names: Names, identity: Identity, *, access: bool) -> Document:
    return trusting.trust(names, identity.account_id, identity.issuer, identity.audience, access=access)


def listable(prefix: str, directories: Sequence[str]) -> tuple[str, ...]:
    """The tenant's prefix, its directories and what lies between: every folder a file browser shows."""
    found = {prefix}
    for directory in directories:
        parts = directory.removeprefix(prefix).strip("/").split("/")
        found.update(prefix + "/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
    return tuple(sorted(found))


def grant(names: Names, identity: Identity, system: BucketFacts, photos: BucketFacts, *, access: bool) -> Document:
    """What a session of the tenant's role may do.

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
    return {"Version": "1", "Statement": [objects, *lists]}


def broker_grant(identity: Identity) -> Document:
    """The broker may take the roles of tenants and nothing else; what a session then may do, the role says."""
    roles = identity.role_arn("tenant-*")
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [roles]}]}


def _arn(identity: Identity, bucket: BucketFacts) -> str:
    """With our account in it: should the bucket's name ever pass to somebody else, the grant does not."""
    return f"acs:oss:*:{identity.account_id}:{bucket.name}"
