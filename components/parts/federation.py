"""Identities that may get sessions at Alibaba Cloud: the cluster's identity provider, and two roles of the platform.

Nobody has a standing key: the credential broker and the nightly backup take their roles by the token that the cluster
projects into their pods (RRSA), as the tenants' pods do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_alicloud.ims import OidcProvider
from pulumi_alicloud.ram import Policy, Role, RolePolicyAttachment

from components.shared.installation import BucketFacts, Identity
from components.shared.labels import MANAGER
from components.shared.ram_policies import Document, backup_grant, broker_grant, platform_trust, to_canonical_json
from tenantry.names import BACKUP_ACCOUNT, BACKUP_ROLE, BROKER_ACCOUNT, BROKER_ROLE, SESSION_SECONDS

BACKUP_SECONDS = 6 * 3600  # the longest that a night's backups may take, in one session


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationArgs:
    identity: Identity
    fingerprints: Sequence[str]  # SHA-1 of the CA certificate behind the issuer's TLS
    sources: Sequence[BucketFacts]  # what is backed up
    backups: BucketFacts
    provider: pulumi.ProviderResource
    protect: bool


class Federation(pulumi.ComponentResource):
    """Protected: every tenant's access hangs on the provider and on the broker."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: FederationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Federation", name, None, opts)
        self._name, self._args = name, args
        identity = args.identity
        trusted: list[pulumi.Resource] = []
        if not identity.adopted:  # one that the cluster made is its own to keep
            trusted.append(
                OidcProvider(
                    f"{name}-oidc",
                    oidc_provider_name=identity.provider,
                    issuer_url=identity.issuer,
                    client_ids=[identity.audience],
                    fingerprints=list(args.fingerprints) or None,
                    description=MANAGER,
                    opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect),
                )
            )
        broker = self._role("broker", BROKER_ROLE, BROKER_ACCOUNT, broker_grant(identity), SESSION_SECONDS, trusted)
        grant = backup_grant(identity, args.sources, args.backups)
        self._role("backup", BACKUP_ROLE, BACKUP_ACCOUNT, grant, BACKUP_SECONDS, trusted)
        self.ready = (*trusted, broker)
        self.register_outputs({"provider": identity.provider_arn, "broker": identity.broker_arn})

    def _role(
        self,
        part: str,
        role: str,
        service_account: str,
        grant: Document,
        session_seconds: int,
        trusted: Sequence[pulumi.Resource],
    ) -> Role:
        """A role that one service account of the platform takes, with one policy of its own, both of the same name."""
        name, args = self._name, self._args
        made = Role(
            f"{name}-{part}",
            role_name=role,
            description=MANAGER,
            assume_role_policy_document=to_canonical_json(platform_trust(service_account, args.identity)),
            max_session_duration=session_seconds,
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=args.protect, depends_on=list(trusted)
            ),
        )
        policy = Policy(
            f"{name}-{part}-policy",
            policy_name=role,
            description=MANAGER,
            policy_document=to_canonical_json(grant),
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            force=True,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
        RolePolicyAttachment(
            f"{name}-{part}-attachment",
            role_name=role,
            policy_name=role,
            policy_type="Custom",
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[made, policy]),
        )
        return made
