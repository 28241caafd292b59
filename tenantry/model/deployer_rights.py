"""Rights of the program's identity at Alibaba Cloud: RAM policies are made of it, `doctor` asks for it.

An action is one that the providers or our own steps call; a resource is as narrow as RAM lets it be for that service.
`{account}` and the names of buckets, zone and state are put in by whoever uses it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

LONGEST: Final = 6144  # characters of a RAM policy
RAM: Final = ("ram.aliyuncs.com", "2015-05-01")


@dataclass(frozen=True, slots=True)
class Probe:
    """A call of a right that changes nothing."""

    host: str
    version: str
    action: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Right:
    """Actions of one service on the same resources."""

    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    probe: Probe | None = None


def _each(verbs: str, kinds: str) -> tuple[str, ...]:
    return tuple(f"{verb}{kind}" for kind in kinds.split() for verb in verbs.split())


def _oss() -> tuple[str, ...]:
    names = ("{system}", "{photos}", "{backups}")
    return tuple(f"acs:oss:*:{{account}}:{name}{end}" for name in names for end in ("", "/*"))


# What every run needs.
PLATFORM: Final = (
    Right(
        "ram",
        (
            *_each("Create Get Update Delete", "Role"),
            "AttachPolicyToRole",
            "DetachPolicyFromRole",
            "ListPoliciesForRole",
        ),
        ("acs:ram::{account}:role/tenant-*", "acs:ram::{account}:role/tenantry-*"),
        Probe(*RAM, "ListPoliciesForRole", (("RoleName", "tenantry-credential-broker"),)),
    ),
    Right(
        "ram",
        (
            *_each("Create Get Delete", "Policy PolicyVersion"),
            "ListPolicyVersions",
            "ListEntitiesForPolicy",
            "SetDefaultPolicyVersion",
            "AttachPolicyToRole",
            "DetachPolicyFromRole",
        ),
        ("acs:ram::{account}:policy/tenant-*", "acs:ram::{account}:policy/tenantry-*"),
    ),
    Right("ram", ("ListRoles",), ("*",), Probe(*RAM, "ListRoles", (("MaxItems", "1"),))),
    Right("ram", ("ListPolicies",), ("*",), Probe(*RAM, "ListPolicies", (("MaxItems", "1"),))),
    Right(
        "ram",
        (*_each("Create Get Update Delete", "OIDCProvider"), "ListOIDCProviders"),
        ("acs:ram::{account}:oidc-provider/*",),
        Probe("ims.aliyuncs.com", "2019-08-15", "ListOIDCProviders"),
    ),
    Right(
        "alidns",
        (
            *_each("Add Update Delete", "DomainRecord"),
            "UpdateDomainRecordRemark",
            "DescribeDomainRecords",
            "DescribeDomainRecordInfo",
            "DescribeDomains",
        ),
        ("acs:alidns:*:{account}:domain/{zone}",),
        Probe(
            "alidns.aliyuncs.com",
            "2015-01-09",
            "DescribeDomainRecords",
            (("DomainName", "{zone}"), ("PageSize", "1")),
        ),
    ),
    Right("oss", ("*",), _oss()),
    Right("oss", ("ListBuckets",)),
)
# What a foundation needs besides, where it is made.
FOUNDATION: Final = (
    Right(
        "vpc",
        (
            *_each("Create Delete Modify", "Vpc VSwitch NatGateway RouteTable SnatEntry FlowLog RouteEntry"),
            "*VpcGatewayEndpoint*",
            "*EipAddress*",
            "AssociateRouteTable",
            "UnassociateRouteTable",
            "Describe*",
            "Get*",
            "List*",
            "TagResources",
            "DeletionProtection",
        ),
        ("*",),
        Probe("vpc.aliyuncs.com", "2016-04-28", "DescribeVpcs", (("PageSize", "1"), ("RegionId", "{region}"))),
    ),
    Right(
        "cs",
        (
            "CreateCluster",
            "GetClusters",
            "DescribeCluster*",
            "ModifyCluster*",
            "UpgradeCluster",
            "*NodePool*",
            "*Addon*",
            "GetClusterById",
            "GetUserConfig",
            "TagResources",
        ),
    ),
    Right(
        "rds",
        (
            "CreateDBInstance",
            "Describe*",
            "Modify*",
            "CreateAccount",
            "ResetAccountPassword",
            "GrantAccountPrivilege",
            "TagResources",
            "ListTagResources",
        ),
        ("*",),
        Probe("rds.aliyuncs.com", "2014-08-15", "DescribeDBInstances", (("RegionId", "{region}"),)),
    ),
    Right(
        "kms",
        (
            "CreateKey",
            "DescribeKey",
            "ListKeys",
            "UpdateKeyDescription",
            "UpdateRotationPolicy",
            "CreateAlias",
            "ListAliasesByKeyId",
            "SetDeletionProtection",
            "TagResources",
            "ListResourceTags",
            "GetKeyPolicy",
        ),
        ("acs:kms:*:{account}:*",),
        Probe("kms.{region}.aliyuncs.com", "2016-01-20", "ListKeys", (("PageSize", "1"),)),
    ),
    Right("log", ("Create*", "Get*", "List*", "Update*", "TagResources"), ("acs:log:*:{account}:project/*",)),
    Right(
        "actiontrail",
        ("CreateTrail", "DescribeTrails", "UpdateTrail", "StartLogging", "GetTrailStatus"),
        ("*",),
        Probe("actiontrail.{region}.aliyuncs.com", "2020-07-06", "DescribeTrails"),
    ),
    Right("cr", ("*Instance", "*Namespace", "List*", "Get*"), ("acs:cr:*:{account}:*",)),
    Right("ram", ("PassRole", "CreateServiceLinkedRole")),
)
# The state of the stacks, in a bucket of its own, which may be another account's.
_STATE: Final = ("acs:oss:*:*:{state}", "acs:oss:*:*:{state}/*")
STATE_READ: Final = (Right("oss", ("GetBucketInfo", "ListObjects", "GetObject"), _STATE),)
STATE: Final = (
    Right("oss", (*STATE_READ[0].actions, "PutObject", "DeleteObject", "AbortMultipartUpload", "ListParts"), _STATE),
)
# What a preview and a look for drift read. No content of a tenant's bucket or of a log, and nothing that hands out a
# credential: neither a kubeconfig nor a registry's login.
PREVIEW: Final = (
    Right(
        "ram",
        (
            *("GetRole", "GetPolicy", "GetPolicyVersion", "GetOIDCProvider", "ListPoliciesForRole"),
            *("ListPolicyVersions", "ListEntitiesForPolicy", "ListRoles", "ListPolicies", "ListOIDCProviders"),
        ),
    ),
    Right(
        "alidns",
        ("DescribeDomainRecords", "DescribeDomainRecordInfo", "DescribeDomains"),
        ("acs:alidns:*:{account}:domain/{zone}",),
    ),
    Right("oss", ("GetBucket*", "ListObjects"), _oss()),
    Right("oss", ("ListBuckets",)),
    Right("vpc", ("Describe*", "List*", "GetNatGatewayAttribute", "GetVpcGatewayEndpointAttribute")),
    Right(
        "cs",
        (
            *("GetClusters", "GetClusterById", "DescribeClusterDetail", "DescribeClusterNodePools"),
            *("DescribeClusterNodePoolDetail", "DescribeClusterAddonInstance", "DescribeClusterAddonsVersion"),
        ),
    ),
    Right("rds", ("Describe*", "ListTagResources")),
    Right(
        "kms",
        ("DescribeKey", "ListKeys", "ListAliasesByKeyId", "ListResourceTags", "GetKeyPolicy"),
        ("acs:kms:*:{account}:*",),
    ),
    Right("log", ("GetProject", "GetLogStore", "GetIndex", "ListLogStores"), ("acs:log:*:{account}:project/*",)),
    Right("actiontrail", ("DescribeTrails", "GetTrailStatus")),
    Right("cr", ("GetInstance", "ListInstance", "GetNamespace", "ListNamespace"), ("acs:cr:*:{account}:*",)),
)


def document(rights: Sequence[Right], **names: str) -> dict[str, Any]:
    """A RAM policy of these rights. Raises ValueError where it would be longer than RAM takes."""
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"{right.service}:{action}" for action in right.actions],
            "Resource": [resource.format(**names) for resource in right.resources],
        }
        for right in rights
    ]
    made = {"Version": "1", "Statement": statements}
    if (length := len(json.dumps(made, separators=(",", ":")))) > LONGEST:
        raise ValueError(f"the policy has {length} characters, and RAM takes {LONGEST}")
    return made


def probes(rights: Sequence[Right], **names: str) -> Iterator[tuple[Right, Probe]]:
    """Each right that can be asked for without changing anything, with the call, names put in."""
    for right in rights:
        if (probe := right.probe) is not None:
            parameters = tuple((key, value.format(**names)) for key, value in probe.parameters)
            yield right, Probe(probe.host.format(**names), probe.version, probe.action, parameters)
