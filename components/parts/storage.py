"""A tenant's files: its directories in both buckets, and the role that reaches them and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_alicloud.ram import Policy, Role, RolePolicyAttachment

from components.shared.installation import Installation, PlatformDependencies, Providers
from components.shared.labels import mark
from components.shared.provider_resources import Directories, opening_of
from components.shared.ram_policies import grant, to_canonical_json, trust
from tenantry.names import SESSION_SECONDS, Names


@dataclass(frozen=True, slots=True)
class StorageArgs:
    names: Names
    installation: Installation
    providers: Providers
    foundations: PlatformDependencies
    access: bool
    protect: bool
    after: Sequence[pulumi.Resource]  # what must be there before anything is made


class Storage(pulumi.ComponentResource):
    """Role and policy stay when access ends: they are rewritten to deny, which also ends the sessions in use."""

    ready: pulumi.Resource

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Storage", name, None, opts)
        names, at = args.names, args.installation
        role = Role(
            f"{name}-role",
            role_name=names.ram_role,
            description=mark(names.code),
            assume_role_policy_document=to_canonical_json(trust(names, at.identity, access=args.access)),
            max_session_duration=SESSION_SECONDS,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.providers.system,
                protect=args.protect,
                depends_on=[*args.foundations.identity, *args.after],
            ),
        )
        policy = Policy(
            f"{name}-policy",
            policy_name=names.ram_policy,
            description=mark(names.code),
            policy_document=to_canonical_json(grant(names, at.identity, at.system, at.photos, access=args.access)),
            # RAM keeps five versions of a policy and refuses a sixth; and it removes no policy that has several.
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            force=True,
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.providers.system, protect=args.protect, depends_on=list(args.after)
            ),
        )
        attachment = RolePolicyAttachment(
            f"{name}-attachment",
            role_name=names.ram_role,
            policy_name=names.ram_policy,
            policy_type="Custom",
            opts=pulumi.ResourceOptions(parent=self, provider=args.providers.system, depends_on=[role, policy]),
        )
        self.ready = Directories(
            f"{name}-directories",
            objects={at.system.name: names.system_directories, at.photos.name: names.photo_directories},
            regions={bucket.name: bucket.region for bucket in (at.system, at.photos)},
            opening=opening_of(names.code),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.providers.steps,
                protect=args.protect,
                depends_on=[*args.foundations.buckets, attachment],
            ),
        )
        self.register_outputs({"prefix": names.prefix, "role": names.ram_role})
