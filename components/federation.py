"""Who may ask Alibaba Cloud for a tenant's sessions: the cluster's identity provider and the credential broker."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_alicloud.ims import OidcProvider
from pulumi_alicloud.ram import AccessKey, Policy, User, UserPolicyAttachment

from components.access import broker_grant, written
from components.installation import Identity
from components.ownership import MANAGER
from tenantry.names import BROKER_USER, OIDC_PROVIDER


@dataclass(frozen=True, slots=True)
class FederationArgs:
    identity: Identity
    fingerprints: Sequence[str]  # SHA-1 of the CA certificate behind the issuer's TLS
    provider: pulumi.ProviderResource
    protect: bool


class Federation(pulumi.ComponentResource):
    """Protected: every tenant's access hangs on these two."""

    key_id: pulumi.Output[str]
    key_secret: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: FederationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Federation", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect)
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        trusted = OidcProvider(
            f"{name}-oidc",
            oidc_provider_name=OIDC_PROVIDER,
            issuer_url=args.identity.issuer,
            client_ids=[args.identity.audience],
            fingerprints=list(args.fingerprints) or None,
            description=MANAGER,
            opts=kept,
        )
        broker = User(f"{name}-broker", name=BROKER_USER, comments=MANAGER, opts=kept)
        policy = Policy(
            f"{name}-broker-policy",
            policy_name=BROKER_USER,
            description=MANAGER,
            policy_document=written(broker_grant(args.identity)),
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            force=True,
            opts=child,
        )
        UserPolicyAttachment(
            f"{name}-broker-attachment",
            user_name=BROKER_USER,
            policy_name=BROKER_USER,
            policy_type="Custom",
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[broker, policy]),
        )
        key = AccessKey(
            f"{name}-broker-key",
            user_name=BROKER_USER,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[broker]),
        )
        self.key_id, self.key_secret = key.id, pulumi.Output.secret(key.secret)
        self.ready = (trusted, broker)
        self.register_outputs({"provider": args.identity.provider_arn, "broker": args.identity.broker_arn})
