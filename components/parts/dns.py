"""A tenant's domain: one A record to the gateway, the last thing that goes live."""

from collections.abc import Sequence

import pulumi
from pulumi_alicloud.dns import AlidnsRecord

from components.shared.installation import Installation, Providers
from components.shared.labels import mark
from tenantry.names import DNS_TTL_SECONDS, Names


def record(
    name: str,
    names: Names,
    at: Installation,
    providers: Providers,
    *,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> AlidnsRecord:
    """The remark is our mark: a record of that name without it belongs to somebody else."""
    return AlidnsRecord(
        name,
        domain_name=at.zone,
        rr=names.rr,
        type="A",
        value=at.gateway.address,
        ttl=DNS_TTL_SECONDS,
        remark=mark(names.code),
        opts=pulumi.ResourceOptions(parent=parent, provider=providers.system, depends_on=list(after)),
    )
