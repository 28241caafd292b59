"""A protected leaf resource that depends on everything, so that `pulumi destroy` fails before it deletes anything.

The engine deletes what is not protected and only then fails on what is: without a seal, destroying a stack with living
tenants would leave their data and take their domains, workloads and logins. It never deletes what something that it
could not delete depends on, so one protected leaf keeps all of it. Platform and foundation have one of these; a tenant
ends with the record of its opening (`Opened`), which is its seal as well.
"""

from collections.abc import Sequence

import pulumi
from pulumi_random import RandomUuid


def seal(
    name: str,
    provider: pulumi.ProviderResource,
    *,
    parent: pulumi.Resource,
    parts: Sequence[pulumi.Resource],
    protect: bool,
) -> RandomUuid:
    """Holds nothing itself. A component among the parts stands for all that is in it."""
    return RandomUuid(
        name,
        opts=pulumi.ResourceOptions(parent=parent, provider=provider, protect=protect, depends_on=list(parts)),
    )
