"""Foundation: the database server that holds all tenants' databases."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from policies.model.resource import Resource
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import boolean, mapping, number, sequence, shown, text

SERVER: Final = "rds:Instance"
BACKUPS: Final = "rds:BackupPolicy"
ENCRYPTED: Final = "hostssl"
OWN: Final = ("postgres", "template1")  # the server's own databases, which PUBLIC may connect to
BIRTH: Final = ("engine", "zoneId", "zoneIdSlaveA", "vswitchId", "vpcId")
DAYS: Final = 7


@resource_rule(
    "foundation-database-public",
    kinds=[SERVER],
    why="A database on the Internet is one password away from everybody.",
    remedy="set security_ips to private ranges, whitelist_network_type to VPC, and a switch.",
)
def public(resource: Resource, settings: Settings) -> Iterator[str]:
    """The database server is reached from private addresses alone."""
    allowed = [text(security_ip) for security_ip in sequence(resource.props.get("securityIps"))]
    if not allowed:
        yield "nothing says whence it is reached"
    for address in allowed:
        network = ip_network(address, strict=False)
        if not network.is_private or network.prefixlen < 8:
            yield f"it is reached from {address}"
    if text(resource.props.get("whitelistNetworkType")) != "VPC":
        yield f"its network type is {shown(resource.props.get('whitelistNetworkType'))}"
    if not resource.props.get("vswitchId"):
        yield "it is in no switch of ours"


@resource_rule(
    "foundation-database-tls",
    kinds=[SERVER],
    why="RDS takes connections without TLS unless pg_hba refuses them: passwords would cross the network in clear.",
    remedy="open SSL, and let pg_hba_confs allow hostssl with scram-sha-256 alone, and end by rejecting hostnossl.",
)
def tls(resource: Resource, settings: Settings) -> Iterator[str]:
    """The database server refuses connections in clear."""
    if text(resource.props.get("sslAction")) not in ("Open", "Update"):
        yield f"its sslAction is {shown(resource.props.get('sslAction'))}"
    rows = _hba(resource)
    for row in rows:
        method, kind = text(row.get("method")), text(row.get("type"))
        if method != "reject" and (kind != ENCRYPTED or method != "scram-sha-256"):
            yield f"it lets in {kind} by {method}"
    if not any(_refuses_clear(row) for row in rows):
        yield "it does not refuse connections in clear"


def _hba(resource: Resource) -> Sequence[Mapping[str, Any]]:
    rows = [mapping(row) for row in sequence(resource.props.get("pgHbaConfs"))]
    return sorted(rows, key=lambda row: number(row.get("priorityId")) or 0)


def _refuses_clear(row: Mapping[str, Any]) -> bool:
    everybody = text(row.get("database")) == text(row.get("user")) == "all" and text(row.get("address")) == "0.0.0.0/0"
    return everybody and text(row.get("type")) in ("hostnossl", "host") and text(row.get("method")) == "reject"


@resource_rule(
    "foundation-database-own",
    kinds=[SERVER],
    why="PUBLIC may connect to the server's own databases, which are not ours to close: there all names are seen.",
    remedy="let pg_hba_confs reject all into postgres,template1, after the provisioner and before anybody else.",
)
def own(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nobody but the provisioner connects to the server's own databases."""
    for database in OWN:
        if not _is_closed(_hba(resource), database):
            yield f"everybody may connect to {database}"


def _is_closed(rows: Sequence[Mapping[str, Any]], database: str) -> bool:
    """The first row that is for everybody decides, as in PostgreSQL."""
    for row in rows:
        named = text(row.get("database")).split(",")
        if text(row.get("user")) == "all" and (database in named or "all" in named):
            return text(row.get("method")) == "reject" and text(row.get("type")) == "host"
    return False


@resource_rule(
    "foundation-database-server",
    kinds=[SERVER],
    why="One zone, one disk, one unencrypted copy: each of them is all tenants at once.",
    remedy="declare it as components/foundation/database_server.py does.",
)
def server(resource: Resource, settings: Settings) -> Iterator[str]:
    """The database server stands in two zones, is encrypted, and neither deleted nor replaced by accident."""
    props = resource.props
    if text(props.get("category")) not in ("HighAvailability", "cluster"):
        yield f"its category is {shown(props.get('category'))}"
    first, second = text(props.get("zoneId")), text(props.get("zoneIdSlaveA"))
    if not second or first == second:
        yield f"its zones are {shown(first)} and {shown(second)}"
    if not props.get("encryptionKey"):
        yield "its disks are not encrypted by a key of KMS"
    if boolean(props.get("deletionProtection")) is not True:
        yield "RDS does not protect it from being deleted"
    followed = [name for name in BIRTH if name not in resource.ignore_changes]
    if followed and "*" not in resource.ignore_changes:
        yield f"it is replaced when {', '.join(followed)} changes"


@stack_rule(
    "foundation-database-backups",
    why="What takes the whole server takes all tenants: only the server's own backups bring that back.",
    remedy=f"declare a BackupPolicy with {DAYS} days or more of data and log, kept when the instance is released.",
)
def backups(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """The database server is backed up with its log, and its backups outlive it."""
    policies = stack.of(BACKUPS)
    for resource in stack.of(SERVER):
        if not policies:
            yield Violation("platform", "nothing backs it up", resource)
    for result in policies:
        days, log = (
            number(result.props.get(name)) or 0 for name in ("backupRetentionPeriod", "logBackupRetentionPeriod")
        )
        if days < DAYS:
            yield Violation("platform", f"it keeps data {shown(days)} days", result)
        if boolean(result.props.get("enableBackupLog")) is not True or log < DAYS:
            yield Violation("platform", f"it keeps the log {shown(log)} days", result)
        if text(result.props.get("releasedKeepPolicy")) not in ("Lastest", "All"):
            yield Violation("platform", "its backups are gone with the instance", result)
