"""CI's own role: taken by the token of one environment of one repository, with rights that are written out.

The provider of the forge's tokens is made with it: no key of the account lies in a forge.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.ims import OidcProvider

from components.foundation import roles
from components.foundation.settings import DeployerSettings
from components.shared.labels import MANAGER
from tenantry.model.deployer_rights import FOUNDATION, PLATFORM, document
from tenantry.model.trust_policy import provider_arn

ROLE: Final = "tenantry-deployer"
AUDIENCE: Final = "sts.aliyuncs.com"
SESSION_SECONDS: Final = 6 * 3600  # the longest run of CI


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployerArgs:
    name: str
    settings: DeployerSettings
    account_id: str
    zone: str
    buckets: tuple[str, str, str]  # system, photos, backups
    provider: pulumi.ProviderResource
    protect: bool


class FoundationDeployer(pulumi.ComponentResource):
    """Made with the forge's identity provider, or adopted by the role's name."""

    role: str

    def __init__(self, name: str, args: DeployerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationDeployer", name, None, opts)
        settings = args.settings
        self.role = settings.adopt or ROLE
        if settings.adopt is None:
            forge = f"{args.name}-forge"
            trusted = OidcProvider(
                f"{name}-forge",
                oidc_provider_name=forge,
                issuer_url=settings.issuer,
                client_ids=[AUDIENCE],
                fingerprints=list(settings.fingerprints) or None,
                description=MANAGER,
                opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect),
            )
            system, photos, backups = args.buckets
            names = {"account": args.account_id, "zone": args.zone}
            names |= {"system": system, "photos": photos, "backups": backups}
            roles.role(
                name,
                ROLE,
                roles.trust(provider_arn(args.account_id, forge), settings.issuer, AUDIENCE, settings.subject or ""),
                {f"{ROLE}-platform": document(PLATFORM, **names), f"{ROLE}-foundation": document(FOUNDATION, **names)},
                SESSION_SECONDS,
                parent=self,
                provider=args.provider,
                protect=args.protect,
                after=[trusted],
            )
        self.register_outputs({"role": self.role})
