"""A bucket that all tenants share, each below its own prefix."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, cast

import pulumi
from pulumi_alicloud.oss import Bucket as OssBucket
from pulumi_alicloud.oss import BucketPolicy, BucketPublicAccessBlock

from components.shared.installation import BucketFacts
from components.shared.ram_policies import to_canonical_json
from tenantry.model.lifecycle import RETENTION
from tenantry.names import TEMP_EXPIRY_DAYS

ABORT_DAYS: Final = 7  # after which the parts of an upload nobody finished are removed
CORS_MAX_AGE: Final = 3600  # seconds for which a browser may rely on an answer


@dataclass(frozen=True, slots=True)
class BucketArgs:
    bucket: BucketFacts
    account_id: str
    zone: str
    temp_prefixes: Mapping[str, str]  # of the tenants, by code, each "…/temp/"
    encrypted_transport: bool  # false only where the endpoint is a loopback address
    provider: pulumi.ProviderResource
    protect: bool


class Bucket(pulumi.ComponentResource):
    """Private (which is what a bucket is made as), encrypted, versioned, closed to the public for good."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Bucket", name, None, opts)
        bucket = OssBucket(
            f"{name}-bucket",
            bucket=args.bucket.name,
            server_side_encryption_rule=cast(Any, args.bucket.encryption),
            versioning={"status": "Enabled"},
            cors_rules=[_cors(args.zone)],
            lifecycle_rules=lifecycle(args.temp_prefixes),
            lifecycle_rule_allow_same_action_overlap=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=args.protect,
                ignore_changes=["policy"],  # a resource of its own, below
            ),
        )
        child = pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[bucket])
        closed = BucketPublicAccessBlock(
            f"{name}-closed", bucket=args.bucket.name, block_public_access=True, opts=child
        )
        self.ready = (bucket, closed)
        if args.encrypted_transport:
            tls = to_canonical_json(only_encrypted(args.bucket, args.account_id))
            self.ready += (BucketPolicy(f"{name}-tls", bucket=args.bucket.name, policy=tls, opts=child),)
        self.register_outputs({"bucket": args.bucket.name, "region": args.bucket.region})


def lifecycle(temp_prefixes: Mapping[str, str]) -> list[Any]:
    """Lifecycle rules of all tenants in one document.

    OSS replaces a bucket's rules as a whole, and knows no wildcard in a prefix.
    A rule's id is the tenant's code, so that the state says whose it is when nothing else of the tenant is left.

    Rules may overlap (OSS takes the shorter time). Versions that were overwritten or removed are kept as long as a
    deleted tenant's data: 30 days, those in temp/ as long as the files themselves.
    """
    everywhere = {
        "id": "housekeeping",
        "prefix": "",
        "enabled": True,
        "abort_multipart_uploads": [{"days": ABORT_DAYS}],
        "expirations": [{"expired_object_delete_marker": True}],
        "noncurrent_version_expirations": [{"days": RETENTION.days}],
    }
    temporary = [
        {
            "id": code,
            "prefix": prefix,
            "enabled": True,
            "expirations": [{"days": TEMP_EXPIRY_DAYS}],
            "noncurrent_version_expirations": [{"days": TEMP_EXPIRY_DAYS}],
        }
        for code, prefix in sorted(temp_prefixes.items(), key=itemgetter(1))
    ]
    return [everywhere, *temporary]


def only_encrypted(bucket: BucketFacts, account_id: str) -> dict[str, Any]:
    """Whoever asks and whatever for: not without TLS."""
    arn = f"acs:oss:*:{account_id}:{bucket.name}"
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["oss:*"],
                "Principal": ["*"],
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
            }
        ],
    }


def _cors(zone: str) -> Any:
    """Browsers of the tenants' own pages alone; they hold temporary credentials that the back end fetched."""
    return {
        "allowed_origins": [f"https://*.{zone}"],
        "allowed_methods": ["GET", "PUT", "POST", "DELETE", "HEAD"],
        "allowed_headers": ["*"],
        "expose_headers": ["ETag", "x-oss-request-id"],
        "max_age_seconds": CORS_MAX_AGE,
    }
