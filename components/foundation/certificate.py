"""Challenges of the certificate for *.ZONE are answered by cert-manager's solver, by a role for one zone's records."""

from dataclasses import dataclass
from typing import Final

import pulumi

from components.foundation import roles
from components.foundation.settings import CertificateSettings
from components.shared.installation import Identity

ROLE: Final = "tenantry-certificates"
ACTIONS: Final = ("AddDomainRecord", "DeleteDomainRecord", "DescribeDomainRecords")
SESSION_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateArgs:
    settings: CertificateSettings
    identity: Identity
    zone: str
    provider: pulumi.ProviderResource
    protect: bool


class FoundationCertificate(pulumi.ComponentResource):
    """The solver's role; nothing where somebody else brings the certificate."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationCertificate", name, None, opts)
        if not args.settings.adopt:
            identity = args.identity
            namespace, _, account = args.settings.service_account.partition("/")
            subject = f"system:serviceaccount:{namespace}:{account}"
            grant = {
                "Version": "1",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": [f"alidns:{action}" for action in ACTIONS],
                        "Resource": [f"acs:alidns:*:{identity.account_id}:domain/{args.zone}"],
                    }
                ],
            }
            roles.role(
                name,
                ROLE,
                roles.trust(identity.provider_arn, identity.issuer, identity.audience, subject),
                {ROLE: grant},
                SESSION_SECONDS,
                parent=self,
                provider=args.provider,
                protect=args.protect,
            )
        self.register_outputs({})
