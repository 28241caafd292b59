"""The images' registry: an instance of its own with one private namespace, or one that is there."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.cr import RegistryEnterpriseInstance
from pulumi_alicloud.cs import RegistryEnterpriseNamespace

from components.foundation.settings import RegistrySettings

MONTHS: Final = 12  # it is sold by subscription alone


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryArgs:
    name: str
    settings: RegistrySettings
    region: str
    provider: pulumi.ProviderResource
    protect: bool


class FoundationRegistry(pulumi.ComponentResource):
    """Made, or adopted by its host and namespace."""

    prefix: str  # HOST/NAMESPACE

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationRegistry", name, None, opts)
        host = f"{args.name}-registry-vpc.{args.region}.cr.aliyuncs.com"
        self.prefix = args.settings.adopt or f"{host}/{args.settings.namespace}"
        if args.settings.adopt is None:
            kept = pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect)
            instance = RegistryEnterpriseInstance(
                f"{name}-instance",
                instance_name=args.name,
                instance_type="Standard",
                payment_type="Subscription",
                period=MONTHS,
                renewal_status="AutoRenewal",
                renew_period=MONTHS,
                opts=kept,
            )
            RegistryEnterpriseNamespace(
                f"{name}-namespace",
                instance_id=instance.id,
                name=args.settings.namespace,
                auto_create=False,
                default_visibility="PRIVATE",
                opts=kept,
            )
        self.register_outputs({"prefix": self.prefix})
