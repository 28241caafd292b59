"""`tenantry verify` on a live stack of four tenants: all denied, and red as soon as one control is taken away."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.instances.throwaway import World
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.engine.stack.project import Project
from tenantry.inspection.doctor.catalogue import CHECKS
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.inspection.verify.core.attack import State
from tenantry.inspection.verify.core.target import VerifyTarget, read
from tenantry.inspection.verify.report import Report
from tenantry.inspection.verify.run import verify
from tenantry.model.lifecycle import Phase
from tests.e2e.attack.conftest import KEPT
from tests.support.clients.checkov import failed_checks
from tests.support.standin import control

RAM = ("ram.aliyuncs.com", "2015-05-01")
IN_FORCE_SECONDS = 20  # admission policies and rights are read by the API server a little after they are stored
SHUT = {"database.shut", "sts.shut"}  # tried on tenants without access
Sabotage = Callable[[World], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def live(small: World) -> VerifyTarget:
    return read(Project(small.folder), "local", small.env)


def test_every_attack_is_tried_and_held(small: World) -> None:
    done = small.run("tenantry", "verify", "--json", "--stack", "local", asks_for_secrets=False)
    document = json.loads(done.stdout)
    assert {row["attack"] for row in document["attacks"]} == {attack.id for attack in ATTACKS}
    assert document["held"] == document["attempts"] > 1500
    assert document["tenants"] == list(KEPT)
    assert "no packet was sent" in document["network"]["remark"]
    assert any(line.startswith("tenant-k001 -> ") for line in document["network"]["reaches"])
    assert not any("tenant-k002" in line for line in document["network"]["reaches"] if line.startswith("tenant-k001"))
    assert "attempts" in done.stderr


# Of what the cluster has made of the declared objects too: a pod is its Deployment's. tests/policies/test_checkov.py says why.
GENERATED = re.compile(r"(-[b-df-hj-np-tv-z0-9]{6,10})?(-[b-df-hj-np-tv-z0-9]{5})?$")  # Kubernetes takes no vowels
LIVE_EXCEPTIONS = {
    ("CKV_K8S_35", "business-app"),
    ("CKV_K8S_35", "plugin-activities"),
    ("CKV_K8S_35", "plugin-enrollment"),
    ("CKV_K8S_35", "plugin-posters"),
    ("CKV_K8S_43", "business-app"),
}


@pytest.mark.sampled(0)
def test_checkov_finds_in_a_living_tenant_what_is_written_down_and_nothing_else(small: World, tmp_path: Path) -> None:
    """Everything in its namespace, and that: also the default service account, and what controllers made."""
    listed = small.run("kubectl", "api-resources", "--namespaced", "--verbs=list", "-o", "name").stdout.split()
    kinds = ",".join(name for name in listed if not name.startswith("events"))
    items = small.kubectl("get", kinds, "-n", "tenant-k001", "--ignore-not-found")["items"]
    items.append(small.kubectl("get", "namespace", "tenant-k001"))
    for number, item in enumerate(items):
        (tmp_path / f"{number}.json").write_text(json.dumps(item, ensure_ascii=False))
    assert {"Pod", "ServiceAccount", "Secret", "Namespace"} <= {item["kind"] for item in items}
    found = failed_checks(
        tmp_path
    )  # a pod's name, or a ReplicaSet's, is its Deployment's with a hash and a number behind it
    names = {(check, GENERATED.sub("", resource.split(".")[-1])) for check, resource in found}
    assert names == LIVE_EXCEPTIONS


def test_the_doctor_finds_nothing_wrong_and_says_what_is_not_real(small: World) -> None:
    """On the same instance, before anything is taken away: each system answers for real."""
    done = small.run("tenantry", "doctor", "--json", "--stack", "local", asks_for_secrets=False)
    report = json.loads(done.stdout)
    bad = [finding for finding in report["findings"] if finding["state"] in ("wrong", "unknown")]
    assert (bad, report["result"]) == ([], "good")
    not_real = {finding["check"] for finding in report["findings"] if finding["state"] == "not real"}
    assert not_real == {"configuration.tls", "kubernetes.walls"}
    assert {finding["check"] for finding in report["findings"]} == {check.id for check in CHECKS}


def test_a_tenant_that_there_is_not_is_a_wrong_call(small: World) -> None:
    done = small.run("tenantry", "verify", "k999", "--stack", "local", ok=2)
    assert "k999" in done.stderr
    assert "k001" in done.stderr


@contextmanager
def sql(world: World, database: str, do: str, undo: str) -> Iterator[None]:
    with world.connect(database) as connection:
        connection.execute(do.encode())
        try:
            yield
        finally:
            connection.execute(undo.encode())


@contextmanager
def deleted(world: World, *what: str) -> Iterator[None]:
    """Away, and back as it was."""
    body = world.kubectl("get", *what)
    for key in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        body["metadata"].pop(key, None)
    file = world.folder / ".local" / "put-back.json"
    file.write_text(json.dumps(body))
    world.run("kubectl", "delete", *what)
    try:
        yield
    finally:
        world.run("kubectl", "create", "-f", str(file))


@contextmanager
def patched(world: World, do: Any, undo: Any, *what: str) -> Iterator[None]:
    world.run("kubectl", "patch", *what, "--type", "merge", "-p", json.dumps(do))
    try:
        yield
    finally:
        world.run("kubectl", "patch", *what, "--type", "merge", "-p", json.dumps(undo))


@contextmanager
def made(world: World, body: Any) -> Iterator[None]:
    file = world.folder / ".local" / "made.json"
    file.write_text(json.dumps(body))
    world.run("kubectl", "create", "-f", str(file))
    try:
        yield
    finally:
        world.run("kubectl", "delete", "-f", str(file))


def ram(world: World, action: str, **parameters: str) -> Any:
    return call(*RAM, action, parameters, world.env)


@contextmanager
def wider_grant(world: World) -> Iterator[None]:
    """The mistake the slash is there for: all prefixes that begin alike."""
    told = ram(world, "GetPolicy", PolicyName="tenant-k001", PolicyType="Custom")["DefaultPolicyVersion"]
    wide = told["PolicyDocument"].replace("13800138001/*", "138*")
    assert wide != told["PolicyDocument"]
    new = ram(
        world, "CreatePolicyVersion", PolicyName="tenant-k001", PolicyDocument=wide, SetAsDefault="true"
    )["PolicyVersion"]["VersionId"]  # fmt: skip
    try:
        yield
    finally:
        ram(world, "SetDefaultPolicyVersion", PolicyName="tenant-k001", VersionId=told["VersionId"])
        ram(world, "DeletePolicyVersion", PolicyName="tenant-k001", VersionId=new)


@contextmanager
def wider_trust(world: World) -> Iterator[None]:
    told = ram(world, "GetRole", RoleName="tenant-k002")["Role"]["AssumeRolePolicyDocument"]
    wide = json.loads(told)
    subject = "system:serviceaccount:tenant-k001:business-app"
    wide["Statement"][0]["Condition"]["StringEquals"]["oidc:sub"].append(subject)
    ram(world, "UpdateRole", RoleName="tenant-k002", NewAssumeRolePolicyDocument=json.dumps(wide))
    try:
        yield
    finally:
        ram(world, "UpdateRole", RoleName="tenant-k002", NewAssumeRolePolicyDocument=told)


@contextmanager
def strange_trust(world: World) -> Iterator[None]:
    """The account `default` of the tenant's own namespace, which any pod there may use."""
    told = ram(world, "GetRole", RoleName="tenant-k001")["Role"]["AssumeRolePolicyDocument"]
    wide = json.loads(told)
    wide["Statement"][0]["Condition"]["StringEquals"]["oidc:sub"].append("system:serviceaccount:tenant-k001:default")
    ram(world, "UpdateRole", RoleName="tenant-k001", NewAssumeRolePolicyDocument=json.dumps(wide))
    try:
        yield
    finally:
        ram(world, "UpdateRole", RoleName="tenant-k001", NewAssumeRolePolicyDocument=told)


@contextmanager
def long_sessions(world: World) -> Iterator[None]:
    ram(world, "UpdateRole", RoleName="tenant-k001", NewMaxSessionDuration="7200")
    try:
        yield
    finally:
        ram(world, "UpdateRole", RoleName="tenant-k001", NewMaxSessionDuration="3600")


RBAC = "rbac.authorization.k8s.io"
POWER = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "power", "namespace": "tenant-k001"},
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "tenantry-tenant-viewer"},
    "subjects": [{"kind": "ServiceAccount", "name": "business-app", "namespace": "tenant-k001"}],
}
BOUND = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "slip", "namespace": "tenant-k002"},
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "tenantry-tenant-viewer"},
    "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "tenantry:k001:tenant_admin"}],
}
THIEF = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "thief", "namespace": "tenantry-platform"},
    "spec": {"parentRefs": [{"name": "tenants", "namespace": "tenantry-gateway"}], "hostnames": ["k001.yyup.cc"]},
}
SPACE = ("namespace", "tenant-k001")
ENFORCE = "pod-security.kubernetes.io/enforce"

SABOTAGES: dict[str, tuple[Sabotage, set[str]]] = {
    "CONNECT for PUBLIC": (
        lambda w: sql(w, "rent002", "GRANT CONNECT ON DATABASE rent002 TO PUBLIC",
                      "REVOKE CONNECT ON DATABASE rent002 FROM PUBLIC"),
        {"database.connect", "database.rights"},
    ),
    "a membership": (
        lambda w: sql(w, "postgres", "GRANT rent002 TO rent001_a", "REVOKE rent002 FROM rent001_a"),
        {"database.set-role", "database.powers"},
    ),
    "a login without a bound": (
        lambda w: sql(w, "postgres", "ALTER ROLE rent001_a CONNECTION LIMIT -1",
                      "ALTER ROLE rent001_a CONNECTION LIMIT 50"),
        {"database.limits"},
    ),
    "a right to signal": (
        lambda w: sql(w, "postgres", "GRANT pg_signal_backend TO rent001", "REVOKE pg_signal_backend FROM rent001"),
        {"database.signal", "database.outward", "database.powers"},
    ),
    "a right to make databases": (
        lambda w: sql(w, "postgres", "ALTER ROLE rent001 CREATEDB", "ALTER ROLE rent001 NOCREATEDB"),
        {"database.copy", "database.powers"},
    ),
    "a trust with the account that every pod may use": (strange_trust, {"sts.stranger"}),
    "a role with long sessions": (long_sessions, {"sts.long"}),
    "rights for the application": (lambda w: made(w, POWER), {"cluster.rules"}),
    "a grant without its slash": (wider_grant, {"storage.get", "storage.put", "storage.copy", "storage.near"}),
    "a trust with another account": (wider_trust, {"sts.token"}),
    "no default deny": (lambda w: deleted(w, "networkpolicy", "closed", "-n", "tenant-k001"),
                        {"network.in", "network.out"}),
    "no binding of a rail": (
        lambda w: deleted(w, "validatingadmissionpolicybinding", "tenantry-routes"),
        {"host.theft", "host.header", "rails.routes"},
    ),
    "no Pod Security": (
        lambda w: patched(w, {"metadata": {"labels": {ENFORCE: None}}},
                          {"metadata": {"labels": {ENFORCE: "restricted"}}}, *SPACE),
        {"hardening.pod-security", "benchmark.block-run-as-root"},
    ),
    "no quota": (lambda w: deleted(w, "resourcequota", "plan", "-n", "tenant-k001"),
                 {"benchmark.namespace-quotas", "benchmark.object-limits"}),
    "a binding across tenants": (lambda w: made(w, BOUND), {"cluster.other-looks", "benchmark.block-other-tenants"}),
    "a route elsewhere": (lambda w: made(w, THIEF), {"host.taken"}),
}  # fmt: skip


def attacked(live: VerifyTarget, ids: set[str]) -> Report:
    return verify(live, only=ids, say=lambda _: None)


def eventually(live: VerifyTarget, ids: set[str], wanted: Callable[[Report], bool]) -> Report:
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while not wanted(report := attacked(live, ids)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return report


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", SABOTAGES)
def test_a_control_taken_away_turns_red(small: World, live: VerifyTarget, name: str) -> None:
    sabotage, ids = SABOTAGES[name]
    with sabotage(small):
        report = eventually(live, ids, lambda one: ids <= {bad.attack.id for bad in one.bad})
        holes = {result.attack.id for result in report.bad if result.verdict.state is State.HOLE}
        assert holes, [result.verdict.said for result in report.bad]
        assert ids == {result.attack.id for result in report.bad}
        assert report.code == 1
    assert eventually(live, ids, lambda one: not one.bad).code == 0


def test_an_interruption_ends_in_order(small: World) -> None:
    """The signal comes while an attack waits for the object store."""
    late = {"pattern": "oss:ListObjects", "kind": "latency", "times": 1, "seconds": 20}
    control(small, "POST", "faults", late)
    running = subprocess.Popen(
        ("tenantry", "verify", "--stack", "local"),
        cwd=small.folder,
        env=small.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )
    deadline = time.monotonic() + 120
    while control(small, "GET", "faults")["faults"]:  # one that is used up is gone
        assert time.monotonic() < deadline, "verify did not list any objects"
        assert running.poll() is None, "verify ended before it listed any objects"
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    control(small, "DELETE", "faults")
    assert running.wait(180) == 130


def test_nothing_is_left_behind_by_all_of_this(small: World) -> None:
    for kind in ("clusterroles", "clusterrolebindings"):
        assert not small.kubectl("get", kind, "-l", "tenantry.io/verify")["items"]
    assert "tenantry-verify" not in json.dumps(small.alibaba())


@contextmanager
def shut_trust(world: World, code: str) -> Iterator[None]:
    """The trust policy that the component writes for a tenant without access."""
    told = ram(world, "GetRole", RoleName=f"tenant-{code}")["Role"]["AssumeRolePolicyDocument"]
    shut = json.loads(told)
    for statement in shut["Statement"]:
        statement["Effect"] = "Deny"
    ram(world, "UpdateRole", RoleName=f"tenant-{code}", NewAssumeRolePolicyDocument=json.dumps(shut))
    try:
        yield
    finally:
        ram(world, "UpdateRole", RoleName=f"tenant-{code}", NewAssumeRolePolicyDocument=told)


def test_a_tenant_without_access_has_none(small: World, live: VerifyTarget) -> None:
    names, _ = live.tenants["k003"]
    suspended = replace(live, tenants={**live.tenants, "k003": (names, Phase.SUSPENDED)})
    assert {result.attack.id for result in attacked(suspended, SHUT).bad} == SHUT
    off, on = (f"ALTER ROLE {names.login_roles[0]} {word}" for word in ("NOLOGIN", "LOGIN"))
    with sql(small, "postgres", off, on), shut_trust(small, "k003"):
        assert attacked(suspended, SHUT).code == 0
