"""Single controls taken away from a live system, one at a time: `tenantry verify` goes red, and green again.

The controls come from the catalogue of attacks: one that no row here takes away, and that is not listed with a reason
why it cannot be, fails.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from local.throwaway import World
from tenantry.engine.project import Project
from tenantry.rails import RAILS
from tenantry.verify.catalogue import ATTACKS
from tenantry.verify.surroundings import Surroundings, read
from tenantry.verify.verifying import verify

TENANTS = ("k001", "k002")
SPACE, OTHER = "tenant-k001", "tenant-k002"
SEEN_SECONDS = 30  # until the API server has read a policy that changed
BUCKET = "systemkarder"

Sabotage = Callable[[World], AbstractContextManager[None]]


def sql(do: str, undo: str, database: str = "postgres") -> Sabotage:
    @contextmanager
    def run(world: World) -> Iterator[None]:
        with world.connect(database) as connection:
            connection.execute(do)  # pyright: ignore[reportArgumentType, reportCallIssue]  (a constant of this file)
        yield
        with world.connect(database) as connection:
            connection.execute(undo)  # pyright: ignore[reportArgumentType, reportCallIssue]  (as above)

    return run


def gone(kind: str, name: str, namespace: str | None = SPACE) -> Sabotage:
    """Removes an object, and puts it back as it was."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        place = ("-n", namespace) if namespace else ()
        kept = world.kubectl("get", kind, name, *place)
        world.run("kubectl", "delete", kind, name, *place)
        yield
        _restore(world, kept, "create")

    return run


def changed(kind: str, name: str, patch: Any, namespace: str | None = SPACE) -> Sabotage:
    """Patches an object (a list: JSON patch), and replaces it by what it was."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        place = ("-n", namespace) if namespace else ()
        kept = world.kubectl("get", kind, name, *place)
        how = "json" if isinstance(patch, list) else "merge"
        world.run("kubectl", "patch", kind, name, *place, "--type", how, "-p", json.dumps(patch))
        yield
        _restore(world, kept, "replace")

    return run


def made(thing: dict[str, Any]) -> Sabotage:
    """Something that must not be there."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        _apply(world, thing, "create")
        yield
        _apply(world, thing, "delete")

    return run


def _restore(world: World, kept: dict[str, Any], verb: str) -> None:
    for key in ("resourceVersion", "uid", "creationTimestamp", "generation"):
        kept["metadata"].pop(key, None)
    _apply(world, kept, verb)


def _apply(world: World, thing: dict[str, Any], verb: str) -> None:
    file = world.folder / ".local" / "mutation.json"
    file.write_text(json.dumps(thing))
    world.run("kubectl", verb, "-f", str(file))


def ram(change: Callable[[Any], None], *, trust: bool = False) -> Sabotage:
    """Changes the policy of k001's role, or whom the role trusts."""

    @contextmanager
    def run(world: World) -> Iterator[None]:
        kept = _document(world, trust)
        document = json.loads(kept)
        change(document)
        _keep(world, trust, json.dumps(document))
        yield
        _keep(world, trust, kept)

    return run


def _document(world: World, trust: bool) -> str:
    if trust:
        return _rpc(world, "GetRole", RoleName=SPACE)["Role"]["AssumeRolePolicyDocument"]
    found = _rpc(world, "GetPolicy", PolicyName=SPACE, PolicyType="Custom")
    return found["DefaultPolicyVersion"]["PolicyDocument"]


def _keep(world: World, trust: bool, document: str) -> None:
    if trust:
        _rpc(world, "UpdateRole", RoleName=SPACE, NewAssumeRolePolicyDocument=document)
        return
    named = {"PolicyName": SPACE, "PolicyType": "Custom"}
    _rpc(world, "CreatePolicyVersion", PolicyName=SPACE, PolicyDocument=document, SetAsDefault="true")
    for one in _rpc(world, "ListPolicyVersions", **named)["PolicyVersions"]["PolicyVersion"]:
        if not one["IsDefaultVersion"]:
            _rpc(world, "DeletePolicyVersion", PolicyName=SPACE, VersionId=one["VersionId"])


def _rpc(world: World, action: str, **parameters: str) -> Any:
    request = CommonRequest(domain="ram.aliyuncs.com", version="2015-05-01", action_name=action)
    request.set_method("POST")
    request.set_protocol_type("http")
    for name, value in parameters.items():
        request.add_query_param(name, value)
    env, proxy = world.env, world.env["TENANTRY_ALIBABA_PROXY"]
    client = AcsClient(env["ALICLOUD_ACCESS_KEY"], env["ALICLOUD_SECRET_KEY"], "cn-guangzhou", proxy={"http": proxy})
    return json.loads(client.do_action_with_exception(request) or "{}")


def widen(document: Any) -> None:
    """The prefix is that of everybody."""
    for statement in document["Statement"]:
        named = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        wide = [f"acs:oss:*:*:{BUCKET}/*" if f":{BUCKET}/" in one else one for one in named]
        statement["Resource"] = wide


def unconditional(document: Any) -> None:
    for statement in document["Statement"]:
        statement.pop("Condition", None)


def every_bucket(document: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": ["oss:*"], "Resource": ["acs:oss:*:*:*"]})


def any_account(document: Any) -> None:
    for statement in document["Statement"]:
        for condition in statement.get("Condition", {}).values():
            condition.pop("oidc:sub", None)


RBAC = "rbac.authorization.k8s.io"
BINDING = f"{RBAC}/v1"


def bound(role: str, *, cluster: bool = False, group: str = "tenantry:k001:tenant_admin") -> dict[str, Any]:
    metadata = {"name": "mutation"} if cluster else {"name": "mutation", "namespace": SPACE}
    return {
        "apiVersion": BINDING,
        "kind": "ClusterRoleBinding" if cluster else "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
    }


EVERYBODY = {
    "spec": {"ingress": [{"from": [{"namespaceSelector": {}}]}], "egress": [{"to": [{"namespaceSelector": {}}]}]}
}
CONTAINER = "/spec/template/spec/containers/0/securityContext"
FROM_ALL = [
    {"op": "replace", "path": "/spec/listeners/0/allowedRoutes/namespaces", "value": {"from": "All"}},
]

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
    "no connection limit": (
        ("database.limits",),
        sql("ALTER DATABASE rent001 CONNECTION LIMIT -1", "ALTER DATABASE rent001 CONNECTION LIMIT 50"),
    ),
    "a prefix without its slash": (("storage.get", "storage.near"), ram(widen)),
    "listing without a prefix": (("storage.list", "storage.list-near"), ram(unconditional)),
    "every action on every bucket": (("storage.bucket", "storage.buckets", "storage.copy"), ram(every_bucket)),
    "any account of the cluster": (("sts.token",), ram(any_account, trust=True)),
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
    "no quota of objects": (
        ("benchmark.object-limits",),
        changed("resourcequota", "plan", [{"op": "remove", "path": "/spec/hard/configmaps"}]),
    ),
    "no limits": (("hardening.limit-range",), gone("limitrange", "plan")),
    "a writable root": (
        ("hardening.immutable-root",),
        changed("deployment", "business-app", [{"op": "remove", "path": f"{CONTAINER}/readOnlyRootFilesystem"}]),
    ),
    **{
        f"without {rail}": (
            (f"rails.{rail.removeprefix('tenantry-')}",),
            gone("validatingadmissionpolicybinding", rail, None),
        )
        for rail in RAILS
    },
}


# What cannot be taken away alone, and why.
UNTOUCHED: dict[str, str] = {
    "the tenant's own rights": "no wall: what must work",
    "the tenant's own rights; a session cannot renew itself": "no wall: what must work",
    "the rails let good things through": "no wall: what must work",
    "the few openings": "no wall: what must work",
    "quota and limits fit the workload": "no wall: what must work",
    "a password of its own for each login role": "PostgreSQL's own",
    "system catalogues keep their secrets": "PostgreSQL's own",
    "statistics hide others' statements": "PostgreSQL's own; pg_read_all_stats is a membership",
    "no untrusted extension": "the packages on the server",
    "the source of a copy is read with the same right": "OSS's own; the right is that of reading",
    "trust names the audience": "said twice: by the trust and by the identity provider",
    "the mounted token is for STS alone": "the API server's own audience",
    "the gateway sets the header from the host": "a rail refuses the route that does not, from the provisioner too",
    "one host, one namespace": "a rail refuses the route, from the provisioner too",
    "Pod Security restricted, rail tenantry-pods": "said twice, each of them is taken away alone",
    "seccomp RuntimeDefault": "Pod Security refuses the pod without it",
    "no token mounting, own account": "a rail refuses the pod with it",
    "public access is blocked": "declared, and the pack misses it; the buckets' own ACL is private as well",
    "trust names the workload and the broker alone": "said twice: a session may not take roles either",
    "the login's limit is not the login's to lift": "falls with CREATEROLE, which is taken away above",
    "a namespace for each tenant": "two tenants of one namespace cannot be declared",
}


@pytest.fixture(scope="module")
def small(world: World) -> World:
    """Two tenants."""
    for file in (world.folder / "tenants").glob("k*.yaml"):
        if file.stem not in TENANTS:
            file.unlink()
    world.up()
    return world


@pytest.fixture(scope="module")
def surroundings(small: World) -> Surroundings:
    return read(Project.find(small.folder), "local", small.env)


def faults(at: Surroundings, attacks: tuple[str, ...]) -> dict[str, str]:
    report = verify(at, TENANTS, attacks, lambda _: None)
    return {f"{one.attack.id} {one.tenant} {one.target}": one.verdict.said for one in report.bad}


def test_every_control_is_taken_away_or_cannot_be() -> None:
    tried = {attack.control for attack in ATTACKS for ids, _ in MUTATIONS.values() if attack.id in ids}
    assert sorted({attack.control for attack in ATTACKS} - tried - UNTOUCHED.keys()) == []
    assert sorted(UNTOUCHED.keys() - {attack.control for attack in ATTACKS}) == []


@pytest.mark.parametrize("what", MUTATIONS)
def test_verify_misses_it(small: World, surroundings: Surroundings, what: str) -> None:
    attacks, sabotage = MUTATIONS[what]
    with sabotage(small):
        deadline = time.monotonic() + SEEN_SECONDS
        while not faults(surroundings, attacks):
            assert time.monotonic() < deadline, "nobody misses it"
            time.sleep(0.5)


def test_all_is_well_again(surroundings: Surroundings) -> None:
    deadline = time.monotonic() + SEEN_SECONDS
    while found := faults(surroundings, ()):
        assert time.monotonic() < deadline, found
        time.sleep(1)
