"""The Log Service: one project, and stores by how long their content is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_alicloud.log import Project, Store, StoreIndex, StoreIndexFullTextArgs

from components.foundation.network import TAGS
from components.foundation.settings import LoggingSettings
from tenantry.model.resources.systems.log_service import AUDIT, FLOWS, WORKLOADS

SHARDS, MOST_SHARDS = 2, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingArgs:
    name: str
    settings: LoggingSettings
    audit_days: int
    provider: pulumi.ProviderResource
    protect: bool


class FoundationLogging(pulumi.ComponentResource):
    """Made, or an adopted project that has these stores."""

    project: pulumi.Input[str]
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: LoggingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationLogging", name, None, opts)
        self.ready = ()
        if args.settings.adopt is not None:
            self.project = args.settings.adopt
        else:
            days = {FLOWS: args.settings.retention_days, WORKLOADS: args.settings.retention_days}
            self.project = self._make(name, args, days | {AUDIT: args.audit_days})
        self.register_outputs({})

    def _make(self, name: str, args: LoggingArgs, days: Mapping[str, int]) -> str:
        """The project's name: unique in the region, so it is known before it is made."""
        kept = pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect)
        project = Project(f"{name}-project", project_name=args.name, description="tenantry", tags=TAGS, opts=kept)
        for store, retention in days.items():
            made = Store(
                f"{name}-{store}",
                project_name=args.name,
                logstore_name=store,
                retention_period=retention,
                shard_count=SHARDS,
                auto_split=True,
                max_split_shard_count=MOST_SHARDS,
                append_meta=True,
                opts=pulumi.ResourceOptions(
                    parent=self, provider=args.provider, protect=args.protect, depends_on=[project]
                ),
            )
            index = StoreIndex(
                f"{name}-{store}-index",
                project=args.name,
                logstore=store,
                full_text=StoreIndexFullTextArgs(case_sensitive=False, include_chinese=True),
                opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[made]),
            )
            self.ready += (made, index)
        return args.name
