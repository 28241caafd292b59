"""Alibaba Cloud OSS: the buckets that all tenants share, each tenant below its own prefix."""

from typing import Final

from tenantry.model.resources.facts import (
    ACCESS,
    DATA,
    HARMLESS,
    ISOLATION,
    PLATFORMS,
    REMARKS,
    Control,
    DriftGravity,
    ResourceKind,
    Right,
    Rights,
)

_SYSTEM: Final = "OSS"
_BUCKETS: Final = tuple(
    f"acs:oss:*:{{account}}:{name}{end}" for name in ("{system}", "{photos}", "{backups}") for end in ("", "/*")
)
KINDS: Final = {
    "alicloud:oss:Bucket": ResourceKind(
        PLATFORMS,
        holds_data=True,
        ids=("{bucket}",),
        drift=DriftGravity(
            DATA,
            ISOLATION,
            {**REMARKS, "lifecycleRules": DATA, "versioning": DATA, "corsRules": ACCESS, "loggings": HARMLESS},
        ),
    ),
    "alicloud:oss:BucketPolicy": ResourceKind(PLATFORMS, drift=DriftGravity(ISOLATION, ISOLATION)),
    "alicloud:oss:BucketPublicAccessBlock": ResourceKind(PLATFORMS, drift=DriftGravity(ISOLATION, ISOLATION)),
}
RIGHTS: Final = Rights(
    run=(Right("oss", ("*",), _BUCKETS), Right("oss", ("ListBuckets",))),
    preview=(Right("oss", ("GetBucket*", "ListObjects"), _BUCKETS), Right("oss", ("ListBuckets",))),
)
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "exact prefixes with their slash",
        live="RAM policy of the tenant's role",
        rules="storage-prefix storage-own-prefix storage-action storage-document storage-attachment storage-shared",
        attacks="storage.get storage.head storage.put storage.append storage.delete storage.multipart storage.copy "
        "storage.part-copy storage.near storage.vault",
    ),
    Control(
        _SYSTEM,
        "listing by the exact prefix",
        live="condition on oss:Prefix; no ListBuckets",
        rules="storage-list",
        attacks="storage.list* storage.buckets",
    ),
    Control(
        _SYSTEM,
        "closed, encrypted buckets",
        live="public access block, AES256, TLS alone",
        rules="storage-public storage-closed storage-encryption storage-bucket-policy",
        attacks="storage.public storage.bucket",
    ),
    Control(
        _SYSTEM,
        "life of what is temporary",
        live="lifecycle rules of the bucket",
        rules="storage-expiry storage-temp storage-directories",
    ),
)
