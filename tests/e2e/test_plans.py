"""What each plan gives, to the limit and one beyond it; services, rotation, scaling: on the embedded default.

Four tenants, one a plan. What happened is printed as a table a plan (`pytest -s`), and asserted.
"""

import hashlib
import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator
from kubernetes import client, config
from kubernetes.utils import parse_quantity

from local.paths import ROOT
from local.throwaway import World
from tenantry.plans import Plan, PlansDocument, with_defaults
from tenantry.quantity import bytes_of
from tenantry.reading import read_model

TENANTS = {"basic": "k002", "standard": "k001", "premium": "k007", "enterprise": "k016"}
FILLER = {"tenantry.io/filler": "true"}
IMAGE = "business-app:1.0.0"  # of no other may a pod be made, whoever makes it
LATER = "2027-06-01"  # long after every overlap
pytestmark = pytest.mark.timeout(600)


@dataclass
class Table:
    """One plan's: quota, limit, what happened at it and one beyond."""

    plan: str
    rows: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])

    def add(self, quota: str, limit: object, within: str, beyond: str) -> None:
        self.rows.append((quota, str(limit), within, beyond))

    def __str__(self) -> str:
        rows = [("quota", "limit", "at the limit", "at limit + 1"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([f"\nplan {self.plan}", *lines])


@pytest.fixture(scope="module")
def opened(world: World) -> World:
    """Four tenants, none with a service yet."""
    for file in world.folder.glob("tenants/k*.yaml"):
        if file.stem not in TENANTS.values():
            file.unlink()
    for code in TENANTS.values():
        change(world, code, enabled_services=None, api_keys=None)
    world.up()
    return world


@pytest.fixture(scope="module")
def plans(opened: World) -> dict[str, Plan]:
    document = read_model(opened.folder / "tenants" / "plans.yaml", PlansDocument, with_defaults).value
    assert document is not None
    return dict(document.plans.items())


@pytest.fixture(scope="module")
def api(opened: World) -> client.ApiClient:
    """As the administrator, who is under every quota as everybody else."""
    return config.new_client_from_config(opened.env["KUBECONFIG"])


def change(world: World, code: str, **fields: str | None) -> None:
    """Replaces top-level lines of a tenant's file; None takes the field out with all that is indented below it."""
    lines, kept = world.tenant_file(code).read_text().splitlines(), []
    inside = False
    for line in lines:
        inside = line.split(":")[0] in fields if line[:1].strip() else inside
        if not inside:
            kept.append(line)
    kept += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    world.tenant_file(code).write_text("\n".join(kept) + "\n")


def secret(world: World, code: str, name: str = "business-app") -> dict[str, str]:
    data = world.kubectl("get", "secret", name, "-n", f"tenant-{code}").get("data", {})
    return {key: b64decode(value).decode() for key, value in data.items()}


def told(world: World, code: str) -> dict[str, Any]:
    data = world.kubectl("get", "configmap", "business-app", "-n", f"tenant-{code}")["data"]
    return json.loads(data["TENANT_SETTINGS"])


def quota(world: World, code: str) -> dict[str, Any]:
    return world.kubectl("get", "resourcequota", "plan", "-n", f"tenant-{code}")["status"]


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(client.ApiException) as refused:
        attempt()
    assert refused.value.status == 403, refused.value.body
    return json.loads(refused.value.body or "{}")["message"]


def pod(name: str, **amounts: str) -> dict[str, Any]:
    """One that Pod Security admits; without amounts the LimitRange gives it the plan's."""
    limits = {key.replace("_", "-"): value for key, value in amounts.items()}
    container = {
        "name": "filler",
        "image": IMAGE,
        "imagePullPolicy": "Always",
        "resources": {"limits": limits, "requests": limits} if limits else {},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    outer = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": outer, "automountServiceAccountToken": False}
    return {"metadata": {"name": name, "labels": FILLER}, "spec": spec}


def objects(api: client.ApiClient, space: str) -> dict[str, tuple[Callable[[str], object], Callable[[], object]]]:
    """Kind as the quota calls it -> how one is made, and how all that were made here are removed."""
    core: Any = client.CoreV1Api(api)
    label = ",".join(f"{key}={value}" for key, value in FILLER.items())
    meta = {"labels": FILLER}

    def services() -> None:
        for one in core.list_namespaced_service(space, label_selector=label).items:
            core.delete_namespaced_service(one.metadata.name, space)

    return {
        "configmaps": (
            lambda name: core.create_namespaced_config_map(space, {"metadata": {"name": name, **meta}}),
            lambda: core.delete_collection_namespaced_config_map(space, label_selector=label),
        ),
        "secrets": (
            lambda name: core.create_namespaced_secret(space, {"metadata": {"name": name, **meta}}),
            lambda: core.delete_collection_namespaced_secret(space, label_selector=label),
        ),
        "services": (
            lambda name: core.create_namespaced_service(
                space, {"metadata": {"name": name, **meta}, "spec": {"ports": [{"port": 80}]}}
            ),
            services,
        ),
        "pods": (
            lambda name: core.create_namespaced_pod(space, pod(name)),
            lambda: core.delete_collection_namespaced_pod(space, label_selector=label, grace_period_seconds=0),
        ),
    }


@pytest.mark.parametrize("name", TENANTS)
def test_each_quota_holds_at_the_limit_and_not_one_beyond(
    opened: World, plans: dict[str, Plan], api: client.ApiClient, name: str
) -> None:
    code, plan, table = TENANTS[name], plans[name], Table(name)
    space = f"tenant-{code}"
    _count_objects(opened, api, code, plan, table)
    _size_containers(api, space, plan, table)
    _nothing_shared(api, space, table)
    _connect(opened, code, plan, table)
    _at_the_gateway(opened, code, plan, table)
    _told(opened, code, plan, table)
    print(table)
    assert len(table.rows) >= 4 + 6 + 3 + 3 + 4 + 2 + 8


def _count_objects(world: World, api: client.ApiClient, code: str, plan: Plan, table: Table) -> None:
    """As many as the plan says, those that tenantry made counted in; the pods fill CPU, memory and disk, too."""
    limits = {
        "configmaps": plan.objects.config_maps,
        "secrets": plan.objects.secrets,
        "services": plan.objects.services,
        "pods": plan.objects.pods,
    }
    totals = ["requests.cpu", "limits.cpu", "requests.memory", "limits.memory"]
    totals += ["requests.ephemeral-storage", "limits.ephemeral-storage"]
    for kind, (make, clear) in objects(api, f"tenant-{code}").items():
        before = int(quota(world, code)["used"][kind])
        for number in range(limits[kind] - before):
            make(f"filler-{number}")
        message = refusal(lambda make=make: make("filler-too-many"))
        assert "exceeded quota: plan" in message
        assert f"used: {'' if kind == 'pods' else kind + '='}" in message
        table.add(kind, limits[kind], f"{limits[kind] - before} made beside {before}", "refused (exceeded quota)")
        if kind == "pods":
            used, hard = quota(world, code)["used"], quota(world, code)["hard"]
            for amount in totals:
                assert parse_quantity(used[amount]) == parse_quantity(hard[amount]), amount
                assert f"{amount}=" in message
                table.add(f"{amount} in all", hard[amount], "all in use", "refused (exceeded quota)")
        clear()
        _until(lambda kind=kind, before=before: int(quota(world, code)["used"][kind]) == before)


def _until(come: Callable[[], bool]) -> None:
    """The quota's controller counts what is gone a moment later."""
    deadline = time.monotonic() + 60
    while not come():
        assert time.monotonic() < deadline, "the quota still counts what was deleted"
        time.sleep(0.2)


def _size_containers(api: client.ApiClient, space: str, plan: Plan, table: Table) -> None:
    """LimitRange: one container as large as the plan's, and not a bit larger."""
    core: Any = client.CoreV1Api(api)
    compute = plan.compute
    most = {"cpu": compute.cpu, "memory": compute.memory, "ephemeral_storage": compute.ephemeral_storage}
    core.create_namespaced_pod(space, pod("filler-largest", **most), dry_run="All")
    for kind, limit in most.items():
        more = f"{int(limit.removesuffix('m')) + 1}m" if kind == "cpu" else str(bytes_of(limit) + 1)
        larger = pod("filler-larger", **(most | {kind: more}))
        message = refusal(lambda larger=larger: core.create_namespaced_pod(space, larger))
        assert f"maximum {kind.replace('_', '-')} usage per Container is {limit_of(limit)}" in message
        table.add(f"{kind} of a container", limit, "admitted", f"{more} refused (LimitRange)")


def limit_of(text: str) -> str:
    """As the API server writes it: 2000m is 2."""
    return str(int(text[:-1]) // 1000) if text.endswith("000m") else text


def _nothing_shared(api: client.ApiClient, space: str, table: Table) -> None:
    """Ports of the nodes, load balancers and volumes are none of a tenant's: the limit is 0."""
    core: Any = client.CoreV1Api(api)
    for kind, word in (("NodePort", "services.nodeports"), ("LoadBalancer", "services.loadbalancers")):
        body = {"metadata": {"name": "filler"}, "spec": {"type": kind, "ports": [{"port": 80}]}}
        message = refusal(lambda body=body: core.create_namespaced_service(space, body))
        assert "tenantry-services: a Service is a ClusterIP" in message  # the guard rail is asked before the quota
        assert quota_of(core, space)[word] == "0"
        table.add(word, 0, "none there", "refused (admission policy; the quota behind it is 0)")
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    body = {"metadata": {"name": "filler"}, "spec": claim}
    assert "persistentvolumeclaims" in refusal(lambda: core.create_namespaced_persistent_volume_claim(space, body))
    table.add("persistentvolumeclaims", 0, "none there", "refused (exceeded quota)")


def quota_of(core: Any, space: str) -> dict[str, str]:
    return core.read_namespaced_resource_quota("plan", space).spec.hard


def _connect(world: World, code: str, plan: Plan, table: Table) -> None:
    database, own = f"rent{code[1:]}", secret(world, code)
    limit = plan.database.connections
    with ExitStack() as stack:
        for _ in range(limit):
            stack.enter_context(world.connect(database, own["DB_USER"], own["DB_PASSWORD"]))
        with pytest.raises(psycopg.OperationalError, match=f"too many connections for role .*{database}_a"):
            world.connect(database, own["DB_USER"], own["DB_PASSWORD"])
    table.add("database connections", limit, f"{limit} open at once", "refused (too many connections)")
    with world.connect() as session:  # both logins at once, while one takes over from the other, come no further
        row = session.execute("SELECT datconnlimit FROM pg_database WHERE datname = %s", [database]).fetchone()
        assert row == (limit,)
    with world.connect(database, own["DB_USER"], own["DB_PASSWORD"]) as session:
        for setting, seconds in (
            ("statement_timeout", plan.database.statement_timeout_s),
            ("idle_in_transaction_session_timeout", plan.database.idle_timeout_s),
        ):
            row = session.execute("SELECT setting::int, source FROM pg_settings WHERE name = %s", [setting]).fetchone()
            assert row == (seconds * 1000, "database user")
            table.add(setting, f"{seconds} s", "in force for each session", "cancelled; a session may set another")


def _at_the_gateway(world: World, code: str, plan: Plan, table: Table) -> None:
    """There is no gateway in the embedded default: what it would enforce is declared, to the number."""
    found = world.kubectl("get", "backendtrafficpolicies", "-n", f"tenant-{code}")["items"]
    by_name = {one["metadata"]["name"]: one["spec"] for one in found}
    for spec in by_name.values():
        (rule,) = spec["rateLimit"]["local"]["rules"]
        assert rule["limit"] == {"requests": plan.request_rate, "unit": "Minute"}
    assert int(by_name["business-app"]["requestBuffer"]["limit"]) == bytes_of(plan.body_size)
    table.add("requests a minute", plan.request_rate, "declared", "declared: the gateway answers 429")
    table.add("size of a request", plan.body_size, "declared", "declared: the gateway answers 413")
    scalers = world.kubectl("get", "hpa", "-n", f"tenant-{code}")["items"]
    deployment = world.kubectl("get", "deployment", "business-app", "-n", f"tenant-{code}")
    running, most = deployment["status"]["replicas"], plan.compute.replicas
    assert running == plan.compute.min_replicas
    if plan.compute.scales:
        assert [one["spec"]["maxReplicas"] for one in scalers] == [most]
    else:
        assert (scalers, running) == ([], most)
    table.add("replicas", most, f"{running} run, {most} at most", "not made (autoscaler, quota)")
    strategy = deployment["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxSurge"] == plan.compute.surge
    table.add("replicas more in a roll-out", plan.compute.surge, "declared", "not made (Deployment, quota)")


def _told(world: World, code: str, plan: Plan, table: Table) -> None:
    document = told(world, code)
    schema = json.loads((ROOT / "docs" / "tenant-settings.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(document)
    allowed = plan.allowance
    assert allowed.max_users.holds(document["maxUsers"])
    assert allowed.max_storage.holds(document["maxStorage"])
    own = {"users": document["maxUsers"], "storage": document["maxStorage"]}
    for name, given in plan.quotas.items():
        assert document["quotas"][name]["limit"] == own.get(name, given.limit)
        assert document["quotas"][name]["reset"] == given.reset
        table.add(name, f"{own.get(name, given.limit)} {given.unit}", "told to the application", "the application's")
    assert document["ai"]["callsPerMinute"] == plan.ai.calls_per_minute == 100
    table.add("AI calls a minute", plan.ai.calls_per_minute, "told to the AI bridge", "the bridge's")


def test_a_service_that_does_not_fit_is_refused_before_anything_is_made(opened: World) -> None:
    code, text = TENANTS["basic"], opened.tenant_file(TENANTS["basic"]).read_text()
    before = opened.resources()
    change(opened, code, enabled_services="[enrollment, activities, posters]")
    line = len(opened.tenant_file(code).read_text().splitlines())
    validated = opened.run("tenantry", "validate", ok=1)
    refused = opened.up(ok=1)
    opened.tenant_file(code).write_text(text)
    for done in (validated, refused):
        said = done.stdout + done.stderr
        assert f"tenants/{code}.yaml:{line}: enabled_services[2]: posters does not fit into plan basic" in said
        assert "8 of 6 pods" in said
        assert "or choose plan standard" in said
    assert opened.resources() == before


def _workloads(world: World, code: str) -> dict[str, tuple[str, int]]:
    """Name of every Deployment -> what changes when it is made anew, and when it is touched."""
    items = world.kubectl("get", "deployments", "-n", f"tenant-{code}")["items"]
    return {one["metadata"]["name"]: (one["metadata"]["uid"], one["metadata"]["generation"]) for one in items}


def test_services_are_switched_on_and_off_without_touching_others(opened: World) -> None:
    """With them come two keys, whose rotation is below."""
    code = TENANTS["standard"]
    key = "{name: school-bus, scopes: [students-read], expires_at: 2028-08-31}"
    change(opened, code, enabled_services="[enrollment]", features="{apiAccess: true}", api_keys=f"[{key}]")
    change(opened, TENANTS["enterprise"], enabled_services="[enrollment, posters]")
    opened.up()
    before, neighbours = _workloads(opened, code), _workloads(opened, TENANTS["enterprise"])
    assert before.keys() == {"business-app", "plugin-enrollment"}
    change(opened, code, enabled_services="[enrollment, activities]")
    change(opened, TENANTS["enterprise"], enabled_services="[posters]")
    opened.up()
    after, left = _workloads(opened, code), _workloads(opened, TENANTS["enterprise"])
    assert after["plugin-enrollment"] == before["plugin-enrollment"]
    assert left == {
        "plugin-posters": neighbours["plugin-posters"],
        "business-app": (neighbours["business-app"][0], neighbours["business-app"][1] + 1),  # told of it
    }
    deployments = opened.kubectl("get", "deployments", "-n", f"tenant-{code}")["items"]
    assert all(one["status"]["availableReplicas"] == 1 for one in deployments)
    assert [one["path"] for one in told(opened, code)["services"]] == ["/services/enrollment", "/services/activities"]


def test_plan_diff_says_who_is_affected_before_it_is_applied(opened: World) -> None:
    assert "nobody of 4" in opened.run("tenantry", "plan", "diff", "--stack", "local").stdout
    code, text = TENANTS["premium"], opened.tenant_file(TENANTS["premium"]).read_text()
    change(opened, code, plan="standard", ai=None, config=None)
    less = opened.run("tenantry", "plan", "diff", "--stack", "local", ok=6).stdout
    assert f"{code}: plan premium -> standard, 1999 -> 799 CNY a month" in less
    assert "limits.databaseConnections: 80 -> 60  (less)" in less
    opened.tenant_file(code).write_text(text)
    file = opened.folder / "tenants" / "plans.yaml"
    plans = file.read_text()
    file.write_text(plans.replace("request_rate: 12000", "request_rate: 15000"))
    more = opened.run("tenantry", "plan", "diff", "--stack", "local", "--json", ok=5).stdout
    file.write_text(plans)
    (affected,) = json.loads(more)
    assert affected["code"] == TENANTS["enterprise"]
    assert affected["changes"] == [
        {"key": "limits.requestsPerMinute", "before": 12000, "after": 15000, "direction": "more"}
    ]


@dataclass
class Clients:
    """Two that connect anew all the time: one with what it was given at its start, one with what a new pod is given."""

    world: World
    api: client.ApiClient
    code: str
    failed: list[str] = field(default_factory=list[str])
    done: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0})
    logins: set[str] = field(default_factory=set[str])
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Clients":
        given = self._read()
        self.threads = [
            threading.Thread(target=self._loop, args=("old", lambda: given)),
            threading.Thread(target=self._loop, args=("new", self._read)),
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def _read(self) -> dict[str, str]:
        found: Any = client.CoreV1Api(self.api).read_namespaced_secret("business-app", f"tenant-{self.code}")
        return {key: b64decode(value).decode() for key, value in (found.data or {}).items()}

    def _loop(self, name: str, credentials: Callable[[], dict[str, str]]) -> None:
        while not self.stop.is_set():
            try:
                own = credentials()
                with self.world.connect(f"rent{self.code[1:]}", own["DB_USER"], own["DB_PASSWORD"]) as session:
                    session.execute("SELECT count(*) FROM users")
                self.logins.add(own["DB_USER"])
                self.done[name] += 1
            except (psycopg.Error, client.ApiException) as error:
                self.failed.append(f"{name}: {type(error).__name__}")
            time.sleep(0.02)


def _accepted(world: World, code: str) -> dict[str, Any]:
    """By what the platform knows the tenant's tokens, as the bridge and the gateway read it."""
    with world.connect("admin_tenant_management") as session:
        row = session.execute("SELECT settings -> 'tokens' FROM tenants WHERE tenant_id = %s", [code]).fetchone()
    assert row is not None
    return row[0]


def _known(entries: list[dict[str, str]], value: str) -> bool:
    return hashlib.sha256(value.encode()).hexdigest() in {one["sha256"] for one in entries}


@pytest.fixture(scope="module")
def before(opened: World) -> dict[str, str]:
    code = TENANTS["standard"]
    return secret(opened, code) | {"school-bus": secret(opened, code, "api-keys")["school-bus"]}


def test_a_rotation_fails_no_query(opened: World, api: client.ApiClient, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    change(opened, code, credentials="{rotation: 2}")
    with Clients(opened, api, code) as clients:
        opened.up()
        time.sleep(1)
    print(f"\nrotation: {clients.done['old']} queries with the old login, {clients.done['new']} as a new pod, 0 failed")
    assert clients.failed == []
    assert clients.logins == {"rent001_a", "rent001_b"}
    assert min(clients.done.values()) > 20


def test_until_the_overlap_ends_both_work(opened: World, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    after, keys, accepted = secret(opened, code), secret(opened, code, "api-keys"), _accepted(opened, code)
    assert all(after[name] != before[name] for name in before if name in after)
    assert after["JWT_SECRET_PREVIOUS"] == before["JWT_SECRET"]
    assert keys["school-bus.previous"] == before["school-bus"] != keys["school-bus"]
    for entries, values in (
        (accepted["ai"], (after["AI_TOKEN"], before["AI_TOKEN"])),
        (accepted["unifiedTenantApi"], (after["UNIFIED_TENANT_API_KEY"], before["UNIFIED_TENANT_API_KEY"])),
        (accepted["apiKeys"]["school-bus"]["accepted"], (keys["school-bus"], before["school-bus"])),
    ):
        assert all(_known(entries, value) for value in values)
        assert [("until" in one) for one in entries] == [False, True]
    with opened.connect() as session:
        rows = session.execute(
            "SELECT rolname, rolcanlogin, rolvaliduntil = 'infinity', rolvaliduntil > now() + interval '6 days'"
            " FROM pg_roles WHERE rolname LIKE 'rent001\\__' ORDER BY 1"
        ).fetchall()
    assert rows == [("rent001_a", True, False, True), ("rent001_b", True, True, True)]


def test_after_the_overlap_the_old_ones_are_refused(opened: World, before: dict[str, str]) -> None:
    code = TENANTS["standard"]
    workloads = _workloads(opened, code)
    opened.run("pulumi", "config", "set", "tenantry:today", LATER, "--stack", "local")
    opened.up()
    after, keys, accepted = secret(opened, code), secret(opened, code, "api-keys"), _accepted(opened, code)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        opened.connect("rent001", before["DB_USER"], before["DB_PASSWORD"])
    opened.connect("rent001", after["DB_USER"], after["DB_PASSWORD"]).close()
    assert "JWT_SECRET_PREVIOUS" not in after
    assert keys.keys() == {"school-bus"}
    assert not _known(accepted["ai"], before["AI_TOKEN"])
    assert not _known(accepted["apiKeys"]["school-bus"]["accepted"], before["school-bus"])
    assert _known(accepted["ai"], after["AI_TOKEN"])
    assert _workloads(opened, code) == workloads, "nothing starts anew when an overlap ends"


def test_with_keda_workloads_sleep(opened: World) -> None:
    """Made, taken by the API server and left alone; there is no KEDA here to act on them."""
    change(opened, TENANTS["standard"], sleep='{awake: {from: "06:30", to: "19:00"}, idle_minutes: 0}')
    for key, value in (("keda", "true"), ("prometheusUrl", "http://prometheus.monitoring:9090")):
        opened.run("pulumi", "config", "set", f"tenantry:{key}", value, "--stack", "local")
    opened.up()
    items = opened.kubectl("get", "scaledobjects", "-A")["items"]
    specs = {one["metadata"]["namespace"].removeprefix("tenant-"): one["spec"] for one in items}
    triggers = {code: [one["type"] for one in spec["triggers"]] for code, spec in specs.items()}
    assert triggers == {
        TENANTS["basic"]: ["prometheus"],
        TENANTS["standard"]: ["cron"],
        TENANTS["premium"]: ["cpu"],
        TENANTS["enterprise"]: ["cpu"],
    }
    least = {code: spec["minReplicaCount"] for code, spec in specs.items()}
    assert least == dict(zip(TENANTS.values(), (0, 0, 1, 2), strict=True))
    assert not opened.kubectl("get", "hpa", "-A")["items"]
    summary = next(line for line in opened.up().stdout.splitlines() if "unchanged in" in line)
    assert not [word for word in ("created", "updated", "deleted") if word in summary]


def test_none_of_the_keys_is_in_clear_in_what_was_written(opened: World) -> None:
    values = {value for code in TENANTS.values() for value in secret(opened, code).values() if len(value) > 20}
    values |= set(secret(opened, TENANTS["standard"], "api-keys").values())
    assert len(values) >= 4 * 4
    places = [path for folder in ("state", "log") for path in (opened.folder / ".local" / folder).rglob("*")]
    texts = [path.read_text(errors="replace") for path in places if path.is_file()]
    texts += [output for output in opened.outputs if '"kind": "Secret"' not in output]
    assert not [value[:4] for value in values for text in texts if value in text]


@pytest.fixture(scope="module", autouse=True)
def _long_enough() -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"\nthe whole file took {time.monotonic() - started:.0f} s")
