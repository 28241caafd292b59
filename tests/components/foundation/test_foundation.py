"""A foundation has each property that a wall, a copy or the data hangs on."""

import json
from fnmatch import fnmatchcase
from ipaddress import IPv4Network
from typing import Any

import pytest
from pulumi_alicloud import cs, rds

from components.foundation.network import subnets
from policies.model.resource import kind_of
from policies.rules.protection import STANDS_ON
from tenantry.model.database_parameters import NAMES, PARAMETERS
from tenantry.model.resources.rights import FOUNDATION, LONGEST, PLATFORM, PREVIEW, STATE, STATE_READ, document
from tests.components.conftest import ACCOUNT
from tests.components.foundation.conftest import ADOPTED, MADE

# Part -> how to adopt it alone, and the types that are then not declared.
PARTS: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "network": ("network", ADOPTED["network"], ("Network", "Switch", "NatGateway", "GatewayEndpoint", "FlowLog")),
    "keys": ("encryption", ADOPTED["encryption"], ("Key", "Alias")),
    "logs": ("logging", ADOPTED["logging"], ("Project", "Store", "StoreIndex")),
    "cluster": ("cluster", ADOPTED["cluster"], ("ManagedKubernetes", "NodePool")),
    "database server": ("databaseServer", ADOPTED["databaseServer"], ("Instance", "BackupPolicy", "RdsAccount")),
    "audit": ("audit", ADOPTED["audit"], ("Trail",)),
    "deployer": ("deployer", ADOPTED["deployer"], ("OidcProvider",)),
    "registry": ("registry", ADOPTED["registry"], ("RegistryEnterpriseInstance", "RegistryEnterpriseNamespace")),
}


def test_the_cluster_enforces_network_policies(foundation) -> None:
    cluster = foundation().one("ManagedKubernetes").inputs
    addons = {addon["name"]: addon.get("config") for addon in cluster["addons"]}
    assert json.loads(addons["terway-eniip"]) == {"NetworkPolicy": "true"}
    assert {"coredns", "loongcollector"} <= addons.keys()
    assert not addons.keys() & {"flannel", "managed-coredns", "node-local-dns"}
    assert len(cluster["podVswitchIds"]) == len(cluster["vswitchIds"]) == 2
    assert "podCidr" not in cluster


def test_the_cluster_is_private_encrypted_and_kept(foundation) -> None:
    made = foundation().one("ManagedKubernetes")
    assert made.protect
    wanted = {
        "clusterSpec": "ack.pro.small",
        "slbInternetEnabled": False,
        "enableRrsa": True,
        "deletionProtection": True,
        "newNatGateway": False,
        "encryptionProviderKey": "foundation-encryption-cluster-key-id",
        "controlPlaneLogProject": "tenantry-prod",
        "controlPlaneLogTtl": "180",
    }
    assert wanted.items() <= made.inputs.items()
    assert made.inputs["controlPlaneLogComponents"] == ["apiserver", "kcm", "scheduler", "ccm"]
    assert {delete_option["deleteMode"] for delete_option in made.inputs["deleteOptions"]} == {"retain"}
    assert "foundation-logging-audit" in made.after


@pytest.mark.parametrize("pool", ["system", "tenants", "gateway"])
def test_nodes_are_encrypted_guarded_and_in_two_zones(foundation, pool: str) -> None:
    made = foundation().named(f"foundation-cluster-nodes-{pool}")
    assert made.protect
    assert made.inputs["systemDiskEncrypted"] is True
    assert made.inputs["systemDiskKmsKey"] == "foundation-encryption-cluster-key-id"
    assert made.inputs["instanceMetadataOptions"] == {"httpTokens": "required"}
    assert made.inputs["multiAzPolicy"] == "BALANCE"
    assert len(made.inputs["vswitchIds"]) == 2
    assert made.inputs["scalingConfig"] == {"enable": True, "minSize": 3, "maxSize": 12}
    assert not made.inputs.keys() & {"desiredSize", "nodeCount", "internetMaxBandwidthOut", "password", "keyName"}
    assert made.inputs["labels"] == [{"key": "tenantry.io/pool", "value": pool}]
    assert bool(made.inputs["taints"]) is (pool == "gateway")


def test_the_database_server_is_encrypted_in_two_zones_and_kept(foundation, secret_type) -> None:
    recording = foundation()
    made = recording.one("Instance")
    assert made.protect
    wanted = {
        "engine": "PostgreSQL",
        "category": "HighAvailability",
        "zoneId": "cn-guangzhou-a",
        "zoneIdSlaveA": "cn-guangzhou-b",
        "securityIps": ["10.64.0.0/16"],
        "whitelistNetworkType": "VPC",
        "encryptionKey": "foundation-encryption-database-key-id",
        "sslAction": "Open",
        "deletionProtection": True,
        "instanceChargeType": "Postpaid",  # the only kind that can be protected at RDS
    }
    assert wanted.items() <= made.inputs.items()
    assert made.inputs["vswitchId"].count(",") == 1
    assert {"engine", "zoneId", "zoneIdSlaveA", "vswitchId", "vpcId"} <= set(made.ignore_changes)
    told = {parameter["name"]: parameter["value"] for parameter in made.inputs["parameters"]}
    assert told == {"autovacuum_naptime": "300"} | {parameter.name: parameter.value for parameter in PARAMETERS}
    account = recording.one("RdsAccount")
    assert account.inputs["accountPassword"] == secret_type("pg-hidden")
    assert (account.inputs["accountType"], account.inputs["accountName"]) == ("Super", "tenantry")


def test_a_parameter_that_rds_does_not_offer_is_left_out(foundation) -> None:
    left = {**MADE, "databaseServer": {**MADE["databaseServer"], "withoutParameters": ["reserved_connections"]}}
    told = {parameter["name"] for parameter in foundation(left).one("Instance").inputs["parameters"]}
    assert told == {"autovacuum_naptime", *NAMES} - {"reserved_connections"}


def test_nobody_connects_in_clear_or_to_the_servers_own_databases(foundation) -> None:
    rows = foundation().one("Instance").inputs["pgHbaConfs"]
    told = [(row["type"], row["database"], row["user"], row["address"], row["method"]) for row in rows]
    assert [row["priorityId"] for row in rows] == [0, 1, 2, 3]
    assert told == [
        ("hostssl", "postgres,template1", "tenantry", "10.64.0.0/16", "scram-sha-256"),
        ("host", "postgres,template1", "all", "0.0.0.0/0", "reject"),
        ("hostssl", "all", "all", "10.64.0.0/16", "scram-sha-256"),
        ("hostnossl", "all", "all", "0.0.0.0/0", "reject"),
    ]


def test_backups_of_the_whole_server_outlive_it(foundation) -> None:
    made = foundation().one("BackupPolicy")
    assert made.protect
    days = {key: made.inputs[key] for key in ("backupRetentionPeriod", "logBackupRetentionPeriod")}
    assert days == {"backupRetentionPeriod": 30, "logBackupRetentionPeriod": 30}  # the log's is cut to the data's
    assert made.inputs["enableBackupLog"] is True
    assert made.inputs["releasedKeepPolicy"] == "Lastest"
    assert len(made.inputs["preferredBackupPeriods"]) >= 2


def test_pods_reach_our_own_buckets_alone(foundation) -> None:
    recording = foundation()
    door = recording.one("GatewayEndpoint").inputs
    (statement,) = json.loads(door["policyDocument"])["Statement"]
    arn = f"acs:oss:*:{ACCOUNT}:systemkarder"
    assert statement["Resource"] == [arn, f"{arn}/*"]  # the other buckets lie in other regions
    assert door["serviceName"] == "com.aliyun.cn-guangzhou.oss"
    table = recording.one("RouteTable")
    assert door["routeTables"] == [f"{table.name}-id"]
    attached = {resource.inputs["vswitchId"] for resource in recording.of("RouteTableAttachment")}
    assert attached == {f"foundation-network-pods-{zone}-id" for zone in "ab"}


def test_the_network_has_room_in_every_zone_and_nothing_overlaps(foundation) -> None:
    recording = foundation()
    blocks = [IPv4Network(resource.inputs["cidrBlock"]) for resource in recording.of("Switch")]
    whole = IPv4Network(recording.one("Network").inputs["cidrBlock"])
    assert len(blocks) == 6
    assert all(block.subnet_of(whole) for block in blocks)
    assert not [(block, other) for block in blocks for other in blocks if block is not other and block.overlaps(other)]
    assert {resource.inputs["zoneId"] for resource in recording.of("Switch")} == set(MADE["zones"])
    assert all(resource.protect for resource in recording.of("Switch"))
    assert recording.one("NatGateway").inputs["deletionProtection"] is True


def test_a_third_zone_moves_no_switch() -> None:
    two, three = subnets(IPv4Network("10.64.0.0/16"), 2), subnets(IPv4Network("10.64.0.0/16"), 3)
    assert all(three[purpose][:2] == blocks for purpose, blocks in two.items())


def test_the_database_has_no_way_out(foundation) -> None:
    out = {resource.inputs["sourceVswitchId"] for resource in foundation().of("SnatEntry")}
    assert not [switch for switch in out if "database" in switch]
    assert len(out) == 4


def test_every_key_is_in_the_region_of_what_it_encrypts_and_cannot_be_lost(foundation) -> None:
    recording = foundation()
    where = {resource.name.split("-")[2]: resource.provider for resource in recording.of("Key")}
    assert where == {
        "cluster": "alicloud-system",
        "database": "alicloud-system",
        "system": "alicloud-system",
        "photos": "alicloud-photos",
        "backups": "alicloud-backups",
    }
    for key in recording.of("Key"):
        assert key.protect
        assert (key.inputs["automaticRotation"], key.inputs["deletionProtection"]) == ("Enabled", "Enabled")
        assert key.inputs["pendingWindowInDays"] == 30


def test_logs_are_kept_and_every_event_is_recorded(foundation) -> None:
    recording = foundation()
    kept = {resource.inputs["logstoreName"]: resource.inputs["retentionPeriod"] for resource in recording.of("Store")}
    assert kept == {"network-flows": 180, "workloads": 180, "audit": 365}
    assert len(recording.of("StoreIndex")) == 3
    trail = recording.one("Trail")
    assert (trail.protect, trail.inputs["eventRw"], trail.inputs["trailRegion"]) == (True, "All", "All")
    assert trail.inputs["slsProjectArn"] == f"acs:log:cn-guangzhou:{ACCOUNT}:project/tenantry-prod"
    flows = recording.one("FlowLog").inputs
    assert (flows["logStoreName"], flows["trafficType"]) == ("network-flows", "All")


def test_ci_deploys_by_the_token_of_one_environment_and_holds_no_key(foundation) -> None:
    recording = foundation()
    role = recording.named("foundation-deployer-role")
    (statement,) = json.loads(role.inputs["assumeRolePolicyDocument"])["Statement"]
    assert statement["Principal"] == {"Federated": [f"acs:ram::{ACCOUNT}:oidc-provider/tenantry-prod-forge"]}
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc:iss": ["https://token.actions.githubusercontent.com"],
            "oidc:aud": ["sts.aliyuncs.com"],
            "oidc:sub": ["repo:example/tenantry:environment:prod"],
        }
    }
    assert not recording.of("AccessKey")
    assert not recording.of("User")


def trusted(recording: Any, name: str) -> list[list[str]]:
    statements = json.loads(recording.named(name).inputs["assumeRolePolicyDocument"])["Statement"]
    return [statement["Condition"]["StringEquals"]["oidc:sub"] for statement in statements]


def test_previews_have_a_role_of_their_own_by_the_environments_of_previews(foundation) -> None:
    recording = foundation()
    of_prod = "repo:example/tenantry:environment:prod"
    assert trusted(recording, "foundation-deployer-role") == [[of_prod]]
    assert trusted(recording, "foundation-deployer-preview-role") == [
        [f"{of_prod}-preview"],
        [f"{of_prod}-preview-approved"],
    ]
    assert recording.named("foundation-deployer-preview-role").inputs["maxSessionDuration"] == 3600
    assert (recording.result["deployer"], recording.result["preview"]) == ("tenantry-deployer", "tenantry-preview")
    attached = {entry.inputs["policyName"]: entry.inputs["roleName"] for entry in recording.of("RolePolicyAttachment")}
    assert {name for name, role in attached.items() if role == "tenantry-preview"} == {"tenantry-preview-read"}
    several = ["project_path:example/tenantry:ref_type:branch:ref:main", f"{of_prod}-c02"]
    recording = foundation(deployer={"subjects": several, "previewSubjects": several[:1]})
    assert trusted(recording, "foundation-deployer-role") == [[subject] for subject in several]
    assert trusted(recording, "foundation-deployer-preview-role") == [[several[0]]]


def rights_on(recording: Any, policy: str, bucket: str) -> set[str]:
    document = json.loads(recording.named(policy).inputs["policyDocument"])
    return {
        action
        for statement in document["Statement"]
        for action in statement["Action"]
        if any(resource.endswith((f":{bucket}", f":{bucket}/*")) for resource in statement["Resource"])
    }


def test_the_states_bucket_is_written_by_the_deployer_and_read_by_previews(foundation) -> None:
    recording = foundation()
    read = {"oss:GetBucketInfo", "oss:ListObjects", "oss:GetObject"}
    written = {"oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts"}
    assert rights_on(recording, "foundation-deployer-state-policy", "tenantry-state") == read | written
    assert rights_on(recording, "foundation-deployer-preview-read-policy", "tenantry-state") == read
    other = foundation(deployer={"subjects": ["repo:a/b:environment:c"], "stateBucket": "our-state"})
    assert rights_on(other, "foundation-deployer-state-policy", "our-state") == read | written


def test_a_preview_reads_no_tenants_files_and_gets_no_credential(foundation) -> None:
    """By what the actions begin with; a wildcard may hold nothing that hands out a credential."""
    recording = foundation()
    read = json.loads(recording.named("foundation-deployer-preview-read-policy").inputs["policyDocument"])
    actions = [action for statement in read["Statement"] for action in statement["Action"]]
    assert [action for action in actions if not action.partition(":")[2].startswith(("Get", "List", "Describe"))] == []
    hands_out = (
        "cs:GetUserConfig",
        "cs:DescribeClusterUserKubeconfig",
        "cr:GetAuthorizationToken",
        "log:GetLogStoreLogs",
    )
    assert [name for name in hands_out if any(fnmatchcase(name, action) for action in actions)] == []
    assert "oss:GetObject" not in rights_on(recording, "foundation-deployer-preview-read-policy", "systemkarder")
    assert "sts:AssumeRole" not in actions


@pytest.mark.parametrize(
    "rights", [PLATFORM, FOUNDATION, (*PREVIEW, *STATE_READ), STATE], ids=["platform", "foundation", "preview", "state"]
)
def test_the_deployers_rights_are_written_out_and_fit_into_a_policy(rights: Any) -> None:
    names = {"account": "1" * 16, "zone": "z" * 60, "system": "s" * 63, "photos": "p" * 63, "backups": "b" * 63}
    names["state"] = "t" * 63
    made = document(rights, **names)
    assert len(json.dumps(made, separators=(",", ":"))) <= LONGEST
    for statement in made["Statement"]:
        assert "*" not in statement["Action"]
        assert not [action for action in statement["Action"] if action in ("ram:*", "cs:*", "rds:*", "kms:*", "vpc:*")]
    with pytest.raises(ValueError, match="RAM takes"):
        document([*rights] * 40, **names)


def test_the_certificates_role_writes_records_of_one_zone_alone(foundation) -> None:
    recording = foundation()
    (statement,) = json.loads(recording.named("foundation-certificate-certificates-policy").inputs["policyDocument"])[
        "Statement"
    ]
    assert statement["Resource"] == [f"acs:alidns:*:{ACCOUNT}:domain/yyup.cc"]
    (trust,) = json.loads(recording.named("foundation-certificate-role").inputs["assumeRolePolicyDocument"])[
        "Statement"
    ]
    subject = "system:serviceaccount:cert-manager:alidns-webhook"
    assert trust["Condition"]["StringEquals"]["oidc:sub"] == [subject]


def test_the_registry_is_private(foundation) -> None:
    recording = foundation()
    namespace = recording.one("RegistryEnterpriseNamespace").inputs
    assert (namespace["defaultVisibility"], namespace["autoCreate"]) == ("PRIVATE", False)
    assert recording.one("RegistryEnterpriseInstance").protect


@pytest.mark.parametrize("part", PARTS)
def test_what_is_adopted_is_not_declared(foundation, part: str) -> None:
    key, adopted, types = PARTS[part]
    made, recording = foundation(), foundation(**{key: adopted})
    for type_ in types:
        assert made.of(type_), type_
        assert not recording.of(type_), type_


def test_where_everything_is_adopted_nothing_is_declared_but_the_seal(foundation) -> None:
    recording = foundation(ADOPTED)
    assert [
        resource.name for resource in recording.resources if resource.custom and not resource.type.startswith("pulumi:")
    ] == ["foundation-seal"]
    facts = recording.result
    assert (facts["vpc"], facts["cluster"], facts["databaseServer"]) == ("vpc-1", "c1", "pgm-1")
    assert facts["keys"] == ADOPTED["encryption"]
    assert (facts["registry"], facts["deployer"]) == ("registry.example.com/tenantry", "ci")


def test_all_that_cannot_be_replaced_without_loss_is_protected_and_all_is_ours(foundation) -> None:
    recording = foundation()
    made = [resource for resource in recording.resources if resource.custom and not resource.type.startswith("pulumi:")]
    unprotected = [pod.name for pod in made if kind_of(pod.type) in STANDS_ON and not pod.protect]
    assert unprotected == []
    assert {kind_of(pod.type) for pod in made if kind_of(pod.type) in STANDS_ON} == set(STANDS_ON)
    assert not [resource.name for resource in foundation(protect=False).resources if resource.protect]
    for pod in made:
        assert pod.provider.startswith("alicloud-") or pod.name == "foundation-seal", pod.name


def test_a_destroy_meets_the_seal_before_anything_that_is_not_protected(foundation) -> None:
    recording = foundation()
    rest = {
        resource.name
        for resource in recording.descendants("foundation")
        if resource.custom and resource.name != "foundation-seal"
    }
    assert rest <= set(recording.named("foundation-seal").after)
    assert recording.named("foundation-seal").protect


# Newer than the alicloud plugin of the embedded engine (1.240.0), as the official provider's documents say. The preview
# of the whole plan runs through that plugin, so none of them is declared until it is renewed.
NEWER: dict[str, tuple[type, frozenset[str]]] = {
    "ManagedKubernetes": (
        cs.ManagedKubernetesArgs,
        frozenset(
            {
                "audit_log_config",
                "auto_mode",
                "control_plane_endpoints_config",
                "disable_encryption",
                "profile",
                "skip_set_certificate_authority",
                "upgrade_policy",
                "zone_ids",
            }
        ),
    ),
    "Instance": (rds.InstanceArgs, frozenset({"force_encryption", "template_id_lists"})),
}


@pytest.mark.parametrize("type_", NEWER)
def test_no_property_is_newer_than_the_plugin_that_previews_it(foundation, type_: str) -> None:
    args, newer = NEWER[type_]
    assert all(hasattr(args, name) for name in newer)  # the SDK still knows them by these names
    declared = foundation().one(type_).inputs.keys()
    assert not {name for name in newer if _camel(name) in declared}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
