"""Checks of the three systems, on what the readers found there."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final, TypeVar

from tenantry.database.owner_login import RESERVE_ROLE
from tenantry.database.sessions.settings import PROVISIONER_LOCK_TIMEOUT
from tenantry.inspection.doctor.facts import Alibaba, Certificate, Facts, Kubernetes, Postgresql, Silent
from tenantry.inspection.doctor.model import Check, Examine, Problem, State
from tenantry.model.database_parameters import unsuited

OLDEST_KUBERNETES: Final = (1, 30)  # ValidatingAdmissionPolicy is stable since
OLDEST_POSTGRESQL: Final = 14
SKEW_S: Final = 60.0  # STS refuses what is signed 15 min off; tokens and days suffer before
EXPIRING: Final = timedelta(days=21)
ROLES, POLICIES, NETWORK_POLICIES = 1000, 1500, 100  # of an account; of a cluster, as ACK advises
POLICIES_OF_TENANT: Final = 2
EXTENSIONS: Final = ("plpgsql",)  # that the template's functions are written in
NEEDED_GROUPS: Final = ("gateway.networking.k8s.io",)
CALLED: Final = {"kubernetes": "the cluster", "postgresql": "the database server", "alibaba": "Alibaba Cloud"}
KUBECONFIG: Final = "see tenantry:kubeconfig, and the way there"
DATABASE: Final = "see tenantry:databaseHost, databaseUser, databasePassword, and the way there"
KEY: Final = "see tenantry:alibabaAccessKey and alibabaSecretKey, and the way there"
System = TypeVar("System")
Judge = Callable[[Facts, System], Iterator[Problem]]


def _of(system: str, kind: type[System], judge: Judge[System]) -> Examine:
    """Silent where the system is: that it does not answer is one finding, not ten."""

    def examine(facts: Facts) -> Iterator[Problem]:
        answer = getattr(facts, system)
        if isinstance(answer, kind):
            yield from judge(facts, answer)

    return examine


def _answers(system: str, remedy: str) -> Examine:
    def examine(facts: Facts) -> Iterator[Problem]:
        answer = getattr(facts, system)
        if isinstance(answer, Silent):
            yield Problem(f"no answer from {answer.where or system}: {answer.why}", remedy, State.UNKNOWN)

    return examine


def _certificate(what: str, certificate: Certificate, facts: Facts, remedy: str) -> Iterator[Problem]:
    if certificate.fault:
        yield Problem(f"{what}: {certificate.fault}", remedy)
    elif certificate.not_after is not None and certificate.not_after - facts.today < EXPIRING:
        late = certificate.not_after <= facts.today
        state = State.WRONG if late else State.WARNING
        yield Problem(f"{what} {'ended' if late else 'ends'} {certificate.not_after:%Y-%m-%d}", remedy, state)


def _version(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    if at.version < OLDEST_KUBERNETES:
        known = ".".join(map(str, at.version))
        yield Problem(f"Kubernetes is {known}: admission policies need 1.30", "upgrade the cluster")


def _walls(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    if not at.runs_pods:
        said = "NetworkPolicies are stored, and no packet is filtered: nothing runs there"
        yield Problem(said, "nothing to do: `tenantry verify` evaluates them", State.NOT_REAL)
        return
    if at.has_flannel:
        yield Problem("the network is Flannel, which knows no NetworkPolicy", "make the cluster anew with Terway")
    elif at.terway is not None and not _enforces(at.terway):
        remedy = 'set {"NetworkPolicy": "true"} in the configuration of the add-on terway-eniip'
        yield Problem("Terway ignores NetworkPolicies", remedy)


def _enforces(config: str) -> bool:
    try:
        document = json.loads(config)
    except ValueError:
        return False
    return str(document.get("disable_network_policy", "false")).lower() != "true" if document else False


def _zones(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    if at.runs_pods and len(at.zones) < 2:
        yield Problem(
            f"all {at.nodes} nodes stand in one zone: its loss is everybody's",
            "add a node pool with switches of another zone",
            State.WARNING,
        )


def _dns(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    if at.runs_pods and not at.dns_pods:
        remedy = "install coredns as pods, not managed and without NodeLocal DNSCache"
        yield Problem("no pod of kube-system is k8s-app=kube-dns: tenants' pods will find no name", remedy)


def _gateway(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    for group in NEEDED_GROUPS:
        if group not in at.groups:
            yield Problem(f"the cluster has no {group}", "install Envoy Gateway (docs/production.md)")
    if facts.settings.get("keda") == "true" and "keda.sh" not in at.groups:
        yield Problem("tenantry:keda is on, and the cluster has no KEDA", "install KEDA, or switch it off")
    wanted = facts.settings.get("gatewayAddress", "")
    if at.runs_pods and at.gateway_addresses and wanted not in at.gateway_addresses:
        have = ", ".join(sorted(at.gateway_addresses))
        yield Problem(
            f"tenants' names lead to {wanted}, the gateway is at {have}",
            f"`pulumi config set tenantry:gatewayAddress {min(at.gateway_addresses)} --stack {facts.stack}`",
        )
    if at.runs_pods and at.certificate is None:
        remedy = "let cert-manager issue *.ZONE into tenantry:gatewayTlsSecret (docs/production.md)"
        yield Problem("the gateway has no certificate yet: browsers will refuse every tenant", remedy, State.WARNING)
    elif at.certificate is not None:
        yield from _certificate("the gateway's certificate", at.certificate, facts, "renew it: see cert-manager's log")


def _issuer(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    wanted = facts.settings.get("oidcIssuer", "")
    if at.issuer and at.issuer != wanted:
        yield Problem(
            f"the cluster's tokens are issued by {at.issuer}, RAM is told to trust {wanted}: no pod takes its role",
            f"`pulumi config set tenantry:oidcIssuer {at.issuer} --stack {facts.stack}`",
        )


def _room(facts: Facts, at: Kubernetes) -> Iterator[Problem]:
    if at.runs_pods and facts.tenants * POLICIES_OF_TENANT > NETWORK_POLICIES:
        said = f"{facts.tenants} tenants make {facts.tenants * POLICIES_OF_TENANT} NetworkPolicies; ACK advises 100"
        yield Problem(said, "put some of them on another cluster (a site of its own)", State.WARNING)


def _rights(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    user = facts.settings.get("databaseUser") or "the provisioner"
    if at.is_superuser:
        return
    for may, right in ((at.may_create_roles, "CREATEROLE"), (at.may_create_databases, "CREATEDB")):
        if not may:
            yield Problem(f"{user} lacks {right}", f"as the server's administrator: `ALTER ROLE {user} {right}`")
    if at.version >= 16 and not {"set", "inherit"} <= set(at.self_grant.replace(" ", "").split(",")):
        yield Problem(
            f"createrole_self_grant of {user} is `{at.self_grant}`: it could not make a database for a tenant's owner",
            f"`ALTER ROLE {user} SET createrole_self_grant = 'set, inherit'`",
        )


def _release(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if at.version < OLDEST_POSTGRESQL:
        yield Problem(f"PostgreSQL is {at.version}", f"use {OLDEST_POSTGRESQL} or newer")


def _template(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if at.template is None:
        yield Problem("there is no template database kargerdensales", "restore it there (docs/production.md)")
        return
    is_template, is_open = at.template
    if is_open:
        yield Problem(
            "the template takes connections: one session makes every clone fail",
            "`ALTER DATABASE kargerdensales WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`",
        )
    if not is_template:
        said = "kargerdensales is no template: the provisioner may clone only what is one, or its own"
        yield Problem(said, "`ALTER DATABASE kargerdensales WITH IS_TEMPLATE true`")


def _closed(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if at.open_to_all and facts.settings.get("databaseClosedByHba") != "true" and not at.is_superuser:
        yield Problem(
            f"everybody may connect to {', '.join(at.open_to_all)}, which are not the provisioner's to close",
            "revoke CONNECT as the server's administrator, or refuse it in pg_hba and set tenantry:databaseClosedByHba",
        )
    for name in at.foreign_open:
        yield Problem(
            f"every tenant may connect to the database {name}, which is not ours",
            f"as its owner: `REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC` and GRANT CONNECT to its own"
            " logins, or make it on another server",
            State.WARNING,
        )


def _extensions(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if missing := sorted(set(EXTENSIONS) - at.extensions):
        yield Problem(f"the server offers no {', '.join(missing)}", "install them, or ask the provider")


def _connections(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if facts.connections > (takes := at.connections - at.reserved):
        said = f"plans promise {facts.connections} connections, the server takes {takes} beside its reserve"
        yield Problem(said, "take a larger class, raise max_connections, or put tenants on another server")


def _parameters(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if facts.embedded:
        return
    for parameter, setting in unsuited(at.parameters, at.version):
        yield Problem(
            f"{parameter.name} is {setting or 'not said'}: {parameter.reason}",
            f"set it to {parameter.value} ({parameter.demand} will do) at the server (RDS: Parameters)",
            State.WARNING,
        )


def _reserve(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    user = facts.settings.get("databaseUser") or "the provisioner"
    if not at.may_use_reserve and not at.is_superuser:
        yield Problem(
            f"{user} may not use the connections that the server reserves: tenants can use all of the others up",
            f"as the server's administrator: `GRANT {RESERVE_ROLE} TO {user} WITH ADMIN OPTION`",
            State.WARNING,
        )


def _held(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    user = facts.settings.get("databaseUser") or "the provisioner"
    if at.lock_timeout != PROVISIONER_LOCK_TIMEOUT:
        yield Problem(
            f"{user} waits {'without end' if at.lock_timeout == '0' else at.lock_timeout} for what a tenant holds, and"
            " everybody with it",
            "`tenantry up` of the platform's stack sets it (`--refresh` where it had); until then"
            f" `ALTER ROLE {user} SET lock_timeout = '{PROVISIONER_LOCK_TIMEOUT}'`",
            State.WARNING,
        )
    if not at.reads_hidden_rows:
        yield Problem(
            f"{user} has no BYPASSRLS: a tenant that forces row level security on its tables stops its own backup",
            f"as the server's administrator: `ALTER ROLE {user} BYPASSRLS`; where it may not, `tenantry drift` finds"
            " such a table and `up --refresh` mends it",
            State.WARNING,
        )


def _server_tls(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if facts.embedded:
        return
    if not at.encrypted:
        yield Problem("the session is not encrypted", "open SSL at the server (RDS: Data Security, SSL)")
    if at.certificate is not None:
        yield from _certificate(
            "the database server's certificate", at.certificate, facts, "renew it (RDS: Data Security, SSL)"
        )


def _clock(facts: Facts, at: Postgresql) -> Iterator[Problem]:
    if abs(at.skew_s) > SKEW_S:
        said = f"this machine's clock is {at.skew_s:+.0f} s off {at.where}'s: tokens and days will not fit"
        yield Problem(said, "let it follow a time server (`timedatectl set-ntp true`)")


def _account(facts: Facts, at: Alibaba) -> Iterator[Problem]:
    wanted = facts.settings.get("accountId", "")
    if at.account and wanted and at.account != wanted:
        yield Problem(
            f"the key is of account {at.account}, the stack of {wanted}",
            f"`pulumi config set tenantry:accountId {at.account} --stack {facts.stack}`, or use another key",
        )
    for right, code in sorted(at.refused.items()):
        yield Problem(f"{right} is refused: {code}", "attach the policies of `tenantry-deployer` (docs/production.md)")


def _buckets(facts: Facts, at: Alibaba) -> Iterator[Problem]:
    for part in ("system", "photo", "backup"):
        bucket, region = facts.settings.get(f"{part}Bucket", ""), facts.settings.get(f"{part}Region", "")
        actual = at.regions.get(bucket)
        if actual is not None and actual != region:
            yield Problem(
                f"the bucket {bucket} lies in {actual}, tenantry:{part}Region says {region}",
                f"`pulumi config set tenantry:{part}Region {actual} --stack {facts.stack}`",
            )


def _dns_zone(facts: Facts, at: Alibaba) -> Iterator[Problem]:
    zone = facts.settings.get("zone", "")
    if not at.has_zone:
        yield Problem(f"the account has no zone {zone} at AliDNS", "add it there, or set tenantry:zone")


def _provider(facts: Facts, at: Alibaba) -> Iterator[Problem]:
    name, issuer = facts.settings.get("oidcProvider", ""), facts.settings.get("oidcIssuer", "")
    is_adopted = facts.settings.get("oidcProviderAdopted") == "true"
    same = sorted(other for other, url in at.issuers.items() if url == issuer and other != name)
    if is_adopted and name not in at.issuers:
        remedy = (
            f"set tenantry:oidcProvider to {same[0]}" if same else "switch RRSA on, or tenantry:oidcProviderAdopted off"
        )
        yield Problem(f"there is no identity provider {name} to adopt", remedy)
    elif is_adopted and at.issuers[name] != issuer:
        yield Problem(f"{name} trusts {at.issuers[name]}, not {issuer}", "name the provider of this cluster")
    elif not is_adopted and same:
        yield Problem(
            f"{same[0]} trusts {issuer} already, and RAM takes an issuer once",
            f"set tenantry:oidcProvider to {same[0]} and tenantry:oidcProviderAdopted to true",
        )


def _quotas(facts: Facts, at: Alibaba) -> Iterator[Problem]:
    for what, used, most in (("roles", at.roles, ROLES), ("policies", at.policies, POLICIES)):
        if used + facts.tenants > most:
            said = f"the account has {used} RAM {what}; {facts.tenants} tenants do not fit into {most}"
            yield Problem(said, "take an account for each site", State.WARNING)


def _checks(
    prefix: str, system: str, kind: type[System], remedy: str, claims: Mapping[str, tuple[str, Judge[System]]]
) -> Iterator[Check]:
    """The checks of one system, first whether it answers; the others are silent where it does not."""
    yield Check(f"{prefix}.answers", f"{CALLED[system]} answers", _answers(system, remedy))
    for name, (claim, judge) in claims.items():
        yield Check(f"{prefix}.{name}", claim, _of(system, kind, judge))


CHECKS: Final = (
    *_checks("kubernetes", "kubernetes", Kubernetes, KUBECONFIG, {
        "version": ("Kubernetes is 1.30 or newer", _version),
        "walls": ("NetworkPolicies are enforced", _walls),
        "zones": ("nodes stand in several zones", _zones),
        "dns": ("the DNS server is a pod", _dns),
        "gateway": ("gateway, DNS and certificate agree", _gateway),
        "issuer": ("RAM trusts the cluster's tokens", _issuer),
        "room": ("there is room for the tenants' policies", _room),
    }),
    *_checks("database", "postgresql", Postgresql, DATABASE, {
        "release": ("PostgreSQL is 14 or newer", _release),
        "rights": ("the provisioner may make roles and databases", _rights),
        "template": ("the template is there and closed", _template),
        "closed": ("the server's own databases are closed", _closed),
        "extensions": ("the template's extensions can be had", _extensions),
        "connections": ("the server takes what plans promise", _connections),
        "reserve": ("the platform keeps connections for itself", _reserve),
        "parameters": ("its parameters suit a shared server", _parameters),
        "held": ("what a tenant holds or hides stops nobody else", _held),
        "tls": ("sessions are encrypted, the certificate holds", _server_tls),
        "clock": ("clocks agree", _clock),
    }),
    *_checks("alibaba", "alibaba", Alibaba, KEY, {
        "rights": ("the key is the account's, with the deployer's rights", _account),
        "buckets": ("buckets lie where the stack says", _buckets),
        "zone": ("the zone is at AliDNS", _dns_zone),
        "provider": ("one identity provider trusts the cluster", _provider),
        "quotas": ("roles and policies of all tenants fit", _quotas),
    }),
)  # fmt: skip
