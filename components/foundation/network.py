"""The VPC: switches for nodes, pods and the database in each zone, one way out, and one door to object storage.

Pods have a route table of their own: theirs leads to OSS through a gateway endpoint whose policy names our buckets
alone, so that no pod carries data into anybody else's. The nodes' leads there freely: images lie in buckets of the
registry's.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_alicloud.ecs import EipAddress, EipAssociation
from pulumi_alicloud.vpc import (
    FlowLog,
    GatewayEndpoint,
    NatGateway,
    Network,
    RouteEntry,
    RouteTable,
    RouteTableAttachment,
    SnatEntry,
    Switch,
)

from components.foundation.settings import NetworkSettings
from components.shared.installation import BucketFacts

TAGS: Final = {"managed-by": "tenantry"}
PODS, NODES, DATABASE = 0, 4, 5  # which eighth of the network is cut up: pods take one each, from the first
NODE_PREFIX, DATABASE_PREFIX = 22, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkArgs:
    name: str
    settings: NetworkSettings
    zones: Sequence[str]
    region: str
    account_id: str
    buckets: Sequence[BucketFacts]  # what pods may reach at OSS, of this region
    log_project: pulumi.Input[str]
    log_store: str
    provider: pulumi.ProviderResource
    protect: bool


def subnets(cidr: IPv4Network, zones: int) -> dict[str, list[IPv4Network]]:
    """By purpose one for each zone; a further zone at the end moves none."""
    eighths = list(cidr.subnets(prefixlen_diff=3))
    small = {"nodes": (NODES, NODE_PREFIX), "database": (DATABASE, DATABASE_PREFIX)}
    cut = {name: list(eighths[at].subnets(new_prefix=prefix))[:zones] for name, (at, prefix) in small.items()}
    return {"pods": eighths[PODS : PODS + zones], **cut}


def door_policy(account_id: str, buckets: Sequence[BucketFacts]) -> str:
    """The policy of the endpoint: it passes requests about our buckets, by whomever; RAM says who may what in them."""
    arns = [f"acs:oss:*:{account_id}:{bucket.name}{end}" for bucket in buckets for end in ("", "/*")]
    statement = {"Effect": "Allow", "Action": ["oss:*"], "Principal": ["*"], "Resource": arns}
    return json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))


class FoundationNetwork(pulumi.ComponentResource):
    """Made, or adopted by the ids of the VPC and its switches."""

    vpc: pulumi.Input[str]
    cidr: str
    switches: dict[str, list[pulumi.Input[str]]]  # nodes, pods, database

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:FoundationNetwork", name, None, opts)
        self._name, self._args = name, args
        adopted = args.settings.adopt
        if adopted is not None:
            self.vpc, self.cidr = adopted.vpc, str(adopted.cidr)
            self.switches = {
                "nodes": list(adopted.node_switches),
                "pods": list(adopted.pod_switches),
                "database": list(adopted.database_switches),
            }
        else:
            self._make()
        self.register_outputs({})

    @property
    def _kept(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=self._args.provider, protect=self._args.protect)

    def _make(self) -> None:
        name, args = self._name, self._args
        vpc = Network(f"{name}-vpc", vpc_name=args.name, cidr_block=str(args.settings.cidr), tags=TAGS, opts=self._kept)
        self.vpc, self.cidr, self.switches = vpc.id, str(args.settings.cidr), {}
        for purpose, ranges in subnets(args.settings.cidr, len(args.zones)).items():
            self.switches[purpose] = [
                Switch(
                    f"{name}-{purpose}-{zone.rpartition('-')[2]}",
                    vswitch_name=f"{args.name}-{purpose}-{zone.rpartition('-')[2]}",
                    vpc_id=vpc.id,
                    cidr_block=str(block),
                    zone_id=zone,
                    tags=TAGS,
                    opts=self._kept,
                ).id
                for zone, block in zip(args.zones, ranges, strict=True)
            ]
        self._log(vpc)
        self._door(vpc, self._way_out(vpc))

    def _way_out(self, vpc: Network) -> NatGateway:
        """For what must leave (images, text messages): one address, which others can allow."""
        name, args = self._name, self._args
        nat = NatGateway(
            f"{name}-nat",
            vpc_id=vpc.id,
            nat_gateway_name=args.name,
            nat_type="Enhanced",
            payment_type="PayAsYouGo",
            internet_charge_type="PayByLcu",
            vswitch_id=self.switches["nodes"][0],
            deletion_protection=True,
            tags=TAGS,
            opts=self._kept,
        )
        address = EipAddress(
            f"{name}-nat-address",
            address_name=f"{args.name}-nat",
            internet_charge_type="PayByTraffic",
            bandwidth="100",
            payment_type="PayAsYouGo",
            deletion_protection=True,
            tags=TAGS,
            opts=self._kept,
        )
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        joined = EipAssociation(
            f"{name}-nat-association",
            allocation_id=address.id,
            instance_id=nat.id,
            instance_type="Nat",
            opts=child,
        )
        for purpose in ("nodes", "pods"):  # the database has no way out
            for place, switch in enumerate(self.switches[purpose]):
                SnatEntry(
                    f"{name}-snat-{purpose}-{place}",
                    snat_table_id=nat.snat_table_ids,
                    source_vswitch_id=switch,
                    snat_ip=address.ip_address,
                    opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[joined]),
                )
        return nat

    def _door(self, vpc: Network, nat: NatGateway) -> None:
        name, args = self._name, self._args
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        table = RouteTable(
            f"{name}-pods", vpc_id=vpc.id, route_table_name=f"{args.name}-pods", tags=TAGS, opts=self._kept
        )
        RouteEntry(
            f"{name}-pods-out",
            route_table_id=table.id,
            destination_cidrblock="0.0.0.0/0",
            nexthop_type="NatGateway",
            nexthop_id=nat.id,
            opts=child,
        )
        for place, switch in enumerate(self.switches["pods"]):
            RouteTableAttachment(f"{name}-pods-{place}", route_table_id=table.id, vswitch_id=switch, opts=child)
        GatewayEndpoint(
            f"{name}-oss",
            gateway_endpoint_name=f"{args.name}-oss",
            service_name=f"com.aliyun.{args.region}.oss",
            vpc_id=vpc.id,
            route_tables=[table.id],
            policy_document=door_policy(args.account_id, args.buckets),
            tags=TAGS,
            opts=child,
        )

    def _log(self, vpc: Network) -> None:
        args = self._args
        FlowLog(
            f"{self._name}-flows",
            flow_log_name=args.name,
            resource_id=vpc.id,
            resource_type="VPC",
            traffic_type="All",
            project_name=args.log_project,
            log_store_name=args.log_store,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider),
        )
