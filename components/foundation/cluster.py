"""The cluster: ACK Pro with Terway, whose NetworkPolicies are enforced, and three node pools.

Flannel knows no NetworkPolicy, and Terway enforces them only where its switch says so: without it every wall between
tenants would be stored and none would hold.
https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/use-network-policies-in-ack-clusters
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_alicloud.cs import (
    ManagedKubernetes,
    ManagedKubernetesAddonArgs,
    ManagedKubernetesDeleteOptionArgs,
    ManagedKubernetesMaintenanceWindowArgs,
    NodePool,
    NodePoolInstanceMetadataOptionsArgs,
    NodePoolLabelArgs,
    NodePoolManagementArgs,
    NodePoolScalingConfigArgs,
    NodePoolTaintArgs,
)

from components.foundation.network import TAGS
from components.foundation.settings import ClusterSettings, NodePoolSettings

TERWAY: Final = "terway-eniip"
SPEC: Final = "ack.pro.small"
POOLS: Final = ("system", "tenants", "gateway")
LOGGED: Final = ("apiserver", "kcm", "scheduler", "ccm")
POOL_LABEL: Final = "tenantry.io/pool"
# Unmanaged CoreDNS: a managed one, or a cache on the node, is no pod that the tenants' opening for names leads to.
ADDONS: Final = (
    "coredns",
    "csi-plugin",
    "csi-provisioner",
    "ack-node-problem-detector",
    "metrics-server",
    "loongcollector",
    "managed-aliyun-acr-credential-helper",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterArgs:
    name: str
    settings: ClusterSettings
    node_switches: Sequence[pulumi.Input[str]]
    pod_switches: Sequence[pulumi.Input[str]]
    key: pulumi.Input[str]  # encrypts the cluster's Secrets and the nodes' disks
    log_project: pulumi.Input[str]
    log_days: int
    provider: pulumi.ProviderResource
    protect: bool
    after: Sequence[pulumi.Resource] = ()


class FoundationCluster(pulumi.ComponentResource):
    """Made, or adopted by its id."""

    id: pulumi.Input[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationCluster", name, None, opts)
        self._name, self._args = name, args
        if args.settings.adopt is not None:
            self.id = args.settings.adopt
        else:
            assert args.settings.nodes is not None  # noqa: S101 (the settings refuse it)
            cluster = self._make()
            self.id = cluster.id
            for pool in POOLS:
                self._pool(pool, cluster, args.settings.nodes)
        self.register_outputs({})

    def _make(self) -> ManagedKubernetes:
        name, args = self._name, self._args
        return ManagedKubernetes(
            f"{name}-cluster",
            name=args.name,
            cluster_spec=SPEC,
            version=args.settings.version,
            vswitch_ids=list(args.node_switches),
            pod_vswitch_ids=list(args.pod_switches),
            service_cidr=str(args.settings.service_cidr),
            proxy_mode="ipvs",
            new_nat_gateway=False,
            slb_internet_enabled=False,
            is_enterprise_security_group=True,
            enable_rrsa=True,
            deletion_protection=True,
            encryption_provider_key=args.key,
            control_plane_log_components=list(LOGGED),
            control_plane_log_project=args.log_project,
            control_plane_log_ttl=str(args.log_days),
            addons=[
                ManagedKubernetesAddonArgs(name=TERWAY, config=json.dumps({"NetworkPolicy": "true"})),
                *(ManagedKubernetesAddonArgs(name=addon) for addon in ADDONS),
            ],
            maintenance_window=ManagedKubernetesMaintenanceWindowArgs(
                enable=True, maintenance_time="18:00:00Z", duration="4h", weekly_period="Saturday"
            ),
            delete_options=[
                ManagedKubernetesDeleteOptionArgs(resource_type=kind, delete_mode="retain")
                for kind in ("SLB", "ALB", "SLS_Data", "SLS_ControlPlane", "PrivateZone")
            ],
            tags=TAGS,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                protect=args.protect,
                depends_on=list(args.after),
                # They count at birth; a later change is silently nothing (an addon is changed as a KubernetesAddon).
                ignore_changes=["addons", "podVswitchIds", "slbInternetEnabled"],
                additional_secret_outputs=["certificateAuthority"],
            ),
        )

    def _pool(self, pool: str, cluster: ManagedKubernetes, nodes: NodePoolSettings) -> None:
        """Tenants' nodes are nobody else's, and the gateway's are reached by the load balancer alone."""
        args = self._args
        taint = NodePoolTaintArgs(key=POOL_LABEL, value=pool, effect="NoSchedule")
        NodePool(
            f"{self._name}-nodes-{pool}",
            cluster_id=cluster.id,
            node_pool_name=pool,
            vswitch_ids=list(args.node_switches),
            multi_az_policy="BALANCE",
            instance_types=list(nodes.instance_types),
            scaling_config=NodePoolScalingConfigArgs(enable=True, min_size=nodes.smallest, max_size=nodes.largest),
            image_type="AliyunLinux3",
            system_disk_category="cloud_essd",
            system_disk_size=nodes.disk_gib,
            system_disk_encrypted=True,
            system_disk_kms_key=args.key,
            instance_metadata_options=NodePoolInstanceMetadataOptionsArgs(http_tokens="required"),
            management=NodePoolManagementArgs(enable=True, auto_repair=True, auto_upgrade=False, max_unavailable=1),
            labels=[NodePoolLabelArgs(key=POOL_LABEL, value=pool)],
            taints=[taint] if pool == "gateway" else [],
            tags=TAGS,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, protect=args.protect),
        )
