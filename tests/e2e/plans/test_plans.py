"""Each plan gives what it says, to the limit and not one beyond it; on the embedded default.

Four tenants, one a plan. What happened is printed as a table a plan (`pytest -s`), and asserted.
"""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator
from kubernetes import client
from kubernetes.utils import parse_quantity

from components.manifests.http_route import REQUEST_TIMEOUT
from local.instances.throwaway import World
from local.shared.paths import ROOT
from tenantry.inspection.verify.attacks.gateway.limits import post, seconds_of
from tenantry.names import names_of
from tenantry.spec.loader import read_model
from tenantry.spec.plans import Plan, PlansDocument, with_defaults
from tenantry.spec.quantity import bytes_of
from tests.e2e.plans.quota_objects import Table, objects, pod
from tests.support.clients.gateway_requests import Late, endpoint_of, flood, late
from tests.support.four import TENANTS, change, open_four, running, secret, settings_document, until

SENT_BEFORE = 10  # requests of these tests to the same tenant in the minute before
FILLER = {"tenantry.io/filler": "true"}
IMAGE = "business-app:1.0.0"  # of no other may a pod be made, whoever makes it
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def opened(world: World) -> World:
    return open_four(world)


@pytest.fixture(scope="module")
def plans(opened: World) -> dict[str, Plan]:
    document = read_model(opened.folder / "tenants" / "plans.yaml", PlansDocument, with_defaults).value
    assert document is not None
    return dict(document.plans.items())


@pytest.fixture(scope="module")
def late_answers(opened: World) -> dict[str, list[Late]]:
    """By plan: what comes of an application that takes a second less than a request may, and one more."""
    delays = [seconds_of(REQUEST_TIMEOUT) + more for more in (-1, 1)]
    tenants = [names_of(code, "13800138000") for code in TENANTS.values()]
    return dict(zip(TENANTS, late(endpoint_of(opened), tenants, delays), strict=True))


def quota(world: World, code: str) -> dict[str, Any]:
    return world.kubectl("get", "resourcequota", "plan", "-n", f"tenant-{code}")["status"]


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(client.ApiException) as refused:
        attempt()
    assert refused.value.status == 403, refused.value.body
    return json.loads(refused.value.body or "{}")["message"]


@pytest.mark.parametrize("name", TENANTS)
def test_each_quota_holds_at_the_limit_and_not_one_beyond(
    opened: World, plans: dict[str, Plan], api: client.ApiClient, late_answers: dict[str, list[Late]], name: str
) -> None:
    code, plan, table = TENANTS[name], plans[name], Table(name)
    space = f"tenant-{code}"
    until(lambda: running(opened, code) == plan.compute.min_replicas, "the autoscaler has not begun")
    _count_objects(opened, api, code, plan, table)
    _size_containers(api, space, plan, table)
    _nothing_shared(api, space, table)
    _connect(opened, code, plan, table)
    _at_the_gateway(opened, code, plan, table)
    _in_time(late_answers[name], table)
    _told(opened, code, plan, table)
    print(table)
    assert len(table.rows) >= 4 + 6 + 3 + 3 + 4 + 1 + 2 + 8


def _count_objects(world: World, api: client.ApiClient, code: str, plan: Plan, table: Table) -> None:
    """Fills the namespace with as many objects as the plan says, those that tenantry made counted in; the pods fill CPU, memory and disk, too."""
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
        until(
            lambda kind=kind, before=before: int(quota(world, code)["used"][kind]) == before,
            "it still counts what is gone",
        )


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
    """The limit in the API server's notation: 2000m is 2."""
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
        limit_kb = plan.temp_files // 1024
        row = session.execute("SELECT setting::bigint FROM pg_settings WHERE name = 'temp_file_limit'").fetchone()
        assert row == (limit_kb,)
        table.add("temporary files", f"{limit_kb} kB", "in force for each session", "`tenantry verify` tries it")


def _at_the_gateway(world: World, code: str, plan: Plan, table: Table) -> None:
    """By real requests, as the plan's users send them; other routes than the application's have limits of their own."""
    document = world.kubectl("get", "backendtrafficpolicies", "-n", f"tenant-{code}")["items"]
    by_name = {fault["metadata"]["name"]: fault["spec"] for fault in document}
    for spec in by_name.values():
        (rule,) = spec["rateLimit"]["local"]["rules"]
        assert rule["limit"] == {"requests": plan.request_rate, "unit": "Minute"}
    assert int(by_name["business-app"]["requestBuffer"]["limit"]) == bytes_of(plan.body_size)
    endpoint, names = endpoint_of(world), names_of(code, "13800138000")
    limit = bytes_of(plan.body_size)
    fits, beyond = post(endpoint, names, limit), post(endpoint, names, limit + 1)
    assert (fits.status, fits.tenant, fits.believed, fits.seen["body_bytes"]) == (200, code, [code], limit)
    assert beyond.status == 413
    table.add("size of a request", plan.body_size, f"{limit} bytes arrive", "refused (413)")
    crowd = flood(endpoint, names, plan.request_rate)
    assert crowd.refusal is not None
    assert plan.request_rate - SENT_BEFORE <= crowd.answered <= crowd.most
    table.add("requests a minute", plan.request_rate, f"{crowd.answered} answered at once", "refused (429)")
    scalers = world.kubectl("get", "hpa", "-n", f"tenant-{code}")["items"]
    deployment = world.kubectl("get", "deployment", "business-app", "-n", f"tenant-{code}")
    running, most = deployment["status"]["replicas"], plan.compute.replicas
    assert running == plan.compute.min_replicas
    if plan.compute.scales:
        assert [scaler["spec"]["maxReplicas"] for scaler in scalers] == [most]
    else:
        assert (scalers, running) == ([], most)
    table.add("replicas", most, f"{running} run, {most} at most", "not made (autoscaler, quota)")
    strategy = deployment["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxSurge"] == plan.compute.surge
    table.add("replicas more in a roll-out", plan.compute.surge, "declared", "not made (Deployment, quota)")


def _in_time(answers: list[Late], table: Table) -> None:
    fits, beyond = answers
    assert (fits.status, beyond.status) == (200, 504)
    limit = seconds_of(REQUEST_TIMEOUT)
    assert fits.seconds >= limit - 1
    assert beyond.seconds >= limit - 0.5  # it is cut off then, and not before
    table.add("time of a request", REQUEST_TIMEOUT, f"{limit - 1:.0f} s are answered", "refused (504)")


def _told(world: World, code: str, plan: Plan, table: Table) -> None:
    document = settings_document(world, code)
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


def test_plan_diff_says_who_is_affected_before_it_is_applied(opened: World) -> None:
    assert "nobody of 4" in opened.run("tenantry", "plan", "diff", "--stack", "local").stdout
    code, text = TENANTS["premium"], opened.tenant_file(TENANTS["premium"]).read_text()
    shown = json.loads(opened.run("tenantry", "show", code, "--stack", "local", "--applied", "--json").stdout)
    assert (shown["config"]["environment"], shown["config"]["version"]) == ("local", "1.0.0")
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


def test_a_smaller_plan_runs_what_was_bought_although_an_autoscaler_was_there(opened: World) -> None:
    code = TENANTS["enterprise"]
    change(opened, code, enabled_services="[enrollment, activities, posters, messaging, assessments]")
    opened.up()
    until(lambda: running(opened, code) == 2, "the autoscaler has not begun")
    change(
        opened, code, plan="basic", enabled_services="[enrollment]", limits=None, ai=None, config=None, features=None
    )
    refused = opened.up(ok=3)
    said = "has no room while the services of plan enterprise are still there: 7 of 6 pods"
    assert said in refused.stdout + refused.stderr
    change(opened, code, plan="enterprise")
    opened.up()
    change(opened, code, plan="basic")
    opened.up()
    time.sleep(20)  # as long as an autoscaler takes to look
    assert running(opened, code) == 1
    (left,) = opened.kubectl("get", "hpa", "-n", f"tenant-{code}")["items"]
    assert (left["spec"]["minReplicas"], left["spec"]["maxReplicas"]) == (1, 1)
    summary = next(line for line in opened.up().stdout.splitlines() if "unchanged in" in line)
    assert not [word for word in ("created", "updated", "deleted") if word in summary]


def test_a_quota_that_the_tenants_objects_fill_is_told_so_and_a_secret_comes_and_changes(opened: World) -> None:
    """The one Secret more that is refused is that of the tenant's secrets, which then is made and follows its value."""
    code, values = TENANTS["basic"], ("first-Value-of-9", "second-Value-of-8")
    space, was = f"tenant-{code}", _checksums(opened, code)
    _configure_secret(opened, f"{code}.wechatPayKey", values[0])
    change(opened, code, secrets=f"[{{name: wechat-pay-key, from: 'config:{code}.wechatPayKey'}}]")
    free = _fill_secrets(opened, space)
    refused = opened.up(ok=3)
    assert f"the quota plan of {code} is used up (secrets 12 of 12 and 1 more)" in refused.stderr
    assert f"{free} of 12 are not the platform's: Secret filler-0 (made by kubectl-create)" in refused.stderr
    assert f"kubectl -n {space} delete secret/filler-0 " in refused.stderr
    opened.run("kubectl", "delete", "secrets", "-n", space, *(f"filler-{number}" for number in range(free)))
    opened.up()
    assert secret(opened, code, "tenant-secrets") == {"WECHAT_PAY_KEY": values[0]}
    first = _checksums(opened, code)
    _configure_secret(opened, f"{code}.wechatPayKey", values[1])
    assert f"{code}-app-tenant-secrets" in opened.run("tenantry", "preview", "--stack", "local").stdout
    opened.up()
    assert secret(opened, code, "tenant-secrets") == {"WECHAT_PAY_KEY": values[1]}
    assert len({*was, *first, *_checksums(opened, code)}) == 3
    opened.run("tenantry", "show", code)
    opened.run("tenantry", "validate", "--stack", "local")
    places = [path for folder in ("state", "log") for path in (opened.folder / ".local" / folder).rglob("*")]
    texts = [path.read_text(errors="replace") for path in places if path.is_file()] + opened.outputs
    texts += [path.read_text() for path in opened.folder.glob("Pulumi.*.yaml")] + [_seen_elsewhere(opened, code)]
    assert not [value[:5] for value in values for text in texts if value in text]


def test_what_a_tenant_holds_of_its_role_and_database_is_its_own_failure_and_keeps_its_access_for_nobody(
    opened: World,
) -> None:
    """Another one's roles and database change meanwhile, by the same plugin."""
    code, other = TENANTS["basic"], TENANTS["standard"]
    database, own = f"rent{code[1:]}", secret(opened, code)
    holders = [opened.connect(database, own["DB_USER"], own["DB_PASSWORD"]) for _ in range(2)]
    try:
        holders[0].execute(f"SET ROLE NONE; BEGIN; ALTER ROLE {database}_a PASSWORD 'x'".encode())
        holders[1].execute(f"BEGIN; ALTER DATABASE {database} CONNECTION LIMIT 5".encode())
        change(opened, code, plan="standard")
        change(opened, other, plan="premium")
        refused = opened.up(ok=3)
        for holder in holders:
            assert f"{database}_a (process {holder.info.backend_pid}, its transaction began " in refused.stderr
        assert f"SELECT pg_terminate_backend({holders[0].info.backend_pid});" in refused.stderr
        assert _limits(opened, f"rent{other[1:]}") == {80}
        change(opened, code, plan="basic", status="suspended")
        opened.up()
        with opened.connect() as session:
            roles = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND starts_with(rolname, %s)"
            assert session.execute(roles, [f"{database}_"]).fetchall() == []
        for holder in holders:
            with pytest.raises(psycopg.OperationalError):
                holder.execute("SELECT 1")
    finally:
        for holder in holders:
            holder.close()
        change(opened, code, plan="basic", status="active")
        change(opened, other, plan="standard")
    opened.up()
    opened.connect(database, own["DB_USER"], own["DB_PASSWORD"]).close()
    assert _limits(opened, database) == {50}


def _limits(world: World, database: str) -> set[int]:
    """On connections: of the database and of its logins."""
    asked = (
        "SELECT datconnlimit FROM pg_database WHERE datname = %s"
        " UNION ALL SELECT rolconnlimit FROM pg_roles WHERE starts_with(rolname, %s)"
    )
    with world.connect() as session:
        return {int(limit) for (limit,) in session.execute(asked, [database, f"{database}_"]).fetchall()}


def _checksums(world: World, code: str) -> list[str]:
    """The checksums of the secrets that the pods were started with."""
    deployment = world.kubectl("get", "deployment", "business-app", "-n", f"tenant-{code}")
    return [str(deployment["spec"]["template"]["metadata"]["annotations"].get("tenantry.io/secrets-checksum"))]


def _configure_secret(world: World, key: str, value: str) -> None:
    world.run("pulumi", "config", "set", "--secret", f"tenantry-secrets:{key}", value, "--stack", "local")


def _fill_secrets(world: World, space: str) -> int:
    """Makes as many Secrets, by another hand, as the quota still has room for."""
    quota = world.kubectl("get", "resourcequota", "plan", "-n", space)["status"]
    free = int(quota["hard"]["secrets"]) - int(quota["used"]["secrets"])
    for number in range(free):
        world.run("kubectl", "create", "secret", "generic", f"filler-{number}", "-n", space)
    return free


def _seen_elsewhere(world: World, code: str) -> str:
    """The other places that a value could have come to: every object but Secrets, and the admin database."""
    kinds = "configmaps,deployments,replicasets,pods,events"
    objects = world.kubectl("get", kinds, "-n", f"tenant-{code}")
    with world.connect("admin_tenant_management") as connection:
        rows = connection.execute("SELECT to_jsonb(t)::text FROM tenants AS t").fetchall()
        steps = connection.execute("SELECT to_jsonb(s)::text FROM tenant_init_steps AS s").fetchall()
    return json.dumps([objects, rows, steps])
