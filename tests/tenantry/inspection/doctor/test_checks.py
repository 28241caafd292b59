"""Prepared misconfigurations, one a kind: each is named, with its remedy; a right installation has none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tenantry.inspection.doctor.catalogue import CHECKS
from tenantry.inspection.doctor.facts import Alibaba, Certificate, Facts, Kubernetes, Postgresql, Silent, Tools
from tenantry.inspection.doctor.gather import placeholders
from tenantry.inspection.doctor.model import State, examine

ROOT = Path(__file__).resolve().parents[4]
TODAY = datetime(2026, 11, 30, tzinfo=UTC)
ISSUER = "https://oidc-ack-cn-guangzhou.oss-cn-guangzhou.aliyuncs.com/c1"
VALID = Certificate(TODAY + timedelta(days=80))
SETTINGS = {
    "accountId": "1234567890123456",
    "zone": "yyup.cc",
    "systemBucket": "systemkarder",
    "systemRegion": "cn-guangzhou",
    "photoBucket": "photos",
    "photoRegion": "cn-shanghai",
    "backupBucket": "backups",
    "backupRegion": "cn-beijing",
    "databaseSslmode": "verify-full",
    "databaseCa": "-----BEGIN CERTIFICATE-----",
    "databaseUser": "tenantry",
    "databasePort": "5432",
    "databaseClosedByHba": "true",
    "image": "app:1@sha256:0a",
    "backupImage": "tenantry:1@sha256:0a",
    "imageDigest": "true",
    "egress": '["tenantry-platform:4001", "10.64.160.0/23:5432"]',
    "gatewayAddress": "203.0.113.7",
    "oidcIssuer": ISSUER,
    "oidcProvider": "ack-rrsa-c1",
    "oidcProviderAdopted": "true",
    "keda": "true",
}
CLUSTER = Kubernetes(
    where="https://10.64.0.1:6443",
    zones=frozenset({"a", "b"}),
    nodes=6,
    dns_pods=2,
    terway='{"disable_network_policy": "false"}',
    gateway_addresses=frozenset({"203.0.113.7"}),
    groups=frozenset({"gateway.networking.k8s.io", "keda.sh"}),
    issuer=ISSUER,
    certificate=VALID,
    runs_pods=True,
)
SERVER = Postgresql(
    where="pgm-1.pg.rds.aliyuncs.com:5432",
    open_to_all=("postgres", "template1"),
    extensions=frozenset({"plpgsql"}),
    certificate=VALID,
)
ACCOUNT = Alibaba(
    where="Alibaba Cloud",
    account="1234567890123456",
    regions={"systemkarder": "cn-guangzhou", "photos": "cn-shanghai", "backups": None},
    issuers={"ack-rrsa-c1": ISSUER},
    roles=20,
    policies=20,
)
RIGHT = Facts(
    stack="prod",
    embedded=False,
    today=TODAY,
    settings=SETTINGS,
    secrets=frozenset({"databasePassword", "kubeconfig", "alibabaAccessKey", "alibabaSecretKey"}),
    tenants=13,
    connections=900,
    tools=Tools(dump=16),
    kubernetes=CLUSTER,
    postgresql=SERVER,
    alibaba=ACCOUNT,
)


def with_settings(**settings: str) -> Facts:
    return replace(RIGHT, settings={**SETTINGS, **settings})


def cluster(**changes: Any) -> Facts:
    return replace(RIGHT, kubernetes=replace(CLUSTER, **changes))


def server(**changes: Any) -> Facts:
    return replace(RIGHT, postgresql=replace(SERVER, **changes))


def account(**changes: Any) -> Facts:
    return replace(RIGHT, alibaba=replace(ACCOUNT, **changes))


LATE, SOON = Certificate(TODAY - timedelta(days=1)), Certificate(TODAY + timedelta(days=5))
# Name -> facts, the check that names it, how bad it is, and what stands in problem and remedy.
WRONG: dict[str, tuple[Facts, str, State, str, str]] = {
    "a placeholder": (replace(RIGHT, placeholders=("Pulumi.prod.yaml:9: x",)), "configuration.placeholders", State.WRONG, "Pulumi.prod.yaml:9", "your own value"),
    "a secret that is not set": (replace(RIGHT, secrets=frozenset({"kubeconfig"})), "configuration.secrets", State.WRONG, "databasePassword", "config set --secret"),
    "backups beside the files": (with_settings(backupRegion="cn-shanghai"), "configuration.regions", State.WRONG, "cn-shanghai", "backupRegion"),
    "unchecked TLS": (with_settings(databaseSslmode="require"), "configuration.tls", State.WRONG, "require", "verify-full"),
    "no certificates for pods": (with_settings(databaseCa=""), "configuration.tls", State.WRONG, "databaseCa", "< ca.pem"),
    "an image that moves": (with_settings(image="app:latest"), "configuration.images", State.WRONG, "no digest", "@sha256:"),
    "digests are not asked for": (with_settings(imageDigest="false"), "configuration.images", State.WRONG, "imageDigest", "imageDigest true"),
    "pods without a database": (with_settings(egress='["tenantry-platform:4001"]'), "configuration.egress", State.WRONG, "5432", "CIDR:5432"),
    "pods with the Internet": (with_settings(egress='["0.0.0.0/0:443", "10.0.0.0/8:5432"]'), "configuration.egress", State.WRONG, "0.0.0.0/0:443", "narrower"),
    "no engine": (replace(RIGHT, tools=Tools(engine=None, dump=16)), "tools.engine", State.WRONG, "pulumi", "make up"),
    "an old pg_dump": (replace(RIGHT, tools=Tools(dump=15)), "tools.dump", State.WRONG, "15", "release 16"),
    "no pg_dump": (replace(RIGHT, tools=Tools()), "tools.dump", State.WARNING, "pg_dump", "client programs"),
    "a silent cluster": (replace(RIGHT, kubernetes=Silent("c", "refused")), "kubernetes.answers", State.UNKNOWN, "refused", "kubeconfig"),
    "an old cluster": (cluster(version=(1, 28)), "kubernetes.version", State.WRONG, "1.28", "upgrade"),
    "Terway without walls": (cluster(terway='{"disable_network_policy": "true"}'), "kubernetes.walls", State.WRONG, "ignores", "NetworkPolicy"),
    "Flannel": (cluster(has_flannel=True), "kubernetes.walls", State.WRONG, "Flannel", "Terway"),
    "one zone": (cluster(zones=frozenset({"a"})), "kubernetes.zones", State.WARNING, "one zone", "another zone"),
    "a managed DNS server": (cluster(dns_pods=0), "kubernetes.dns", State.WRONG, "kube-dns", "coredns"),
    "no gateway": (cluster(groups=frozenset({"keda.sh"})), "kubernetes.gateway", State.WRONG, "gateway.networking", "Envoy"),
    "no KEDA": (cluster(groups=frozenset({"gateway.networking.k8s.io"})), "kubernetes.gateway", State.WRONG, "KEDA", "install KEDA"),
    "names that lead elsewhere": (cluster(gateway_addresses=frozenset({"203.0.113.9"})), "kubernetes.gateway", State.WRONG, "203.0.113.9", "gatewayAddress 203.0.113.9"),
    "a certificate that ended": (cluster(certificate=LATE), "kubernetes.gateway", State.WRONG, "ended 2026-11-29", "cert-manager"),
    "a certificate that ends": (cluster(certificate=SOON), "kubernetes.gateway", State.WARNING, "ends 2026-12-05", "cert-manager"),
    "another issuer": (cluster(issuer="https://other"), "kubernetes.issuer", State.WRONG, "https://other", "oidcIssuer"),
    "too many tenants for a cluster": (replace(RIGHT, tenants=60), "kubernetes.room", State.WARNING, "120", "another cluster"),
    "a silent server": (replace(RIGHT, postgresql=Silent("db:5432", "timeout")), "database.answers", State.UNKNOWN, "timeout", "databaseHost"),
    "an old server": (server(version=13), "database.release", State.WRONG, "13", "14 or newer"),
    "no right to make roles": (server(may_create_roles=False), "database.rights", State.WRONG, "CREATEROLE", "ALTER ROLE tenantry CREATEROLE"),
    "no right to make databases": (server(may_create_databases=False), "database.rights", State.WRONG, "CREATEDB", "ALTER ROLE"),
    "no createrole_self_grant": (server(self_grant=""), "database.rights", State.WRONG, "createrole_self_grant", "SET createrole_self_grant"),
    "no template": (server(template=None), "database.template", State.WRONG, "kargerdensales", "restore"),
    "an open template": (server(template=(True, True)), "database.template", State.WRONG, "takes connections", "ALLOW_CONNECTIONS false"),
    "a template that is none": (server(template=(False, False)), "database.template", State.WRONG, "no template", "IS_TEMPLATE true"),
    "open databases of the server's": (with_settings(databaseClosedByHba="false"), "database.closed", State.WRONG, "postgres, template1", "pg_hba"),
    "somebody else's open database": (server(foreign_open=("metabase",)), "database.closed", State.WARNING, "metabase", "REVOKE CONNECT, TEMPORARY ON DATABASE metabase"),
    "no extension": (server(extensions=frozenset()), "database.extensions", State.WRONG, "plpgsql", "install"),
    "too few connections": (server(connections=800), "database.connections", State.WRONG, "900", "larger class"),
    "connections that are the reserve": (server(connections=910), "database.connections", State.WRONG, "887", "larger class"),
    "no use of the reserve": (server(may_use_reserve=False), "database.reserve", State.WARNING, "tenants can use all", "GRANT pg_use_reserved_connections TO tenantry WITH ADMIN"),
    "waits without end": (server(lock_timeout="0"), "database.held", State.WARNING, "waits without end", "ALTER ROLE tenantry SET lock_timeout = '10s'"),
    "rows that may be hidden": (server(reads_hidden_rows=False), "database.held", State.WARNING, "BYPASSRLS", "ALTER ROLE tenantry BYPASSRLS"),
    **{
        f"{name} {setting}": (server(parameters={**SERVER.parameters, name: setting}), "database.parameters", State.WARNING, name, "Parameters")
        for name, setting in (
            ("temp_file_limit", "-1"), ("max_prepared_transactions", "800"), ("max_slot_wal_keep_size", "-1"), ("reserved_connections", "0"),
            ("idle_in_transaction_session_timeout", "0"), ("idle_in_transaction_session_timeout", "86400000"), ("log_connections", "off"),
            ("log_disconnections", "off"), ("password_encryption", "md5"), ("temp_file_limit", ""),
        )
    },
    "a session in clear": (server(encrypted=False), "database.tls", State.WRONG, "not encrypted", "SSL"),
    "another name in the certificate": (server(certificate=Certificate(fault="hostname mismatch")), "database.tls", State.WRONG, "hostname", "renew"),
    "a clock that is wrong": (server(skew_s=-400.0), "database.clock", State.WRONG, "-400", "set-ntp"),
    "a silent cloud": (replace(RIGHT, alibaba=Silent("sts", "Timeout")), "alibaba.answers", State.UNKNOWN, "Timeout", "alibabaAccessKey"),
    "another account": (account(account="42"), "alibaba.rights", State.WRONG, "42", "accountId 42"),
    "a right that is refused": (account(refused={"ram:ListRoles": "NoPermission"}), "alibaba.rights", State.WRONG, "ram:ListRoles", "tenantry-deployer"),
    "a bucket elsewhere": (account(regions={"photos": "cn-hangzhou"}), "alibaba.buckets", State.WRONG, "cn-hangzhou", "photoRegion cn-hangzhou"),
    "no zone": (account(has_zone=False), "alibaba.zone", State.WRONG, "yyup.cc", "zone"),
    "no provider to adopt": (account(issuers={"other": ISSUER}), "alibaba.provider", State.WRONG, "ack-rrsa-c1", "other"),
    "another cluster's provider": (account(issuers={"ack-rrsa-c1": "https://other"}), "alibaba.provider", State.WRONG, "https://other", "this cluster"),
    "a provider that is there already": (with_settings(oidcProviderAdopted="false", oidcProvider="tenantry"), "alibaba.provider", State.WRONG, "ack-rrsa-c1", "oidcProviderAdopted"),
    "too many roles": (account(roles=995), "alibaba.quotas", State.WARNING, "995", "account for each site"),
}  # fmt: skip


def test_a_right_installation_has_nothing_wrong() -> None:
    report = examine(RIGHT, CHECKS)
    assert [(finding.check.id, finding.problem) for finding in report.findings if finding.problem] == []
    assert report.code == 0
    assert len(report.findings) == len(CHECKS)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_remedy_and_nothing_else_is(name: str) -> None:
    facts, check, state, said, remedy = WRONG[name]
    report = examine(facts, CHECKS)
    findings = [finding for finding in report.findings if finding.problem and finding.check.id == check]
    assert [result.state for result in findings] == [state] * len(findings)
    assert findings
    assert any(
        said in result.problem.said and remedy in result.problem.remedy for result in findings if result.problem
    ), findings
    assert not [finding for finding in report.findings if finding.problem and finding.check.id != check]
    assert report.code == int(state in (State.WRONG, State.UNKNOWN))


def test_every_check_is_broken_by_some_misconfiguration() -> None:
    assert {check for _, check, *_ in WRONG.values()} == {check.id for check in CHECKS}


def test_on_the_embedded_default_it_says_what_is_not_real() -> None:
    real = replace(CLUSTER, runs_pods=False, nodes=0, zones=frozenset(), dns_pods=0, terway=None, certificate=None)
    facts = replace(
        RIGHT, embedded=True, kubernetes=real, secrets=frozenset(), settings={**SETTINGS, "imageDigest": "false"}
    )
    report = examine(facts, CHECKS)
    assert {finding.check.id for finding in report.findings if finding.problem} == {
        "configuration.tls",
        "kubernetes.walls",
    }
    assert {finding.state for finding in report.findings if finding.problem} == {State.NOT_REAL}
    assert report.code == 0


def test_what_is_shipped_is_full_of_placeholders_and_each_is_named_with_its_line() -> None:
    for stack in ("prod", "prod-adopt"):
        file = ROOT / f"Pulumi.{stack}.yaml"
        marked = [
            line for line in file.read_text("utf-8").splitlines() if "PLACEHOLDER" in line and not line.startswith("#")
        ]
        places = placeholders(file)
        assert len(places) > len(marked)  # account and digests besides
        assert all(result.startswith(f"{file.name}:") for result in places)
