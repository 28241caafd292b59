"""The audit trail: every change in the account, into a store of the Log Service that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_alicloud.actiontrail import Trail

from components.foundation.settings import AuditSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditArgs:
    name: str
    settings: AuditSettings
    log_project: pulumi.Input[str]
    region: str
    account_id: str
    provider: pulumi.ProviderResource
    protect: bool
    after: Sequence[pulumi.Resource] = ()


class FoundationAudit(pulumi.ComponentResource):
    """Made, or adopted by the trail's name."""

    trail: pulumi.Input[str]

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationAudit", name, None, opts)
        self.trail = args.settings.adopt or args.name
        if args.settings.adopt is None:
            where = f"acs:log:{args.region}:{args.account_id}:project/{args.log_project}"
            Trail(
                f"{name}-trail",
                trail_name=args.name,
                event_rw="All",
                trail_region="All",
                status="Enable",
                sls_project_arn=where,
                sls_write_role_arn=f"acs:ram::{args.account_id}:role/aliyunserviceroleforactiontrail",
                opts=pulumi.ResourceOptions(
                    parent=self, provider=args.provider, protect=args.protect, depends_on=list(args.after)
                ),
            )
        self.register_outputs({})
