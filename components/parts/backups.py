"""The backup bucket, and the CronJob that calls `tenantry backup` every night."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi
from pulumi_alicloud.oss import Bucket, BucketPolicy, BucketPublicAccessBlock

from components.manifests import platform_pod
from components.manifests.app_environment import TOKEN_DIRECTORY, TOKEN_FILE
from components.manifests.pod import sts_token
from components.parts.bucket import ABORT_DAYS, only_encrypted
from components.parts.federation import BACKUP_SECONDS
from components.shared.installation import Identity, Installation, Providers
from components.shared.labels import labels
from components.shared.manifest import Manifest
from components.shared.ram_policies import to_canonical_json
from tenantry.backup.contents.layout import COLD_AFTER_DAYS, COLD_CLASS, PURGED, PURGED_KEPT_DAYS
from tenantry.model.lifecycle import RETENTION
from tenantry.names import BACKUP_ACCOUNT, BACKUP_ROLE

JOB: Final = BACKUP_ACCOUNT  # its service account is what the role of the backups trusts
TIME_ZONE: Final = "Asia/Shanghai"
DEADLINE_SECONDS: Final = BACKUP_SECONDS
OBJECTS_LOST: Final = 7  # exit code of `tenantry backup`: a tenth or more of the objects of the backup before are gone
START_SECONDS: Final = 3600  # so much later than scheduled it may still begin


@dataclass(frozen=True, slots=True)
class Cron:
    """The command of the job, and the credentials by which it reaches database and object storage."""

    image: str
    schedule: str
    arguments: tuple[str, ...]
    secrets: Mapping[str, pulumi.Input[str]]
    plain: Mapping[str, str]
    database_ca: str | None = None  # certificates, in PEM, that the database server's is checked against


@dataclass(frozen=True, slots=True)
class BackupsArgs:
    installation: Installation
    providers: Providers
    namespace: str
    inside: pulumi.Resource  # that namespace
    cron: Cron
    encrypted_transport: bool
    protect: bool


class Backups(pulumi.ComponentResource):
    """A bucket in another region, encrypted, versioned, closed to the public; and the CronJob."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Backups", name, None, opts)
        facts, provider = args.installation.backups, args.providers.backups
        bucket = Bucket(
            f"{name}-bucket",
            bucket=facts.name,
            server_side_encryption_rule=cast(Any, facts.encryption),
            versioning={"status": "Enabled"},
            lifecycle_rules=lifecycle(),
            lifecycle_rule_allow_same_action_overlap=True,
            opts=pulumi.ResourceOptions(
                parent=self, provider=provider, protect=args.protect, ignore_changes=["policy"]
            ),
        )
        child = pulumi.ResourceOptions(parent=self, provider=provider, depends_on=[bucket])
        closed = BucketPublicAccessBlock(f"{name}-closed", bucket=facts.name, block_public_access=True, opts=child)
        self.ready = (bucket, closed)
        if args.encrypted_transport:
            tls = to_canonical_json(only_encrypted(facts, args.installation.identity.account_id))
            self.ready += (BucketPolicy(f"{name}-tls", bucket=facts.name, policy=tls, opts=child),)
        self._job(name, args)
        self.register_outputs({"bucket": facts.name, "region": facts.region})

    def _job(self, name: str, args: BackupsArgs) -> None:
        metadata = {"name": JOB, "namespace": args.namespace, "labels": labels(part=JOB)}

        def child(after: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self, provider=args.providers.kubernetes, depends_on=[after])

        data = {key: _encoded(value) for key, value in args.cron.secrets.items()}
        secret = Manifest(
            f"{name}-secret", "v1", "Secret", metadata, {"type": "Opaque", "data": data}, child(args.inside)
        )
        account = Manifest(
            f"{name}-account",
            "v1",
            "ServiceAccount",
            metadata,
            {"automountServiceAccountToken": False},
            child(secret),
        )
        before: pulumi.Resource = account
        if args.cron.database_ca is not None:
            ca = {"data": {platform_pod.AUTHORITY: args.cron.database_ca}}
            before = Manifest(f"{name}-ca", "v1", "ConfigMap", metadata, ca, child(account))
        Manifest(
            f"{name}-cron",
            "batch/v1",
            "CronJob",
            metadata,
            {"spec": cron_job(args.cron, args.installation.identity)},
            child(before),
        )


def lifecycle() -> list[Any]:
    """Cold after 30 days. What is left of a purged tenant expires by itself; how many others stay, the plans say."""
    everywhere = {
        "id": "cold",
        "prefix": "",
        "enabled": True,
        "transitions": [{"days": COLD_AFTER_DAYS, "storage_class": COLD_CLASS}],
        "abort_multipart_uploads": [{"days": ABORT_DAYS}],
        "expirations": [{"expired_object_delete_marker": True}],
        "noncurrent_version_expirations": [{"days": RETENTION.days}],
    }
    purged = {
        "id": "purged-tenants",
        "prefix": PURGED,
        "enabled": True,
        "expirations": [{"days": PURGED_KEPT_DAYS}],
        "noncurrent_version_expirations": [{"days": 1}],
    }
    return [everywhere, purged]


def session_variables(identity: Identity) -> dict[str, str]:
    """By these `tenantry backup` takes its role: no key lies in the cluster (tenantry/engine/run/oidc_session.py)."""
    return {
        "TENANTRY_ROLE_ARN": identity.role_arn(BACKUP_ROLE),
        "TENANTRY_OIDC_PROVIDER_ARN": identity.provider_arn,
        "TENANTRY_ID_TOKEN_FILE": f"{TOKEN_DIRECTORY}/{TOKEN_FILE}",
        "TENANTRY_ROLE_SECONDS": str(BACKUP_SECONDS),
    }


def cron_job(cron: Cron, identity: Identity) -> dict[str, Any]:
    """Nightly backups: one run at a time, tried three times; a night that was missed is made up for within the hour."""
    container = platform_pod.container(
        JOB,
        cron.image,
        ("tenantry", *cron.arguments),
        {**cron.plain, **session_variables(identity)},
        {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "10Gi"},
        {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "50Gi"},
    )
    container["volumeMounts"].append({"name": "sts", "mountPath": TOKEN_DIRECTORY, "readOnly": True})
    pod: dict[str, Any] = {**platform_pod.pod(container, "50Gi"), "restartPolicy": "Never"}
    pod["volumes"].append({"name": "sts", "projected": {"sources": [sts_token(identity.audience)]}})
    if cron.database_ca is not None:
        platform_pod.mount_authorities(pod)
    return {
        "schedule": cron.schedule,
        "timeZone": TIME_ZONE,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": START_SECONDS,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 2,
                # A second attempt compares with this one's backups: it would end well, and nobody would look.
                "podFailurePolicy": {
                    "rules": [
                        {
                            "action": "FailJob",
                            "onExitCodes": {"containerName": JOB, "operator": "In", "values": [OBJECTS_LOST]},
                        }
                    ]
                },
                "activeDeadlineSeconds": DEADLINE_SECONDS,
                "template": {"metadata": {"labels": labels(part=JOB)}, "spec": pod},
            }
        },
    }


def _encoded(value: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.secret(value).apply(lambda text: b64encode(text.encode()).decode())
