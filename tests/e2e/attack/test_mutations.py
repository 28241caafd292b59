"""Single controls taken away from a live system, one at a time: `tenantry verify` goes red, and green again.

The controls come from the catalogue of attacks: one that no row here takes away, and that is not listed with a reason
why it cannot be, fails.
"""

import time

import pytest

from local.instances.throwaway import World
from tenantry.engine.stack.project import Project
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.inspection.verify.core.target import VerifyTarget, read
from tenantry.inspection.verify.run import verify
from tenantry.model.admission_policies import RAILS
from tests.e2e.attack.altered import (
    ADMINISTRATOR,
    APP,
    CONTAINER,
    EVERYBODY,
    FROM_ALL,
    GATEWAY,
    NO_FILTERS,
    OLD_TLS,
    OPENED,
    PLAIN_LISTENER,
    ROUTES_RAIL,
    SET_HEADERS,
    STOLEN,
    STRAY,
    account_too,
    any_account,
    as_it_is,
    bound,
    every_bucket,
    root_too,
    unconditional,
    widen,
)
from tests.e2e.attack.beside import rows
from tests.e2e.attack.sabotage import (
    SPACE,
    Sabotage,
    changed,
    gone,
    made,
    password,
    ram,
    record,
    rpc,
    sql,
    switched_off,
    together,
    trusting,
)

SHUT = "k007"  # suspended: it has a namespace, and no access
SEEN_SECONDS = 30  # until the API server has read a policy that changed
# What is taken away -> attacks of which at least one must find it, and how.
MUTATIONS: dict[str, tuple[tuple[str, ...], Sabotage]] = {
    "CONNECT open on a clone": (
        ("database.connect",),
        sql("GRANT CONNECT ON DATABASE rent002 TO PUBLIC", "REVOKE CONNECT ON DATABASE rent002 FROM PUBLIC"),
    ),
    "CONNECT open on the admin database": (
        ("database.shared",),
        sql(
            "GRANT CONNECT ON DATABASE admin_tenant_management TO PUBLIC",
            "REVOKE CONNECT ON DATABASE admin_tenant_management FROM PUBLIC",
        ),
    ),
    "rights of PUBLIC": (
        ("database.rights",),
        sql("GRANT TEMPORARY ON DATABASE rent002 TO PUBLIC", "REVOKE TEMPORARY ON DATABASE rent002 FROM PUBLIC"),
    ),
    "membership in another's owner": (
        ("database.set-role", "database.powers"),
        sql("GRANT rent002 TO rent001_a", "REVOKE rent002 FROM rent001_a"),
    ),
    "CREATEROLE": (
        ("database.create-role", "database.powers"),
        sql("ALTER ROLE rent001 CREATEROLE", "ALTER ROLE rent001 NOCREATEROLE"),
    ),
    "CREATEROLE of a login": (
        ("database.powers",),
        sql("ALTER ROLE rent001_a CREATEROLE", "ALTER ROLE rent001_a NOCREATEROLE"),
    ),
    "a role to pass on": (
        ("database.grant-role", "database.powers"),
        sql("GRANT rent002 TO rent001 WITH ADMIN OPTION", "REVOKE rent002 FROM rent001"),
    ),
    "superuser": (
        ("database.settings", "database.language"),
        sql("ALTER ROLE rent001 SUPERUSER", "ALTER ROLE rent001 NOSUPERUSER"),
    ),
    "superuser of a login": (
        ("database.powers",),
        sql("ALTER ROLE rent001_a SUPERUSER", "ALTER ROLE rent001_a NOSUPERUSER"),
    ),
    "another's database": (
        ("database.alter-other", "database.grant-other"),
        sql("ALTER DATABASE rent002 OWNER TO rent001", "ALTER DATABASE rent002 OWNER TO rent002"),
    ),
    "programs of the server": (
        ("database.program",),
        sql("GRANT pg_execute_server_program TO rent001", "REVOKE pg_execute_server_program FROM rent001"),
    ),
    "files of the server": (
        ("database.files",),
        sql(
            "GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO rent001",
            "REVOKE EXECUTE ON FUNCTION pg_ls_dir(text) FROM rent001",
            "rent001",
        ),
    ),
    "others' statements": (
        ("database.powers",),
        sql("GRANT pg_read_all_stats TO rent001_a", "REVOKE pg_read_all_stats FROM rent001_a"),
    ),
    "an owner from elsewhere": (
        ("database.owners",),
        sql(
            "CREATE STATISTICS public.mutation (dependencies) ON kindergarten_id, class_id FROM public.students",
            "DROP STATISTICS public.mutation",
            "rent001",
        ),
    ),
    "the record of migrations in the tenant's hands": (
        ("database.record",),
        sql(
            "ALTER SCHEMA tenantry_platform OWNER TO rent001",
            "ALTER SCHEMA tenantry_platform OWNER TO CURRENT_USER",
            "rent001",
        ),
    ),
    "the record of migrations named by the tenant": (
        ("database.record",),
        sql(
            "GRANT USAGE ON SCHEMA tenantry_platform TO rent001",
            "REVOKE USAGE ON SCHEMA tenantry_platform FROM rent001",
            "rent001",
        ),
    ),
    "a password of its own making": (("database.login",), password("rent001_a")),
    "no connection limit": (
        ("database.limits",),
        sql("ALTER DATABASE rent001 CONNECTION LIMIT -1", "ALTER DATABASE rent001 CONNECTION LIMIT 50"),
    ),
    "no limit of temporary files": (
        ("database.temp-files",),
        sql(
            "ALTER ROLE rent001_a IN DATABASE rent001 RESET temp_file_limit",
            f"ALTER ROLE rent001_a IN DATABASE rent001 SET temp_file_limit = '{40 * 2**20 // 60}kB'",
        ),
    ),
    "a limit of temporary files that is the tenant's to lift": (
        ("database.temp-files",),
        sql(
            "GRANT SET ON PARAMETER temp_file_limit TO rent001",
            "REVOKE SET ON PARAMETER temp_file_limit FROM rent001",
        ),
    ),
    "a prefix without its slash": (("storage.get", "storage.near"), ram(widen)),
    "listing without a prefix": (("storage.list", "storage.list-near"), ram(unconditional)),
    "every action on every bucket": (
        ("storage.bucket", "storage.buckets", "storage.copy", "storage.vault"),
        ram(every_bucket),
    ),
    "any account of the cluster": (("sts.token",), trusting(any_account)),
    "the account's root": (("sts.trust",), trusting(root_too)),
    "more connections": (
        ("database.limits",),
        sql("ALTER ROLE rent001_a CONNECTION LIMIT 5000", "ALTER ROLE rent001_a CONNECTION LIMIT 50"),
    ),
    "an address that is nobody's": (("host.endpoints",), made(STRAY)),
    "the account's roles": (("sts.account",), ram(account_too)),
    "the broker's rights": (
        ("sts.broker",),
        rpc("AttachPolicyToRole", ADMINISTRATOR, ADMINISTRATOR, "DetachPolicyFromRole"),
    ),
    "sessions of a day": (
        ("sts.long",),
        rpc(
            "UpdateRole",
            {"RoleName": SPACE, "NewMaxSessionDuration": "43200"},
            {"RoleName": SPACE, "NewMaxSessionDuration": "3600"},
        ),
    ),
    "the trust of a tenant without access": (("sts.shut",), trusting(as_it_is, of=f"tenant-{SHUT}")),
    "the login of a tenant without access": (
        ("database.shut",),
        sql("ALTER ROLE rent007_a LOGIN", "ALTER ROLE rent007_a NOLOGIN"),
    ),
    "CREATEDB": (("database.copy",), sql("ALTER ROLE rent001 CREATEDB", "ALTER ROLE rent001 NOCREATEDB")),
    "a monitor's rights": (("database.outward",), sql("GRANT pg_monitor TO rent001", "REVOKE pg_monitor FROM rent001")),
    "others' sessions": (
        ("database.signal",),
        sql("GRANT pg_signal_backend TO rent001", "REVOKE pg_signal_backend FROM rent001"),
    ),
    "rules of the application's account": (
        ("cluster.rules",),
        made(bound("view") | {"subjects": [{"kind": "ServiceAccount", "name": "business-app", "namespace": SPACE}]}),
    ),
    "rights of an administrator": (
        ("cluster.own-secrets", "cluster.own-walls", "cluster.own-pods", "benchmark.block-quota-changes"),
        made(bound("cluster-admin")),
    ),
    "rights everywhere": (
        ("cluster.other-secrets", "cluster.whole", "cluster.become", "benchmark.block-other-tenants"),
        made(bound("cluster-admin", cluster=True)),
    ),
    "rights of all accounts": (
        ("cluster.other-looks", "cluster.whole"),
        made(bound("view", cluster=True, group="system:authenticated")),
    ),
    "a second record of the name": (("host.records",), record("k001", "203.0.113.99")),
    "routes from everywhere": (("host.gateway",), changed("gateway", "tenants", FROM_ALL, "tenantry-gateway")),
    "openings for everybody": (
        ("network.tenants", "network.in", "network.out", "hardening.selectors"),
        changed("networkpolicy", "openings", EVERYBODY),
    ),
    "no default deny": (("network.in", "network.out"), gone("networkpolicy", "closed")),
    "no Pod Security": (
        ("hardening.pod-security",),
        changed("namespace", SPACE, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": None}}}, None),
    ),
    "no quota": (("benchmark.namespace-quotas",), gone("resourcequota", "plan")),
    "no Deployment": (("present.objects", "hardening.ready"), gone("deployment", "business-app")),
    "no DNS record": (("present.record",), switched_off("k001.yyup.cc")),
    "a quota beyond the plan's": (
        ("benchmark.object-limits",),
        changed("resourcequota", "plan", {"spec": {"hard": {"pods": "999"}}}),
    ),
    "limits beyond the plan's": (
        ("hardening.limit-range",),
        changed("limitrange", "plan", [{"op": "replace", "path": "/spec/limits/1/max/memory", "value": "500Gi"}]),
    ),
    "no quota of objects": (
        ("benchmark.object-limits",),
        changed("resourcequota", "plan", [{"op": "remove", "path": "/spec/hard/configmaps"}]),
    ),
    "no limits": (("hardening.limit-range",), gone("limitrange", "plan")),
    "an account that hands out its token": (
        ("hardening.no-token",),
        changed("serviceaccount", "default", {"automountServiceAccountToken": True}),
    ),
    "finalizers by the tenant's admin": (
        ("cluster.own-end",),
        gone("validatingadmissionpolicybinding", "tenantry-finalizers", None),
    ),
    "a writable root": (
        ("hardening.immutable-root",),
        changed("deployment", "business-app", [{"op": "remove", "path": f"{CONTAINER}/readOnlyRootFilesystem"}]),
    ),
    "a route that sets no header": (
        ("gateway.forged",),
        together(gone("validatingadmissionpolicybinding", ROUTES_RAIL, None), changed("httproute", APP, NO_FILTERS)),
    ),
    "another's route for the host": (
        ("gateway.own",),
        together(gone("validatingadmissionpolicybinding", ROUTES_RAIL, None), made(STOLEN)),
    ),
    "underscores in headers": (
        ("gateway.forged",),
        changed("clienttrafficpolicy", "tenants", {"spec": {"headers": {"withUnderscoresAction": "Allow"}}}, GATEWAY),
    ),
    "no limit of a service's requests": (("gateway.rate",), gone("backendtrafficpolicy", "plugin-posters")),
    "no limit of a body": (
        ("gateway.body",),
        changed("backendtrafficpolicy", APP, [{"op": "remove", "path": "/spec/requestBuffer"}]),
    ),
    "a service without its roles": (
        ("gateway.path",),
        changed("httproute", "plugin-posters", [{"op": "remove", "path": f"{SET_HEADERS}/1"}]),
    ),
    "requests without an end": (
        ("gateway.timeout",),
        changed("httproute", APP, [{"op": "replace", "path": "/spec/rules/0/timeouts/request", "value": "300s"}]),
    ),
    "a suspended tenant's route to its application": (
        ("gateway.closed", "host.closed"),
        changed("httproute", APP, OPENED, f"tenant-{SHUT}"),
    ),
    "a suspended tenant's notice": (("gateway.closed",), gone("httproutefilter", "notice", f"tenant-{SHUT}")),
    "old TLS": (
        ("gateway.tls",),
        changed("clienttrafficpolicy", "tenants", {"spec": {"tls": OLD_TLS}}, GATEWAY),
    ),
    "a listener without TLS": (
        ("gateway.plain", "host.gateway"),
        changed("gateway", "tenants", PLAIN_LISTENER, GATEWAY),
    ),
    **{
        f"without {rail}": (
            (f"rails.{rail.removeprefix('tenantry-')}",),
            gone("validatingadmissionpolicybinding", rail, None),
        )
        for rail in RAILS
    },
    **rows("TAKEN_AWAY"),
}


# What cannot be taken away alone, and why.
UNTOUCHED: dict[str, str] = {
    "the tenant's own rights": "no wall: what must work",
    "the tenant's own rights; a session cannot renew itself": "no wall: what must work",
    "the rails let good things through": "no wall: what must work",
    "the few openings": "no wall: what must work",
    "quota and limits fit the workload": "no wall: what must work",
    "system catalogues keep their secrets": "PostgreSQL's own",
    "statistics hide others' statements": "PostgreSQL's own; pg_read_all_stats is a membership",
    "no untrusted extension": "the packages on the server",
    "the source of a copy is read with the same right": "OSS's own; the right is that of reading",
    "trust names the audience": "said twice: by the trust and by the identity provider",
    "the mounted token is for STS alone": "the API server's own audience",
    "one host, one namespace": "a rail refuses the route, from the provisioner too",
    "Pod Security restricted, rail tenantry-pods": "said twice, each of them is taken away alone",
    "seccomp RuntimeDefault": "Pod Security refuses the pod without it",
    "public access is blocked": "declared, and the pack misses it; the buckets' own ACL is private as well",
    "the login's limit is not the login's to lift": "falls with CREATEROLE, which is taken away above",
    "the Host decides whose request it is": "Envoy's own",
    "each request of a connection has its own host": "Envoy's own",
    "one request is one request": "Envoy's own",
    "a namespace for each tenant": "two tenants of one namespace cannot be declared",
    **rows("UNTOUCHED"),
}


@pytest.fixture(scope="module")
def surroundings(small: World) -> VerifyTarget:
    return read(Project.find(small.folder), "local", small.env)


def faults(at: VerifyTarget, attacks: tuple[str, ...]) -> dict[str, str]:
    report = verify(at, ("k001", "k002", SHUT), attacks, lambda _: None)
    return {f"{result.attack.id} {result.tenant} {result.target}": result.verdict.said for result in report.bad}


def test_every_control_is_taken_away_or_cannot_be() -> None:
    tried = {attack.control for attack in ATTACKS for ids, _ in MUTATIONS.values() if attack.id in ids}
    assert sorted({attack.control for attack in ATTACKS} - tried - UNTOUCHED.keys()) == []
    assert sorted(UNTOUCHED.keys() - {attack.control for attack in ATTACKS}) == []


@pytest.mark.sampled(10)
@pytest.mark.parametrize("what", MUTATIONS)
def test_verify_misses_it(small: World, surroundings: VerifyTarget, what: str) -> None:
    attacks, sabotage = MUTATIONS[what]
    with sabotage(small):
        deadline = time.monotonic() + SEEN_SECONDS
        while not faults(surroundings, attacks):
            assert time.monotonic() < deadline, "nobody misses it"
            time.sleep(0.5)


def test_all_is_well_again(surroundings: VerifyTarget) -> None:
    deadline = time.monotonic() + SEEN_SECONDS
    while found := faults(surroundings, ()):
        assert time.monotonic() < deadline, found
        time.sleep(1)
