"""Foundation: the network, the cluster, keys, logs and roles that all tenants stand on."""

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, Final

from policies.facts import ram_documents
from policies.facts.ram_documents import allowing, condition, operators, texts
from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import boolean, mapping, number, sequence, shown, text

CLUSTER: Final = "cs:ManagedKubernetes"
ADDON: Final = "cs:KubernetesAddon"
POOL: Final = "cs:NodePool"
DOOR: Final = "vpc:GatewayEndpoint"
TERWAY: Final = "terway-eniip"
# With these the DNS server is no pod of kube-system that the tenants' opening for names leads to.
HIDING_DNS: Final = frozenset({"managed-coredns", "node-local-dns"})
ROLES: Final = frozenset({"tenantry-deployer", "tenantry-preview", "tenantry-certificates"})
SIX_MONTHS: Final = 180  # days that logs are kept: Cybersecurity Law of the PRC, article 21


@resource_rule(
    "foundation-walls",
    kinds=[CLUSTER, ADDON],
    why="Flannel knows no NetworkPolicy, and Terway ignores them unless told: every wall would be stored, none hold.",
    remedy='install terway-eniip with the config {"NetworkPolicy": "true"}.',
)
def network_policies_enforced(resource: Resource, settings: Settings) -> Iterator[str]:
    """The cluster enforces NetworkPolicies: it has Terway, with its switch on."""
    if resource.kind == ADDON:
        if text(resource.props.get("name")) == TERWAY and not _enforces(resource.props.get("config")):
            yield "its Terway ignores NetworkPolicies"
        return
    addons = {text(addon.get("name")): addon for addon in map(mapping, sequence(resource.props.get("addons")))}
    if TERWAY not in addons:
        yield "it has no Terway"
    elif not _enforces(addons[TERWAY].get("config")):
        yield "its Terway ignores NetworkPolicies"
    if "flannel" in addons or resource.props.get("podCidr"):
        yield "its network is Flannel"


def _enforces(config: Any) -> bool:
    try:
        return text(mapping(json.loads(text(config) or "{}")).get("NetworkPolicy")).lower() == "true"
    except ValueError:
        return False


@resource_rule(
    "foundation-dns",
    kinds=[CLUSTER, ADDON],
    why="Tenants' pods reach the DNS pods of kube-system and no other server: with a managed one no name is found.",
    remedy="install coredns, and neither managed-coredns nor node-local-dns.",
)
def dns(resource: Resource, settings: Settings) -> Iterator[str]:
    """The cluster's DNS server is a pod."""
    if resource.kind == ADDON:
        named = {text(resource.props.get("name"))}
    else:
        named = {text(addon.get("name")) for addon in map(mapping, sequence(resource.props.get("addons")))}
    for hiding in sorted(named & HIDING_DNS):
        yield f"it has {hiding}"


@resource_rule(
    "foundation-cluster",
    kinds=[CLUSTER],
    why="Who reaches or copies the API server's store has all tenants' secrets.",
    remedy="declare it as components/foundation/cluster.py does.",
)
def cluster(resource: Resource, settings: Settings) -> Iterator[str]:
    """The cluster is private, its Secrets are encrypted, its pods have roles, and it is not deleted by accident."""
    props = resource.props
    if boolean(props.get("slbInternetEnabled")) is not False:
        yield "its API server is on the Internet"
    if not props.get("encryptionProviderKey"):
        yield "its Secrets are not encrypted by a key of KMS"
    if boolean(props.get("enableRrsa")) is not True:
        yield "its pods cannot take roles (RRSA)"
    if boolean(props.get("deletionProtection")) is not True:
        yield "ACK does not protect it from being deleted"
    if not text(props.get("clusterSpec")).startswith("ack.pro."):
        yield f"its edition is {shown(props.get('clusterSpec'))}"
    missing = {"apiserver", "kcm", "scheduler"} - {
        text(control_plane_log_component)
        for control_plane_log_component in sequence(props.get("controlPlaneLogComponents"))
    }
    if missing:
        yield f"it keeps no log of {', '.join(sorted(missing))}"
    days = text(props.get("controlPlaneLogTtl"))
    if not days.isdecimal() or int(days) < SIX_MONTHS:
        yield f"it keeps its log {shown(days)} days"


@resource_rule(
    "foundation-nodes",
    kinds=[POOL],
    why="A node's disk holds what its pods wrote, and its metadata hands out the node's role to whoever asks.",
    remedy="encrypt the disks, demand tokens of the metadata, give no public addresses, name switches of two zones.",
)
def nodes(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nodes have encrypted disks, guarded metadata, no public address, and stand in several zones."""
    props = resource.props
    if boolean(props.get("systemDiskEncrypted")) is not True:
        yield "its disks are not encrypted"
    if text(mapping(props.get("instanceMetadataOptions")).get("httpTokens")) != "required":
        yield "its metadata is given without a token"
    if number(props.get("internetMaxBandwidthOut")):
        yield "its nodes have public addresses"
    if len(sequence(props.get("vswitchIds"))) < 2:
        yield "it stands in one zone"
    scaled = boolean(mapping(props.get("scalingConfig")).get("enable")) is True
    if scaled and (props.get("desiredSize") is not None or props.get("nodeCount") is not None):
        yield "its number of nodes is set, and scaled as well"


@resource_rule(
    "foundation-door",
    kinds=[DOOR],
    why="An open way to object storage carries a tenant's data into anybody's bucket.",
    remedy="name our own buckets in its policy_document, by account and name.",
)
def door(resource: Resource, settings: Settings) -> Iterator[str]:
    """The way from the pods to object storage leads to our own buckets alone."""
    statements = list(allowing(ram_documents.of(resource, "policyDocument")))
    if not statements:
        yield "its policy names nothing"
    for statement in statements:
        for arn in texts(statement.get("Resource")) or [""]:
            parts = arn.split(":", 4)
            bucket = parts[4].partition("/")[0] if len(parts) == 5 else ""
            if not bucket or "*" in bucket or not parts[3].isdecimal():
                yield f"it leads to {shown(arn)}"


@stack_rule(
    "foundation-way-out",
    why="A table without that door takes pods to object storage past its policy.",
    remedy="declare a GatewayEndpoint for OSS on the pods' route table.",
)
def way_out(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """A network that is made has its door to object storage."""
    doors = [resource for resource in stack.of(DOOR) if text(resource.props.get("serviceName")).endswith(".oss")]
    for network in stack.of("vpc:Network"):
        if not doors:
            yield Violation("platform", "nothing limits where its pods reach object storage", network)


@resource_rule(
    "foundation-switch",
    kinds=["vpc:Network", "vpc:Switch"],
    why="A public range is somebody else's: what is sent there never arrives at us.",
    remedy="take a private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16).",
)
def switch(resource: Resource, settings: Settings) -> Iterator[str]:
    """Networks and switches have private addresses."""
    block = text(resource.props.get("cidrBlock"))
    if not block or not ip_network(block, strict=False).is_private:
        yield f"its range is {shown(block)}"


@resource_rule(
    "foundation-key",
    kinds=["kms:Key"],
    why="A key that is gone takes everything that it encrypted along.",
    remedy="enable rotation and deletion protection, and let KMS wait 30 days.",
)
def key(resource: Resource, settings: Settings) -> Iterator[str]:
    """Keys rotate, and are not deleted by accident or at once."""
    for name in ("automaticRotation", "deletionProtection"):
        if text(resource.props.get(name)) != "Enabled":
            yield f"its {name} is {shown(resource.props.get(name))}"
    if (number(resource.props.get("pendingWindowInDays")) or 0) < 30:
        yield f"KMS waits {shown(resource.props.get('pendingWindowInDays'))} days before it is gone"


@resource_rule(
    "foundation-logs",
    kinds=["log:Store", "actiontrail:Trail"],
    why="What is not kept cannot be looked into, and the law asks for six months.",
    remedy=f"keep logs for {SIX_MONTHS} days or longer, and record every event.",
)
def logs(resource: Resource, settings: Settings) -> Iterator[str]:
    """Logs are kept for six months, and the audit trail records reads and writes."""
    if resource.kind == "log:Store":
        days = number(resource.props.get("retentionPeriod"))
        if days is None or days < SIX_MONTHS:
            yield f"it keeps them {shown(days)} days"
        if boolean(resource.props.get("enableWebTracking")):
            yield "anybody may write into it"
    elif text(resource.props.get("eventRw")) != "All":
        yield f"it records {shown(resource.props.get('eventRw'))}"


@resource_rule(
    "foundation-role",
    kinds=["ram:Role"],
    why="The deployer's role is the whole installation: a wildcard in its trust is everybody's repository.",
    remedy="trust one identity provider, in a statement for each exact subject (oidc:iss, oidc:aud, oidc:sub).",
)
def role(resource: Resource, settings: Settings) -> Iterator[str]:
    """A foundation's roles are those of deployer, preview and certificates, each taken by exact subjects."""
    if not resource.of_foundation:
        return
    name = text(resource.first("roleName", "name"))
    if name not in ROLES:
        yield f"its role is {shown(name)}"
    for statement in allowing(ram_documents.of(resource, "assumeRolePolicyDocument", "document")):
        principal = mapping(statement.get("Principal"))
        if set(principal) != {"Federated"} or len(texts(principal.get("Federated"))) != 1:
            yield f"it trusts {shown(dict(principal))}"
        for claim in ("oidc:iss", "oidc:aud", "oidc:sub"):
            values = list(condition(statement, "StringEquals", claim))
            if len(values) != 1 or not values[0] or "*" in values[0]:
                yield f"it does not demand one exact {claim}"
        if operators(statement) - {"StringEquals"}:
            yield "it trusts by other conditions than StringEquals"
