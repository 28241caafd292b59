"""Each rule on the foundation objects when its one thing is changed."""

import json
from typing import Any

import pytest

from components.foundation.foundation import Foundation
from tests.components.foundation.conftest import ADOPTED, MADE, args_of
from tests.policies.conftest import Wire, Wires, changed, rules_broken, wires_of

CLUSTER, POOL = "foundation-cluster-cluster", "foundation-cluster-nodes-tenants"
SERVER, BACKUPS = "foundation-database-instance", "foundation-database-backups"
DOOR, VPC, SWITCH = "foundation-network-oss", "foundation-network-vpc", "foundation-network-pods-a"
KEY, STORE, TRAIL = "foundation-encryption-database-key", "foundation-logging-audit", "foundation-audit-trail"
DEPLOYER = "foundation-deployer-role"
TERWAY, RESOURCES = "addons.0", "policyDocument!Statement.0.Resource"
TRUST = "assumeRolePolicyDocument!Statement.0"
CASES: list[tuple[str, str, str, Any]] = [
    ("foundation-walls", CLUSTER, f"{TERWAY}.config", '{"NetworkPolicy":"false"}'),
    ("foundation-walls", CLUSTER, f"{TERWAY}.config", None),
    ("foundation-walls", CLUSTER, f"{TERWAY}.config", "no JSON"),
    ("foundation-walls", CLUSTER, f"{TERWAY}.name", "flannel"),
    ("foundation-walls", CLUSTER, "addons", []),
    ("foundation-walls", CLUSTER, "podCidr", "172.20.0.0/16"),
    ("foundation-dns", CLUSTER, "addons.1.name", "managed-coredns"),
    ("foundation-dns", CLUSTER, "addons.1.name", "node-local-dns"),
    ("foundation-cluster", CLUSTER, "slbInternetEnabled", True),
    ("foundation-cluster", CLUSTER, "slbInternetEnabled", None),
    ("foundation-cluster", CLUSTER, "encryptionProviderKey", ""),
    ("foundation-cluster", CLUSTER, "enableRrsa", False),
    ("foundation-cluster", CLUSTER, "deletionProtection", False),
    ("foundation-cluster", CLUSTER, "clusterSpec", "ack.standard"),
    ("foundation-cluster", CLUSTER, "controlPlaneLogComponents", ["ccm"]),
    ("foundation-cluster", CLUSTER, "controlPlaneLogTtl", "30"),
    ("foundation-nodes", POOL, "systemDiskEncrypted", False),
    ("foundation-nodes", POOL, "instanceMetadataOptions.httpTokens", "optional"),
    ("foundation-nodes", POOL, "internetMaxBandwidthOut", 5),
    ("foundation-nodes", POOL, "vswitchIds", ["vsw-1"]),
    ("foundation-nodes", POOL, "desiredSize", "3"),
    ("foundation-door", DOOR, f"{RESOURCES}.0", "*"),
    ("foundation-door", DOOR, f"{RESOURCES}.0", "acs:oss:*:1234567890123456:*"),
    ("foundation-door", DOOR, f"{RESOURCES}.0", "acs:oss:*:*:systemkarder"),
    ("foundation-door", DOOR, "policyDocument", '{"Version":"1","Statement":[{"Effect":"Deny"}]}'),
    ("foundation-way-out", DOOR, "-", None),
    ("foundation-way-out", DOOR, "serviceName", "com.aliyun.cn-guangzhou.ots"),
    ("foundation-switch", VPC, "cidrBlock", "8.8.0.0/16"),
    ("foundation-switch", SWITCH, "cidrBlock", None),
    ("foundation-key", KEY, "automaticRotation", "Disabled"),
    ("foundation-key", KEY, "deletionProtection", None),
    ("foundation-key", KEY, "pendingWindowInDays", 7),
    ("foundation-logs", STORE, "retentionPeriod", 30),
    ("foundation-logs", STORE, "enableWebTracking", True),
    ("foundation-logs", TRAIL, "eventRw", "Write"),
    ("foundation-role", DEPLOYER, f"{TRUST}.Condition.StringEquals.oidc:sub.0", "repo:example/*"),
    ("foundation-role", DEPLOYER, f"{TRUST}.Condition.StringEquals.oidc:aud", None),
    ("foundation-role", DEPLOYER, f"{TRUST}.Condition.StringLike", {"oidc:sub": ["*"]}),
    ("foundation-role", DEPLOYER, f"{TRUST}.Principal", {"RAM": ["acs:ram::1234567890123456:root"]}),
    ("foundation-role", DEPLOYER, "roleName", "tenantry-admin"),
    ("foundation-database-public", SERVER, "securityIps", ["0.0.0.0/0"]),
    ("foundation-database-public", SERVER, "securityIps", ["10.0.0.0/16", "8.8.8.8"]),
    ("foundation-database-public", SERVER, "securityIps", []),
    ("foundation-database-public", SERVER, "whitelistNetworkType", "Classic"),
    ("foundation-database-public", SERVER, "vswitchId", ""),
    ("foundation-database-tls", SERVER, "sslAction", "Close"),
    ("foundation-database-tls", SERVER, "pgHbaConfs.2.type", "host"),
    ("foundation-database-tls", SERVER, "pgHbaConfs.2.method", "trust"),
    ("foundation-database-tls", SERVER, "pgHbaConfs.3.method", "scram-sha-256"),
    ("foundation-database-tls", SERVER, "pgHbaConfs.3.address", "10.0.0.0/16"),
    ("foundation-database-own", SERVER, "pgHbaConfs.1", None),
    ("foundation-database-own", SERVER, "pgHbaConfs.1.database", "postgres"),
    ("foundation-database-own", SERVER, "pgHbaConfs.1.priorityId", 5),
    ("foundation-database-own", SERVER, "pgHbaConfs.0.user", "all"),
    ("foundation-database-server", SERVER, "category", "Basic"),
    ("foundation-database-server", SERVER, "zoneIdSlaveA", "cn-guangzhou-a"),
    ("foundation-database-server", SERVER, "encryptionKey", ""),
    ("foundation-database-server", SERVER, "deletionProtection", False),
    ("foundation-database-server", SERVER, "@ignore_changes", ()),
    ("foundation-database-backups", BACKUPS, "-", None),
    ("foundation-database-backups", BACKUPS, "backupRetentionPeriod", 3),
    ("foundation-database-backups", BACKUPS, "enableBackupLog", False),
    ("foundation-database-backups", BACKUPS, "releasedKeepPolicy", None),
    ("protection-protect", SERVER, "@protect", False),
    ("protection-protect", CLUSTER, "@protect", False),
    ("protection-protect", KEY, "@protect", False),
    ("storage-standing-key", DEPLOYER, "@type", "alicloud:ram/user:User"),
]
_recorded: Wires = {}


@pytest.fixture
def founded(record: Any, secret_type: Any) -> Wires:
    if not _recorded:
        recording = record(lambda: Foundation("foundation", args_of(MADE)).facts)
        _recorded.update(wires_of(recording, secret_type))
    return dict(_recorded)


def test_what_the_components_declare_keeps_every_rule(founded: Wires) -> None:
    assert [str(violation) for violation in rules_broken(founded).broken] == []


def test_what_is_adopted_leaves_nothing_to_judge(record: Any, secret_type: Any) -> None:
    wires = wires_of(record(lambda: Foundation("foundation", args_of(ADOPTED)).facts), secret_type)
    assert [str(violation) for violation in rules_broken(wires).broken] == []


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(founded: Wires, rule: str, name: str, path: str, value: Any) -> None:
    if path == "-":
        del founded[name]
    else:
        founded[name] = changed(founded[name], path, value)
    assert rule in {violation.rule.name for violation in rules_broken(founded).broken}


def test_what_belongs_to_a_foundation_is_declared_nowhere_else(declared: Wires, founded: Wires) -> None:
    """A tenant with a cluster or a server of its own would be judged by nobody."""
    for name in (CLUSTER, SERVER, KEY):
        wire = changed(founded[name], "@urn", f"urn:pulumi:test::tenantry::{founded[name].type}::{name}")
        evaluation = {violation.rule.name for violation in rules_broken({**declared, name: wire}, only=[name]).broken}
        assert "names-kind" in evaluation


def test_an_addon_cannot_switch_the_walls_off_later(founded: Wires) -> None:
    addon = "alicloud:cs/kubernetesAddon:KubernetesAddon"
    for config, rules in (({"NetworkPolicy": "false"}, {"foundation-walls"}), ({"NetworkPolicy": "true"}, set[str]())):
        props = {"name": "terway-eniip", "config": json.dumps(config)}
        wire = Wire(addon, founded[DOOR].urn, props)
        assert {violation.rule.name for violation in rules_broken({"addon": wire}).broken} == rules
