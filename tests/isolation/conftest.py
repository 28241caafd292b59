"""The controls that hold each wall, three times over: on what is declared, in the live system, and by attack.

`python -m tests.isolation.conftest` writes docs/isolation.md from this table, the rules, the rails and the attacks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from policies.analyzer.catalogue import all_rules
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.model.admission_policies import RAILS

FILE = Path(__file__).resolve().parents[2] / "docs" / "isolation.md"


@dataclass(frozen=True)
class Row:
    """`rules` and `attacks` are names, `*` for any ending; `live` is what holds without Pulumi."""

    system: str
    control: str
    rules: tuple[str, ...]
    live: str
    attacks: tuple[str, ...]


ROWS = (
    Row("PostgreSQL", "own database, closed to PUBLIC", ("database-public", "database-closed", "database-rights", "database-grant", "database-shared"),
        "CONNECT revoked on every clone and every shared database", ("database.connect", "database.shared", "database.rights", "database.alter-other", "database.grant-other")),
    Row("PostgreSQL", "all in it belongs to its owner", (), "CloneRights gives whatever has an owner; `tenantry up --refresh` again", ("database.owners",)),
    Row("PostgreSQL", "the record of migrations is the platform's", (), "a schema of the provisioner's, no right for anybody else; CloneRights takes others'", ("database.record",)),
    Row("PostgreSQL", "own roles, powerless, member of their owner alone", ("database-powers", "database-membership", "database-owner", "database-owner-login", "database-rows"),
        "roles without attributes; no membership elsewhere", ("database.powers", "database.set-*", "database.grant-role", "database.alter-role", "database.create-role", "database.language", "database.settings", "database.program", "database.files", "database.signal", "database.copy", "database.outward", "database.server")),
    Row("PostgreSQL", "own password, secret and rotated", ("database-password",), "SCRAM passwords of 381 bits", ("database.password", "database.secrets", "database.activity", "database.shut", "database.login")),
    Row("PostgreSQL", "encrypted and checked connections", ("database-tls",), "DB_SSLMODE=verify-full with the server's certificates", ()),
    Row("PostgreSQL", "connection limit and timeouts", ("database-connections", "database-plan", "totals-connections"),
        "limit of database and login, statement_timeout", ("database.limits", "database.own-limit", "database.unbound")),
    Row("PostgreSQL", "temporary files as the plan gives", (), "temp_file_limit of each login, which is not its to change", ("database.temp-files",)),
    Row("PostgreSQL", "a history that nobody rewrites", (), "rights on its tables; triggers that refuse every change for three years", ("database.history",)),
    Row("PostgreSQL", "trusted extensions only, closed template", ("database-extension", "database-template"), "no superuser makes them", ("database.extensions",)),
    Row("OSS", "exact prefixes with their slash", ("storage-prefix", "storage-own-prefix", "storage-action", "storage-document", "storage-attachment", "storage-shared"),
        "RAM policy of the tenant's role", ("storage.get", "storage.head", "storage.put", "storage.append", "storage.delete", "storage.multipart", "storage.copy", "storage.part-copy", "storage.near", "storage.vault")),
    Row("OSS", "listing by the exact prefix", ("storage-list",), "condition on oss:Prefix; no ListBuckets", ("storage.list*", "storage.buckets")),
    Row("OSS", "closed, encrypted buckets", ("storage-public", "storage-closed", "storage-encryption", "storage-bucket-policy"), "public access block, AES256, TLS alone", ("storage.public", "storage.bucket")),
    Row("OSS", "short sessions for the exact account", ("storage-trust", "storage-session", "storage-standing-key", "storage-broker"),
        "trust policy: issuer, audience, subject; one hour", ("sts.*",)),
    Row("OSS", "life of what is temporary", ("storage-expiry", "storage-temp", "storage-directories"), "lifecycle rules of the bucket", ()),
    Row("Kubernetes", "Pod Security restricted", ("workload-pod-security", "workload-privileged", "workload-capabilities", "workload-root", "workload-seccomp", "workload-filesystem", "workload-host", "workload-volumes", "workload-kind"),
        "labels of the namespace; rail tenantry-pods", ("benchmark.block-added-capabilities", "benchmark.block-run-as-root", "benchmark.block-privileged", "benchmark.block-privilege-escalation", "benchmark.block-host-*", "hardening.immutable-root", "hardening.seccomp", "hardening.pod-security")),
    Row("Kubernetes", "images from the allow-list, pulled each time", ("workload-image", "workload-pull"), "rail tenantry-pods", ("rails.pods", "benchmark.image-pull-always")),
    Row("Kubernetes", "no token, own account", ("workload-account", "workload-token"), "rails tenantry-pods, tenantry-tokens, tenantry-standing-tokens",
        ("rails.tokens", "rails.standing-tokens", "cluster.sts-token", "hardening.no-token")),
    Row("Kubernetes", "quota and limits of the plan", ("quotas-*", "workload-scheduling", "totals-account", "totals-count", "totals-reserved"),
        "ResourceQuota, LimitRange; rails tenantry-walls, tenantry-scale", ("rails.walls", "rails.scale", "benchmark.namespace-quotas", "benchmark.object-limits", "benchmark.block-quota-changes", "hardening.limit-range", "hardening.ready")),
    Row("Kubernetes", "rights of people and accounts end at the namespace", ("workload-rights", "workload-binding", "workload-cluster"),
        "two ClusterRoles, bound to the tenant's groups; rail tenantry-walls", ("cluster.o*", "cluster.rules", "cluster.whole", "cluster.become", "benchmark.block-cluster-resources", "benchmark.block-multitenant-resources", "benchmark.block-other-tenants", "benchmark.bounded-role-bindings")),
    Row("Kubernetes", "a namespace ends when it is told to", ("workload-grace",), "rails tenantry-finalizers, tenantry-grace",
        ("rails.finalizers", "rails.grace", "cluster.own-end")),
    Row("Kubernetes", "guard rails at the API server", ("workload-rail*",), "ValidatingAdmissionPolicies that fail closed, bound with Deny", ("rails.allow", "rails.own")),
    Row("Kubernetes", "labels and namespaces are the provisioner's", ("names-label", "names-own-labels"), "rails tenantry-own, tenantry-labels, tenantry-namespaces",
        ("rails.labels", "rails.namespaces", "hardening.no-sharing")),
    Row("DNS, gateway", "own host name alone", ("dns-name", "dns-host", "dns-wildcard", "dns-ttl", "dns-shared", "dns-gateway", "dns-backend"), "rail tenantry-routes; the gateway takes our namespaces' routes",
        ("host.theft", "host.taken", "host.gateway", "host.endpoints", "host.own", "host.records", "rails.routes", "gateway.own", "gateway.host", "gateway.reused", "gateway.socket")),
    Row("DNS, gateway", "X-Tenant-Code from the host", ("dns-header",), "rail tenantry-routes; the route sets it", ("host.header", "host.forged", "gateway.forged", "gateway.trailer")),
    Row("DNS, gateway", "one request is one request, with one path", (), "Envoy reads strictly and hands on what it read; services get the roles they require from the route", ("gateway.smuggled", "gateway.path")),
    Row("DNS, gateway", "limits of rate, size and time", ("quotas-rate", "quotas-limited"), "BackendTrafficPolicies and time-outs of the routes", ("gateway.rate", "gateway.body", "gateway.timeout")),
    Row("DNS, gateway", "who does not run is answered by the gateway itself", ("dns-shut", "dns-notice"), "routes of a suspended or sleeping tenant without a backend; rails tenantry-routes, tenantry-own", ("gateway.closed", "host.closed")),
    Row("DNS, gateway", "TLS alone, of today", ("dns-gateway",), "one HTTPS listener", ("gateway.plain", "gateway.tls")),
    Row("DNS, gateway", "no second way in", ("dns-other-way", "network-service"), "rails tenantry-entrances, tenantry-services, tenantry-connections",
        ("rails.entrances", "rails.services", "rails.connections", "benchmark.block-node-port")),
    Row("network", "default deny both ways, listed openings", ("network-directions", "network-everywhere", "network-namespace", "network-ingress", "network-egress", "network-alike", "network-closed"),
        "two NetworkPolicies; rail tenantry-walls", ("network.*", "hardening.selectors", "benchmark.bounded-network-policies")),
    Row("secrets", "secret in state, absent from all that is printed", ("protection-secret", "protection-place", "protection-state", "protection-output"), "Secrets of the namespace", ("cluster.own-secrets", "cluster.other-secrets")),
    Row("foundation", "NetworkPolicies are enforced", ("foundation-walls", "foundation-dns"), "Terway with its switch on; `tenantry doctor`", ()),
    Row("foundation", "files leave to our own buckets alone", ("foundation-door", "foundation-way-out"), "policy of the gateway endpoint on the pods' route table", ()),
    Row("foundation", "a database server without a public or a clear way in", ("foundation-database-*",), "pg_hba, security_ips, deletion protection of RDS", ()),
    Row("foundation", "a private cluster on encrypted nodes", ("foundation-cluster", "foundation-nodes", "foundation-switch", "foundation-key"), "KMS, deletion protection of ACK", ()),
    Row("foundation", "who deploys, and what is kept of it", ("foundation-role", "foundation-logs"), "ActionTrail and the Log Service", ()),
    Row("data", "protected, versioned, never replaced", ("protection-protect", "protection-birth", "protection-force", "protection-versions"), "the stack's seal; `tests/e2e/whole/test_teardown.py`", ()),
    Row("all", "what was declared is there", (), "`tenantry up --refresh` makes it again", ("present.*",)),
    Row("all", "each thing says whose it is", ("names-*", "workload-probes"), "marks derived from the code alone", ("database.own", "storage.own", "cluster.own")),
)  # fmt: skip

HEAD = """# Isolation: what holds one tenant from another

Written by `python -m tests.isolation.conftest` from the table there. A test fails when the two differ, when a rule, a rail or an attack
is in no row, or when a row names one that is gone.

| column | what it names |
| --- | --- |
| policy | a rule of the policy pack, on what is declared (`docs/policies.md`) |
| live | what holds against changes that do not come through Pulumi |
| attack | what `tenantry verify` tries (`tenantry verify --list`) |

Whether each is needed is tried too:

| taken away or broken | by |
| --- | --- |
| everything declared, in turn | `tests/policies/test_mutations.py` |
| the live controls | `tests/e2e/attack/test_mutations.py` |
| each sentence of each rail | `tests/components/guardrails` |

What is not tried:

- **Packets.** The network is evaluated, not sent through: on the embedded default no packet is filtered.
- **The cache's own ACL.** Where there is a cache, each tenant reaches it with an ACL user and a key prefix of its own
  (`tenantry:redisUrls`; one credential for several is refused). What that user may, the cache says: nothing here tries it.

## The controls
"""


def expanded(patterns: tuple[str, ...], names: list[str]) -> list[str]:
    """In the order of the names."""
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def document() -> str:
    rules, attacks = list(all_rules()), [attack.id for attack in ATTACKS]
    return "\n".join([HEAD, *_table(rules, attacks), "", *_rails(), ""])


def _table(rules: list[str], attacks: list[str]) -> Iterator[str]:
    yield "| system | control | policy | live | attack |\n| --- | --- | --- | --- | --- |"
    for row in ROWS:
        cells = (_listed(expanded(row.rules, rules)), row.live, _listed(expanded(row.attacks, attacks)))
        yield f"| {row.system} | {row.control} | {' | '.join(cells)} |"


def _rails() -> Iterator[str]:
    yield "## The rails\n\n| rail | in the rows |\n| --- | --- |"
    for rail in RAILS:
        yield f"| `{rail}` | {'; '.join(row.control for row in ROWS if holds(row, rail))} |"


def holds(row: Row, rail: str) -> bool:
    return rail in row.live.replace(",", " ").replace(";", " ").split()


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none: it shields from mistakes, not from people"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
