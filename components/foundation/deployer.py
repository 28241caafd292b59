"""CI's own roles: one that deploys and one that previews, each taken by the tokens of named environments.

Their rights are written out; a preview only reads. The provider of the forge's tokens is made with them: no key of the
account lies in a forge.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.ims import OidcProvider

from components.foundation import roles
from components.foundation.settings import DeployerSettings
from components.shared.labels import MANAGER
from tenantry.model.resources.rights import FOUNDATION, PLATFORM, PREVIEW, STATE, STATE_READ, document
from tenantry.model.trust_policy import provider_arn

ROLE: Final = "tenantry-deployer"
PREVIEW_ROLE: Final = "tenantry-preview"
AUDIENCE: Final = "sts.aliyuncs.com"
SESSION_SECONDS: Final = 6 * 3600  # the longest run of CI
HOUR: Final = 3600


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
    preview_role: str | None = None  # None: it is adopted too, and nobody here needs its name

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
            names = {"account": args.account_id, "zone": args.zone, "state": settings.state_bucket}
            names |= {"system": system, "photos": photos, "backups": backups}
            grants = {"platform": PLATFORM, "foundation": FOUNDATION, "state": STATE}
            self.preview_role = PREVIEW_ROLE
            for part, role_name, subjects, given, seconds in (
                (name, ROLE, settings.subjects, grants, SESSION_SECONDS),
                (f"{name}-preview", PREVIEW_ROLE, settings.previewing, {"read": (*PREVIEW, *STATE_READ)}, HOUR),
            ):
                roles.role(
                    part,
                    role_name,
                    roles.trust(provider_arn(args.account_id, forge), settings.issuer, AUDIENCE, *subjects),
                    {f"{role_name}-{which}": document(rights, **names) for which, rights in given.items()},
                    seconds,
                    parent=self,
                    provider=args.provider,
                    protect=args.protect,
                    after=[trusted],
                )
        self.register_outputs({"role": self.role})
