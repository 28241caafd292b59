"""The cloud that an installation stands on, of the foundation alone: a platform or a tenant that declares one of these
has lost its way."""

from typing import Final

from tenantry.model.resources.facts import FOUNDATIONS, Control, Probe, ResourceKind, Right, Rights, each

_SYSTEM: Final = "foundation"
_BASE: Final = ResourceKind(FOUNDATIONS, is_base=True)
_OTHER: Final = ResourceKind(FOUNDATIONS)
KINDS: Final = {
    "alicloud:actiontrail:Trail": _BASE,
    "alicloud:cr:RegistryEnterpriseInstance": _BASE,
    "alicloud:cs:KubernetesAddon": _OTHER,
    "alicloud:cs:ManagedKubernetes": _BASE,
    "alicloud:cs:NodePool": _BASE,
    "alicloud:cs:RegistryEnterpriseNamespace": _OTHER,
    "alicloud:ecs:EipAddress": _OTHER,
    "alicloud:ecs:EipAssociation": _OTHER,
    "alicloud:kms:Alias": _OTHER,
    "alicloud:kms:Key": _BASE,
    "alicloud:log:Project": _BASE,
    "alicloud:log:Store": _BASE,
    "alicloud:log:StoreIndex": _OTHER,
    "alicloud:rds:BackupPolicy": _BASE,
    "alicloud:rds:Instance": _BASE,
    "alicloud:rds:RdsAccount": _BASE,
    "alicloud:vpc:FlowLog": _OTHER,
    "alicloud:vpc:GatewayEndpoint": _OTHER,
    "alicloud:vpc:NatGateway": _BASE,
    "alicloud:vpc:Network": _BASE,
    "alicloud:vpc:RouteEntry": _OTHER,
    "alicloud:vpc:RouteTable": _BASE,
    "alicloud:vpc:RouteTableAttachment": _OTHER,
    "alicloud:vpc:SnatEntry": _OTHER,
    "alicloud:vpc:Switch": _BASE,
}
_KMS: Final = ("acs:kms:*:{account}:*",)
_LOG: Final = ("acs:log:*:{account}:project/*",)
_CR: Final = ("acs:cr:*:{account}:*",)
RIGHTS: Final = Rights(
    foundation=(
        Right(
            "vpc",
            (
                *each("Create Delete Modify", "Vpc VSwitch NatGateway RouteTable SnatEntry FlowLog RouteEntry"),
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
            _KMS,
            Probe("kms.{region}.aliyuncs.com", "2016-01-20", "ListKeys", (("PageSize", "1"),)),
        ),
        Right("log", ("Create*", "Get*", "List*", "Update*", "TagResources"), _LOG),
        Right(
            "actiontrail",
            ("CreateTrail", "DescribeTrails", "UpdateTrail", "StartLogging", "GetTrailStatus"),
            ("*",),
            Probe("actiontrail.{region}.aliyuncs.com", "2020-07-06", "DescribeTrails"),
        ),
        Right("cr", ("*Instance", "*Namespace", "List*", "Get*"), _CR),
    ),
    # No content of a log, and nothing that hands out a credential: neither a kubeconfig nor a registry's login.
    preview=(
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
            _KMS,
        ),
        Right("log", ("GetProject", "GetLogStore", "GetIndex", "ListLogStores"), _LOG),
        Right("actiontrail", ("DescribeTrails", "GetTrailStatus")),
        Right("cr", ("GetInstance", "ListInstance", "GetNamespace", "ListNamespace"), _CR),
    ),
)
CONTROLS: Final = (
    Control(
        _SYSTEM,
        "NetworkPolicies are enforced",
        live="Terway with its switch on; `tenantry doctor`",
        rules="foundation-walls foundation-dns",
    ),
    Control(
        _SYSTEM,
        "files leave to our own buckets alone",
        live="policy of the gateway endpoint on the pods' route table",
        rules="foundation-door foundation-way-out",
    ),
    Control(
        _SYSTEM,
        "a database server without a public or a clear way in",
        live="pg_hba, security_ips, deletion protection of RDS",
        rules="foundation-database-*",
    ),
    Control(
        _SYSTEM,
        "a private cluster on encrypted nodes",
        live="KMS, deletion protection of ACK",
        rules="foundation-cluster foundation-nodes foundation-switch foundation-key",
    ),
    Control(
        _SYSTEM,
        "who deploys, and what is kept of it",
        live="ActionTrail and the Log Service",
        rules="foundation-role foundation-logs",
    ),
)
